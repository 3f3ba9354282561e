"""The image that a script works on, and its scale."""
from __future__ import absolute_import, division

from ij import IJ, ImagePlus
from ij.process import FloatProcessor

from frm import active
from frm.results import Problem

# What ImageJ and Bio-Formats write for a length, in micrometres.
_MICROMETRES = {
    u"\u00b5m": 1.0, u"\u03bcm": 1.0, u"um": 1.0, u"micron": 1.0, u"microns": 1.0,
    u"micrometer": 1.0, u"micrometre": 1.0, u"nm": 1e-3, u"mm": 1e3,
}
_GIVE_SIZE = ("give one in Image > Properties, or with --pixel-size; or choose px as the "
              "unit")
# For an image with a palette.
GREY_FIX = ("choose a grey one; where its values are grey levels, choose Image > Lookup "
            "Tables > Grays first")
_SECONDS = {
    u"s": 1.0, u"sec": 1.0, u"second": 1.0, u"seconds": 1.0, u"ms": 1e-3,
    u"min": 60.0, u"minute": 60.0, u"minutes": 60.0, u"h": 3600.0, u"hour": 3600.0,
    u"hours": 3600.0,
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
        imp = _open_file(path)
        if imp is None:
            raise Problem("ImageJ cannot open %s" % path)
    else:
        imp = active.image()
        if imp is None:
            raise Problem("there is no active image, and image_path is empty")
    if imp.getBitDepth() == 24:
        raise Problem("%s is a colour image; a grey one is needed" % imp.getTitle())
    return imp


def has_palette(imp):
    """Whether 8-bit values are places in a palette, and no grey levels.

    A look-up table of one hue is only for the eye: none of its colours falls and rises.
    """
    if imp.getBitDepth() != 8 or imp.getNChannels() > 1:
        return False
    table = [each & 255 for each in imp.getProcessor().getLut().getBytes()]
    colours = table[:256], table[256:512], table[512:]
    return not any(all(colour == sorted(colour, reverse=falls) for colour in colours)
                   for falls in (False, True))


def _open_file(path):
    """Open a file with its own scale.

    NB: while a 'Global' calibration holds, ImageJ loses the file's, and asks by a dialog.
    """
    anyone = ImagePlus()
    before = anyone.getGlobalCalibration()
    anyone.setGlobalCalibration(None)
    try:
        return IJ.openImage(path)
    finally:
        anyone.setGlobalCalibration(before)


def plane_of(imp):
    """The current plane as 32-bit, without look-up table and display range.

    An inverting look-up table would turn filters round; both are only for the eye.
    """
    pixels = imp.getProcessor().convertToFloatProcessor().getPixels()
    return FloatProcessor(imp.getWidth(), imp.getHeight(), pixels[:], None)


def frames_of(imp, slices_are_frames=False):
    """All frames of the current channel and slice, each as `plane_of` gives it."""
    by_slice = slices_are_frames and imp.getNSlices() > 1
    count = imp.getNSlices() if by_slice else imp.getNFrames()
    if count < 2:
        has = "%d frame and %d slices" % (imp.getNFrames(), imp.getNSlices())
        raise Problem("%s has %s; a movie has two frames or more. If its slices are the "
                      "frames, set slices_are_frames" % (imp.getTitle(), has))
    stack, channel = imp.getStack(), imp.getChannel()
    places = [imp.getStackIndex(channel, frame, imp.getFrame()) if by_slice
              else imp.getStackIndex(channel, imp.getSlice(), frame)
              for frame in range(1, count + 1)]
    return [plane_of(ImagePlus("", stack.getProcessor(place))) for place in places]


def frame_interval(imp):
    """Seconds between frames, or None where the image does not say."""
    calibration = imp.getLocalCalibration()
    factor = _SECONDS.get((calibration.getTimeUnit() or u"").strip())
    interval = calibration.frameInterval
    return interval * factor if factor and interval > 0 else None


def scale_of(imp):
    """The image's own scale; ImageJ's 'Global' calibration is a preference."""
    calibration = imp.getLocalCalibration()
    factor = _MICROMETRES.get((calibration.getUnit() or u"").strip())
    if factor is None:
        return Scale(None, None)
    # Sizes are stored in TIFF as rationals: 12 digits undo the rounding noise.
    return Scale(*[float("%.12g" % (size * factor)) for size in
                   (calibration.pixelWidth, calibration.pixelHeight)])


def length_unit(wanted, scale):
    """px or um: what distances mean for an image of this scale."""
    return _unit("length_unit", wanted, scale, "um")


def area_unit(wanted, scale):
    """px or um2: what the area limits mean for an image of this scale."""
    return _unit("area_unit", wanted, scale, "um2")


def _unit(name, wanted, scale, calibrated):
    if wanted == "auto":
        return calibrated if scale.calibrated else "px"
    if wanted == calibrated and not scale.calibrated:
        raise Problem("%s is %s, but the image has no pixel size" % (name, calibrated),
                      "E_UNCALIBRATED", _GIVE_SIZE)
    return wanted


def with_own_scale(image, imp):
    """Give a new image the scale of another; it is saved with that, and not with
    ImageJ's 'Global' calibration."""
    image.setIgnoreGlobalCalibration(True)
    image.setCalibration(imp.getLocalCalibration().copy())
    return image


def labelled(labels, imp):
    """A label image with the calibration of the image it belongs to."""
    result = with_own_scale(ImagePlus("Labels of " + imp.getTitle(), labels), imp)
    result.setDisplayRange(0, max(labels.getStats().max, 1))
    return result
