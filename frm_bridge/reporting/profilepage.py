"""The page about line profiles: grey values along the same lines on both sides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from frm_bridge.comparison.profiles import NO_UNIT, RANGE16
from frm_bridge.reporting.display import Outline, Region
from frm_bridge.reporting.page import Page, Tile
from frm_bridge.reporting.panels import Mark, Panel, choose_fields
from frm_bridge.reporting.profilecharts import SHOWN_LINES, lines_of, profile_charts
from frm_bridge.reporting.profiletables import distance, profile_tables, units
from frm_bridge.reporting.sidebyside import closer, side_panels
from frm_bridge.reporting.stored import read_table
from frm_bridge.reporting.wording import (
    caution,
    field_title,
    fixed,
    number,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Record = Mapping[str, Any]

KEY = (("line", "a line; its number stands at its start"),)
_MARK_PX = 0.04  # of the picture's width, from the start of a line to its number


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
        read_table(folder, name, texts=("profile",)) for name in ("profiles", "lines")
    )
    found = record["summary"]["profiles"]
    shown = choose_fields(record, shown_fields, _mean_correlation)
    return Page(
        template="panels.html.j2",
        headline=_headline(found),
        second_line=_second_line(found),
        tiles=_tiles(record),
        charts=profile_charts(record, shown, curves, lines),
        charts_first=True,
        charts_title="Along the lines",
        charts_note=_charts_note(record, shown),
        tables=profile_tables(record, shown),
        reading=_reading(record),
        matching=[_matching(record)],
        facts=[("values compared in", units(record))],
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
    where = distance(found, "median")
    if found["peak_distance_px"]["n"] == 1:
        return first, f"The peaks lie {where} apart."
    return first, f"Peaks lie {where} apart at the median."


def _second_line(found: Record) -> str:
    ratio = found["fwhm_ratio"]
    if not ratio["n"]:
        return ""
    lines = "one line" if ratio["n"] == 1 else f"{ratio['n']} lines"
    return (
        f"At half maximum the prediction's peak is {number(ratio['median'])} times "
        f"as wide as the stain's (median of {lines} where both have a width)."
    )


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
        Tile("Width", number(ratio["median"]), "prediction / stain, FWHM, median"),
        Tile(
            "RMS difference",
            number(rms["mean"]),
            f"{units(record)}, mean" if rms["n"] else "no unit in common",
        ),
        Tile("PCC", fixed(pcc["mean"]), f"mean of {pcc['n']}, all pixels"),
    ]


def _count(record: Record) -> str:
    count = len(record["fields"])
    return f"{count} {unit_of(record)}{'' if count == 1 else 's'}"


def _charts_note(record: Record, shown: Sequence[Record]) -> str:
    text = "Green: stain. Magenta: prediction. A dot marks the peak of each curve. "
    if units(record) == RANGE16:
        text += "Each image was stretched to 16 bits, so both share an axis."
    elif NO_UNIT in units(record):
        text += (
            "The prediction is relative, its levels have no unit: each curve has an "
            "axis of its own, and only their shapes can be compared."
        )
    else:
        text += "Both are in grey levels and share an axis."
    count = record["summary"]["profiles"]["profiles"]
    drawn = min(len(lines_of(shown)), SHOWN_LINES)
    if drawn < count:
        text += (
            f" Shown are {drawn} of {count} lines, from the best to the worst "
            "correlation."
        )
    return text


def _reading(record: Record) -> list[str]:
    return [
        "The lines are the same on both sides: same place, same width, same steps.",
        "The correlation tells whether the two curves rise and fall together. It knows "
        "neither level nor scale.",
        "The peak is the greatest value of a curve. Of two that are nearly equal, "
        "noise chooses: a large distance may mean another peak, not a shifted one.",
        "Few lines, drawn where something is to be seen, are an example and no sample "
        f"of the {unit_of(record)}.",
        *caution(record),
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
    """Show the images with the lines and their numbers."""
    lines = lines_of([field])
    corners = [_on_picture(one.line["corners_px"]) for one in lines]
    close = closer(field, [place for each in corners for place in each])
    shown = close or Region(0, 0, field["height"], field["width"])
    outlines, marks = [], []
    for one, places in zip(lines, corners, strict=True):
        path = "L".join(f"{x:.2f} {y:.2f}" for x, y in places)
        title = f"{one.name}: correlation {fixed(one.line['pearson'])}"
        outlines.append(Outline("line", f"M{path}", title))
        marks.append(_mark(str(one.number), places, shown))
    return side_panels(field, outlines=tuple(outlines), marks=tuple(marks), close=close)


def _on_picture(corners: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """ImageJ counts lines from the centre of a pixel, pictures from its corner."""
    return [(x + 0.5, y + 0.5) for x, y in corners]


def _mark(text: str, corners: Sequence[tuple[float, float]], shown: Region) -> Mark:
    """Write a number before the start of its line."""
    (x0, y0), (x1, y1) = corners[:2]
    away = _MARK_PX * max(shown.width, shown.height)
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    x, y = x0 - away * (x1 - x0) / length, y0 - away * (y1 - y0) / length
    return Mark(
        text,
        min(max(x, shown.x + away), shown.x + shown.width - away),
        min(max(y, shown.y + away), shown.y + shown.height - away),
    )
