"""Charts of a verdict: the interval against the tolerance, with floor and ceiling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.comparison.changes import percent_of
from frm_bridge.reporting.canvas import (
    INK,
    PREDICTION_COLOUR,
    QUIET,
    TRUTH_COLOUR,
    as_svg,
    new_axes,
    styled,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    Record = Mapping[str, Any]

_WIDTH, _ROW = 11.0, 0.42
ANSWER_COLOURS = {
    "fit": TRUTH_COLOUR,
    "not fit": PREDICTION_COLOUR,
    "cannot tell": "#a06a00",
}


@styled
def draw_interval(verdict: Record) -> str:
    """Show the interval, floors and ceiling as rows over the band of the tolerance."""
    question = verdict["question"]
    unit = question["unit"].replace("u", "µ")
    rows = [
        ("this prediction", verdict["result"]),
        *(
            (f"{level['name']} ({level['role']})", level["result"])
            for level in verdict["levels"]
            if level["result"] is not None and level["result"]["estimate"] is not None
        ),
    ]
    dots = _field_dots(verdict)
    edge = _edge(verdict, dots)
    figure, axes = new_axes("verdict", size=(_WIDTH, 1.5 + _ROW * (len(rows) + 1)))
    tolerance = question["tolerance"]
    axes.axvspan(-tolerance, tolerance, color=TRUTH_COLOUR, alpha=0.10, lw=0)
    for x in (-tolerance, tolerance):
        axes.axvline(x, color=TRUTH_COLOUR, lw=1.0, ls="--")
    axes.axvline(0, color=QUIET, lw=0.8)
    _draw_dots(axes, dots, edge)
    colour = ANSWER_COLOURS[verdict["verdict"]]
    for place, (_, result) in enumerate(rows):
        _draw_row(axes, -place, result["in_unit"], edge, INK if place else colour)
    axes.set_yticks(
        [1, *(-place for place in range(len(rows)))],
        ["fields", *(name for name, _ in rows)],
    )
    axes.set(xlim=(-edge, edge), ylim=(-len(rows) + 0.4, 1.6))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"prediction against stain, {question['quantity']} ({unit})")
    return as_svg(figure, "The interval of the estimate against the tolerance")


def _field_dots(verdict: Record) -> list[float]:
    """Give each field's change in the question's unit."""
    values = [f["value"] for f in verdict["fields"] if f["value"] is not None]
    ratio = verdict["question"]["unit"] == "%"
    return [percent_of(value) if ratio else value for value in values]


def _edge(verdict: Record, dots: Sequence[float]) -> float:
    """Give the axis' end: what is shown of the prediction, and three tolerances."""
    found = verdict["result"]["in_unit"]
    shown = [abs(value) for value in (*(found["interval"] or ()), *dots)]
    tolerance = float(verdict["question"]["tolerance"])
    return 1.08 * max(3 * tolerance, min(max(shown, default=0.0), 20 * tolerance))


def _draw_dots(axes: Axes, dots: Sequence[float], edge: float) -> None:
    random = np.random.default_rng(0)
    spread = random.uniform(-0.22, 0.22, len(dots)) if len(dots) > 1 else [0.0]
    for value, shift in zip(dots, spread, strict=False):
        beyond = abs(value) > edge
        marker = ("<" if value < 0 else ">") if beyond else "o"
        axes.plot(
            np.clip(value, -0.985 * edge, 0.985 * edge),
            1 + shift,
            marker,
            color=INK,
            ms=5,
            alpha=0.7,
            mew=0,
        )


def _draw_row(axes: Axes, y: float, found: Record, edge: float, colour: str) -> None:
    """Draw an estimate with its interval; one off the axis as an arrow at its end."""
    estimate, ends = found["estimate"], found["interval"]
    if ends is not None:
        low, high = np.clip(ends, -edge, edge)
        axes.plot([low, high], [y, y], color=colour, lw=3 if y == 0 else 2, alpha=0.85)
        for end in ends:
            if abs(end) <= edge:
                axes.plot([end, end], [y - 0.18, y + 0.18], color=colour, lw=1.4)
    if estimate is None:
        return
    beyond = abs(estimate) > edge
    marker = ("<" if estimate < 0 else ">") if beyond else "D" if y == 0 else "o"
    place = np.clip(estimate, -0.985 * edge, 0.985 * edge)
    axes.plot(place, y, marker, color=colour, ms=7, mew=0)
