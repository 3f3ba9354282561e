"""Tuning without a window: what parameters give on a plane, and their JSON.

The very functions of the workflows measure: what a preview counts, the run counts.
"""
from __future__ import absolute_import, division

import codecs
import json
import threading

from java.awt import Rectangle
from java.io import File
from java.nio.file import Files, StandardCopyOption

from frm import images, junctions, nuclei, segmentation
from frm.declared import PATHS
from frm.results import Problem

# Where more is asked of a preview than this, it looks at a part of the image only.
MOST_PIXELS = 2048 * 2048
COMMANDS = {"nuclei": "FRM Nuclei", "junctions": "FRM Junctions"}
_FINDERS = {"nuclei": nuclei, "junctions": junctions}
THINGS = {"nuclei": "nuclei", "junctions": "cells"}


class Region(object):
    """The part of an image that a preview looks at."""

    def __init__(self, x, y, width, height, whole):
        self.x, self.y, self.width, self.height = x, y, width, height
        self.whole = whole

    def describe(self):
        """What to say about it, nothing where it is all of the image."""
        if self.whole:
            return ""
        return "Preview of %d x %d px at (%d, %d) only: a run measures all, and its " \
               "threshold may differ" % (self.width, self.height, self.x, self.y)


def region_of(imp):
    """All of an image; of a huge one the selection, or else its middle."""
    width, height = imp.getWidth(), imp.getHeight()
    if width * height <= MOST_PIXELS:
        return Region(0, 0, width, height, True)
    side = int(MOST_PIXELS ** 0.5)
    x, y, wide, high = 0, 0, width, height
    roi = imp.getRoi()
    if roi is not None and roi.isArea():
        bounds = roi.getBounds().intersection(Rectangle(0, 0, width, height))
        x, y, wide, high = bounds.x, bounds.y, bounds.width, bounds.height
    if wide * high > MOST_PIXELS:
        x, y = x + max(wide - side, 0) // 2, y + max(high - side, 0) // 2
        wide, high = min(wide, side), min(high, side)
    return Region(x, y, wide, high, False)


class Subject(object):
    """A plane to try parameters on: taken once, so that each try is fast."""

    def __init__(self, imp):
        self.scale, self.region = images.scale_of(imp), region_of(imp)
        plane = images.plane_of(imp)
        segmentation.check(plane)
        if not self.region.whole:
            plane.setRoi(self.region.x, self.region.y, self.region.width,
                         self.region.height)
            plane = plane.crop()
        self.plane = plane

    def find(self, workflow, values):
        """What a workflow finds with these parameters; outlines lie on the image."""
        finder = _FINDERS[workflow]
        found = finder.find(self.plane, finder.Options(**values), self.scale)
        if not self.region.whole:
            for thing in found.kept:
                bounds = thing.roi.getBounds()
                thing.roi.setLocation(bounds.x + self.region.x, bounds.y + self.region.y)
        return found


def describe(workflow, found):
    """The counts in words: what is kept, and what each limit left out."""
    counts = found.counts
    lines = ["%d %s" % (counts["kept"], THINGS[workflow])]
    left_out = ["%d %s" % (counts[name], name[len("excluded_"):].replace("_", " "))
                for name in sorted(counts) if name.startswith("excluded_") and counts[name]]
    if left_out:
        lines.append("left out: " + ", ".join(left_out))
    threshold = getattr(found, "threshold", None)
    if threshold is not None:
        lines.append("threshold: %.6g" % threshold["grey_level"])
    return lines


def write_parameters(path, workflow, values):
    """Write the JSON that ``--parameters`` takes; it appears whole or not at all."""
    text = json.dumps({"workflow": workflow, "parameters": values}, indent=2,
                      sort_keys=True, ensure_ascii=True)
    partial = path + ".partial"
    with codecs.open(partial, "w", "utf-8") as out:
        out.write(text.decode("ascii") + u"\n")
    # NB: os.rename of Windows would not replace.
    Files.move(File(partial).toPath(), File(path).toPath(),
               [StandardCopyOption.REPLACE_EXISTING])


def macro_options(declared, values):
    """The options of the macro line, as the recorder writes them.

    NB: all of them, the paths too: SciJava asks for each that is missing in a dialog.
    """
    given = [(name, "") for name in PATHS] + [
        (one.name, values[one.name]) for one in declared]
    return " ".join("%s=%s" % (name, _option(value)) for name, value in given)


def _option(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, basestring) else repr(value)
    return "[%s]" % text if " " in text or not text else text


class Latest(object):
    """Does the newest of many requests, one at a time, in a thread of its own.

    Those that came while one was being done are dropped but for the last.
    """

    def __init__(self, work, show):
        self._work, self._show = work, show
        self._changed, self._wanted, self.ended = threading.Condition(), [], False
        self._busy = False
        self._thread = threading.Thread(target=self._run)
        self._thread.setDaemon(True)
        self._thread.start()

    def ask(self, request):
        """Want this next, instead of what was waiting."""
        with self._changed:
            self._wanted = [request]
            self._changed.notifyAll()

    def wait(self):
        """Wait until nothing is wanted any more."""
        with self._changed:
            while self._wanted or self._busy:
                self._changed.wait()

    def end(self):
        """Do no more, and show nothing more."""
        with self._changed:
            self.ended, self._wanted = True, []
            self._changed.notifyAll()

    def _run(self):
        while True:
            with self._changed:
                self._busy = False
                self._changed.notifyAll()
                while not (self._wanted or self.ended):
                    self._changed.wait()
                if self.ended:
                    return
                request, self._busy = self._wanted.pop(), True
            self._do(request)

    def _do(self, request):
        try:
            result = self._work(request)
        except Problem as problem:
            result = problem
        with self._changed:
            if self.ended:
                return
        self._show(request, result)
