#@ String image_path (label="Image file (empty: the active image)", value="", persist=false)
#@ String output_folder (label="Folder for the results (empty: only show them)", value="", persist=false)
#@ Double blur_sigma_px (label="Gaussian blur, sigma (px)", description="Standard deviation of the blur before all else; 0 for none", value=0.0, min=0, persist=false)
#@ Double background_radius_px (label="Rolling ball, radius (px)", description="Radius of the background subtraction; 0 for none", value=0.0, min=0, persist=false)
#@ Double saturated_percent (label="Saturated pixels (%)", description="Part of the pixels, half at each end, that the stretch to 16 bits cuts off", value=0.35, min=0, max=99, persist=false)
#@ Double threshold_percent (label="Threshold (% of the 16-bit range)", description="What reaches this part of the range is junction, on every image alike", value=30.0, min=0, max=100, persist=false)
#@ Double min_area (label="Smallest area (0: 50 px)", description="In the unit of area_unit; smaller cells count as fragments, 0 stands for 50 px", value=0.0, min=0, persist=false)
#@ Double max_area (label="Largest area (0: no limit)", description="In the unit of area_unit; 0 for no limit", value=0.0, min=0, persist=false)
#@ String area_unit (label="Unit of the area limits", description="auto: um2 where the image is calibrated, px where it is not", value="auto", choices={"auto", "px", "um2"}, persist=false)
#@ Boolean exclude_edges (label="Leave out cells that touch the border", value=true, persist=false)
"""Find the cells between bright junctions of one image and measure them.

Input   one plane with bright junctions, 8-bit, 16-bit or 32-bit: a file, or the active
        image.
Steps   (blur, rolling ball,) stretch to 16 bits, fixed part of the range, skeletonize,
        dilate once, invert, Analyze Particles, limits on area and border: LaChance &
        Cohen 2020, Methods.
Output  in output_folder: objects.csv, labels.tif, rois.zip, skeleton.tif, from a Fiji's
        AnalyzeSkeleton branches.csv, and result.json last.
Units   as in FRM Nuclei. Areas are those inside the lines, which are about 3 px wide.

No cell is a result: objects.csv then holds its headings alone.
"""
from frm import images, junctions, objects, overlays, results, segmentation, skeletons

PARAMETERS = [
    ("blur_sigma_px", blur_sigma_px),
    ("background_radius_px", background_radius_px),
    ("saturated_percent", saturated_percent),
    ("threshold_percent", threshold_percent),
    ("min_area", min_area),
    ("max_area", max_area),
    ("area_unit", area_unit),
    ("exclude_edges", exclude_edges),
]
COLUMNS = objects.COLUMNS + ["neighbours"]


def main(report):
    """Find, measure, write."""
    imp = images.open_image(image_path)
    scale = images.scale_of(imp)
    options = junctions.Options(**dict(PARAMETERS))
    plane = images.plane_of(imp)
    segmentation.check(plane)
    found = junctions.find(plane, options, scale)
    black, white = found.grey_range
    report.describe(
        things="cells",
        image=image_path or imp.getTitle(),
        pixel_size_um=scale.pixel_size,
        area_unit=options.unit(scale),
        normalisation={"black": black, "white": white},
        skeleton_length_px=junctions.length(found.skeleton),
        counts=found.counts,
        count=len(found.kept),
    )
    report.warn_if_empty(found.counts, options.areas(scale).describe(found.found))
    rows = [row + [met] for row, met in zip(
        objects.rows(found.kept, scale), found.neighbours())]
    labels = images.labelled(found.labels, imp)
    if output_folder:
        report.write_tables(COLUMNS, rows, found.kept, labels)
        report.write_image("skeleton", images.labelled(found.skeleton, imp))
        if skeletons.available():
            branches, summary = skeletons.analyze(found.skeleton, scale)
            report.write_table("branches", skeletons.COLUMNS, branches)
            report.describe(skeleton=summary)
    if not image_path:
        results.show(imp.getTitle(), COLUMNS, rows, labels)
        overlays.draw_objects(imp, "cells", found.kept)
    else:
        imp.close()


results.run("FRM Junctions", main, PARAMETERS, output_folder)
