#@ String image_path (label="Image file (empty: the active image)", value="", persist=false)
#@ String output_folder (label="Folder for the results (empty: only show them)", value="", persist=false)
#@ Double x1 (label="Line: x of its start (px)", description="The centre of the first pixel is 0, 0; all four 0: no line by numbers", value=0.0, persist=false)
#@ Double y1 (label="Line: y of its start (px)", value=0.0, persist=false)
#@ Double x2 (label="Line: x of its end (px)", value=0.0, persist=false)
#@ Double y2 (label="Line: y of its end (px)", value=0.0, persist=false)
#@ String roi_file (label="File of lines (empty: none)", description="A .roi or RoiSet.zip with straight, segmented or freehand lines; each gives one profile", value="", persist=false)
#@ Integer line_width_px (label="Width of the line (px)", description="Each value is the mean across so many pixels", value=1, min=1, max=1000, persist=false)
#@ String normalise (label="Normalise", description="range16: the image is stretched to 16 bits first, as in the paper", value="none", choices={"none", "range16"}, persist=false)
#@ Double saturated_percent (label="Saturated pixels (%)", description="Part of the pixels, half at each end, that the stretch to 16 bits cuts off", value=0.35, min=0, max=99, persist=false)
"""Grey values along lines of one image.

Input   one plane, 8-bit, 16-bit or 32-bit: a file, or the active image; and lines: by
        four numbers, from a file of selections, or the image's own selection.
Steps   (stretch to 16 bits,) linear interpolation every px along the line, mean across
        it: LaChance & Cohen 2020, Methods and figures 3F and 4.
Output  in output_folder: profile.csv, and result.json last.
Units   px as ImageJ counts them along lines: the centre of the first pixel is 0, 0; um
        columns are empty where the image has no pixel size in length units.
"""
# name: profile
from frm import images, junctions, lines, results

PARAMETERS = [
    ("x1", x1),
    ("y1", y1),
    ("x2", x2),
    ("y2", y2),
    ("roi_file", roi_file),
    ("line_width_px", line_width_px),
    ("normalise", normalise),
    ("saturated_percent", saturated_percent),
]
COLUMNS = ["profile", "distance_px", "distance_um", "value"]


def choose(imp, scale):
    """The lines that the user means."""
    numbers = (x1, y1, x2, y2)
    if any(numbers) and roi_file:
        raise results.Problem("a line was given by numbers and roi_file as well: give one")
    if any(numbers):
        return [lines.Section("1", [(x1, y1), (x2, y2)], scale)]
    if roi_file:
        return lines.read(roi_file, scale)
    roi = imp.getRoi()
    if roi is None:
        raise results.Problem(
            "no line was given: give x1, y1, x2 and y2 in px, or roi_file with a .roi or "
            "RoiSet.zip, or in Fiji draw a line on the active image")
    return [lines.of_roi(roi, roi.getName() or "1", scale)]


def main(report):
    """Find the lines, sample, write."""
    imp = images.open_image(image_path)
    scale = images.scale_of(imp)
    sections = choose(imp, scale)
    for section in sections:
        section.check_inside(imp)
    plane = images.plane_of(imp)
    if normalise == "range16":
        levels, grey_range = junctions.normalise(plane, saturated_percent)
        plane = levels.convertToFloatProcessor()
        report.describe(normalisation={"black": grey_range[0], "white": grey_range[1]})
    found = [lines.values(plane, section, line_width_px) for section in sections]
    rows = [[section.name, place[2], place[3] if scale.calibrated else None, value]
            for section, values in zip(sections, found)
            for place, value in zip(section.places, values)]
    report.describe(
        things="profiles",
        image=image_path or imp.getTitle(),
        pixel_size_um=scale.pixel_size,
        profiles=[lines.measure(*each) for each in zip(sections, found)],
        count=len(sections),
    )
    if output_folder:
        report.write_table("profile", COLUMNS, rows)
    if not image_path:
        results.show_table("Profiles of " + imp.getTitle(), COLUMNS, rows)
    else:
        imp.close()


results.run("FRM Line Profile", main, PARAMETERS, output_folder)
