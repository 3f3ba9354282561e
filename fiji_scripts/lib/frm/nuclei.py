"""Bright nuclei of one plane: smooth, automatic threshold, watershed, limits."""
from __future__ import absolute_import, division

from frm import objects, segmentation
from frm.results import Problem


class Options(objects.Options):
    """How nuclei are found: the parameters of FRM Nuclei, by their names."""

    fill_holes = watershed = True
    exclude_edges = False
    min_circularity, max_circularity = 0.0, 1.0

    def __init__(self, **given):
        objects.Options.__init__(self, **given)
        if self.max_circularity < self.min_circularity:
            raise Problem("max_circularity %g is less than min_circularity %g"
                          % (self.max_circularity, self.min_circularity))


class Found(object):
    """The nuclei of a plane, with all that was found and how."""

    def __init__(self, labels, found, kept, counts, threshold, background):
        self.labels, self.found, self.kept, self.counts = labels, found, kept, counts
        self.threshold, self.background = threshold, background


def find(plane, options, scale):
    """Find the nuclei of a 32-bit plane; their labels are 1, 2, ..."""
    clean = segmentation.without_hot_pixels(plane)
    levels, grey_range = segmentation.to_levels(
        segmentation.blur(clean, options.blur_sigma_px))
    level = segmentation.auto_threshold(levels, options.threshold_method)
    labels, found = objects.find(_separate(levels, level, options), plane, levels)
    noise = segmentation.background(levels, level)
    kept, counts = _choose(found, options, options.areas(scale), noise)
    objects.relabel(labels, kept)
    return Found(labels, found, kept, counts,
                 segmentation.describe(level, grey_range, options.threshold_method),
                 noise.describe(grey_range))


def _separate(levels, level, options):
    """The binary image of single nuclei: threshold, holes, watershed."""
    mask = segmentation.above(levels, level)
    if options.fill_holes:
        segmentation.fill_holes(mask)
    segmentation.check_foreground(mask)
    if options.watershed:
        segmentation.watershed(mask)
    return mask


def _choose(found, options, areas, noise):
    """Sort what was found into nuclei and what each limit left out."""
    return objects.choose(found, [
        ("excluded_by_contrast", lambda o: noise.contrast(o) >= options.min_contrast),
        ("excluded_by_area", areas.allow),
        ("excluded_by_circularity",
         lambda o: options.min_circularity <= o.circularity <= options.max_circularity),
        ("excluded_by_border", lambda o: not (options.exclude_edges and o.touches_border)),
    ])
