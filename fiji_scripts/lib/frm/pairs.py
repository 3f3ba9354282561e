"""A truth and its prediction, pixel by pixel: their planes, histogram and relation."""
from __future__ import absolute_import, division

import math
import os

from ij import CompositeImage, IJ, ImagePlus, ImageStack, WindowManager
from ij.measure import Measurements
from ij.process import Blitter, FloatProcessor, ImageProcessor, ImageStatistics, LUT
from java.awt import Color
from java.lang import Float

from frm import images, junctions
from frm.results import Problem

_PAIR = 2


class Pair(object):
    """Two 32-bit planes of one size."""

    def __init__(self, truth, prediction, imp):
        self.truth, self.prediction, self.imp = truth, prediction, imp
        self.pixels = truth.getPixelCount()

    def relation(self, mask=None):
        """How the prediction follows the truth, everywhere or where a mask is not 0.

        Products are those of 32-bit planes without their means, sums are 64-bit:
        a correlation is good to 1e-6.
        """
        truth, prediction = _Centred(self.truth, mask), _Centred(self.prediction, mask)
        facts = {"pixels": truth.count, "truth_mean": truth.mean,
                 "prediction_mean": prediction.mean, "pearson": None, "slope": None,
                 "intercept": None}
        if truth.flat:
            return facts
        shared, alone = truth.product(prediction, mask), truth.product(truth, mask)
        facts["slope"] = shared / alone
        facts["intercept"] = prediction.mean - facts["slope"] * truth.mean
        if not prediction.flat:
            other = prediction.product(prediction, mask)
            pearson = shared / math.sqrt(alone * other)
            facts["pearson"] = max(min(pearson, 1.0), -1.0)
        return facts


class _Centred(object):
    """A plane without the mean of some pixels, and what rounding left of that mean."""

    def __init__(self, plane, mask):
        stats = _statistics(plane, mask)
        self.count, self.flat = stats.pixelCount, stats.min >= stats.max
        self.mean = stats.mean if stats.pixelCount else None
        self.plane = plane.duplicate()
        self.plane.add(-stats.mean)
        self.rest = _statistics(self.plane, mask).mean

    def product(self, other, mask):
        """The mean of the product with another plane: a covariance, or a variance."""
        both = self.plane.duplicate()
        both.copyBits(other.plane, 0, 0, Blitter.MULTIPLY)
        return _statistics(both, mask).mean - self.rest * other.rest


def _statistics(plane, mask):
    plane.setRoi(0, 0, plane.getWidth(), plane.getHeight())
    plane.setMask(mask)
    stats = ImageStatistics.getStatistics(
        plane, Measurements.MEAN | Measurements.MIN_MAX, None)
    plane.resetRoi()
    return stats


def open_pair(image_path, prediction_image):
    """The two planes of one image, or one plane each of two.

    ``prediction_image`` is the title of an open image, or a file.
    """
    imp = images.open_image(image_path)
    if not prediction_image:
        return _two_planes(imp)
    other = WindowManager.getImage(prediction_image)
    if other is None:
        if not os.path.isfile(prediction_image):
            raise Problem("prediction_image is %s: neither an open image nor a file"
                          % prediction_image)
        other = images.open_image(prediction_image)
    for each in (imp, other):
        if each.getStackSize() != 1:
            raise Problem("%s has %d planes: with prediction_image, each of the two has "
                          "one" % (each.getTitle(), each.getStackSize()))
    if (imp.getWidth(), imp.getHeight()) != (other.getWidth(), other.getHeight()):
        raise Problem("%s has %d x %d px, %s has %d x %d px" % (
            imp.getTitle(), imp.getWidth(), imp.getHeight(),
            other.getTitle(), other.getWidth(), other.getHeight()))
    return Pair(images.plane_of(imp), images.plane_of(other), imp)


def _two_planes(imp):
    stack = imp.getStack()
    if stack.size() != _PAIR:
        raise Problem("%s has %d planes; a pair has 2, the truth and the prediction: make "
                      "a stack of both, or name the other image in prediction_image"
                      % (imp.getTitle(), stack.size()))
    planes = [images.plane_of(ImagePlus("", stack.getProcessor(number)))
              for number in (1, 2)]
    return Pair(planes[0], planes[1], imp)


class Bins(object):
    """Steps of grey levels: of the truth, and of the prediction.

    Both are the same by a bit depth, and for two images of whole grey levels, as of one
    camera. Else each side has its own range: a relative prediction, of 0 to 1 say, would
    fill one row of the camera's.
    """

    def __init__(self, pair, number, bit_depth):
        self.number, self.bit_depth = number, bit_depth
        both = [_Range(plane) for plane in (pair.truth, pair.prediction)]
        if bit_depth:
            sides = [_Steps(number, 0.0, 2.0 ** bit_depth, True)] * _PAIR
        elif all(side.whole for side in both):
            least, greatest = min(s.least for s in both), max(s.greatest for s in both)
            sides = [_Steps(number, least, greatest - least + 1, True)] * _PAIR
        else:
            sides = [_Steps(number, side.least, side.greatest - side.least + side.whole,
                            side.whole) for side in both]
        self.truth, self.prediction = sides

    def outside(self, plane):
        """How many pixels a camera of this bit depth cannot have measured."""
        if not self.bit_depth:
            return 0
        inside = _between(plane, -0.5, 2.0 ** self.bit_depth - 0.5)
        return plane.getPixelCount() - size(inside)

    def describe(self):
        """For result.json."""
        return {"number": self.number, "truth": self.truth.describe(),
                "prediction": self.prediction.describe()}


class _Range(object):
    """The least and the greatest value of a plane, and whether all are whole numbers.

    The values tell, not the file's type: one file of both planes has one type.
    """

    def __init__(self, plane):
        stats = _statistics(plane, None)
        self.least, self.greatest = stats.min, stats.max
        # NB: from the least value up, for 16 bits hold nothing below 0.
        levels = plane.duplicate()
        levels.add(-self.least)
        rest = levels.convertToShortProcessor(False).convertToFloatProcessor()
        rest.copyBits(levels, 0, 0, Blitter.DIFFERENCE)
        self.whole = self.least == math.floor(self.least) and (
            _statistics(rest, None).max == 0)


class _Steps(object):
    """Equal steps from ``low`` up: the bins of one side.

    Steps of whole grey levels are whole: else bins of 1 and of 2 levels would take turns.
    The outermost bins take what lies outside, which only a bit depth allows.
    """

    def __init__(self, number, low, span, whole):
        self.number, self.low = number, low
        self.width = span / number or 1.0
        if whole:
            self.width = math.ceil(self.width)

    def place(self, plane):
        """A 16-bit image of bin numbers."""
        copy, width = plane.duplicate(), plane.duplicate()
        copy.add(-self.low)
        width.set(self.width)
        # NB: multiply(1 / width) would round, and move values at the edge of a bin.
        copy.copyBits(width, 0, 0, Blitter.DIVIDE)
        copy.add(-0.5)  # the conversion rounds
        numbers = copy.convertToShortProcessor(False)
        numbers.max(self.number - 1)
        return numbers

    def low_edge(self, number):
        """The least grey value of a bin."""
        return self.low + number * self.width

    def describe(self):
        """For result.json."""
        return {"low": self.low, "width": self.width, "high": self.low_edge(self.number)}


class Histogram(object):
    """How many pixels have each pair of bins: {(truth, prediction): count}."""

    def __init__(self, pair, bins):
        self.bins = bins
        self.index = bins.truth.place(pair.truth)
        self.index.multiply(bins.number)
        self.index.copyBits(bins.prediction.place(pair.prediction), 0, 0, Blitter.ADD)

    def counts(self, mask=None):
        """All pixels, or those where a mask is not 0."""
        self.index.setRoi(0, 0, self.index.getWidth(), self.index.getHeight())
        self.index.setMask(mask)
        found = self.index.getHistogram()  # 65,536 counts: all bins of 256 x 256
        self.index.resetRoi()
        return dict((divmod(place, self.bins.number), count)
                    for place, count in enumerate(found) if count)

    def image(self, counts):
        """The counts as an image: truth to the right, prediction upwards."""
        number, x_steps, y_steps = self.bins.number, self.bins.truth, self.bins.prediction
        plane = FloatProcessor(number, number)
        for (x, y), count in counts.items():
            plane.setf(x, number - 1 - y, count)
        imp = ImagePlus("2D histogram (x: truth, y: prediction)", plane)
        imp.setIgnoreGlobalCalibration(True)
        scale = imp.getCalibration()
        scale.pixelWidth, scale.pixelHeight = x_steps.width, y_steps.width
        scale.setUnit("grey level")
        scale.xOrigin = -x_steps.low / x_steps.width
        scale.yOrigin = number - 1 + y_steps.low / y_steps.width
        scale.setInvertY(True)
        imp.resetDisplayRange()
        return imp


def above(plane, threshold):
    """A mask of what is brighter than a grey level."""
    mask = _between(plane, -Float.MAX_VALUE, threshold)
    mask.invert()
    return mask


def _between(plane, low, high):
    copy = plane.duplicate()
    copy.setThreshold(low, high, ImageProcessor.NO_LUT_UPDATE)
    return copy.createMask()


def size(mask):
    """How many pixels of a mask are set."""
    return mask.getHistogram()[255]


def merge(pair, saturated_percent):
    """Truth in green and prediction in red, where both are yellow; each stretched."""
    stack = ImageStack(pair.truth.getWidth(), pair.truth.getHeight())
    for name, plane in (("truth", pair.truth), ("prediction", pair.prediction)):
        levels = junctions.normalise(plane, saturated_percent)[0]
        levels.setMinAndMax(0, junctions.LEVELS)
        stack.addSlice(name, levels.convertToByteProcessor(True))
    imp = ImagePlus("Merge of truth (green) and prediction (red)", stack)
    imp.setDimensions(_PAIR, 1, 1)
    merged = images.with_own_scale(CompositeImage(imp, IJ.COMPOSITE), pair.imp)
    for channel, colour in ((1, Color.GREEN), (2, Color.RED)):
        lut = LUT.createLutFromColor(colour)
        lut.min, lut.max = 0, 255
        merged.setChannelLut(lut, channel)
    return merged
