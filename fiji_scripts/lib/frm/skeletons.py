"""Branches and junctions of a skeleton, by Fiji's AnalyzeSkeleton where there is one."""
from __future__ import absolute_import, division

from ij import ImagePlus

COLUMNS = [
    "skeleton", "branch", "length_px", "length_um", "x1_px", "y1_px", "x2_px", "y2_px",
    "euclidean_px",
]


def available():
    """Whether this ImageJ has AnalyzeSkeleton."""
    try:
        from sc.fiji.analyzeSkeleton import AnalyzeSkeleton_
    except ImportError:
        return False
    return AnalyzeSkeleton_ is not None


def analyze(skeleton, scale):
    """The branches of a binary skeleton (0, 255), as in COLUMNS, and the counts.

    NB: all seven arguments, or Jython picks another method, which prunes nothing; no
    branch is pruned here. On an empty image the getters give null.
    """
    from java.lang import Boolean
    from sc.fiji.analyzeSkeleton import AnalyzeSkeleton_

    imp = ImagePlus("skeleton", skeleton.duplicate())
    analyzer = AnalyzeSkeleton_()
    analyzer.setup("", imp)
    found = analyzer.run(AnalyzeSkeleton_.NONE, Boolean(False), False, imp, True, False, None)
    rows = [_row(number, branch, edge, scale)
            for number, graph in enumerate(found.getGraph() or [], 1)
            for branch, edge in enumerate(graph.getEdges(), 1)]
    return rows, {
        "skeletons": found.getNumOfTrees(),
        "branches": len(rows),
        "junctions": sum(found.getJunctions() or []),
        "end_points": len(found.getListOfEndPoints() or []),
    }


def _row(number, branch, edge, scale):
    """One branch; the ends are the first pixels of its two vertices."""
    a, b = (vertex.getPoints()[0] for vertex in (edge.getV1(), edge.getV2()))
    length = edge.getLength()
    straight = ((b.x - a.x) ** 2 + (b.y - a.y) ** 2) ** 0.5
    return [number, branch, length, length * scale.width if scale.calibrated else None,
            a.x + 0.5, a.y + 0.5, b.x + 0.5, b.y + 0.5, straight]
