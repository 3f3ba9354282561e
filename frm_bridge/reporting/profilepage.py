"""The page about line profiles: grey values along the same lines on both sides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from frm_bridge.comparison.profiles import NO_UNIT, RANGE16
from frm_bridge.reporting.display import Outline, Region, merge, read_side, stretch
from frm_bridge.reporting.page import TOTAL, Page, Table, Tile
from frm_bridge.reporting.panels import (
    TITLES,
    Mark,
    Panel,
    choose_fields,
    make_panel,
    shown_levels,
)
from frm_bridge.reporting.profilecharts import (
    SHOWN_LINES,
    lines_of,
    profile_charts,
)
from frm_bridge.reporting.spread import spread_table
from frm_bridge.reporting.wording import (
    field_title,
    fixed,
    level_unit,
    number,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Record = Mapping[str, Any]

KEY = (("line", "a line; its number stands at its start"),)
FIELD_COLUMNS = (
    "Field",
    "Lines",
    "Correlation, mean",
    "Least",
    "Peaks apart, median",
    "FWHM, prediction / stain",
    "RMS difference",
    "PCC",
)
LINE_COLUMNS = (
    "Line",
    "Length",
    "Correlation",
    "Peak, stain",
    "Peak, prediction",
    "FWHM, stain",
    "FWHM, prediction",
    "RMS difference",
)
_MOST_ROWS = 24
_MARK_PX = 0.028  # of the picture's width, from the start of a line to its number


def profile_page(record: Record, folder: Path, shown_fields: int) -> Page:
    """Give the page about line profiles.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    folder : Path
        Where it lies, with ``profiles.csv`` and ``lines.csv``.
    shown_fields : int
        How many fields are shown as pictures.
    """
    curves, lines = (
        pd.read_csv(
            folder / f"{name}.csv",
            dtype={"field": str, "profile": str},
            keep_default_na=False,
            na_values={
                column: [""]
                for column in ("distance_um", "pearson", "truth", "prediction")
            },
        )
        for name in ("profiles", "lines")
    )
    found = record["summary"]["profiles"]
    shown = choose_fields(record, shown_fields, _mean_correlation)
    return Page(
        template="panels.html.j2",
        headline=_headline(found),
        second_line=_second_line(found),
        tiles=_tiles(record),
        charts=profile_charts(shown, curves, lines),
        charts_first=True,
        charts_title="Along the lines",
        charts_note=_charts_note(record, found),
        tables=[_field_table(record), _line_table(shown), _spread(record)],
        reading=_reading(record),
        matching=[_matching(record)],
        facts=[("values compared in", _units(record))],
        extra={
            "heading": "Where the lines lie",
            "introduction": "Green: stain. Magenta: prediction. White: both.",
            "key": KEY,
            "pictures": [(field_title(field), _panels(field)) for field in shown],
        },
    )


def _mean_correlation(field: Record) -> float:
    value = field["profiles"]["pearson"]["mean"]
    return -1.0 if value is None else float(value)


def _units(record: Record) -> str:
    return " and ".join(dict.fromkeys(field["unit"] for field in record["fields"]))


def _headline(found: Record) -> tuple[str, str]:
    count, r = found["profiles"], found["pearson"]
    first = f"{count} line profile{'' if count == 1 else 's'}"
    if r["mean"] is None:
        return (
            f"{first}: there is no correlation, for a curve of each is flat.",
            "Peaks and widths need a curve that is not flat.",
        )
    if r["n"] == 1:
        first += f": the two curves correlate by {fixed(r['mean'])}."
    else:
        first += (
            f": the curves correlate by {fixed(r['mean'])} on average "
            f"({fixed(r['least'])} to {fixed(r['greatest'])})."
        )
    where = _distance(found, "median")
    if found["peak_distance_px"]["n"] == 1:
        return first, f"The peaks lie {where} apart."
    return first, f"Peaks lie {where} apart at the median."


def _second_line(found: Record) -> str:
    ratio = found["fwhm_ratio"]
    if not ratio["n"]:
        return ""
    lines = "one line" if ratio["n"] == 1 else f"{ratio['n']} lines"
    return (
        f"At half maximum the prediction's peak is {number(ratio['median'], 2)} times "
        f"as wide as the stain's (median of {lines} where both have a width)."
    )


def _distance(found: Record, what: str) -> str:
    px, um = found["peak_distance_px"][what], found["peak_distance_um"][what]
    if px is None:
        return number(None)
    return f"{number(px, 2)} px" + ("" if um is None else f" ({number(um, 2)} µm)")


def _tiles(record: Record) -> list[Tile]:
    found, pcc = record["summary"]["profiles"], record["summary"]["pcc"]
    r, ratio, rms = found["pearson"], found["fwhm_ratio"], found["rms_difference"]
    px, um = found["peak_distance_px"], found["peak_distance_um"]
    apart = number(px["median"], 2), number(um["median"], 2)
    return [
        Tile("Profiles", number(found["profiles"]), f"on {_count(record)}"),
        Tile("Correlation", fixed(r["mean"]), f"mean of {r['n']} lines"),
        Tile(
            "Least correlation", fixed(r["least"]), f"greatest {fixed(r['greatest'])}"
        ),
        Tile(
            "Peaks apart",
            f"{apart[1]} µm" if um["n"] else f"{apart[0]} px",
            f"{apart[0]} px; median" if um["n"] else "median",
        ),
        Tile("Width", number(ratio["median"], 2), "prediction / stain, FWHM, median"),
        Tile(
            "RMS difference",
            number(rms["mean"]),
            f"{_units(record)}, mean" if rms["n"] else "no unit in common",
        ),
        Tile("PCC", fixed(pcc["mean"]), f"mean of {pcc['n']}, all pixels"),
    ]


def _count(record: Record) -> str:
    count = len(record["fields"])
    return f"{count} {unit_of(record)}{'' if count == 1 else 's'}"


def _charts_note(record: Record, found: Record) -> str:
    text = "Green: stain. Magenta: prediction. A dot marks the peak of each curve. "
    if _units(record) == RANGE16:
        text += "Each image was stretched to 16 bits, so both share an axis."
    elif NO_UNIT in _units(record):
        text += (
            "The prediction is relative, its levels have no unit: each curve has an "
            "axis of its own, and only their shapes can be compared."
        )
    else:
        text += "Both are in grey levels and share an axis."
    if found["profiles"] > SHOWN_LINES:
        text += (
            f" Shown are {SHOWN_LINES} of {found['profiles']} lines, from the best to "
            "the worst correlation."
        )
    return text


def _field_table(record: Record) -> Table:
    rows = [
        (field_title(field), *_cells(field["profiles"], field["pixels"]["pcc"]))
        for field in record["fields"]
    ]
    if len(rows) > 1:
        summary = record["summary"]
        rows.append((TOTAL, *_cells(summary["profiles"], summary["pcc"]["mean"])))
    return Table(
        f"{unit_of(record).capitalize()} by {unit_of(record)}", FIELD_COLUMNS, rows
    )


def _cells(found: Record, pcc: float | None) -> tuple[str, ...]:
    return (
        number(found["profiles"]),
        fixed(found["pearson"]["mean"], 3),
        fixed(found["pearson"]["least"], 3),
        _distance(found, "median"),
        number(found["fwhm_ratio"]["median"]),
        number(found["rms_difference"]["mean"]),
        fixed(pcc, 3),
    )


def _line_table(fields: Sequence[Record]) -> Table:
    """Give the lines of the fields on the page, as many as can be read."""
    lines = lines_of(fields)
    rows = [
        (
            f"{field_title(one.field)}, {one.name}",
            _length(one.line, "length"),
            fixed(one.line["pearson"], 3),
            *(
                number(one.line[f"{side}_{what}_px"])
                for what in ("peak", "fwhm")
                for side in ("truth", "predicted")
            ),
            number(one.line["rms_difference"]),
        )
        for one in lines[:_MOST_ROWS]
    ]
    note = "Peaks, from the start of the line, and widths are in px."
    if len(lines) > len(rows):
        note += " lines.csv holds the other lines."
    return Table("Line by line", LINE_COLUMNS, rows, note)


def _length(line: Record, name: str) -> str:
    px, um = line[f"{name}_px"], line[f"{name}_um"]
    return f"{number(px)} px" + ("" if um is None else f" ({number(um)} µm)")


def _spread(record: Record) -> Table:
    found = record["summary"]["profiles"]
    return spread_table(
        [
            ("Correlation of a line", found["pearson"]),
            ("Peaks apart (px)", found["peak_distance_px"]),
            ("Peaks apart (µm)", found["peak_distance_um"]),
            ("FWHM, prediction / stain", found["fwhm_ratio"]),
            (f"RMS difference ({_units(record)})", found["rms_difference"]),
            (f"PCC of a {unit_of(record)}", record["summary"]["pcc"]),
        ]
    )


def _reading(record: Record) -> list[str]:
    return [
        "The lines are the same on both sides: same place, same width, same steps.",
        "The correlation tells whether the two curves rise and fall together. It knows "
        "neither level nor scale.",
        "The peak is the greatest value of a curve. Of two that are nearly equal, "
        "noise chooses: a large distance may mean another peak, not a shifted one.",
        "Few lines, drawn where something is to be seen, are an example and no sample "
        f"of the {unit_of(record)}.",
        f"Numbers hold for images like these. If these {unit_of(record)}s, or their "
        "neighbours, were used for training, they say little about new ones.",
        "This page measures agreement. Whether it is good enough depends on the "
        "question that you ask of your images.",
    ]


def _matching(record: Record) -> str:
    rms = record["summary"]["profiles"]["rms_difference"]["n"]
    return (
        "Lines were the same on both. Their two curves were compared by Pearson's "
        "correlation, by the distance between their greatest values, by the ratio of "
        "their full widths at half maximum (half way between the least and the "
        f"greatest value){' and by their root mean square difference' if rms else ''}."
    )


def _panels(field: Record) -> list[Panel]:
    """Show stain, prediction and merge, with the lines and their numbers."""
    shown = {side: stretch(read_side(field, side)) for side in ("truth", "prediction")}
    whole = Region(0, 0, field["height"], field["width"])
    outlines, marks = _drawn(field)
    pictures = [
        (TITLES[side], shown_levels(image, level_unit(field, side)), image.pixels)
        for side, image in shown.items()
    ]
    merged = merge(shown["truth"].pixels, shown["prediction"].pixels)
    return [
        make_panel(
            title,
            caption,
            pixels,
            whole,
            field["pixel_size_um"],
            outlines=outlines,
            marks=marks,
        )
        for title, caption, pixels in [*pictures, ("Merge", "", merged)]
    ]


def _drawn(field: Record) -> tuple[tuple[Outline, ...], tuple[Mark, ...]]:
    """Draw the lines of a field, and write their numbers before their starts."""
    outlines, marks = [], []
    for one in lines_of([field]):
        # ImageJ counts lines from the centre of a pixel, pictures from its corner.
        corners = [(x + 0.5, y + 0.5) for x, y in one.line["corners_px"]]
        path = "L".join(f"{x:.2f} {y:.2f}" for x, y in corners)
        title = f"{one.name}: correlation {fixed(one.line['pearson'])}"
        outlines.append(Outline("line", f"M{path}", title))
        marks.append(_mark(str(one.number), corners, field))
    return tuple(outlines), tuple(marks)


def _mark(text: str, corners: Sequence[tuple[float, float]], field: Record) -> Mark:
    (x0, y0), (x1, y1) = corners[:2]
    away = _MARK_PX * max(field["width"], field["height"])
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    x, y = x0 - away * (x1 - x0) / length, y0 - away * (y1 - y0) / length
    return Mark(
        text,
        min(max(x, away), field["width"] - away),
        min(max(y, away), field["height"] - away),
    )
