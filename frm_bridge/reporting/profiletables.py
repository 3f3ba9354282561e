"""Tables of line profiles, field by field and line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.fieldrows import rows_by_field
from frm_bridge.reporting.page import Table
from frm_bridge.reporting.profilecharts import line_title, lines_of
from frm_bridge.reporting.spread import spread_table
from frm_bridge.reporting.wording import fixed, number, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Record = Mapping[str, Any]

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


def profile_tables(record: Record, shown: Sequence[Record]) -> list[Table]:
    """Give the tables of all fields, of the lines of those shown, and of spreads."""
    return [_field_table(record), _line_table(record, shown), _spread(record)]


def _field_table(record: Record) -> Table:
    rows = rows_by_field(record, "profiles", _cells)
    return Table(
        f"{unit_of(record).capitalize()} by {unit_of(record)}", FIELD_COLUMNS, rows
    )


def _cells(found: Record, pcc: float | None) -> tuple[str, ...]:
    return (
        number(found["profiles"]),
        fixed(found["pearson"]["mean"], 3),
        fixed(found["pearson"]["least"], 3),
        distance(found, "median"),
        number(found["fwhm_ratio"]["median"]),
        number(found["rms_difference"]["mean"]),
        fixed(pcc, 3),
    )


def _line_table(record: Record, fields: Sequence[Record]) -> Table:
    """Give the lines of the fields on the page, as many as can be read."""
    lines = lines_of(fields)
    rows = [
        (
            line_title(one, alone=len(record["fields"]) == 1),
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
            (f"RMS difference ({units(record)})", found["rms_difference"]),
            (f"PCC of a {unit_of(record)}", record["summary"]["pcc"]),
        ]
    )


def distance(found: Record, what: str) -> str:
    """Write the distance of the peaks in px, and in µm where it is known."""
    px, um = found["peak_distance_px"][what], found["peak_distance_um"][what]
    if px is None:
        return number(None)
    return f"{number(px, 2)} px" + ("" if um is None else f" ({number(um, 2)} µm)")


def units(record: Record) -> str:
    """Say what the values of both sides are in."""
    return " and ".join(dict.fromkeys(field["unit"] for field in record["fields"]))
