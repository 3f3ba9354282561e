"""The page about a verdict: the answer first, then what it rests on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.errors import InputError
from frm_bridge.outputs import write_text
from frm_bridge.reporting.figures import draw_pairs
from frm_bridge.reporting.page import TOTAL, Chart, Page, Table, Tile
from frm_bridge.reporting.report import render_page
from frm_bridge.reporting.verdictcharts import draw_interval
from frm_bridge.reporting.verdictwording import (
    REFERENCES,
    change,
    facts,
    measured,
    method,
    reading,
    share,
    span,
    value_of,
)
from frm_bridge.reporting.wording import MINUS, NOT_AVAILABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]

PAGE = "verdict.html"


def write_verdict_page(
    verdict: str | Path, *, output: Path | None = None, overwrite: bool = False
) -> Path:
    """Write the page of a verdict as one HTML file that loads nothing.

    Parameters
    ----------
    verdict : str or Path
        Folder that :func:`frm_bridge.experiments.verdict.verdict` wrote.
    output : Path, optional
        The page; ``verdict.html`` in the folder by default.
    overwrite : bool
        Replace an earlier page.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        ``E_REPORT_MISSING`` when the folder holds no verdict, or its comparison has
        gone.
    OutputError
        ``E_OUTPUT_EXISTS``.
    """
    folder = Path(verdict)
    found = _read(folder / "verdict.json", "run 'frm-bridge verdict' into it first")
    place = Path(found["comparison"]["folder"])
    record = _read(place / "comparison.json", "put the comparison back, or judge again")
    page = verdict_page(found)
    shown = {**record, "warnings": found["warnings"]}
    title = f"Verdict: {found['question']['text']}"
    text = render_page(page, shown, title=title, references=REFERENCES)
    path = output or folder / PAGE
    write_text(path, text, overwrite=overwrite)
    return path


def _read(path: Path, fix: str) -> dict[str, Any]:
    if not path.is_file():
        raise InputError("E_REPORT_MISSING", f"there is no {path}", fix)
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def verdict_page(verdict: Record) -> Page:
    """Give the parts of the page.

    Parameters
    ----------
    verdict : mapping
        ``verdict.json``.
    """
    because = verdict["because"]
    return Page(
        template="verdict.html.j2",
        headline=(
            f"{verdict['verdict'].capitalize()}: {verdict['question']['text']}",
            f"{because[:1].upper()}{because[1:]}.".replace(" -", f" {MINUS}"),
        ),
        second_line="",
        tiles=_tiles(verdict),
        charts=_charts(verdict),
        charts_title="Field by field",
        tables=[_levels(verdict), _fields(verdict)],
        reading=reading(verdict),
        matching=method(verdict),
        facts=facts(verdict),
        extra={
            "interval": Chart(
                "The answer against the tolerance",
                draw_interval(verdict),
                "Shaded: the tolerance. Bars: 90 % intervals of the mean over "
                "independent fields. Dots in the first row: single fields. An arrow "
                "points at what lies beyond the axis.",
            )
        },
        record_name="verdict.json",
    )


def _tiles(verdict: Record) -> list[Tile]:
    question, result = verdict["question"], verdict["result"]
    unit = question["unit"].replace("u", "µ")
    found = result["in_unit"]
    place = verdict["place"]
    return [
        Tile("Verdict", verdict["verdict"], question["text"]),
        Tile("Mean error", change(found["estimate"], unit), "over independent fields"),
        Tile("90 % interval", span(found["interval"]), f"of the mean, in {unit}"),
        Tile("Tolerance", f"± {question['tolerance']:g} {unit}", "as it was asked"),
        Tile(
            "Independent fields",
            str(result["groups"]),
            f"positions or wells, {result['fields']} images",
        ),
        Tile(
            "One field",
            NOT_AVAILABLE if result["typical"] is None else measured(result, unit),
            "typical error, sign dropped",
        ),
        Tile("Floor to ceiling", share(place), "of the way, by the typical error"),
    ]


def _charts(verdict: Record) -> list[Chart]:
    fields = [f for f in verdict["fields"] if f["value"] is not None]
    if not fields or verdict["question"]["quantity"] == "centroid":
        return []
    truth, predicted = (
        np.array([f[side] for f in fields], dtype=float)
        for side in ("truth", "prediction")
    )
    svg = draw_pairs(
        truth, predicted, quantity=verdict["question"]["quantity"], unit=""
    )
    title = "Prediction against stain"
    return [Chart(title, svg, f"One dot per field (n = {len(fields)}).")]


def _levels(verdict: Record) -> Table:
    unit = verdict["question"]["unit"].replace("u", "µ")
    given = [("this prediction", "", verdict["result"], "")]
    given += [
        (level["name"], level["role"], level["result"], level["left_out"])
        for level in verdict["levels"]
    ]
    rows = []
    for name, role, result, why in given:
        cells = (
            [NOT_AVAILABLE] * 3
            if result is None
            else [
                change(result["in_unit"]["estimate"], unit),
                span(result["in_unit"]["interval"]),
                measured(result, unit),
            ]
        )
        rows.append((f"{name}{f', {role}' if role else ''}", *cells, _brief(why)))
    return Table(
        "Between floor and ceiling",
        (
            "Measured",
            "Mean error",
            f"90 % interval ({unit})",
            "One field",
            "Left out",
        ),
        rows,
        "Floor: the same analysis on what holds no prediction. Ceiling: on the truth "
        "with its own noise added once more.",
    )


def _brief(text: str, most: int = 90) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _fields(verdict: Record) -> Table:
    question, result = verdict["question"], verdict["result"]
    unit = question["unit"].replace("u", "µ")
    rows: list[tuple[str, ...]] = [
        (
            field["field"],
            field["group"],
            value_of(field["truth"]),
            value_of(field["prediction"]),
            change(field["in_unit"], unit),
            field["left_out"],
        )
        for field in verdict["fields"]
    ]
    mean = change(result["in_unit"]["estimate"], unit)
    rows.append((TOTAL, f"{result['groups']} groups", "", "", mean, ""))
    return Table(
        "Field by field",
        ("Field", "Position or well", "Stain", "Prediction", "Change", "Left out"),
        rows,
    )
