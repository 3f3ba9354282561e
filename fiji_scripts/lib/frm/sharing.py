"""Pixels in memory that Java and Python share: tasks for frm_bridge's worker of Appose.

It needs Appose 0.8 or newer among the jars.
"""
from __future__ import absolute_import, division

from ij import IJ, ImagePlus, ImageStack
from java.io import File
from java.util import HashMap
from java.util.concurrent import Semaphore, TimeUnit
from java.util.function import Consumer
from org.apposed.appose import NDArray, Service

from frm import images
from frm.interpreter import Failure, Stopped, find_python

_WORKER = "frm_bridge.appose"
_START = "import appose.python_worker as worker; worker.main()"
_INIT = "from frm_bridge.doors import apposeworker as frm\nfrm.prepare()\n"
_TYPES = {8: NDArray.DType.UINT8, 16: NDArray.DType.UINT16, 32: NDArray.DType.FLOAT32}
_PAUSE_MS = 50


class Progress(Consumer):
    """Shows how far a task is, and knows when it has ended."""

    def __init__(self):
        self.ended = Semaphore(0)

    def accept(self, event):
        if event.maximum > 0:
            IJ.showProgress(int(event.current), int(event.maximum))
        if event.message:
            IJ.showStatus(event.message)
        # NB: outputs are there when listeners are called, not yet when the status changes.
        if event.responseType.isTerminal():
            self.ended.release()


def find_worker():
    """The worker, which outlives a script; a new one if there is none, or it died."""
    worker = IJ.getProperty(_WORKER)
    if worker is None or not worker.isAlive():
        # NB: Appose.wrap(folder).python() would first download uv, or micromamba.
        python = find_python()
        worker = Service(File(python).getParentFile(), [python, "-P", "-c", _START])
        worker.init(_INIT)
        IJ.setProperty(_WORKER, worker)
    return worker


def run_task(command, script, inputs):
    """Let the worker run a script to its end, and give its outputs; Esc cancels it."""
    task, progress = find_worker().task(script, HashMap(inputs)), Progress()
    task.listen(progress)
    IJ.resetEscape()
    task.start()
    is_cancelled = False
    while not progress.ended.tryAcquire(_PAUSE_MS, TimeUnit.MILLISECONDS):
        if IJ.escapePressed() and not is_cancelled:
            is_cancelled = True
            task.cancel()
    IJ.showProgress(1.0)
    if task.status.name() == "CANCELED":
        raise Stopped(command)
    if task.status.name() != "COMPLETE":
        raise _failure(command, task.error or "")
    return task.outputs


def _failure(command, text):
    """Of a failure CODE message | fix; of a crash the worker's last words."""
    if " | " in text and text.startswith("E_"):
        code, rest = text.split(" ", 1)
        message, fix = rest.rsplit(" | ", 1)
        return Failure("%s: %s" % (command, message), fix, code)
    return Failure(
        "%s: Python's worker failed: %s" % (command, text),
        "see that its Python has frm_bridge, and choose the command again")


def planes_of(imp):
    """Where the current channel lies in the stack, slice by slice, frame by frame."""
    return [imp.getStackIndex(imp.getChannel(), each, frame)
            for frame in range(1, imp.getNFrames() + 1)
            for each in range(1, imp.getNSlices() + 1)]


def memory_for(imp):
    """New shared memory for these planes; whoever asked closes it."""
    if imp.getBitDepth() not in _TYPES:
        raise Failure("%s is a colour image" % imp.getTitle(), "choose a grey one")
    if images.has_palette(imp):
        raise Failure("%s has a palette of colours" % imp.getTitle(), images.GREY_FIX)
    shape = [len(planes_of(imp)), imp.getHeight(), imp.getWidth()]
    return NDArray(_TYPES[imp.getBitDepth()],
                   NDArray.Shape(NDArray.Shape.Order.C_ORDER, shape))


def fill(shared, imp):
    """Copy the planes into shared memory."""
    view = _view(shared)
    for place in planes_of(imp):
        view.put(imp.getStack().getPixels(place))


def as_image(shared, title, imp):
    """Copy shared memory into an image with the slices, frames and scale of another."""
    bits = 16 if shared.dType() == NDArray.DType.UINT16 else 32
    planes, view = planes_of(imp), _view(shared)
    stack = ImageStack.create(imp.getWidth(), imp.getHeight(), len(planes), bits)
    for index, place in enumerate(planes, 1):
        view.get(stack.getPixels(index))
        stack.setSliceLabel(imp.getStack().getSliceLabel(place), index)
    result = images.with_own_scale(ImagePlus(title, stack), imp)
    result.getLocalCalibration().disableDensityCalibration()
    result.setDimensions(1, imp.getNSlices(), imp.getNFrames())
    result.setOpenAsHyperStack(stack.size() > 1)
    result.setPosition(1, imp.getSlice(), imp.getFrame())
    result.resetDisplayRange()
    return result


def _view(shared):
    """The memory as bytes, shorts or floats."""
    memory = shared.buffer()
    if shared.dType() == NDArray.DType.UINT8:
        return memory
    if shared.dType() == NDArray.DType.UINT16:
        return memory.asShortBuffer()
    return memory.asFloatBuffer()
