#@ String model (label="Model", description="A shipped model's name, or the path of an .onnx file", value="nuclei-brightfield", persist=false)
#@ String device (label="Device", choices={"auto", "cuda", "openvino", "cpu"}, value="auto", persist=false)
#@ Integer window (label="Largest window (px)", description="0: as large as free memory allows", value=0, min=0, persist=false)
"""Predict fluorescence from the active image, in memory that Java and Python share.

Input   the active image: of its current channel all slices and frames, 8, 16 or 32 bits.
Steps   Appose starts the Python that frm.txt names, once: the worker and its models stay
        open for the next run. Esc cancels at the next window.
Output  an image with the input's slices, frames and calibration: 16 bits for a model that
        predicts counts, else 32.

It needs Appose 0.8 or newer among the jars, and the FRM commands installed.
"""
from ij import IJ

from frm import active, images, interpreter, python_side, sharing

COMMAND = "FRM Predict with Appose"
SCRIPT = ("frm.predict(task, image, model, device=device, window=window, "
          "pixel_size_um=pixel_size_um, title=title)")


def predict(imp):
    """Share the planes, let the worker predict, and give the prediction as an image."""
    shared = sharing.memory_for(imp)
    try:
        sharing.fill(shared, imp)
        outputs = sharing.run_task(COMMAND, SCRIPT, {
            "image": shared, "model": model, "device": device, "window": window or None,
            "pixel_size_um": images.scale_of(imp).width, "title": imp.getTitle()})
    finally:
        shared.close()
    prediction = outputs["prediction"]
    prediction.shm().unlinkOnClose(True)  # the worker made it, and we let it go
    try:
        for warning in outputs["warnings"]:
            IJ.log("FRM: " + warning)
        IJ.showStatus("%s: %s s with %s" % (
            COMMAND, outputs["seconds"], outputs["provider"]))
        return sharing.as_image(prediction, "Prediction of " + imp.getTitle(), imp)
    finally:
        prediction.close()


def main(folder):
    """Predict from the active image, and show what came out."""
    imp = active.image()
    if imp is None:
        raise interpreter.Failure("no image is open", "open transmitted light first")
    active.show(predict(imp))


python_side.run(COMMAND, main, globals())
