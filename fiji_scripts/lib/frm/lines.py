"""Line selections, and the grey values along them.

Coordinates are those of ImageJ's line selections: the centre of the first pixel is 0, 0.
(Those of areas, and so of centroids, are half a pixel more.)
"""
from __future__ import absolute_import, division

import math
import os
from array import array

from ij.gui import Line
from ij.io import RoiDecoder
from ij.process import Blitter, FloatProcessor, ImageProcessor
from java.io import ByteArrayInputStream, ByteArrayOutputStream, IOException
from java.lang import RuntimeException
from java.util.zip import ZipInputStream

from frm.results import Problem

_AROUND = [(0, 0), (2, 0), (0, 2), (2, 2), (1, 0), (1, 2), (0, 1), (2, 1), (1, 1)]


class Section(object):
    """A line with its corners, and the places along it: x, y, px, um, normal x, y."""

    def __init__(self, name, corners, scale):
        self.name = name
        self.corners = [(float(x), float(y)) for x, y in corners]
        self.pieces = _pieces(self.corners, scale)
        if not self.pieces:
            raise Problem("the line %s has no length" % name)
        self.length_px = self.pieces[-1].end_px
        self.length_um = self.pieces[-1].end_um if scale.calibrated else None
        self.places = list(_places(self.pieces, self.length_px))

    def check_inside(self, imp):
        """Refuse a line that leaves the image."""
        width, height = imp.getWidth(), imp.getHeight()
        for x, y in self.corners:
            if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
                raise Problem("the line %s reaches (%g, %g), and the image has %d x %d "
                              "px: x may be 0 to %d, y 0 to %d" % (
                                  self.name, x, y, width, height, width - 1, height - 1))


class _Piece(object):
    """One straight piece of a line."""

    def __init__(self, start, end, before, scale):
        (self.x, self.y), (x, y) = start, end
        self.dx, self.dy = x - self.x, y - self.y
        self.px = math.hypot(self.dx, self.dy)
        self.um = math.hypot(self.dx * scale.width, self.dy * scale.height) \
            if scale.calibrated else 0.0
        self.start_px = before.end_px if before else 0.0
        self.start_um = before.end_um if before else 0.0
        self.end_px, self.end_um = self.start_px + self.px, self.start_um + self.um


def _pieces(corners, scale):
    pieces = []
    for start, end in zip(corners, corners[1:]):
        if start != end:
            pieces.append(_Piece(start, end, pieces[-1] if pieces else None, scale))
    return pieces


def _places(pieces, length):
    """Places whose distance is as near to 1 px as lets the last be the end of the line.

    So does ImageJ's Plot Profile along a straight line.
    """
    steps = max(int(math.floor(length + 0.5)), 1)
    number = 0
    for step in range(steps + 1):
        along = length * step / steps
        while along > pieces[number].end_px and number + 1 < len(pieces):
            number += 1
        piece = pieces[number]
        part = min((along - piece.start_px) / piece.px, 1.0)
        yield (piece.x + part * piece.dx, piece.y + part * piece.dy, along,
               piece.start_um + part * piece.um,
               -piece.dy / piece.px, piece.dx / piece.px)


def values(plane, section, width):
    """The grey values at the places of a line, each a mean across ``width`` pixels.

    Between pixels linear; across a wide line, pixels outside the image do not count.
    A wide line turns sharply at its corners; ImageJ's Straightener bends a spline there.
    NB: not ImageProcessor.getInterpolatedValue(), which Plot Profile and Straightener
    call: it is bicubic after setOption("Bicubic", true), and 0 outside.
    """
    last_x, last_y = plane.getWidth() - 0.5, plane.getHeight() - 0.5
    offsets = [number - (width - 1) / 2 for number in range(width)]
    framed, found = _framed(plane), []
    for x, y, _, _, across_x, across_y in section.places:
        places = [(x + offset * across_x, y + offset * across_y) for offset in offsets]
        seen = [framed.getInterpolatedPixel(u + 1, v + 1) for u, v in places
                if -0.5 <= u <= last_x and -0.5 <= v <= last_y]
        # In the outermost corner of the image, both sides of an even width lie outside.
        seen = seen or [framed.getInterpolatedPixel(x + 1, y + 1)]
        found.append(sum(seen) / len(seen))
    return found


def _framed(plane):
    """A copy with one more pixel on each side, equal to its neighbour at the edge."""
    framed = FloatProcessor(plane.getWidth() + 2, plane.getHeight() + 2)
    for x, y in _AROUND:
        framed.copyBits(plane, x, y, Blitter.COPY)
    framed.setInterpolationMethod(ImageProcessor.BILINEAR)
    return framed


def measure(section, found):
    """What result.json says of a profile.

    The full width at half maximum is the distance between the two places, one on each
    side of the peak, where the profile first falls to the middle between its least and
    its greatest value, linear between samples; None where it does not fall so far.
    """
    top = max(found)
    peak = found.index(top)
    half = (top + min(found)) / 2
    ends = [_crossing(found, peak, half, step) for step in (-1, 1)]
    facts = {"profile": section.name, "n": len(found), "min": min(found), "max": top,
             "corners_px": section.corners}
    for unit, place, length in (("px", 2, section.length_px), ("um", 3, section.length_um)):
        along = [each[place] for each in section.places]
        known, whole = length is not None, None not in ends and top > min(found)
        facts["length_" + unit] = length
        facts["peak_" + unit] = along[peak] if known else None
        facts["fwhm_" + unit] = _at(along, ends[1]) - _at(along, ends[0]) \
            if known and whole else None
    return facts


def _crossing(found, peak, half, step):
    """The place, as a broken index, where the profile falls to ``half``."""
    place = peak
    while 0 <= place + step < len(found):
        here, there = found[place], found[place + step]
        if there <= half:
            return place + step * (here - half) / (here - there) if here > there else None
        place += step
    return None


def _at(along, index):
    whole = min(int(math.floor(index)), len(along) - 2)
    return along[whole] + (index - whole) * (along[whole + 1] - along[whole])


def read(path, scale):
    """The lines of a .roi file, or of all in a RoiSet.zip."""
    if not os.path.isfile(path):
        raise Problem("there is no file %s with lines" % path)
    with open(path, "rb") as source:
        content = array("b", source.read())
    name = os.path.basename(path)
    try:
        found = _members(content) if content[:2].tostring() == "PK" else [(name, content)]
        rois = [(member, RoiDecoder(each, member).getRoi()) for member, each in found]
    except (IOException, RuntimeException):
        raise Problem("%s is no selection of ImageJ's (.roi, or a RoiSet.zip)" % name)
    if not rois:
        raise Problem("%s holds no .roi file" % name)
    return [of_roi(roi, os.path.splitext(member)[0], scale) for member, roi in rois]


def _members(content):
    """Name and bytes of each .roi in a zip file."""
    archive, found = ZipInputStream(ByteArrayInputStream(content)), []
    buffer = array("b", [0] * 65536)
    entry = archive.getNextEntry()
    while entry is not None:
        out, size = ByteArrayOutputStream(), archive.read(buffer)
        while size > 0:
            out.write(buffer, 0, size)
            size = archive.read(buffer)
        if entry.getName().lower().endswith(".roi"):
            found.append((entry.getName(), out.toByteArray()))
        entry = archive.getNextEntry()
    return found


def of_roi(roi, name, scale):
    """The section that a line selection describes."""
    if not roi.isLine():
        raise Problem("the selection %s is no line (%s): draw it with the straight, "
                      "segmented or freehand line tool" % (name, roi.getTypeAsString()))
    points = roi.getFloatPoints() if isinstance(roi, Line) else roi.getFloatPolygon()
    corners = list(zip(points.xpoints, points.ypoints))[: points.npoints]
    return Section(name, corners, scale)

