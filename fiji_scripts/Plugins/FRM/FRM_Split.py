#@ String input (label="Transmitted light: folder, or title of an open image", value="", persist=false, initializer="run")
#@ String target (label="Fluorescence: likewise", description="Files of the same names as those of the input", value="", persist=false)
#@ Integer tile (label="Side of a sub-image (px)", value=256, min=16, persist=false)
#@ String input_suffix (label="End of the input names", description="As _BF, where the names differ", value="", persist=false)
#@ String target_suffix (label="End of the target names", description="As _DAPI", value="", persist=false)
#@ Boolean overwrite (label="Replace an earlier split in the folder", value=false, persist=false)
#@ String output_folder (label="Folder for the sub-images", value="", persist=false)
"""Cut pairs of images into the paper's sub-images, to train with.

Input   two folders whose files have the same names, but for a suffix, or two open images
        (of each, all slices and frames of the current channel).
Steps   Python, where frm_bridge is, cuts both alike, row by row, and numbers the tiles; a
        remainder on the right and at the bottom is left out, and reported.
Output  in output_folder: the folders input and target, and pairs.csv for frm-bridge
        train, which opens as a table.

The Python is the one that installed this command, or that FRM_PYTHON names.
"""
# asks: split
from frm import python_side

COMMAND = "FRM Split"


def main(folder):
    """Hand over, ask, show."""
    if not output_folder:
        raise python_side.Failure("output_folder is empty", "name a folder for the tiles")
    one, other = python_side.as_files(
        [("input", input), ("target", target)], folder, are_folders=True)
    request = {
        "action": "split",
        "input": one,
        "input_title": python_side.title_of(input),
        "truth": other,
        "truth_title": python_side.title_of(target),
        "parameters": {
            "tile": tile, "input_suffix": input_suffix, "target_suffix": target_suffix},
        "overwrite": overwrite,
        "output": python_side.output_of(COMMAND, output_folder),
    }
    python_side.show(COMMAND, python_side.ask(COMMAND, request))


python_side.run(COMMAND, main, globals())
