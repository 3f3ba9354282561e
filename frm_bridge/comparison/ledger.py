"""The object ledger: what became of every nucleus, true or predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from frm_bridge.comparison.fields import PREDICTION, TRUTH
from frm_bridge.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from frm_bridge.comparison.objects import ObjectMatches

MATCHED, MISSED, INVENTED = "matched", "missed", "invented"

LEADING = (
    "field",
    "source",
    "label",
    "status",
    "note",
    "partner",
    "iou",
    "area_ratio",
    "displacement_px",
    "displacement_um",
)
NEEDED = ("label", "area_px", "area_um2", "centroid_x_px", "centroid_y_px")


def read_objects(path: Path) -> pd.DataFrame:
    """Read a workflow's ``objects.csv``, indexed by label.

    Raises
    ------
    WorkflowError
        ``E_WORKFLOW_TABLE`` when a column that a comparison needs is missing.
    """
    table = pd.read_csv(path)
    missing = [name for name in NEEDED if name not in table.columns]
    if missing:
        raise WorkflowError(
            "E_WORKFLOW_TABLE",
            f"{path} lacks the columns {', '.join(missing)}",
            "let the workflow write them: one row per label of its label image",
        )
    # A table of headers alone has no types.
    numbers = table.columns if table.empty else list(NEEDED)
    table = table.astype(dict.fromkeys(numbers, "float64")).astype({"label": "int64"})
    return table.set_index("label", drop=False)


def build_ledger(
    field: str,
    tables: Mapping[str, pd.DataFrame],
    matches: ObjectMatches,
    *,
    pixel_size_um: float | None,
) -> pd.DataFrame:
    """Put both tables of a field under one another, with what the matching says.

    Parameters
    ----------
    field : str
        Name of the field.
    tables : mapping
        ``truth`` and ``prediction``, from :func:`read_objects`.
    matches : ObjectMatches
        Of the two label images.
    pixel_size_um : float or None
        None leaves the µm columns empty.

    Returns
    -------
    DataFrame
        One row per object. ``area_ratio`` (prediction / truth) and the displacement
        from the partner stand in the prediction's row only, so that a column's mean
        counts every pair once.
    """
    _check_labels(field, tables, matches)
    truth = _with_status(tables[TRUTH], TRUTH, {t: (p, i) for t, p, i in matches.pairs})
    predicted = _with_status(
        tables[PREDICTION], PREDICTION, {p: (t, i) for t, p, i in matches.pairs}
    )
    truth.loc[truth["label"].isin(matches.split), "note"] = "split"
    predicted.loc[predicted["label"].isin(matches.merged), "note"] = "merged"
    _measure_pairs(truth, predicted, pixel_size_um)
    ledger = pd.concat([truth, predicted], ignore_index=True)
    ledger["field"] = field
    rest = [name for name in ledger.columns if name not in LEADING]
    return ledger[[*LEADING, *rest]]


def _check_labels(
    field: str, tables: Mapping[str, pd.DataFrame], matches: ObjectMatches
) -> None:
    for source, labels in ((TRUTH, matches.truth), (PREDICTION, matches.predicted)):
        listed = set(tables[source]["label"].tolist())
        if listed != set(labels):
            raise WorkflowError(
                "E_WORKFLOW_TABLE",
                f"{field}: the {source}'s table lists {len(listed)} objects, its label "
                f"image shows {len(labels)}, and they are not the same",
                "let the workflow write one row per label of its label image",
            )


def _with_status(
    table: pd.DataFrame, source: str, partners: Mapping[int, tuple[int, float]]
) -> pd.DataFrame:
    """Add partner, overlap and status to one side."""
    table = table.reset_index(drop=True)
    alone = MISSED if source == TRUTH else INVENTED
    found = [partners.get(label) for label in table["label"].tolist()]
    table["source"] = source
    table["note"] = pd.Series([""] * len(table), dtype=object)
    table["status"] = [alone if pair is None else MATCHED for pair in found]
    table["partner"] = pd.array(
        [None if pair is None else pair[0] for pair in found], dtype="Int64"
    )
    table["iou"] = np.array([np.nan if p is None else p[1] for p in found], float)
    for name in ("area_ratio", "displacement_px", "displacement_um"):
        table[name] = np.full(len(table), np.nan)
    return table


def _measure_pairs(
    truth: pd.DataFrame, predicted: pd.DataFrame, pixel_size_um: float | None
) -> None:
    """Fill area ratio and displacement into the prediction's matched rows."""
    rows = predicted["status"] == MATCHED
    partner = truth.set_index("label").loc[predicted.loc[rows, "partner"].tolist()]
    own = predicted.loc[rows]
    dx = own["centroid_x_px"].to_numpy() - partner["centroid_x_px"].to_numpy()
    dy = own["centroid_y_px"].to_numpy() - partner["centroid_y_px"].to_numpy()
    distance = np.hypot(dx, dy)
    predicted.loc[rows, "area_ratio"] = (
        own["area_px"].to_numpy() / partner["area_px"].to_numpy()
    )
    predicted.loc[rows, "displacement_px"] = distance
    predicted["shift_x_px"] = np.full(len(predicted), np.nan)
    predicted["shift_y_px"] = np.full(len(predicted), np.nan)
    predicted.loc[rows, "shift_x_px"] = dx
    predicted.loc[rows, "shift_y_px"] = dy
    if pixel_size_um is not None:
        predicted.loc[rows, "displacement_um"] = distance * pixel_size_um
