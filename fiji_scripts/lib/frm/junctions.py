"""Cell boundaries: normalised, thresholded, thinned to lines, and the cells between."""
from __future__ import absolute_import, division

import math

from ij.plugin.filter import BackgroundSubtracter, RankFilters
from ij.process import ImageProcessor
from java.util import Arrays

from frm import objects, segmentation

LEVELS = 65535  # of the 16-bit image that the paper thresholds
_REACH = 2.9  # px: across a line that was thinned and dilated once
_CORNER = 9  # px of such a line where four cells meet in a point


class Options(objects.Options):
    """How cells are found: the parameters of FRM Junctions, by their names."""


class Found(object):
    """The cells of a plane, with all that was found, and the lines between them."""

    def __init__(self, everything, lines, grey_range):
        self.everything, self.found = everything
        self.skeleton, self.walls = lines
        self.grey_range = grey_range

    def keep(self, kept, counts):
        """Number the kept cells 1, 2, ..."""
        self.kept, self.counts = kept, counts
        self.labels = self.everything.duplicate()
        objects.relabel(self.labels, kept)

    def neighbours(self):
        """How many others, kept or not, each kept cell meets along a line."""
        met = neighbours(self.everything, self.walls)
        return [met.get(cell.number, 0) for cell in self.kept]


def find(plane, options, scale):
    """Find the cells between the lines of a 32-bit plane; their labels are 1, 2, ...

    Steps: LaChance & Cohen 2020, Methods.
    """
    areas = options.areas(scale)
    smooth = segmentation.blur(plane, options.blur_sigma_px)
    flat = without_background(smooth, options.background_radius_px)
    levels, grey_range = normalise(flat, options.saturated_percent)
    mask = at_least(levels, options.threshold_percent)
    segmentation.check_foreground(mask)
    skeleton = lines(mask)
    walls = closed(skeleton)
    inside = walls.duplicate()
    inside.invert()
    found = Found(objects.find(inside, plane, levels), (skeleton, walls), grey_range)
    found.keep(*_choose(found.found, options, areas))
    return found


def _choose(found, options, areas):
    """Sort what lies between the lines into cells and what each limit left out."""
    return objects.choose(found, [
        ("excluded_by_border", lambda o: not (options.exclude_edges and o.touches_border)),
        ("excluded_as_fragment", areas.large_enough),
        ("excluded_by_area", areas.allow),
    ])


def without_background(plane, radius):
    """A copy less its rolling-ball background; radius 0 leaves it as it is."""
    copy = plane.duplicate()
    if radius > 0:
        BackgroundSubtracter().rollingBallBackground(
            copy, radius, False, False, False, False, False)
    return copy


def normalise(plane, saturated_percent):
    """Stretch to 16 bits, with so many per cent of the pixels cut off, half on each side.

    Gives the 16-bit image and the grey values of its first and last level.
    """
    values = plane.getPixels()[:]
    Arrays.sort(values)
    cut = int(len(values) * saturated_percent / 200)
    low, high = values[cut], values[len(values) - 1 - cut]
    copy = plane.duplicate()
    copy.setMinAndMax(low, high if high > low else low + 1)
    return copy.convertToShortProcessor(True), (low, high)


def at_least(levels, percent):
    """The binary image (0, 255) of what reaches a fixed part of the 16-bit range."""
    least = int(math.ceil(LEVELS * percent / 100))
    levels.setThreshold(least, LEVELS, ImageProcessor.NO_LUT_UPDATE)
    return levels.createMask()


def lines(mask):
    """A copy thinned to lines of one pixel."""
    copy = mask.duplicate()
    copy.skeletonize(255)
    return copy


def closed(skeleton):
    """A copy dilated once, which closes gaps of up to two pixels."""
    copy = skeleton.duplicate()
    copy.dilate(1, 0)
    return copy


def length(skeleton):
    """The length of lines in px: 1 for a step along an axis, sqrt(2) for a diagonal one."""
    width, height = skeleton.getWidth(), skeleton.getHeight()
    total = 0.0
    for x, y in _points(skeleton):
        right = x + 1 < width and skeleton.get(x + 1, y)
        below = y + 1 < height and skeleton.get(x, y + 1)
        left = x > 0 and skeleton.get(x - 1, y)
        total += (1 if right else 0) + (1 if below else 0)
        if y + 1 < height and not below:
            if not right and x + 1 < width and skeleton.get(x + 1, y + 1):
                total += math.sqrt(2)
            if not left and x > 0 and skeleton.get(x - 1, y + 1):
                total += math.sqrt(2)
    return total


def neighbours(labels, walls):
    """How many others each label meets along a line; a mere corner is no contact.

    Gives {label: count}; a label that is missing meets none.
    """
    most, least = _ranked(labels), _ranked(_turned(labels))
    contacts = {}
    for x, y in _points(walls):
        high, low = most.get(x, y), LEVELS + 1 - least.get(x, y)
        if high and high != low:
            contacts[low, high] = contacts.get((low, high), 0) + 1
    met = {}
    for pair, count in contacts.items():
        if count > _CORNER:
            for label in pair:
                met[label] = met.get(label, 0) + 1
    return met


def _ranked(image):
    copy = image.duplicate()
    RankFilters().rank(copy, _REACH, RankFilters.MAX)
    return copy


def _turned(labels):
    """The labels counted down from the last, so that the least becomes the most."""
    copy = labels.duplicate()
    copy.applyTable([0] + [LEVELS + 1 - label for label in range(1, LEVELS + 1)])
    return copy


def _points(mask):
    """The places of all pixels that are not 0."""
    width = mask.getWidth()
    return [(place % width, place // width)
            for place, value in enumerate(mask.getPixels()) if value]
