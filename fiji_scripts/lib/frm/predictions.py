"""A prediction as an image of this ImageJ, which looks like the one it was made of."""
from __future__ import absolute_import, division

import os

from ij.measure import Calibration
from ij.plugin import ContrastEnhancer
from java.io import File

from frm import active, images, python_side, results

_SATURATED_PERCENT = 0.35  # as ImageJ's own Auto


class Source(object):
    """What is predicted from: a file, or the active image, saved into ``folder``."""

    def __init__(self, path, folder):
        self.imp = None if path else _active()
        self.title = self.imp.getTitle() if self.imp else os.path.basename(path)
        self._stem = python_side.stem_of(self.title)
        if self.imp:
            path = os.path.join(folder, "of", self._stem + ".tif")
            os.mkdir(os.path.dirname(path))
            python_side.save_channel(self.imp, path)
        self.path = File(results.expanded(path)).getAbsolutePath()

    def target(self, folder):
        """The file for the prediction: never that of the image itself."""
        path = os.path.join(results.whole_folder(folder), self._stem + ".tif")
        own = self.imp.getOriginalFileInfo() if self.imp else None
        if own is not None and own.directory and own.fileName:
            if File(own.directory, own.fileName).getCanonicalPath() == (
                    File(path).getCanonicalPath()):
                raise python_side.Failure(
                    u"the prediction would be written over the image %s" % path,
                    "choose another output_folder", "E_OUTPUT_IS_INPUT")
        return path

    def show(self, path, kept):
        """Open the prediction; one that is not kept is unsaved, as any new image."""
        result = images.open_image(path)
        result.setTitle("Prediction of " + self.title)
        if self.imp:
            _resemble(result, self.imp)
        _show_grey_levels(result)
        if not kept:
            result.setFileInfo(None)  # it names a folder that will be gone
        active.show(result)
        result.changes = not kept


def _active():
    imp = active.image()
    if imp is None:
        raise python_side.Failure("there is no open image",
                                  "open one, and choose the command again")
    if images.has_palette(imp):
        raise python_side.Failure(
            "%s has a palette of colours" % imp.getTitle(), images.GREY_FIX)
    return imp


def _resemble(result, imp):
    """Give it the scale of its image, but for grey levels, and show the same place."""
    images.with_own_scale(result, imp)
    result.getLocalCalibration().setFunction(Calibration.NONE, None, "Gray Value")
    result.setOpenAsHyperStack(imp.isHyperStack())
    result.setPosition(1, imp.getSlice(), imp.getFrame())


def _show_grey_levels(imp):
    """Let the display show those of all planes, but for a few pixels: a hot one would
    darken all others."""
    channel, slice, frame = imp.getChannel(), imp.getSlice(), imp.getFrame()
    enhancer = ContrastEnhancer()
    enhancer.setUseStackHistogram(imp.getNChannels() == 1)  # it would mix channels
    for number in range(1, imp.getNChannels() + 1):
        imp.setPosition(number, slice, frame)
        enhancer.stretchHistogram(imp, _SATURATED_PERCENT)
    imp.setPosition(channel, slice, frame)
