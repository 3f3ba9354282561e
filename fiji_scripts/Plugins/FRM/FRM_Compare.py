#@ String truth (label="Truth: folder, file, or title of an open image", description="Measured fluorescence", value="", persist=false, initializer="run")
#@ String prediction (label="Prediction: likewise", description="Predicted fluorescence; files of the same names as those of the truth", value="", persist=false)
#@ String workflow (label="Workflow", description="nuclei, junctions, tracks, displacement, profile, histogram, or the path of a macro or script", value="nuclei", persist=false)
#@ String parameters (label="Its parameters (empty: the defaults)", description="As blur_sigma_px=2 watershed=false, or the path of a JSON file", value="", persist=false)
#@ Double min_iou (label="Least overlap of a match", description="Intersection over union", value=0.5, min=0, max=1, persist=false)
#@ Double pixel_size_um (label="Pixel size in um (0: as the files say)", value=0.0, min=0, persist=false)
#@ Boolean overwrite (label="Replace an earlier comparison in the folder", value=false, persist=false)
#@ String output_folder (label="Folder for the results (empty: a temporary one)", value="", persist=false)
"""Run one workflow on truth and prediction, and report how they agree.

Input   two folders whose files have the same names, two files, or two open images (of
        each, all slices and frames of the current channel).
Steps   Python, where frm_bridge is, measures both in an ImageJ of its own by the same
        script with the same parameters, and compares what it finds.
Output  in output_folder: report.html, which opens in the browser, fields.csv, which opens
        as a table, the tables of what was matched, comparison.json, and the workflow's
        own results for each field.

The Python is the one that installed this command, or that FRM_PYTHON names.
"""
# asks: compare
from frm import python_side

COMMAND = "FRM Compare"


def main(folder):
    """Hand over, ask, show."""
    one, other = python_side.as_files(
        [("truth", truth), ("prediction", prediction)], folder)
    request = {
        "action": "compare",
        "truth": one,
        "truth_title": python_side.title_of(truth),
        "input": other,
        "input_title": python_side.title_of(prediction),
        "workflow": python_side.whole(workflow),
        "parameters": python_side.whole(parameters),
        "min_iou": min_iou,
        "pixel_size_um": pixel_size_um,
        "overwrite": overwrite,
        "output": python_side.output_of(COMMAND, output_folder),
    }
    python_side.show(COMMAND, python_side.ask(COMMAND, request))


python_side.run(COMMAND, main, globals())
