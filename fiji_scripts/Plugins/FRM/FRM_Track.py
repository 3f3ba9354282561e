#@ String image_path (label="Movie file (empty: the active image)", value="", persist=false)
#@ String output_folder (label="Folder for the results (empty: only show them)", value="", persist=false)
#@ String detector (label="What to track", description="nuclei: found in each frame as by FRM Nuclei; labels: the image is a label image; LoG: TrackMate's blob detector, which needs a Fiji", value="nuclei", choices={"nuclei", "labels", "LoG"}, persist=false)
#@ Double blur_sigma_px (label="Gaussian blur, sigma (px)", description="Standard deviation of the blur before the threshold; 0 for none", value=1.5, min=0, persist=false)
#@ String threshold_method (label="Threshold", description="One of ImageJ's automatic thresholds, chosen anew for each frame", value="Otsu", choices={"Default", "Huang", "Intermodes", "IsoData", "IJ_IsoData", "Li", "MaxEntropy", "Mean", "MinError", "Minimum", "Moments", "Otsu", "Percentile", "RenyiEntropy", "Shanbhag", "Triangle", "Yen"}, persist=false)
#@ Boolean watershed (label="Separate touching nuclei (EDM watershed)", value=true, persist=false)
#@ Double min_area (label="Smallest area (0: 50 px)", description="In the unit of area_unit; 0 leaves out specks of less than 50 px", value=0.0, min=0, persist=false)
#@ Double max_area (label="Largest area (0: no limit)", description="In the unit of area_unit; 0 for no limit", value=0.0, min=0, persist=false)
#@ String area_unit (label="Unit of the area limits", description="auto: um2 where the image is calibrated, px where it is not", value="auto", choices={"auto", "px", "um2"}, persist=false)
#@ Double min_contrast (label="Background guard", description="A nucleus is brighter than the background by at least this many standard deviations of the background; 0 switches the guard off", value=5.0, min=0, persist=false)
#@ Double spot_radius (label="LoG: radius of a blob", description="In the unit of length_unit", value=5.0, min=0.1, persist=false)
#@ Double spot_quality (label="LoG: least quality", value=0.0, min=0, persist=false)
#@ Double linking_distance (label="Largest step between frames", description="In the unit of length_unit, as all distances here", value=15.0, min=0, persist=false)
#@ Double gap_distance (label="Largest step over a gap", value=15.0, min=0, persist=false)
#@ Integer max_frame_gap (label="Largest gap (frames)", description="2 lets a track miss one frame; less closes no gap", value=2, min=0, persist=false)
#@ Double splitting_distance (label="Largest step at a division (0: none)", description="0 allows no division", value=0.0, min=0, persist=false)
#@ String length_unit (label="Unit of the distances", description="auto: um where the image is calibrated, px where it is not", value="auto", choices={"auto", "px", "um"}, persist=false)
#@ Boolean slices_are_frames (label="The slices are the frames", description="For a movie whose frames are stored as slices (Z)", value=false, persist=false)
#@ String linker (label="Linker", description="auto: TrackMate where this ImageJ has it, else laptrack", value="auto", choices={"auto", "TrackMate", "laptrack"}, persist=false)
"""Track the nuclei of one movie.

Input   a movie of one channel, bright on dark: a file, or the active image.
Steps   spots in each frame; linked by TrackMate's LAP tracker (Jaqaman et al. 2008) or,
        without one, by laptrack, the same family; result.json says which.
Output  in output_folder: spots.csv, links.csv, tracks.csv, labels.tif (the number of the
        track; spots without one come after), from TrackMate tracks.xml for its window,
        and result.json last.
Units   as in FRM Nuclei; frames count from 1; um and s columns are empty where the
        image does not say.

No track is a result: the tables then hold their headings alone.
"""
# name: tracks
# measures: movie
from frm import images, movies, nuclei, overlays, results, tracks

PARAMETERS = [(name, globals()[name]) for name in (
    "detector", "blur_sigma_px", "threshold_method", "watershed", "min_area", "max_area",
    "area_unit", "min_contrast", "spot_radius", "spot_quality", "linking_distance",
    "gap_distance", "max_frame_gap", "splitting_distance", "length_unit",
    "slices_are_frames", "linker")]


def main(report):
    """Find, link, write."""
    imp = images.open_image(image_path)
    movie = movies.Movie(imp, images.frames_of(imp, slices_are_frames), length_unit)
    limits = movie.limits(linking_distance, gap_distance, max_frame_gap, splitting_distance)
    name = movies.choose_linker(linker, detector)
    if detector == "LoG":
        spots = movie.blobs(spot_radius, spot_quality)
    elif detector == "labels":
        spots = movie.labelled()
    else:
        spots = movie.nuclei(nuclei.Options(**dict(PARAMETERS)))
    found, linked_by = movie.link(spots, limits, name)
    report.describe(
        things="tracks",
        image=image_path or imp.getTitle(),
        pixel_size_um=movie.scale.pixel_size,
        frame_interval_s=movie.interval,
        length_unit=movie.unit,
        linker=linked_by,
        counts={"frames": len(movie.frames), "spots": len(spots), "lone_spots": found.lone,
                "links": len(found.links), "divisions": found.divisions},
        count=len(found.members),
    )
    if not found.members:
        report.warn("no track was found: %d spots in %d frames" % (
            len(spots), len(movie.frames)))
    tables = [
        ("spots", tracks.SPOT_COLUMNS, found.spot_rows()),
        ("links", tracks.LINK_COLUMNS, found.link_rows()),
        ("tracks", tracks.TRACK_COLUMNS, found.track_rows()),
    ]
    labels = movie.labels(found)
    if output_folder:
        for name, columns, rows in tables:
            report.write_table(name, columns, rows)
        report.write_image("labels", labels)
        movie.write_session(report)
    if not image_path:
        for name, columns, rows in tables:
            results.show_table("%s of %s" % (name.capitalize(), imp.getTitle()), columns, rows)
        labels.show()
        overlays.draw_tracks(imp, movie, found, slices_are_frames)
    else:
        imp.close()


results.run("FRM Track", main, PARAMETERS, output_folder)
