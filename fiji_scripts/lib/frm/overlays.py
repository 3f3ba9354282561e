"""Outlines on the image that was measured, as ImageJ's non-destructive overlay.

Each outline of ours carries a property that says so. The next run takes those of its own
kind away and leaves the user's own overlay alone.
"""
from __future__ import absolute_import, division

import math

from ij.gui import OvalRoi, Overlay
from java.awt import Color, Font

OURS = "FRM"  # the property; its value is the kind: nuclei, cells, tracks, links, preview
COLOURS = {
    "nuclei": Color.yellow, "cells": Color.cyan, "preview": Color.yellow,
    "truth": Color.green, "prediction": Color.magenta, "lone": Color.gray,
}
_GOLDEN = 0.618034  # of the hues: neighbours in number are far apart in colour
_FONT_PX = (6, 14)


def is_ours(roi, kind=None):
    """Whether an outline is one of ours; of a kind, or of any."""
    said = roi.getProperty(OURS)
    return said is not None and kind in (None, said)


def outline(roi, name, colour):
    """A copy of a ROI with a label and a colour."""
    copy = roi.clone()
    copy.setName(name)
    copy.setStrokeColor(colour)
    copy.setFillColor(None)
    return copy


def merged(overlay, kind, outlines):
    """An overlay with these outlines in place of ours of that kind; the old one stays."""
    new = overlay.create() if overlay is not None else Overlay()
    others = [roi for roi in overlay.toArray() if not is_ours(roi, kind)] \
        if overlay is not None else []
    for roi in others:
        new.add(roi)
    for roi in outlines:
        roi.setProperty(OURS, kind)
        new.add(roi)
    if not [roi for roi in others if not is_ours(roi)]:
        _label(new, outlines)
    return new if new.size() else None


def without_ours(overlay):
    """A copy without any outline of ours, or None where nothing else is there."""
    if overlay is None:
        return None
    copy = overlay.create()
    for roi in overlay.toArray():
        if not is_ours(roi):
            copy.add(roi)
    return copy if copy.size() else None


def draw(imp, kind, outlines):
    """Put outlines on an image, in place of those of an earlier run."""
    imp.setOverlay(merged(imp.getOverlay(), kind, outlines))


def draw_objects(imp, kind, kept):
    """Outline objects of the current plane; their labels are those of the table."""
    draw(imp, kind, objects_of(imp, COLOURS[kind], kept))


def objects_of(imp, colour, kept):
    """The outlines of objects, at the current plane."""
    rois = [outline(thing.roi, str(label), colour) for label, thing in enumerate(kept, 1)]
    for roi in rois:
        _place(roi, imp, imp.getSlice(), imp.getFrame())
    return rois


def draw_tracks(imp, movie, tracks, slices_are_frames):
    """Outline the spots of each frame, one colour and number for each track.

    Objects of a label image are not outlined: they are the image.
    """
    rois = []
    by_slice = slices_are_frames and imp.getNSlices() > 1
    for spot in tracks.spots:
        roi = _outline_of(spot, movie)
        if roi is None:
            continue
        lone = spot.track is None
        roi = outline(roi, "" if lone else str(spot.track),
                      COLOURS["lone"] if lone else _colour(spot.track))
        place = (spot.frame + 1, imp.getFrame()) if by_slice else (
            imp.getSlice(), spot.frame + 1)
        _place(roi, imp, *place)
        rois.append(roi)
    draw(imp, "tracks", rois)


def draw_pair(imp, movie, found):
    """Outline truth (green) and prediction (magenta), both on every plane: the distance
    between the two is what one looks for. Linked ones share a number."""
    rois = []
    for spot in found.spots:
        colour = COLOURS["prediction" if spot.frame else "truth"]
        name = "" if spot.track is None else str(spot.track)
        rois.append(outline(_outline_of(spot, movie), name, colour))
    draw(imp, "links", rois)


def _outline_of(spot, movie):
    if movie.found:
        return movie.found[spot.frame].kept[spot.label - 1].roi
    if spot.label is None:
        size = 2 * spot.radius
        return OvalRoi(spot.x - spot.radius, spot.y - spot.radius, size, size)
    return None


def _place(roi, imp, slice_, frame):
    """Show an outline on one plane, whatever the channel."""
    if imp.isHyperStack():
        roi.setPosition(0, slice_, frame)
    elif imp.getStackSize() > 1:
        roi.setPosition(imp.getStackIndex(imp.getChannel(), slice_, frame))


def _colour(number):
    return Color.getHSBColor(number * _GOLDEN % 1, 0.85, 1.0)


def _label(overlay, outlines):
    """Number the outlines in letters that fit into most of them, at any zoom."""
    sizes = sorted(math.sqrt(roi.getFloatWidth() * roi.getFloatHeight()) for roi in outlines)
    size = sizes[len(sizes) // 2] / 2 if sizes else 0
    size = int(min(max(size, _FONT_PX[0]), _FONT_PX[1]))
    overlay.drawLabels(True)
    overlay.drawNames(True)
    overlay.drawBackgrounds(True)  # black: else no number shows on a bright nucleus
    overlay.setLabelColor(Color.white)
    overlay.setLabelFont(Font("SansSerif", Font.PLAIN, size), True)
