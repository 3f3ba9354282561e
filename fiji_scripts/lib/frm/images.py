"""The image that a script works on, and its scale."""
from __future__ import absolute_import, division

from ij import IJ, ImagePlus, WindowManager
from ij.process import FloatProcessor

from frm.results import Problem

# What ImageJ and Bio-Formats write for a length, in micrometres.
_MICROMETRES = {
    u"\u00b5m": 1.0, u"\u03bcm": 1.0, u"um": 1.0, u"micron": 1.0, u"microns": 1.0,
    u"micrometer": 1.0, u"micrometre": 1.0, u"nm": 1e-3, u"mm": 1e3,
}


class Scale(object):
    """Pixel width and height in um, or None for both."""

    def __init__(self, width, height):
        self.width, self.height = width, height

    @property
    def calibrated(self):
        return self.width is not None

    @property
    def pixel_area(self):
        return self.width * self.height if self.calibrated else None

    @property
    def pixel_size(self):
        """One number for a square pixel, two for another, None without a scale."""
        if not self.calibrated or self.width == self.height:
            return self.width
        return [self.width, self.height]


def open_image(path):
    """Open a file, or take the active image where the path is empty."""
    if path:
        imp = IJ.openImage(path)
        if imp is None:
            raise Problem("ImageJ cannot open %s" % path)
    else:
        imp = WindowManager.getCurrentImage()
        if imp is None:
            raise Problem("there is no active image, and image_path is empty")
    if imp.getBitDepth() == 24:
        raise Problem("%s is a colour image; a grey one is needed" % imp.getTitle())
    return imp


def plane_of(imp):
    """The current plane as 32-bit, without look-up table and display range.

    An inverting look-up table would turn filters round; both are only for the eye.
    """
    pixels = imp.getProcessor().convertToFloatProcessor().getPixels()
    return FloatProcessor(imp.getWidth(), imp.getHeight(), pixels[:], None)


def scale_of(imp):
    """The image's own scale; ImageJ's 'Global' calibration is a preference."""
    calibration = imp.getLocalCalibration()
    factor = _MICROMETRES.get((calibration.getUnit() or u"").strip())
    if factor is None:
        return Scale(None, None)
    # Sizes are stored in TIFF as rationals: 12 digits undo the rounding noise.
    return Scale(*[float("%.12g" % (size * factor)) for size in
                   (calibration.pixelWidth, calibration.pixelHeight)])


def area_unit(wanted, scale):
    """px or um2: what the area limits mean for an image of this scale."""
    if wanted == "auto":
        return "um2" if scale.calibrated else "px"
    if wanted == "um2" and not scale.calibrated:
        raise Problem("area_unit is um2, but the image has no pixel size: give one in "
                      "Image > Properties, or with --pixel-size")
    return wanted


def labelled(labels, imp):
    """A label image with the calibration of the image it belongs to."""
    result = ImagePlus("Labels of " + imp.getTitle(), labels)
    result.setCalibration(imp.getLocalCalibration().copy())
    result.setDisplayRange(0, max(labels.getStats().max, 1))
    return result
