"""The linker of the Python side, for an ImageJ that has no TrackMate.

``laptrack`` solves the same problem as TrackMate's LAP tracker (Jaqaman et al. 2008).
The Jython scripts find it among the system properties: a Java function of JSON texts.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

PROPERTY = "frm_bridge.linker"
# What Jaqaman et al. and TrackMate take; an ambiguous link is better left out.
_ALTERNATIVE_COST_FACTOR = 1.05
_ALTERNATIVE_COST_PERCENTILE = 90


def offer_linker() -> None:
    """Put the linker where the scripts look for it; the JVM must run."""
    import jpype
    from scyjava import jimport

    function = jpype.JProxy("java.util.function.Function", dict={"apply": _answer})
    jimport("java.lang.System").getProperties().put(PROPERTY, function)


def link_spots(
    spots: Sequence[Sequence[float]],
    *,
    distance: float,
    gap_distance: float = 0.0,
    frame_gap: int = 0,
    splitting_distance: float = 0.0,
) -> list[tuple[int, int]]:
    """Link spots from frame to frame.

    Parameters
    ----------
    spots : sequence of (frame, x, y)
        Frames count from 0; places in any unit of length.
    distance : float
        Largest step between two frames, in that unit.
    gap_distance : float
        Largest step over a gap; 0 closes none.
    frame_gap : int
        Largest difference of frames; 2 lets a track miss one frame.
    splitting_distance : float
        Largest step at a division; 0 allows none.

    Returns
    -------
    list of (int, int)
        Pairs of indices into ``spots``, the earlier one first.

    References
    ----------
    Jaqaman K et al. (2008) Robust single-particle tracking in live-cell time-lapse
    sequences. Nat Methods 5: 695-702.
    """
    from laptrack import LapTrack

    if not spots:
        return []
    frames = np.array([spot[0] for spot in spots], dtype=np.int64)
    places = np.array([spot[1:] for spot in spots], dtype=np.float64)
    members = [np.flatnonzero(frames == frame) for frame in range(frames.max() + 1)]
    settings: dict[str, Any] = {
        "cutoff": distance**2,
        "gap_closing_cutoff": gap_distance**2 if gap_distance > 0 else False,
        "gap_closing_max_frame_count": frame_gap,  # a difference, as TrackMate's
        "splitting_cutoff": splitting_distance**2 if splitting_distance > 0 else False,
        "merging_cutoff": False,
        "alternative_cost_factor": _ALTERNATIVE_COST_FACTOR,
        "alternative_cost_percentile": _ALTERNATIVE_COST_PERCENTILE,
    }
    tree = LapTrack(**settings).predict([places[indices] for indices in members])
    return sorted(
        (int(members[a[0]][a[1]]), int(members[b[0]][b[1]])) for a, b in tree.edges()
    )


def _answer(request: Any) -> str:
    """Answer a script: the links, and who made them."""
    asked = json.loads(str(request))
    links = link_spots(asked.pop("spots"), **asked)
    return json.dumps({"links": links, "linker": f"laptrack {version('laptrack')}"})
