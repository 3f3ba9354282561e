"""From a grey image to a binary one, in the same steps for every pixel type.

The 32-bit image loses its hot pixels, is blurred, is cut into 256 levels, as ImageJ's
own conversion to 8 bits does it, and is thresholded there: an 8-bit stain and a 32-bit
prediction take one road.
"""
from __future__ import absolute_import, division

from ij.plugin.filter import EDM, GaussianBlur, RankFilters
from ij.process import AutoThresholder, Blitter, FloodFiller, ImageProcessor

from frm.results import Problem

BLUR_ACCURACY = 0.0002  # ImageJ's own choice for 16-bit and 32-bit images
ROUNDING = 1e-5  # relative, of 32-bit sums over a blur's kernel
_OUTSIDE = 127
_MOST = 0.95  # of the pixels: more foreground leaves no background to tell it from
_SATURATED = 0.5  # of the pixels at the greatest grey level


def check(plane):
    """Refuse a 32-bit plane in which nothing can be told from anything else."""
    plane.resetMinAndMax()
    least, most = plane.getMin(), plane.getMax()
    if least == most:
        raise Problem("every pixel of the image is %g: it is constant" % most,
                      "E_IMAGE_CONSTANT", "check the exposure, and that this is the right "
                      "channel and plane")
    plane.setThreshold(most, most, ImageProcessor.NO_LUT_UPDATE)
    part = _part(plane.createMask())
    plane.resetThreshold()
    if part > _SATURATED:
        raise Problem("%.0f %% of the pixels have the greatest grey level, %g: the image is "
                      "saturated, or bright where it should be dark" % (100 * part, most),
                      "E_IMAGE_SATURATED", "expose less; give signal that is bright on a "
                      "dark background (Edit > Invert)")


def check_foreground(mask):
    """Refuse a binary image that is nearly all foreground."""
    part = _part(mask)
    if part > _MOST:
        raise Problem("%.0f %% of the pixels are foreground: one object would fill the field"
                      % (100 * part), "E_IMAGE_FOREGROUND",
                      "give signal that is bright on a dark background, or choose another "
                      "threshold; look at the image for a bright rim")


def _part(mask):
    """The part of a binary image (0, 255) that is not 0."""
    counts = mask.getHistogram()
    return counts[255] / (counts[0] + counts[255])


def without_hot_pixels(plane):
    """A copy in which hot pixels have their neighbours' median.

    A hot pixel differs from the median of its 3 x 3 neighbourhood by more than all such
    medians of the image differ from each other: no lens makes that of a nucleus. Left
    alone, it would press all nuclei into the lowest levels.
    """
    quiet = plane.duplicate()
    RankFilters().rank(quiet, 1.0, RankFilters.MEDIAN)
    quiet.resetMinAndMax()  # findMinAndMax() would keep a display range
    limit = quiet.getMax() - quiet.getMin()
    copy, above = plane.duplicate(), plane.duplicate()
    above.copyBits(quiet, 0, 0, Blitter.SUBTRACT)
    above.resetMinAndMax()
    if above.getMax() > limit:  # rarely: the filter takes longer than all the rest
        RankFilters().rank(copy, 1.0, RankFilters.OUTLIERS, RankFilters.BRIGHT_OUTLIERS,
                           limit)
    return copy


def blur(plane, sigma):
    """A blurred copy of a 32-bit plane."""
    copy = plane.duplicate()
    if sigma > 0:
        GaussianBlur().blurGaussian(copy, sigma, sigma, BLUR_ACCURACY)
    return copy


def to_levels(plane):
    """256 levels, and the grey values of the first and the last."""
    copy = plane.duplicate()
    copy.resetMinAndMax()
    low, high = copy.getMin(), copy.getMax()
    if high - low <= ROUNDING * max(abs(low), abs(high)):
        high = low  # a blur leaves such differences in a constant image
    copy.setMinAndMax(low, high if high > low else low + 1)
    return copy.convertToByteProcessor(True), (low, high)


def auto_threshold(levels, method):
    """The last level that is background (ImageJ's 'dark background')."""
    counts = levels.getHistogram()
    if len([count for count in counts if count]) < 2:
        return 255  # a constant image is background; the methods would say foreground
    return AutoThresholder().getThreshold(method, counts)


def above(levels, level):
    """The binary image (0, 255) of what lies above a level."""
    mask = levels.duplicate()
    mask.applyTable([0 if value <= level else 255 for value in range(256)])
    return mask


def fill_holes(mask):
    """Fill, in place, background that 4-connected steps cannot reach from the border.

    ImageJ's command of this name asks the 'black background' preference.
    """
    outside = mask.duplicate()
    outside.setValue(_OUTSIDE)
    filler = FloodFiller(outside)
    last_x, last_y = mask.getWidth() - 1, mask.getHeight() - 1
    border = [(x, y) for x in range(last_x + 1) for y in (0, last_y)]
    border += [(x, y) for y in range(last_y + 1) for x in (0, last_x)]
    for x, y in border:
        if outside.get(x, y) == 0:
            filler.fill(x, y)
    outside.applyTable([0 if value == _OUTSIDE else 255 for value in range(256)])
    mask.copyBits(outside, 0, 0, Blitter.COPY)


def watershed(mask):
    """Cut, in place, touching objects apart (Euclidean distance map)."""
    EDM().toWatershed(mask)


class Background(object):
    """Where the background lies among the 256 levels, and how far it spreads.

    The peak is the fullest level that is not above the threshold. The spread is the
    standard deviation of a normal distribution with the same median distance from the
    peak. In an empty field everything is background: what a threshold then marks lies
    about one spread above the peak, where a nucleus lies many.
    """

    def __init__(self, peak, spread):
        self.peak, self.spread = peak, spread

    def contrast(self, thing):
        """How many spreads the mean of an object lies above the background."""
        return (thing.mean_level - self.peak) / self.spread

    def describe(self, grey_range):
        """The same in grey levels."""
        low, high = grey_range
        step = (high - low) / 255
        return {"peak": low + self.peak * step, "spread": self.spread * step}


def background(levels, level):
    """Describe the background from the levels up to the threshold."""
    counts = list(levels.getHistogram())[: max(level, 0) + 1]
    smooth = [sum(counts[max(i - 1, 0): i + 2]) for i in range(len(counts))]
    peak = smooth.index(max(smooth))
    distances = {}
    for value, count in enumerate(counts):
        distances[abs(value - peak)] = distances.get(abs(value - peak), 0) + count
    return Background(peak, max(1.4826 * _median(distances), 1.0))


def _median(counts):
    """The median of values given as {value: how often}, to a fraction of a level."""
    half, seen = sum(counts.values()) / 2, 0
    for value in sorted(counts):
        if seen + counts[value] >= half:
            return value - 0.5 + (half - seen) / max(counts[value], 1)
        seen += counts[value]
    return 0.0


def describe(level, grey_range, method):
    """The threshold in grey levels: what is above it is foreground."""
    low, high = grey_range
    grey = low + (level + 0.5) * (high - low) / 255
    return {"method": method, "grey_level": grey, "level": level,
            "range_low": low, "range_high": high}
