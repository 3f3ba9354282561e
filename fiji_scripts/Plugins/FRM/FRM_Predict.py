#@ String image_path (label="Image file (empty: the active image)", description="Transmitted light", value="", persist=false, initializer="run")
#@ String output_folder (label="Folder for the prediction (empty: only show it)", value="", persist=false)
#@ String model (label="Model", description="A model's name, or the path of an .onnx file or a package", value="nuclei-brightfield", persist=false)
#@ String device (label="Device", description="auto: the fastest that works here", value="auto", choices={"auto", "cuda", "openvino", "cpu"}, persist=false)
#@ Integer window (label="Largest window (px; 0: as memory allows)", description="The image is predicted in windows, with the same result whatever their size", value=0, min=0, persist=false)
#@ Boolean require_gpu (label="Fail rather than run on the CPU", value=false, persist=false)
#@ Boolean match_scale (label="Match the scale by the pixel sizes", description="The image is resampled to the model's pixel size, and the prediction back", value=false, persist=false)
#@ Boolean match_intensity (label="Match the grey levels to the training fields'", description="For models that were trained with one mean and sd for all fields", value=false, persist=false)
#@ Boolean force (label="Predict also what is too unlike the training fields", value=false, persist=false)
#@ Boolean overwrite (label="Replace an earlier prediction in the folder", value=false, persist=false)
"""Predict fluorescence from transmitted light.

Input   the active image, of which all slices and frames of the current channel are
        taken, or a file.
Steps   Python, where frm_bridge is, predicts plane by plane with the model; the image
        itself stays as it is.
Output  the image "Prediction of ..." with the input's scale, slices and frames, in grey
        levels of the model's camera; in output_folder the same as a TIFF of the image's
        name.

The Python is the one that installed this command, or that FRM_PYTHON names.
"""
# asks: predict
# was: tile=window
from frm import predictions, python_side

COMMAND = "FRM Predict"


def main(folder):
    """Hand over, ask, show."""
    source = predictions.Source(image_path, folder)
    output = source.target(output_folder or folder)
    answer = python_side.ask(COMMAND, {
        "action": "predict",
        "input": source.path,
        "input_title": source.title if source.imp else "",
        "model": python_side.whole(model),
        "device": device,
        "window": window,
        "require_gpu": require_gpu,
        "match_scale": match_scale,
        "match_intensity": match_intensity,
        "force": force,
        "overwrite": overwrite,
        "output": output,
    })
    python_side.say(COMMAND, answer, output if output_folder else None)
    source.show(output, kept=output_folder)


python_side.run(COMMAND, main, globals())
