#@ String image_path (label="Image file (empty: the active image)", description="Two planes of any axis: the truth, then the prediction", value="", persist=false)
#@ String output_folder (label="Folder for the results (empty: only show them)", value="", persist=false)
#@ String prediction_image (label="Prediction (empty: second plane)", description="Title of an open image, or a file, where the image holds the truth alone", value="", persist=false)
#@ Double blur_sigma_px (label="Gaussian blur, sigma (px)", description="Standard deviation of the blur before the threshold; 0 for none", value=1.5, min=0, persist=false)
#@ String threshold_method (label="Threshold", description="One of ImageJ's automatic thresholds, for bright nuclei on a dark background", value="Otsu", choices={"Default", "Huang", "Intermodes", "IsoData", "IJ_IsoData", "Li", "MaxEntropy", "Mean", "MinError", "Minimum", "Moments", "Otsu", "Percentile", "RenyiEntropy", "Shanbhag", "Triangle", "Yen"}, persist=false)
#@ Boolean watershed (label="Separate touching nuclei (EDM watershed)", value=true, persist=false)
#@ Double min_area (label="Smallest area (0: 50 px)", description="In the unit of area_unit; 0 leaves out specks of less than 50 px", value=0.0, min=0, persist=false)
#@ Double max_area (label="Largest area (0: no limit)", description="In the unit of area_unit; 0 for no limit", value=0.0, min=0, persist=false)
#@ String area_unit (label="Unit of the area limits", description="auto: um2 where the image is calibrated, px where it is not", value="auto", choices={"auto", "px", "um2"}, persist=false)
#@ Double min_contrast (label="Background guard", description="A nucleus is brighter than the background by at least this many standard deviations of the background; 0 switches the guard off", value=5.0, min=0, persist=false)
#@ Double linking_distance (label="Largest step between frames", description="In the unit of length_unit", value=15.0, min=0, persist=false)
#@ String length_unit (label="Unit of the distances", description="auto: um where the image is calibrated, px where it is not", value="auto", choices={"auto", "px", "um"}, persist=false)
#@ String linker (label="Linker", description="auto: TrackMate where this ImageJ has it, else laptrack", value="auto", choices={"auto", "TrackMate", "laptrack"}, persist=false)
"""How far nuclei of a prediction lie from those of the truth.

Input   two planes of one image, the truth and then the prediction: a file, or the
        active image; or one plane each of two images.
Steps   nuclei in each plane by itself; linked as if they had moved from the first to the
        second, by TrackMate's LAP tracker or, without one, by laptrack (LaChance & Cohen
        2020, Methods: truth as frame 0, prediction as frame 1). result.json says which.
Output  in output_folder: links.csv with one row per linked nucleus, spots.csv with all
        nuclei, labels.tif (linked ones share a number), and result.json last.
Units   as in FRM Nuclei; dx and dy point from the truth to the prediction.

No link is a result: links.csv then holds its headings alone.
"""
# measures: pair
from frm import movies, nuclei, overlays, pairs, results, tracks

PARAMETERS = [(name, globals()[name]) for name in (
    "prediction_image", "blur_sigma_px", "threshold_method", "watershed", "min_area", "max_area", "area_unit",
    "min_contrast", "linking_distance", "length_unit", "linker")]
COLUMNS = [
    "truth", "prediction", "truth_x_px", "truth_y_px", "prediction_x_px",
    "prediction_y_px", "dx_px", "dy_px", "distance_px", "distance_um", "truth_area_px",
    "prediction_area_px",
]


def row(link, found):
    """One linked nucleus: its spots' numbers, where it was, how far it seems to be."""
    a, b = found.spots[link[1] - 1], found.spots[link[2] - 1]
    return [link[1], link[2], a.x, a.y, b.x, b.y, b.x - a.x, b.y - a.y, link[5], link[6],
            a.area, b.area]


def main(report):
    """Find, link, write."""
    pair = pairs.open_pair(image_path, prediction_image)
    imp = pair.imp
    movie = movies.Movie(imp, [pair.truth, pair.prediction], length_unit)
    name = movies.choose_linker(linker, "nuclei")
    spots = movie.nuclei(nuclei.Options(**dict(PARAMETERS)))
    found, linked_by = movie.link(spots, movie.limits(linking_distance), name)
    rows = [row(link, found) for link in found.link_rows()]
    truth = len([spot for spot in spots if spot.frame == 0])
    report.describe(
        things="links",
        image=image_path or imp.getTitle(),
        pixel_size_um=movie.scale.pixel_size,
        length_unit=movie.unit,
        linker=linked_by,
        counts={"truth": truth, "prediction": len(spots) - truth, "linked": len(rows),
                "truth_unlinked": truth - len(rows),
                "prediction_unlinked": len(spots) - truth - len(rows)},
        count=len(rows),
    )
    if not rows:
        report.warn("nothing was linked: %d nuclei on the truth, %d on the prediction"
                    % (truth, len(spots) - truth))
    labels = movie.labels(found)
    if output_folder:
        report.write_table("links", COLUMNS, rows)
        report.write_table("spots", tracks.SPOT_COLUMNS, found.spot_rows())
        report.write_image("labels", labels)
    if not image_path:
        results.show_table("Displacement in " + imp.getTitle(), COLUMNS, rows)
        labels.show()
        overlays.draw_pair(imp, movie, found)
    else:
        imp.close()


results.run("FRM Displacement", main, PARAMETERS, output_folder)
