"""Results tables of somebody's own macro or script, on truth and prediction."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from frm_bridge.comparison.columns import (
    FIELD,
    ONE_SIDED,
    SOURCE,
    ColumnAgreement,
    Layout,
    compare_columns,
    join_results,
    read_results,
)
from frm_bridge.comparison.fields import PREDICTION, TRUTH, is_relative
from frm_bridge.comparison.record import field_columns, pixel_columns
from frm_bridge.comparison.results import Comparison, MeasuredField
from frm_bridge.comparison.summary import (
    Distribution,
    PixelSummary,
    percent_error,
    summarise_pixels,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from frm_bridge.comparison.results import CompareSettings


@dataclass(frozen=True, slots=True)
class TableAgreement:
    """How alike the Results tables of truth and prediction are.

    Attributes
    ----------
    truth_rows, predicted_rows : int
        What the script left on each side.
    row_error : int
        Predicted minus true.
    row_error_percent : float or None
        Of the true number; None when that is zero.
    one_row : bool
        Whether every table of the comparison has exactly one row, so that its columns
        are compared as pairs over the fields.
    columns : tuple of ColumnAgreement
        Of numbers, in the table's order.
    best, worst : str or None
        The columns that agree most and least, by mean absolute difference in percent
        where tables have one row, else by Kolmogorov-Smirnov distance. None where
        there is no choice.
    """

    truth_rows: int
    predicted_rows: int
    row_error: int
    row_error_percent: float | None
    one_row: bool
    columns: tuple[ColumnAgreement, ...]
    best: str | None
    worst: str | None

    def column(self, name: str) -> ColumnAgreement:
        """Give a column by its heading."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True, slots=True)
class TableSummary(PixelSummary):
    """All fields together.

    Attributes
    ----------
    table : TableAgreement
        Of the rows of all fields, pooled.
    left_out : dict of str to str
        Columns that are not compared, and why.
    absolute_row_error_percent : Distribution
        Per field, sign dropped; of the fields with rows on the truth.
    """

    table: TableAgreement
    left_out: dict[str, str]
    absolute_row_error_percent: Distribution


@dataclass(frozen=True, slots=True)
class TableField(MeasuredField):
    """What one field gave: the rows of both sides, and their agreement."""

    rows: pd.DataFrame
    agreement: TableAgreement


@dataclass(frozen=True, slots=True)
class TableComparison(Comparison):
    """A comparison of Results tables, column by column; rows are not matched."""

    kind: ClassVar[str] = "table"
    fields: tuple[TableField, ...]
    summary: TableSummary

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give all rows, one row per column, and one row per field."""
        return {
            "results.csv": pd.concat(
                [one.rows for one in self.fields], ignore_index=True
            ),
            "columns.csv": _columns_table(self.summary),
            "fields.csv": pd.DataFrame([_row(one) for one in self.fields]),
        }

    def describe_field(self, index: int) -> dict[str, Any]:
        """Give the agreement of a field's tables."""
        return {"table": dataclasses.asdict(self.fields[index].agreement)}

    def sentence(self) -> str:
        """Say how many rows there are, and which columns agree most and least."""
        found = self.summary.table
        percent = found.row_error_percent
        change = "n/a" if percent is None else f"{percent:+.1f} %"
        text = (
            f"{found.truth_rows} rows on the truth, {found.predicted_rows} on the "
            f"prediction ({change}); {len(found.columns)} columns compared"
        )
        if found.best is None or found.worst is None:
            return text
        return (
            f"{text}: {found.best} agrees best "
            f"({_said(found.column(found.best))}), {found.worst} worst "
            f"({_said(found.column(found.worst))})"
        )


def compare_tables(
    measured: Sequence[MeasuredField],
    output: Path,
    settings: CompareSettings,
    *,
    warnings: tuple[str, ...],
) -> TableComparison:
    """Compare the tables of each field, and of all of them, column by column."""
    del settings  # nothing is matched
    rows, layout = join_results(
        [
            (one.field.name, side, read_results(one.results[side].file("results")))
            for one in measured
            for side in (TRUTH, PREDICTION)
        ],
        relative=any(is_relative(one.provenance) for one in measured),
    )
    fields = tuple(_of_field(one, rows, layout) for one in measured)
    errors = [one.agreement.row_error_percent for one in fields]
    summary = TableSummary(
        **summarise_pixels([one.pixels for one in fields]),
        table=_agreement(rows, layout),
        left_out=dict(layout.left_out),
        absolute_row_error_percent=Distribution.of(
            [abs(error) for error in errors if error is not None]
        ),
    )
    said = (*warnings, *_warnings(layout))
    return TableComparison(output, fields, summary, said)


def _of_field(one: MeasuredField, rows: pd.DataFrame, layout: Layout) -> TableField:
    own = rows[rows[FIELD] == one.field.name]
    return TableField(
        field=one.field,
        pixels=one.pixels,
        results=one.results,
        provenance=one.provenance,
        rows=own,
        agreement=_agreement(own, layout),
    )


def _agreement(rows: pd.DataFrame, layout: Layout) -> TableAgreement:
    columns = compare_columns(rows, layout)
    truth, predicted = (int((rows[SOURCE] == s).sum()) for s in (TRUTH, PREDICTION))
    ranked = sorted(
        (each.disagreement, place)
        for place, each in enumerate(columns)
        if each.disagreement is not None
    )
    best, worst = (
        (columns[ranked[0][1]].name, columns[ranked[-1][1]].name)
        if len(ranked) > 1
        else (None, None)
    )
    return TableAgreement(
        truth_rows=truth,
        predicted_rows=predicted,
        row_error=predicted - truth,
        row_error_percent=percent_error(truth, predicted),
        one_row=layout.one_row,
        columns=columns,
        best=best,
        worst=worst,
    )


def _warnings(layout: Layout) -> list[str]:
    said = []
    for side, why in ONE_SIDED.items():
        names = [name for name, reason in layout.left_out.items() if reason == why]
        if names:
            said.append(
                f"columns that the script left on the {side} only, and that are not "
                f"compared: {', '.join(names)}"
            )
    if layout.not_finite:
        said.append(
            "infinite values were taken as not known in the columns "
            f"{', '.join(layout.not_finite)}"
        )
    return said


def _said(column: ColumnAgreement) -> str:
    if column.pairs is not None:
        percent = column.pairs.mean_absolute_difference_percent
        return f"mean absolute difference {percent:.1f} %"
    return f"KS distance {column.ks_distance:.2f}"


def _columns_table(summary: TableSummary) -> pd.DataFrame:
    """Give one row per column, those that are not compared last."""
    compared = [_column_row(column) for column in summary.table.columns]
    others = [
        {"column": name, "left_out": why} for name, why in summary.left_out.items()
    ]
    table = pd.DataFrame([*compared, *others])
    # Headings alone where a script left no column.
    return table if len(table) else pd.DataFrame(columns=["column", "left_out"])


def _column_row(column: ColumnAgreement) -> dict[str, Any]:
    row: dict[str, Any] = {
        "column": column.name,
        "left_out": None,
        "kind": column.kind,
    }
    for side, values in ((TRUTH, column.truth), (PREDICTION, column.prediction)):
        row |= {f"{side}_{k}": v for k, v in dataclasses.asdict(values).items()}
    row |= {
        "mean_difference_percent": column.mean_difference_percent,
        "median_ratio": column.median_ratio,
        "ks_distance": column.ks_distance,
    }
    if column.pairs is None:
        return row
    pairs = dataclasses.asdict(column.pairs)
    low, high = pairs.pop("limits") or (None, None)
    return row | {
        **{f"pairs_{key}": value for key, value in pairs.items()},
        "pairs_lower_limit": low,
        "pairs_upper_limit": high,
    }


def _row(one: TableField) -> dict[str, Any]:
    """Give a field's row of ``fields.csv``."""
    a = one.agreement
    row = {
        **field_columns(one.field),
        "truth_rows": a.truth_rows,
        "predicted_rows": a.predicted_rows,
        "row_error": a.row_error,
        "row_error_percent": a.row_error_percent,
    }
    for column in a.columns:
        row |= {
            f"truth_mean {column.name}": column.truth.mean,
            f"prediction_mean {column.name}": column.prediction.mean,
            f"mean_difference_percent {column.name}": column.mean_difference_percent,
        }
        if not a.one_row:
            row[f"ks_distance {column.name}"] = column.ks_distance
    return {**row, **pixel_columns(one.pixels)}
