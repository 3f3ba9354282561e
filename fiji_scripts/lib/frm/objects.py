"""The objects of a binary image: found, measured, chosen, numbered."""
from __future__ import absolute_import, division

import math

from ij import ImagePlus
from ij.gui import PolygonRoi, Roi, Wand
from ij.measure import Measurements, ResultsTable
from ij.plugin.filter import Analyzer, ParticleAnalyzer
from ij.process import ImageProcessor, ImageStatistics

from frm import images
from frm.results import Problem

COLUMNS = [
    "label", "area_px", "area_um2", "centroid_x_px", "centroid_y_px", "centroid_x_um",
    "centroid_y_um", "mean_intensity", "min_intensity", "max_intensity",
    "integrated_intensity", "perimeter_px", "circularity", "major_px", "minor_px",
    "angle_deg", "feret_px", "solidity", "touches_border",
]
MOST_OBJECTS = 65535  # labels are 16-bit
SPECK_PX = 50
_MEASUREMENTS = (Measurements.AREA | Measurements.MEAN | Measurements.MIN_MAX
                 | Measurements.CENTROID | Measurements.ELLIPSE)


class Particle(object):
    """One object: its number among those found, its outline and its measures in px."""

    def __init__(self, number, roi, stats, mean_level, touches_border):
        self.number, self.roi = number, roi
        self.area = stats.pixelCount
        self.x, self.y = stats.xCentroid, stats.yCentroid
        self.mean, self.min, self.max = stats.mean, stats.min, stats.max
        self.major, self.minor, self.angle = stats.major, stats.minor, stats.angle
        self.mean_level, self.touches_border = mean_level, touches_border
        self.perimeter = roi.getLength()
        self.feret = roi.getFeretValues()[0]
        self.circularity = min(_ratio(4 * math.pi * self.area, self.perimeter ** 2), 1.0)
        hull = roi.getConvexHull()
        self.solidity = _ratio(self.area, _polygon_area(hull) if hull else 0)


def find(mask, plane, levels):
    """Label the objects (8-connected) of a mask and measure each on a plane.

    Parameters: the binary image (0, 255); the 32-bit image whose intensities count; the
    256-level image for the background guard. Returns the label image and a list.
    """
    all_points = Wand.allPoints()
    Wand.setAllPoints(False)  # it would change every perimeter
    try:
        labels, starts = _label(mask)
        return labels, [_measure(labels, number, start, plane, levels)
                        for number, start in enumerate(starts, 1)]
    finally:
        Wand.setAllPoints(all_points)


def _label(mask):
    """Run Analyze Particles without limits; give its labels and starting pixels."""
    table = ResultsTable()
    analyzer = ParticleAnalyzer(
        ParticleAnalyzer.SHOW_ROI_MASKS | ParticleAnalyzer.RECORD_STARTS,
        Measurements.AREA, table, 0, float("inf"), 0.0, 1.0)
    analyzer.setHideOutputImage(True)
    # NB: a threshold on the mask, else Prefs.blackBackground decides what is an object;
    # and the three things that another plugin may have left behind in static fields.
    mask.setThreshold(255, 255, ImageProcessor.NO_LUT_UPDATE)
    Analyzer.setRedirectImage(None)
    ParticleAnalyzer.setRoiManager(None)
    ParticleAnalyzer.setResultsTable(table)
    if not analyzer.analyze(ImagePlus("mask", mask), mask):
        raise Problem("Analyze Particles gave up")
    if table.size() > MOST_OBJECTS:
        raise Problem("%d objects are more than a 16-bit label image can hold: blur more"
                      " or choose another threshold" % table.size())
    starts = [(int(table.getValue("XStart", row)), int(table.getValue("YStart", row)))
              for row in range(table.size())]
    return analyzer.getOutputImage().getProcessor(), starts


def _measure(labels, number, start, plane, levels):
    wand = Wand(labels)
    wand.autoOutline(start[0], start[1], number, number, Wand.LEGACY_MODE)
    roi = PolygonRoi(wand.xpoints, wand.ypoints, wand.npoints, Roi.TRACED_ROI)
    bounds = roi.getBounds()
    mask = _mask(labels, number, bounds)
    return Particle(number, roi, _statistics(plane, bounds, mask),
                    _statistics(levels, bounds, mask).mean, _at_border(bounds, labels))


def _mask(labels, number, bounds):
    labels.setRoi(bounds)
    crop = labels.crop()
    labels.resetRoi()
    crop.setThreshold(number, number, ImageProcessor.NO_LUT_UPDATE)
    return crop.createMask()


def _statistics(plane, bounds, mask):
    plane.setRoi(bounds)
    plane.setMask(mask)
    stats = ImageStatistics.getStatistics(plane, _MEASUREMENTS, None)
    plane.resetRoi()
    return stats


def _at_border(bounds, plane):
    return (bounds.x == 0 or bounds.y == 0
            or bounds.x + bounds.width == plane.getWidth()
            or bounds.y + bounds.height == plane.getHeight())


def _ratio(part, whole):
    return part / whole if whole else 0.0


def _polygon_area(polygon):
    corners = list(zip(polygon.xpoints, polygon.ypoints))[: polygon.npoints]
    following = corners[1:] + corners[:1]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, following))) / 2


class AreaLimits(object):
    """The areas that are kept, in px or um2; a least area of 0 keeps out specks only."""

    def __init__(self, least, largest, unit, scale):
        self.pixel_area = scale.pixel_area if unit == "um2" else 1.0
        self.unit = unit
        self.least = least if least > 0 else SPECK_PX * self.pixel_area
        self.largest = largest if largest > 0 else float("inf")
        if self.largest < self.least:
            raise Problem("the largest area, %g %s, is less than the smallest, %g %s: "
                          "give min_area and max_area" % (
                              self.largest, self.unit, self.least, self.unit))

    def large_enough(self, thing):
        """Whether it is no speck."""
        return thing.area * self.pixel_area >= self.least

    def allow(self, thing):
        """Whether a thing is neither too small nor too large."""
        return self.large_enough(thing) and thing.area * self.pixel_area <= self.largest

    def describe(self, found):
        """What was found, and what would have been kept."""
        areas = [thing.area * self.pixel_area for thing in found]
        most = "any" if self.largest == float("inf") else "%g" % self.largest
        return "areas of %g to %g %s were found, %g to %s are kept" % (
            min(areas), max(areas), self.unit, self.least, most) if areas else ""


class Options(object):
    """How objects are found: a script's parameters, by their names."""

    def __init__(self, **given):
        self.__dict__.update(given)

    def unit(self, scale):
        """The unit of the area limits on an image of this scale."""
        return images.area_unit(self.area_unit, scale)

    def areas(self, scale):
        """The area limits on an image of this scale."""
        return AreaLimits(self.min_area, self.max_area, self.unit(scale), scale)


def choose(found, limits):
    """Keep what meets every (name, test); count the rest under the first it fails."""
    counts = dict((name, 0) for name, _ in limits)
    kept = []
    for thing in found:
        failed = next((name for name, test in limits if not test(thing)), None)
        if failed is None:
            kept.append(thing)
        else:
            counts[failed] += 1
    counts.update(found=len(found), kept=len(kept))
    return kept, counts


def relabel(labels, kept):
    """Number the kept objects 1, 2, ... in a label image; the others become 0."""
    table = [0] * 65536
    for label, thing in enumerate(kept, 1):
        table[thing.number] = label
    labels.applyTable(table)
    labels.resetMinAndMax()


def rows(kept, scale):
    """The table of the objects, in the order of COLUMNS; None where not calibrated."""
    return [_row(label, thing, scale) for label, thing in enumerate(kept, 1)]


def _row(label, o, scale):
    um = [o.area * scale.pixel_area, o.x * scale.width, o.y * scale.height] \
        if scale.calibrated else [None] * 3
    return [label, o.area, um[0], o.x, o.y, um[1], um[2], o.mean, o.min, o.max,
            o.mean * o.area, o.perimeter, o.circularity, o.major, o.minor, o.angle,
            o.feret, o.solidity, int(o.touches_border)]
