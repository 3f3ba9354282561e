"""Lines over a picture: links between spots, and spots that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frm_bridge.reporting.display import Outline

if TYPE_CHECKING:
    import pandas as pd

RING_PX = 4.0


def link_lines(links: pd.DataFrame, *, kind: str, title: str) -> Outline:
    """Draw links as lines of one kind.

    Parameters
    ----------
    links : DataFrame
        ``x0``, ``y0``, ``x1`` and ``y1`` in px of the field.
    kind : str
        Class of the line in the page's style.
    title : str
        What a pointer over the lines shows.
    """
    path = "".join(
        f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"
        for x0, y0, x1, y1 in links[["x0", "y0", "x1", "y1"]].to_numpy(float).tolist()
    )
    return Outline(kind, path, title)


def spot_rings(spots: pd.DataFrame, *, kind: str, title: str) -> Outline:
    """Draw a ring around each spot; ``x_px``, ``y_px`` and, if known, ``radius_px``."""
    r, parts = RING_PX, []
    for x, y, radius in spots[["x_px", "y_px", "radius_px"]].to_numpy(float).tolist():
        r = radius if radius > 0 else RING_PX
        parts.append(f"M{x - r:.1f} {y:.1f}a{r:.1f} {r:.1f} 0 1 0 {2 * r:.1f} 0")
        parts.append(f"a{r:.1f} {r:.1f} 0 1 0 {-2 * r:.1f} 0")
    return Outline(kind, "".join(parts), title)


def with_ends(links: pd.DataFrame, spots: pd.DataFrame) -> pd.DataFrame:
    """Add the places of both ends of links: ``first`` and ``second`` are spots."""
    places = spots.set_index("spot")[["x_px", "y_px"]]
    first = places.loc[links["first"].tolist()].to_numpy(float)
    second = places.loc[links["second"].tolist()].to_numpy(float)
    return links.assign(
        x0=first[:, 0], y0=first[:, 1], x1=second[:, 0], y1=second[:, 1]
    )
