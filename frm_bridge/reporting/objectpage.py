"""The page about objects: nuclei, cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.objectcharts import draw_charts
from frm_bridge.reporting.objecttables import (
    FIELD_COLUMNS,
    field_rows,
    score_table,
    tiles,
)
from frm_bridge.reporting.page import Page, Table
from frm_bridge.reporting.panels import choose_fields, picture_field
from frm_bridge.reporting.stored import read_table
from frm_bridge.reporting.wording import (
    caution,
    displacement,
    error_percent,
    noun,
    number,
    percent,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Record = Mapping[str, Any]


def object_page(record: Record, folder: Path, shown_fields: int) -> Page:
    """Give the page about a comparison of objects.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    folder : Path
        Where it lies, with ``objects.csv``.
    shown_fields : int
        How many fields are shown as pictures, from the best to the worst F1.
    """
    things = noun(record)
    ledger = read_table(folder, "objects", texts=("note",))
    pictures = [
        (field, picture_field(field, folder, ledger[ledger["field"] == field["name"]]))
        for field in choose_fields(record, shown_fields, _f1)
    ]
    return Page(
        template="objects.html.j2",
        headline=headline(record),
        second_line=summary_sentence(record),
        tiles=tiles(record),
        charts=draw_charts(record, ledger),
        tables=_tables(record),
        reading=_reading(record),
        matching=_matching(record),
        facts=[
            ("matching", record["settings"]["matching"]),
            ("least overlap (IoU)", f"{record['settings']['min_iou']:g}"),
        ],
        extra={"pictures": pictures, "things": things},
    )


def _f1(field: Record) -> float:
    return field["objects"]["f1"] or 0.0


def _tables(record: Record) -> list[Table]:
    things = noun(record)
    return [
        Table(
            f"{unit_of(record).capitalize()} by {unit_of(record)}",
            FIELD_COLUMNS,
            field_rows(record),
            f"Area ratio and displacement are medians over matched {things}. n/a: the "
            f"number does not exist there (a percentage of no {things}, for example).",
        ),
        score_table(record),
    ]


def _reading(record: Record) -> list[str]:
    things, _unit = noun(record), unit_of(record)
    return [
        "The stain is the reference, but it was segmented by the same workflow and has "
        "its own errors. “Missed” and “invented” are relative to it.",
        "The same script with the same parameters ran on both sides. An automatic "
        "threshold is still chosen for each image by itself.",
        f"Two {things} are one when they share at least "
        f"{percent(record['settings']['min_iou'])} of the area they cover together. "
        "Displacement and area ratio know matched pairs only.",
        *caution(record),
    ]


def _matching(record: Record) -> list[str]:
    settings, things = record["settings"], noun(record)
    return [
        f"The {things} of both were matched {settings['matching']}, with a least "
        f"intersection over union of {settings['min_iou']:g}; unmatched {things} of "
        "the stain were called missed, unmatched ones of the prediction invented. "
        "Precision is matched / predicted, recall matched / true, F1 their harmonic "
        "mean. Area ratio (predicted / true) and centroid displacement refer to "
        f"matched {things}."
    ]


def headline(record: Record) -> tuple[str, str]:
    """Say in two sentences what came out; they claim no fitness."""
    objects, things = record["summary"]["objects"], noun(record)
    truth, predicted = objects["truth_count"], objects["predicted_count"]
    change = objects["count_error_percent"]
    counted = (
        f"The {record['workflow']['name']} workflow counted {number(truth)} {things} "
        f"on the stain and {number(predicted)} on the prediction"
    )
    counted += "." if change is None else f" ({error_percent(change)})."
    if truth == 0:
        return counted, f"No {things} were counted on the stain."
    return counted, (
        f"{number(objects['matched'])} of the stained {things} "
        f"({percent(objects['recall'])}) were found in their place; "
        f"{number(objects['missed'])} were missed, and {number(objects['invented'])} "
        f"predicted {things} have no stained partner."
    )


def summary_sentence(record: Record) -> str:
    """Say what the matched objects look like."""
    objects = record["summary"]["objects"]
    ratio = objects["area_ratio"]["median"]
    if ratio is None:
        return f"No {noun(record)} were matched: no area or position to compare."
    difference = f"{abs(100 * (ratio - 1)):.0f} %"
    size = f"{difference} {'larger' if ratio > 1 else 'smaller'} than"
    if abs(ratio - 1) < 0.005:
        size = "as large as"
    where = displacement(objects, "median")
    return (
        f"Matched {noun(record)} are, at the median, {size} on the stain, and their "
        f"centroids lie {where} away."
    )
