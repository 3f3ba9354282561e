#@ String image_path (label="Image file (empty: the active image)", value="", persist=false)
#@ String output_folder (label="Folder for the results (empty: only show them)", value="", persist=false)
#@ Double blur_sigma_px (label="Gaussian blur, sigma (px)", description="Standard deviation of the blur before the threshold; 0 for none", value=1.5, min=0, persist=false)
#@ String threshold_method (label="Threshold", description="One of ImageJ's automatic thresholds, for bright nuclei on a dark background", value="Otsu", choices={"Default", "Huang", "Intermodes", "IsoData", "IJ_IsoData", "Li", "MaxEntropy", "Mean", "MinError", "Minimum", "Moments", "Otsu", "Percentile", "RenyiEntropy", "Shanbhag", "Triangle", "Yen"}, persist=false)
#@ Boolean fill_holes (label="Fill holes", value=true, persist=false)
#@ Boolean watershed (label="Separate touching nuclei (EDM watershed)", value=true, persist=false)
#@ Double min_area (label="Smallest area (0: 50 px)", description="In the unit of area_unit; 0 leaves out specks of less than 50 px", value=0.0, min=0, persist=false)
#@ Double max_area (label="Largest area (0: no limit)", description="In the unit of area_unit; 0 for no limit", value=0.0, min=0, persist=false)
#@ String area_unit (label="Unit of the area limits", description="auto: um2 where the image is calibrated, px where it is not", value="auto", choices={"auto", "px", "um2"}, persist=false)
#@ Double min_circularity (label="Smallest circularity", description="4 pi area / perimeter^2, as in Analyze Particles", value=0.0, min=0, max=1, persist=false)
#@ Double max_circularity (label="Largest circularity", value=1.0, min=0, max=1, persist=false)
#@ Boolean exclude_edges (label="Leave out nuclei that touch the border", value=false, persist=false)
#@ Double min_contrast (label="Background guard", description="A nucleus is brighter than the background by at least this many standard deviations of the background; 0 switches the guard off", value=5.0, min=0, persist=false)
"""Find the nuclei of one fluorescence image and measure them.

Input   one bright-on-dark plane, 8-bit, 16-bit or 32-bit: a file, or the active image.
Steps   hot pixels out, Gaussian blur, automatic threshold, fill holes, EDM watershed,
        Analyze Particles, limits on area and circularity, background guard.
Output  in output_folder: objects.csv, labels.tif, rois.zip, and result.json last.
Units   px with ImageJ's origin (the centre of the first pixel is 0.5, 0.5); um columns
        are empty where the image has no pixel size in length units; intensities are
        grey levels of the image as it was before the blur.

No nuclei is a result: objects.csv then holds its headings alone.
"""
from frm import images, nuclei, objects, overlays, results, segmentation

PARAMETERS = [
    ("blur_sigma_px", blur_sigma_px),
    ("threshold_method", threshold_method),
    ("fill_holes", fill_holes),
    ("watershed", watershed),
    ("min_area", min_area),
    ("max_area", max_area),
    ("area_unit", area_unit),
    ("min_circularity", min_circularity),
    ("max_circularity", max_circularity),
    ("exclude_edges", exclude_edges),
    ("min_contrast", min_contrast),
]


def main(report):
    """Find, measure, write."""
    imp = images.open_image(image_path)
    scale = images.scale_of(imp)
    options = nuclei.Options(**dict(PARAMETERS))
    plane = images.plane_of(imp)
    segmentation.check(plane)
    found = nuclei.find(plane, options, scale)
    report.describe(
        things="nuclei",
        image=image_path or imp.getTitle(),
        pixel_size_um=scale.pixel_size,
        area_unit=options.unit(scale),
        threshold=found.threshold,
        background=found.background,
        counts=found.counts,
        count=len(found.kept),
    )
    report.warn_if_empty(found.counts, options.areas(scale).describe(found.found))
    rows = objects.rows(found.kept, scale)
    labels = images.labelled(found.labels, imp)
    if output_folder:
        report.write_tables(objects.COLUMNS, rows, found.kept, labels)
    if not image_path:
        results.show(imp.getTitle(), objects.COLUMNS, rows, labels)
        overlays.draw_objects(imp, "nuclei", found.kept)
    else:
        imp.close()


results.run("FRM Nuclei", main, PARAMETERS, output_folder)
