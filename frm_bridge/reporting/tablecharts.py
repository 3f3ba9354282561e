"""Which charts the report of Results tables shows, and what each one says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.reporting import figures
from frm_bridge.reporting.page import Chart
from frm_bridge.reporting.scales import limits_of
from frm_bridge.reporting.wording import error_percent, fixed, number, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    Record = Mapping[str, Any]
    Values = NDArray[np.float64]

MOST_CHARTS = 6
"""Columns are drawn in the table's order; the page's table has all."""


def draw_charts(record: Record, rows: pd.DataFrame) -> list[Chart]:
    """Draw the first columns that have values to draw."""
    found = record["summary"]["table"]
    draw = _pairs if found["one_row"] else _sides
    counts = _counts(record)
    charts = [
        draw(column, *_values(rows, column["name"]), unit=unit_of(record))
        for column in drawn_columns(found)[: MOST_CHARTS - len(counts)]
    ]
    return [*counts, *charts]


def drawn_columns(found: Record) -> list[Record]:
    """Give the columns that can be drawn on one axis, and are worth it."""
    return [
        column
        for column in found["columns"]
        if column["kind"] not in ("constant", "grey level")
        and column["truth"]["n"]
        and column["prediction"]["n"]
        and (column["pairs"] is None or column["pairs"]["n"])
    ]


def _values(rows: pd.DataFrame, name: str) -> tuple[Values, Values]:
    truth, predicted = (
        rows.loc[rows["source"] == side, name].to_numpy(np.float64)
        for side in ("truth", "prediction")
    )
    return truth, predicted


def _sides(column: Record, truth: Values, predicted: Values, *, unit: str) -> Chart:
    del unit  # rows of all fields are pooled
    truth, predicted = (side[~np.isnan(side)] for side in (truth, predicted))
    limits = limits_of(np.concatenate([truth, predicted]))
    svg = figures.draw_sides(
        truth,
        predicted,
        quantity=column["name"],
        unit="",
        things="rows",
        limits=limits,
    )
    a, b = column["truth"], column["prediction"]
    mean = (
        ""
        if column["mean_difference_percent"] is None
        else f"Mean {number(a['mean'])} on the stain, {number(b['mean'])} on the "
        f"prediction ({error_percent(column['mean_difference_percent'])}); without "
        f"outliers {number(a['mean_without_outliers'])} ({a['n_without_outliers']} of "
        f"{a['n']}) and {number(b['mean_without_outliers'])} "
        f"({b['n_without_outliers']} of {b['n']}). "
    )
    return Chart(
        column["name"],
        svg,
        f"{mean}KS distance {fixed(column['ks_distance'])}. Dashed: medians."
        + _beyond(np.concatenate([truth, predicted]), limits),
    )


def _pairs(column: Record, truth: Values, predicted: Values, *, unit: str) -> Chart:
    known = ~(np.isnan(truth) | np.isnan(predicted))
    truth, predicted = truth[known], predicted[known]
    both = np.concatenate([truth, predicted])
    svg = figures.draw_pairs(
        truth,
        predicted,
        quantity=column["name"],
        unit="",
        # Of the ends alone: no dot lies beyond the axis.
        limits=limits_of(np.array([both.min(), both.max()])),
    )
    pairs = column["pairs"]
    text = f"One dot per {unit} (n = {pairs['n']})."
    if pairs["mean_difference"] is not None:
        text += (
            f" Prediction minus stain: {number(pairs['mean_difference'], sign=True)} "
            "on average"
        )
        if pairs["limits"] is not None:
            low, high = pairs["limits"]
            text += f", limits of agreement {number(low)} to {number(high)}"
        text += "."
    if pairs["pearson"] is not None:
        text += f" Pearson r {fixed(pairs['pearson'])}."
    return Chart(column["name"], svg, text)


def _counts(record: Record) -> list[Chart]:
    fields, found = record["fields"], record["summary"]["table"]
    none = not found["truth_rows"] and not found["predicted_rows"]
    if len(fields) < 2 or found["one_row"] or none:
        return []
    truth, predicted = (
        np.array([field["table"][key] for field in fields], dtype=float)
        for key in ("truth_rows", "predicted_rows")
    )
    error = record["summary"]["absolute_row_error_percent"]
    unit = unit_of(record)
    return [
        Chart(
            f"Rows, {unit} by {unit}",
            figures.draw_counts(truth, predicted, things=f"rows of the {unit}"),
            f"One line per {unit}. Mean absolute error of the number of rows "
            f"{number(error['mean'], 2)} % over {error['n']} {unit}s; without outliers "
            f"{number(error['mean_without_outliers'], 2)} % over "
            f"{error['n_without_outliers']}.",
        )
    ]


def _beyond(values: Values, limits: tuple[float, float]) -> str:
    low, top = limits
    count = int(np.sum((values < low) | (values > top)))
    return f" {count} beyond the axis, counted in its outermost bars." if count else ""
