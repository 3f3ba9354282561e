"""Objects of truth and prediction, matched one to one by overlap.

Two objects are the same nucleus when the area that they share is at least ``min_iou``
of the area that they cover together (intersection over union)::

        truth            prediction          shared / together = IoU
      ┌─────────┐         ┌─────────┐
      │         │         │         │        0.5 is the usual threshold: above it an
      │    ┌────┼────┐    │         │        object can have one partner only, and a
      │    │////│    │    │         │        blob that covers two equal nuclei is a
      └────┼────┘    │    └─────────┘        partner of neither or of one.
           └─────────┘

Below 0.5 an object may have several candidates; the Hungarian method then takes the
assignment with the most pairs and, among these, the greatest total overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Labels = NDArray[Any]

DEFAULT_MIN_IOU = 0.5
CURVE_IOU = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Thresholds at which F1 is reported beside the chosen one."""

MOSTLY = 0.5
"""An object lies in another when more than this part of its own area does."""


@dataclass(frozen=True, slots=True)
class ObjectMatches:
    """Which predicted object is which true object.

    Attributes
    ----------
    truth, predicted : tuple of int
        All labels of each side, ascending.
    pairs : tuple of (int, int, float)
        Truth label, predicted label, IoU of every match.
    split : tuple of int
        Truth labels in which two or more predicted objects lie.
    merged : tuple of int
        Predicted labels in which two or more true objects lie.
    min_iou : float
        The rule.
    matches_at : tuple of (float, int)
        IoU threshold, matches there: how much the answer hangs on the rule.
    """

    truth: tuple[int, ...]
    predicted: tuple[int, ...]
    pairs: tuple[tuple[int, int, float], ...]
    split: tuple[int, ...]
    merged: tuple[int, ...]
    min_iou: float
    matches_at: tuple[tuple[float, int], ...]

    @property
    def missed(self) -> tuple[int, ...]:
        """Truth labels without a partner."""
        found = {truth for truth, _, _ in self.pairs}
        return tuple(label for label in self.truth if label not in found)

    @property
    def invented(self) -> tuple[int, ...]:
        """Predicted labels without a partner."""
        found = {predicted for _, predicted, _ in self.pairs}
        return tuple(label for label in self.predicted if label not in found)


@dataclass(frozen=True, slots=True)
class Detection:
    """How well objects were found; None where a number does not exist."""

    precision: float | None
    recall: float | None
    f1: float | None


def score_detection(*, matched: int, truth: int, predicted: int) -> Detection:
    """Give precision, recall and F1 from counts.

    Precision is None without predicted objects, recall without true ones, F1 without
    either.
    """
    total = truth + predicted
    return Detection(
        precision=matched / predicted if predicted else None,
        recall=matched / truth if truth else None,
        f1=2 * matched / total if total else None,
    )


def match_objects(
    truth_labels: Labels,
    predicted_labels: Labels,
    *,
    min_iou: float = DEFAULT_MIN_IOU,
) -> ObjectMatches:
    """Match the objects of two label images one to one.

    Parameters
    ----------
    truth_labels, predicted_labels : (height, width) integer
        0 is background; labels need not be consecutive.
    min_iou : float
        Least intersection over union of a match, in (0, 1].

    Raises
    ------
    InputError
        ``E_PAIR_SIZE`` or ``E_OPTION``.
    """
    check_min_iou(min_iou)
    if truth_labels.shape != predicted_labels.shape:
        raise InputError(
            "E_PAIR_SIZE",
            f"the label images differ in size: {truth_labels.shape} and "
            f"{predicted_labels.shape} px",
            "run the workflow on truth and prediction of the same field",
        )
    truth, truth_index = np.unique(truth_labels, return_inverse=True)
    predicted, predicted_index = np.unique(predicted_labels, return_inverse=True)
    shared = _contingency(truth_index, predicted_index, (truth.size, predicted.size))
    overlap = _Overlap.of(shared, truth, predicted)
    pairs = overlap.assign(min_iou)
    return ObjectMatches(
        truth=_foreground(truth),
        predicted=_foreground(predicted),
        pairs=tuple(
            (int(truth[row]), int(predicted[column]), iou) for row, column, iou in pairs
        ),
        split=tuple(int(truth[row]) for row in overlap.holding_several(axis=0)),
        merged=tuple(int(predicted[col]) for col in overlap.holding_several(axis=1)),
        min_iou=min_iou,
        matches_at=tuple((t, len(overlap.assign(t))) for t in CURVE_IOU),
    )


def check_min_iou(min_iou: float) -> None:
    """Refuse an overlap outside (0, 1]."""
    if not 0 < min_iou <= 1:
        raise InputError(
            "E_OPTION",
            f"min_iou is {min_iou}; it must be above 0 and at most 1",
            "leave it at 0.5, or give a part such as 0.3",
        )


def _foreground(labels: Labels) -> tuple[int, ...]:
    return tuple(int(label) for label in labels if label != 0)


def _contingency(
    rows: Labels, columns: Labels, shape: tuple[int, int]
) -> csr_array[Any, tuple[int, int]]:
    """Count the pixels that each pair of labels shares."""
    ones = np.ones(rows.size, dtype=np.int64)
    return coo_array((ones, (rows.ravel(), columns.ravel())), shape=shape).tocsr()


@dataclass(frozen=True, slots=True)
class _Overlap:
    """The overlapping pairs of objects, background left out, as flat lists."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    iou: NDArray[np.float64]
    part_of_truth: NDArray[np.float64]
    part_of_predicted: NDArray[np.float64]
    shape: tuple[int, int]

    @classmethod
    def of(
        cls,
        shared: csr_array[Any, tuple[int, int]],
        truth: Labels,
        predicted: Labels,
    ) -> _Overlap:
        truth_area = np.asarray(shared.sum(axis=1)).ravel()
        predicted_area = np.asarray(shared.sum(axis=0)).ravel()
        table = shared.tocoo()
        rows, columns = table.coords
        objects = (truth[rows] != 0) & (predicted[columns] != 0)
        rows, columns = rows[objects], columns[objects]
        pixels = table.data[objects]
        a, b = truth_area[rows], predicted_area[columns]
        return cls(
            rows,
            columns,
            pixels / (a + b - pixels),
            pixels / a,
            pixels / b,
            (truth.size, predicted.size),
        )

    def assign(self, min_iou: float) -> list[tuple[int, int, float]]:
        """Pair rows with columns: most pairs first, then most overlap."""
        good = self.iou >= min_iou
        rows, columns, iou = self.rows[good], self.columns[good], self.iou[good]
        pairs: list[tuple[int, int, float]] = []
        # NB: one dense matrix of 30,000 x 30,000 nuclei would need 7 GB; the groups of
        # objects that touch one another are tiny.
        for group in _groups(rows, columns, self.shape):
            pairs += _assign_dense(rows[group], columns[group], iou[group])
        return sorted(pairs)

    def holding_several(self, *, axis: int) -> NDArray[np.intp]:
        """Give the rows (axis 0) or columns (1) in which two or more others lie."""
        inside = self.part_of_predicted if axis == 0 else self.part_of_truth
        holders = (self.rows if axis == 0 else self.columns)[inside > MOSTLY]
        found, counts = np.unique(holders, return_counts=True)
        return found[counts > 1]


def _groups(
    rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int]
) -> list[NDArray[np.intp]]:
    """Split candidate pairs into groups that share no object."""
    if rows.size == 0:
        return []
    nodes = sum(shape)
    links = coo_array(
        (np.ones(rows.size, np.int8), (rows, columns + shape[0])), shape=(nodes, nodes)
    )
    _, component = connected_components(links, directed=False)
    of_pair = component[rows]
    order = np.argsort(of_pair, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(of_pair[order])) + 1)


def _assign_dense(
    rows: NDArray[np.intp], columns: NDArray[np.intp], iou: NDArray[np.float64]
) -> list[tuple[int, int, float]]:
    """Assign one small group with the Hungarian method."""
    if rows.size == 1:
        return [(int(rows[0]), int(columns[0]), float(iou[0]))]
    row_ids, r = np.unique(rows, return_inverse=True)
    column_ids, c = np.unique(columns, return_inverse=True)
    table = np.zeros((row_ids.size, column_ids.size))
    table[r, c] = iou
    # A pair is worth more than any overlap that it could cost elsewhere.
    worth = (table > 0) * (1.0 + min(table.shape)) + table
    chosen = zip(*linear_sum_assignment(worth, maximize=True), strict=True)
    return [
        (int(row_ids[i]), int(column_ids[j]), float(table[i, j]))
        for i, j in chosen
        if table[i, j] > 0
    ]
