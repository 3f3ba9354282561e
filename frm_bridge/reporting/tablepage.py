"""The page about the Results tables of somebody's own macro or script."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.fieldrows import rows_by_field
from frm_bridge.reporting.page import Page, Table, Tile
from frm_bridge.reporting.panels import choose_fields
from frm_bridge.reporting.spread import sides, spread_table
from frm_bridge.reporting.stored import read_table
from frm_bridge.reporting.tablecharts import draw_charts
from frm_bridge.reporting.tablepanels import show_images
from frm_bridge.reporting.tablewording import (
    best_and_worst,
    column_score,
    left_out_note,
    matching,
    reading,
    rows_of,
)
from frm_bridge.reporting.wording import (
    error_percent,
    field_title,
    fixed,
    number,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Record = Mapping[str, Any]

MOST_TILES = 7
SIDES_COLUMNS = (
    "Column",
    "n, stain",
    "Prediction",
    "Mean, stain",
    "Prediction",
    "Difference",
    "Median, stain",
    "Prediction",
    "Ratio",
    "KS distance",
)
PAIRS_COLUMNS = (
    "Column",
    "Pairs",
    "Mean, stain",
    "Prediction",
    "Mean difference",
    "Mean absolute",
    "Limits of agreement",
    "Pearson r",
)


def table_page(record: Record, folder: Path, shown_fields: int) -> Page:
    """Give the page about a comparison of Results tables.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    folder : Path
        Where it lies, with ``results.csv``.
    shown_fields : int
        How many fields are shown as pictures, from the best to the worst.
    """
    rows = read_table(folder, "results", texts=record["summary"]["left_out"])
    found = record["summary"]["table"]
    return Page(
        template="panels.html.j2",
        headline=_headline(record),
        second_line=_second_line(record),
        tiles=_tiles(record),
        charts=draw_charts(record, rows),
        tables=[
            *_column_table(record),
            _field_table(record),
            spread_table(
                [
                    line
                    for column in found["columns"]
                    if column["kind"] != "angle"
                    for line in sides(column["name"], "", column)
                ]
            ),
        ],
        reading=reading(record),
        matching=matching(record),
        charts_title="Pair by pair" if found["one_row"] else "Distributions",
        facts=[
            ("rows", "not matched; columns are compared")
            if not found["one_row"]
            else ("rows", "one per table: pairs over the fields")
        ],
        extra={
            "heading": "What was measured",
            "introduction": f"{record['workflow']['script']} was run on the stain and "
            "on the prediction, each by itself.",
            "key": (),
            "columns": 3 + (record["fields"][0]["transmitted"] is not None),
            "pictures": [
                (field_title(field), show_images(field))
                for field in choose_fields(record, shown_fields, _agreement)
            ],
        },
    )


def _agreement(field: Record) -> float:
    """Give a field's place among the others: the mean score of its columns."""
    scores = [column_score(column) for column in field["table"]["columns"]]
    known = [score for score in scores if score is not None]
    return -sum(known) / len(known) if known else -math.inf


def _headline(record: Record) -> tuple[str, str]:
    found, name = record["summary"]["table"], record["workflow"]["name"]
    change = found["row_error_percent"]
    if found["one_row"]:
        fields = number(found["truth_rows"])
        unit = unit_of(record) + ("" if found["truth_rows"] == 1 else "s")
        first = (
            f"{name} measured {fields} {unit}: one row each, on stain and prediction."
        )
    else:
        first = (
            f"{name} gave {rows_of(found['truth_rows'])} on the stain and "
            f"{number(found['predicted_rows'])} on the prediction"
        )
        first += "." if change is None else f" ({error_percent(change)})."
    return first, best_and_worst(found)


def _second_line(record: Record) -> str:
    found, left_out = record["summary"]["table"], record["summary"]["left_out"]
    count = len(found["columns"])
    if not count + len(left_out):
        return "The Results tables name no column."
    return (
        f"{number(count)} of the {number(count + len(left_out))} columns of the "
        "Results tables are compared."
    )


def _tiles(record: Record) -> list[Tile]:
    found, summary = record["summary"]["table"], record["summary"]
    unit, error = unit_of(record), summary["absolute_row_error_percent"]
    rows = Tile(
        "Rows",
        f"{number(found['truth_rows'])} → {number(found['predicted_rows'])}",
        f"stain → prediction, {error_percent(found['row_error_percent'])}",
    )
    tiles = [rows]
    if len(record["fields"]) > 1 and not found["one_row"]:
        text = "n/a" if error["mean"] is None else f"{number(error['mean'], 2)} %"
        tiles.append(Tile(f"Rows per {unit}", text, "mean absolute error"))
    tiles.append(
        Tile(
            "Columns",
            f"{len(found['columns'])}",
            f"compared; {len(summary['left_out'])} left out",
        )
    )
    ranks = [what for what in ("best", "worst") if found[what] is not None]
    tiles += [_rank_tile(found, what) for what in ranks]
    free = MOST_TILES - len(tiles) - 1
    tiles += [_mean_tile(each) for each in _quantities(found)[:free]]
    pcc = summary["pcc"]
    return [*tiles, Tile("PCC", fixed(pcc["mean"]), f"mean of {pcc['n']}, all pixels")]


def _quantities(found: Record) -> list[Record]:
    """Give the columns that have a mean on both sides to tell."""
    return [
        column
        for column in found["columns"]
        if column["kind"] == "quantity"
        and column["mean_difference_percent"] is not None
    ]


def _mean_tile(column: Record) -> Tile:
    a, b = (number(column[side]["mean"]) for side in ("truth", "prediction"))
    return Tile(
        column["name"],
        error_percent(column["mean_difference_percent"]),
        f"mean {a} → {b}",
    )


def _rank_tile(found: Record, what: str) -> Tile:
    column = next(each for each in found["columns"] if each["name"] == found[what])
    title = f"Agrees {'best' if what == 'best' else 'worst'}"
    score = column_score(column)
    if column["pairs"] is None:
        return Tile(title, fixed(score), f"KS distance of {column['name']}")
    return Tile(title, f"{number(score, 2)} %", f"mean difference of {column['name']}")


def _column_table(record: Record) -> list[Table]:
    found = record["summary"]["table"]
    row = _pairs_row if found["one_row"] else _sides_row
    rows = [row(column) for column in found["columns"]]
    heads = PAIRS_COLUMNS if found["one_row"] else SIDES_COLUMNS
    return [Table("Column by column", heads, rows, left_out_note(record))]


def _sides_row(column: Record) -> tuple[str, ...]:
    a, b = column["truth"], column["prediction"]
    return (
        column["name"],
        number(a["n"]),
        number(b["n"]),
        number(a["mean"]),
        number(b["mean"]),
        error_percent(column["mean_difference_percent"]),
        number(a["median"]),
        number(b["median"]),
        fixed(column["median_ratio"]),
        fixed(column["ks_distance"]),
    )


def _pairs_row(column: Record) -> tuple[str, ...]:
    pairs = column["pairs"]
    percent = pairs["mean_absolute_difference_percent"]
    low, high = pairs["limits"] or (None, None)
    return (
        column["name"],
        number(pairs["n"]),
        number(column["truth"]["mean"]),
        number(column["prediction"]["mean"]),
        number(pairs["mean_difference"], sign=True),
        "n/a" if percent is None else f"{number(percent, 2)} %",
        "n/a" if low is None else f"{number(low)} to {number(high)}",
        fixed(pairs["pearson"]),
    )


def _field_table(record: Record) -> Table:
    unit = unit_of(record)
    rows = rows_by_field(record, "table", _cells)
    return Table(
        f"{unit.capitalize()} by {unit}",
        (
            "Field",
            "Rows, stain",
            "Prediction",
            "Error",
            "Agrees best",
            "Agrees worst",
            "PCC",
        ),
        rows,
    )


def _cells(found: Record, pcc: float | None) -> tuple[str, ...]:
    error = number(found["row_error"], sign=True) if found["row_error"] else "0"
    if found["row_error_percent"] is not None:
        error += f" ({error_percent(found['row_error_percent'])})"
    return (
        number(found["truth_rows"]),
        number(found["predicted_rows"]),
        error,
        found["best"] or "n/a",
        found["worst"] or "n/a",
        fixed(pcc, 3),
    )
