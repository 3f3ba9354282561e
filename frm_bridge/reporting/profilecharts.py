"""Charts of line profiles: stain and prediction over the distance along a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.comparison.profiles import NO_UNIT
from frm_bridge.reporting.canvas import (
    INK,
    PREDICTION_COLOUR,
    QUIET,
    TRUTH_COLOUR,
    as_svg,
    new_axes,
    styled,
)
from frm_bridge.reporting.figures import draw_pcc, draw_sides
from frm_bridge.reporting.page import Chart
from frm_bridge.reporting.panels import choose_evenly
from frm_bridge.reporting.wording import field_title, fixed, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Record = Mapping[str, Any]
    Values = NDArray[np.float64]

SHOWN_LINES = 6


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of a field; ``number`` counts from 1, as on the pictures."""

    field: Record
    line: Record
    number: int

    @property
    def name(self) -> str:
        """Its number, and what ImageJ calls it where that is another name."""
        own = self.line["profile"]
        extra = "" if own == str(self.number) else f" ({own})"
        return f"line {self.number}{extra}"


def lines_of(fields: Sequence[Record]) -> list[ShownLine]:
    """Give all lines of some fields."""
    return [
        ShownLine(field, line, number)
        for field in fields
        for number, line in enumerate(field["lines"], start=1)
    ]


def correlation(shown: ShownLine) -> float:
    """Give what lines are chosen by; a flat one has none, and comes last."""
    value = shown.line["pearson"]
    return -1.0 if value is None else float(value)


def line_title(shown: ShownLine, *, alone: bool) -> str:
    """Name a line; ``alone``: there is no other field."""
    if alone:
        return shown.name[0].upper() + shown.name[1:]
    return f"{field_title(shown.field)}, {shown.name}"


def profile_charts(
    record: Record, fields: Sequence[Record], curves: pd.DataFrame, lines: pd.DataFrame
) -> list[Chart]:
    """Draw some lines of the fields on the page, and the numbers of all lines.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    fields : sequence of mapping
        Those whose pictures are shown.
    curves, lines : DataFrame
        ``profiles.csv`` and ``lines.csv``.
    """
    chosen = choose_evenly(lines_of(fields), SHOWN_LINES, correlation)
    alone = len(record["fields"]) == 1
    charts = [
        Chart(
            line_title(one, alone=alone),
            _draw(one, curves, place),
            _caption(one.line),
        )
        for place, one in enumerate(chosen)
    ]
    return charts if len(lines) <= len(chosen) else [*charts, *_of_all(lines)]


def _of_all(lines: pd.DataFrame) -> list[Chart]:
    """Show the numbers of all lines, those of the page and the others."""
    columns = ("pearson", "truth_peak_px", "predicted_peak_px")
    known = lines.dropna(subset=list(columns))
    if not len(known):
        return []
    r, truth, predicted = (known[name].to_numpy(float) for name in columns)
    charts = [
        Chart(
            "Correlation of all lines",
            draw_pcc(r, r[:0], unit="lines"),
            f"Each dot is one of {r.size} lines, the bar is the median.",
        ),
        Chart(
            "Peaks of all lines",
            draw_peaks(truth, predicted),
            "Distance from the start of the line to the greatest value. Off the dashed "
            "line, the prediction's peak lies elsewhere.",
        ),
    ]
    wide = known.dropna(subset=["truth_fwhm_px", "predicted_fwhm_px"])
    if not len(wide):
        return charts
    svg = draw_sides(
        wide["truth_fwhm_px"].to_numpy(float),
        wide["predicted_fwhm_px"].to_numpy(float),
        quantity="width at half maximum",
        unit="px",
        things="lines",
    )
    text = "Of the lines where both peaks have a width. Dashed: medians."
    return [*charts, Chart("Widths of all lines", svg, text)]


def _draw(shown: ShownLine, curves: pd.DataFrame, place: int) -> str:
    field, line = shown.field, shown.line
    here = (curves["field"] == field["name"]) & (curves["profile"] == line["profile"])
    curve = curves[here]
    unit = "px" if line["length_um"] is None else "um"
    return draw_profile(
        curve[f"distance_{unit}"].to_numpy(float),
        curve["truth"].to_numpy(float),
        curve["prediction"].to_numpy(float),
        length_unit="µm" if unit == "um" else "px",
        level_unit=None if field["unit"] == NO_UNIT else field["unit"],
        place=place,
    )


def _caption(line: Record) -> str:
    if line["pearson"] is None:
        return "A curve is flat: there is no correlation."
    parts = [f"Correlation {fixed(line['pearson'])}", _shift(line)]
    if line["fwhm_ratio"] is not None:
        parts.append(f"FWHM {number(line['fwhm_ratio'])} times the stain's")
    return f"{'; '.join(parts)}."


def _shift(line: Record) -> str:
    shift = line["peak_shift_px"]
    if abs(shift) < 0.05:
        return "peaks at the same place"
    um = line["peak_shift_um"]
    size = f"{number(abs(shift), 2)} px"
    size += "" if um is None else f" ({number(abs(um), 2)} µm)"
    return f"peak {size} {'further along' if shift > 0 else 'nearer the start'}"


@styled
def draw_profile(
    distance: Values,
    truth: Values,
    predicted: Values,
    *,
    length_unit: str,
    level_unit: str | None,
    place: int,
) -> str:
    """Plot both curves of a line, with a dot on each peak.

    Parameters
    ----------
    distance, truth, predicted : (n,) float64
        Along the line.
    length_unit : str
        Of the distance.
    level_unit : str or None
        Of both curves; None gives each an axis of its own.
    place : int
        Of the chart on the page.
    """
    figure, axes = new_axes(f"profile{place}")
    other = axes
    if level_unit is None:
        other = axes.twinx()
        other.spines["right"].set_visible(True)
        _own_axis(axes, "stain (grey levels)", TRUTH_COLOUR)
        _own_axis(other, "prediction (relative units)", PREDICTION_COLOUR)
    else:
        axes.set_ylabel(level_unit)
    for panel, values, colour in (
        (axes, truth, TRUTH_COLOUR),
        (other, predicted, PREDICTION_COLOUR),
    ):
        panel.plot(distance, values, color=colour, lw=1.5)
        peak = int(np.argmax(values))
        panel.plot(distance[peak], values[peak], "o", color=colour, ms=5)
    axes.set(xlabel=f"distance along the line ({length_unit})")
    axes.set_xlim(0, float(distance[-1]))
    return as_svg(figure, "Stain and prediction along a line")


@styled
def draw_peaks(truth: Values, predicted: Values) -> str:
    """Plot where the predicted peaks lie against where the true ones do, in px."""
    figure, axes = new_axes("peaks")
    top = 1.05 * max(float(truth.max()), float(predicted.max())) or 1.0
    axes.plot([0, top], [0, top], color=QUIET, lw=1, ls="--")
    axes.plot(truth, predicted, "o", color=INK, ms=4, alpha=0.7, mew=0)
    axes.set(xlabel="peak on the stain (px)", ylabel="peak on the prediction (px)")
    axes.set(xlim=(0, top), ylim=(0, top), aspect="equal")
    return as_svg(figure, "Peaks of all lines")


def _own_axis(axes: Axes, label: str, colour: str) -> None:
    axes.set_ylabel(label, color=colour)
    axes.tick_params(axis="y", colors=colour)
