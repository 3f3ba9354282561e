"""Tracks of truth and prediction: which spots and links are the same.

Two spots of one frame are the same nucleus when they lie within a largest distance of
each other; of all ways to pair them, the most pairs with the least total distance are
taken. A link of the truth is **kept** when both its spots have partners and these are
linked, too; else it is **lost**. A predicted link that keeps none is **invented**.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from frm_bridge.comparison.fields import PREDICTION, TRUTH
from frm_bridge.comparison.ledger import INVENTED, MATCHED, MISSED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEPT, LOST = "kept", "lost"
_PLACE = ["x_px", "y_px"]
Sides = dict[str, pd.DataFrame]


def match_spots(spots: Sides, *, max_distance_px: float) -> dict[int, int]:
    """Pair the spots of truth and prediction, frame by frame.

    Parameters
    ----------
    spots : dict of DataFrame
        ``truth`` and ``prediction``, with ``spot``, ``frame``, ``x_px`` and ``y_px``.
    max_distance_px : float
        Largest distance of a pair.

    Returns
    -------
    dict of int to int
        Number of the true spot to number of the predicted one.
    """
    pairs: dict[int, int] = {}
    predicted = dict(list(spots[PREDICTION].groupby("frame")))
    for frame, truth in spots[TRUTH].groupby("frame"):
        if frame in predicted:
            pairs |= _match_frame(truth, predicted[frame], max_distance_px)
    return pairs


def _match_frame(
    truth: pd.DataFrame, predicted: pd.DataFrame, limit: float
) -> dict[int, int]:
    distance = cdist(truth[_PLACE].to_numpy(float), predicted[_PLACE].to_numpy(float))
    # One pair more always costs less than any sum of distances.
    cost = np.where(distance <= limit, distance, limit * (len(distance) + 1) * 2)
    rows, columns = linear_sum_assignment(cost)
    a, b = truth["spot"].to_numpy(), predicted["spot"].to_numpy()
    return {
        int(a[row]): int(b[column])
        for row, column in zip(rows, columns, strict=True)
        if distance[row, column] <= limit
    }


def mark_spots(spots: Sides, pairs: Mapping[int, int]) -> pd.DataFrame:
    """Put the spots of both sides under one another, with status and partner."""
    of = {TRUTH: dict(pairs), PREDICTION: {b: a for a, b in pairs.items()}}
    alone = {TRUTH: MISSED, PREDICTION: INVENTED}
    marked = []
    for side, table in spots.items():
        partners = [of[side].get(spot) for spot in table["spot"].tolist()]
        status = [alone[side] if one is None else MATCHED for one in partners]
        marked.append(
            table.assign(
                source=side, status=status, partner=pd.array(partners, dtype="Int64")
            )
        )
    return pd.concat(marked, ignore_index=True)


def mark_links(links: Sides, pairs: Mapping[int, int]) -> pd.DataFrame:
    """Put the links of both sides under one another, with status and reason.

    The reason of a lost or invented link is ``spot`` where one of its ends has no
    partner, ``link`` where both have one and these are not linked.
    """
    there = {
        side: {tuple(link) for link in table[["source", "target"]].to_numpy().tolist()}
        for side, table in links.items()
    }
    of = {TRUTH: dict(pairs), PREDICTION: {b: a for a, b in pairs.items()}}
    other = {TRUTH: PREDICTION, PREDICTION: TRUTH}
    marked = []
    for side, table in links.items():
        ends = [
            tuple(of[side].get(end) for end in link)
            for link in table[["source", "target"]].to_numpy().tolist()
        ]
        kept = [pair in there[other[side]] for pair in ends]
        missing = LOST if side == TRUTH else INVENTED
        marked.append(
            table.rename(columns={"source": "first", "target": "second"}).assign(
                source=side,
                status=[KEPT if one else missing for one in kept],
                reason=[
                    "" if one else "spot" if None in pair else "link"
                    for one, pair in zip(kept, ends, strict=True)
                ],
            )
        )
    return pd.concat(marked, ignore_index=True)


def mark_tracks(tracks: Sides, links: pd.DataFrame) -> pd.DataFrame:
    """Put the tracks of both sides under one another, with the part that agrees.

    ``links_kept`` is the part of a track's links that are kept; a track is whole when
    all of them are.
    """
    agrees = links["status"].eq(KEPT).groupby([links["source"], links["track"]]).mean()
    marked = []
    for side, table in tracks.items():
        kept = [float(agrees.loc[side, track]) for track in table["track"].tolist()]
        marked.append(table.assign(source=side, links_kept=np.array(kept, dtype=float)))
    return pd.concat(marked, ignore_index=True)


def read_sides(folder: Mapping[str, Path]) -> Sides:
    """Read one table of both sides; one of headings alone has numbers, too."""
    tables = {side: pd.read_csv(path) for side, path in folder.items()}
    return {
        side: table.astype("float64") if table.empty else table
        for side, table in tables.items()
    }
