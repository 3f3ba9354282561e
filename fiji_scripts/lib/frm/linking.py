"""Link spots from frame to frame: by TrackMate where there is one, else by laptrack.

Both solve the linear assignment problem of Jaqaman et al. 2008: frame to frame first,
then gaps and divisions between the segments. Distances are in the unit of the spots.
"""
from __future__ import absolute_import, division

import json

from java.lang import System, UnsupportedClassVersionError

from frm.results import Problem

# The Python side leaves its linker here: a java.util.function.Function of JSON texts.
PYTHON_SIDE = "frm_bridge.linker"


class Limits(object):
    """How far spots may move: between frames, over gaps, at divisions; 0 forbids."""

    def __init__(self, distance, gap_distance=0.0, frame_gap=0, splitting_distance=0.0):
        self.distance, self.gap_distance = distance, gap_distance
        self.frame_gap, self.splitting_distance = frame_gap, splitting_distance
        if not distance > 0:
            raise Problem("linking_distance is %g; it must be greater than 0" % distance)

    @property
    def closes_gaps(self):
        """Whether a track may miss a frame."""
        return self.frame_gap > 1 and self.gap_distance > 0


def choose(wanted):
    """Give 'TrackMate' or 'laptrack': what was wanted, or what is there."""
    if wanted != "laptrack" and has_trackmate():
        return "TrackMate"
    if wanted in ("auto", "laptrack") and _python_side() is not None:
        return "laptrack"
    if wanted == "TrackMate":
        raise Problem("this ImageJ has no TrackMate", "E_NO_TRACKMATE",
                      "run in a Fiji that has it (--fiji FOLDER), or choose linker laptrack")
    if wanted == "laptrack":
        raise Problem("laptrack is on the Python side, which did not call this script",
                      "E_NO_LINKER", "call it by frm-bridge, or choose linker TrackMate")
    raise Problem("this ImageJ has no TrackMate, and there is no Python side to link",
                  "E_NO_LINKER", "run in a Fiji, or call this script by frm-bridge")


def has_trackmate():
    """Whether this ImageJ has TrackMate; one that this Java cannot load is an error."""
    try:
        from fiji.plugin.trackmate import TrackMate
    except ImportError:
        return False
    except UnsupportedClassVersionError as error:
        raise Problem("the TrackMate of this Fiji was compiled for a newer Java than this, %s:"
                      " %s" % (System.getProperty("java.version"), error.getMessage()),
                      "E_JAVA_OLD", "start with a newer one, 21 for TrackMate 8: set JAVA_HOME"
                      " to its folder, or choose linker laptrack with a detector other than"
                      " LoG")
    return TrackMate is not None


def by_laptrack(spots, limits):
    """Link (frame, x, y) spots; give pairs of indices and the linker's name."""
    request = {
        "spots": spots,
        "distance": limits.distance,
        "gap_distance": limits.gap_distance if limits.closes_gaps else 0.0,
        "frame_gap": limits.frame_gap,
        "splitting_distance": limits.splitting_distance,
    }
    answer = json.loads(unicode(_python_side().apply(json.dumps(request))))
    return [tuple(pair) for pair in answer["links"]], answer["linker"]


def _python_side():
    return System.getProperties().get(PYTHON_SIDE)
