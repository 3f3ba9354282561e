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
from frm import images, junctions, objects, results, segmentation, skeletons

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


def choose(found, areas):
    """Sort what lies between the lines into cells and what each limit left out."""
    return objects.choose(found, [
        ("excluded_by_border", lambda o: not (exclude_edges and o.touches_border)),
        ("excluded_as_fragment", areas.large_enough),
        ("excluded_by_area", areas.allow),
    ])


def main(report):
    """Find, measure, write."""
    imp = images.open_image(image_path)
    scale = images.scale_of(imp)
    unit = images.area_unit(area_unit, scale)
    areas = objects.AreaLimits(min_area, max_area, unit, scale)
    plane = images.plane_of(imp)
    segmentation.check(plane)
    smooth = segmentation.blur(plane, blur_sigma_px)
    flat = junctions.without_background(smooth, background_radius_px)
    levels, grey_range = junctions.normalise(flat, saturated_percent)
    mask = junctions.at_least(levels, threshold_percent)
    segmentation.check_foreground(mask)
    skeleton = junctions.lines(mask)
    walls = junctions.closed(skeleton)
    inside = walls.duplicate()
    inside.invert()
    labels, found = objects.find(inside, plane, levels)
    kept, counts = choose(found, areas)
    met = junctions.neighbours(labels, walls)
    objects.relabel(labels, kept)
    report.describe(
        things="cells",
        image=image_path or imp.getTitle(),
        pixel_size_um=scale.pixel_size,
        area_unit=unit,
        normalisation={"black": grey_range[0], "white": grey_range[1]},
        skeleton_length_px=junctions.length(skeleton),
        counts=counts,
        count=len(kept),
    )
    report.warn_if_empty(counts, areas.describe(found))
    rows = [row + [met.get(cell.number, 0)]
            for row, cell in zip(objects.rows(kept, scale), kept)]
    if output_folder:
        report.write_tables(COLUMNS, rows, kept, images.labelled(labels, imp))
        report.write_image("skeleton", images.labelled(skeleton, imp))
        if skeletons.available():
            branches, found = skeletons.analyze(skeleton, scale)
            report.write_table("branches", skeletons.COLUMNS, branches)
            report.describe(skeleton=found)
    if not image_path:
        results.show(imp.getTitle(), COLUMNS, rows, images.labelled(labels, imp))
    else:
        imp.close()


results.run("FRM Junctions", main, PARAMETERS, output_folder)
