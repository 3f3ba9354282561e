"""Distributions as rows of a table: with and without outliers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.page import Table
from frm_bridge.reporting.wording import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Record = Mapping[str, Any]


def spread_table(lines: Sequence[tuple[str, Record]]) -> Table:
    """Give a table of named distributions; one of no values is left out."""
    rows = [
        (
            name,
            _mean_sd(d),
            number(d["median"]),
            number(d["n"]),
            f"{number(d['mean_without_outliers'])} (n = {d['n_without_outliers']})",
        )
        for name, d in lines
        if d["n"]
    ]
    return Table(
        "With and without outliers",
        ("Quantity", "Mean ± sd", "Median", "n", "Mean without outliers"),
        rows,
    )


def sides(name: str, unit: str, values: Record) -> list[tuple[str, Record]]:
    """Give a quantity of truth and prediction as two lines of the table."""
    of = f" ({unit})" if unit else ""
    return [
        (f"{name}, stain{of}", values["truth"]),
        (f"{name}, prediction{of}", values["prediction"]),
    ]


def _mean_sd(d: Record) -> str:
    if d["n"] == 1:  # one value has no spread
        return number(d["mean"])
    return f"{number(d['mean'])} ± {number(d['sd'], 2)}"
