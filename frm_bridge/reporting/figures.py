"""Charts as inline SVG. Truth is green, the prediction magenta, everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.ticker import MaxNLocator

from frm_bridge.reporting.canvas import (
    INK,
    PREDICTION_COLOUR,
    QUIET,
    TRUTH_COLOUR,
    as_svg,
    new_axes,
    styled,
)
from frm_bridge.reporting.scales import axis_label, bin_edges, level_edges, top_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float64]


@styled
def draw_sides(
    truth: Values,
    predicted: Values,
    *,
    quantity: str,
    unit: str,
    things: str,
    limits: tuple[float, float] | None = None,
) -> str:
    """Compare the distributions of a quantity; dashed lines at the medians.

    Without ``limits``, the axis starts at 0.
    """
    figure, axes = new_axes(quantity)
    both = np.concatenate([truth, predicted])
    low, top = limits or (0.0, top_of(both))
    bins = bin_edges(top, both.size, low=low)
    for values, colour, name in (
        (truth, TRUTH_COLOUR, "stain"),
        (predicted, PREDICTION_COLOUR, "prediction"),
    ):
        if values.size == 0:
            continue
        shown = np.clip(values, low, top)
        label = f"{name} (n = {values.size})"
        axes.hist(shown, bins, histtype="stepfilled", color=colour, alpha=0.22)
        axes.hist(shown, bins, histtype="step", color=colour, lw=1.4, label=label)
        axes.axvline(float(np.median(values)), color=colour, lw=1.2, ls="--")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel=axis_label(quantity, unit), ylabel=things, xlim=(low, top))
    if limits is not None:  # the values may lie anywhere, so leave room for the legend
        axes.set_ylim(0, axes.get_ylim()[1] * 1.25)
    axes.legend(loc="upper right" if limits is None else "best")
    return as_svg(figure, f"Histogram of {quantity}, stain and prediction")


@styled
def draw_pairs(
    truth: Values,
    predicted: Values,
    *,
    quantity: str,
    unit: str,
    limits: tuple[float, float] | None = None,
) -> str:
    """Plot the predicted value of each pair against the true one."""
    figure, axes = new_axes(f"{quantity}-pairs")
    low, top = limits or (0.0, top_of(np.concatenate([truth, predicted])))
    axes.plot([low, top], [low, top], color=QUIET, lw=1, ls="--")
    x, y = (low + part * (top - low) for part in (0.9, 0.97))
    axes.text(x, y, "equal", color=QUIET, ha="right", fontsize=8)
    axes.plot(truth, predicted, **_dots(truth.size), color=INK)
    axes.set(
        xlabel=axis_label(f"{quantity} on the stain", unit),
        ylabel=axis_label(f"{quantity} on the prediction", unit),
        xlim=(low, top),
        ylim=(low, top),
        aspect="equal",
    )
    return as_svg(figure, f"Predicted against true {quantity}")


@styled
def draw_displacement(distance: Values, *, unit: str, things: str) -> str:
    """Show how far the predicted centroids are from the true ones."""
    figure, axes = new_axes("displacement")
    top = top_of(distance)
    bins = bin_edges(top, distance.size)
    axes.hist(np.clip(distance, None, top), bins, color=PREDICTION_COLOUR, alpha=0.75)
    median = float(np.median(distance))
    axes.axvline(median, color=INK, lw=1.2, ls="--")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel=f"centroid displacement ({unit})", ylabel=f"matched {things}")
    axes.set_xlim(0, top)
    axes.text(
        0.98,
        0.96,
        f"median {median:.2g} {unit}",
        transform=axes.transAxes,
        ha="right",
        va="top",
        fontsize=8,
    )
    return as_svg(figure, "Histogram of centroid displacement")


@styled
def draw_register(dx: Values, dy: Values) -> str:
    """Show where the displacements point: off centre means out of register."""
    figure, axes = new_axes("register")
    limit = max(float(np.percentile(np.hypot(dx, dy), 98)) * 1.2, 0.5)
    axes.axhline(0, color=QUIET, lw=0.8)
    axes.axvline(0, color=QUIET, lw=0.8)
    axes.plot(dx, dy, **_dots(dx.size), color=PREDICTION_COLOUR)
    axes.plot(dx.mean(), dy.mean(), "+", color=INK, ms=12, mew=2, label="mean")
    axes.set(
        xlabel="to the right (px)",
        ylabel="down (px)",
        xlim=(-limit, limit),
        ylim=(limit, -limit),
        aspect="equal",
    )
    axes.legend(loc="best")
    return as_svg(figure, "Direction of centroid displacements")


@styled
def draw_intensities(truth: Values, predicted: Values, *, unit: str) -> str:
    """Plot predicted against true grey levels, coloured by the number of pixels."""
    figure, axes = new_axes("intensities")
    sides = (truth, predicted)
    ranges = [np.percentile(v, [0.05, 99.95]).tolist() for v in sides]
    edges = [level_edges(v, *limits) for v, limits in zip(sides, ranges, strict=True)]
    counts, x, y = np.histogram2d(truth, predicted, bins=edges)
    shown = np.ma.masked_equal(counts.T, 0)
    mesh = axes.pcolormesh(
        x,
        y,
        shown,
        cmap="viridis",
        norm=LogNorm(1, max(2, counts.max())),
        rasterized=True,
    )
    figure.colorbar(mesh, ax=axes, label="pixels", pad=0.02)
    axes.set(xlabel="stain (grey levels)", ylabel=f"prediction ({unit})")
    return as_svg(figure, "Joint histogram of grey levels")


@styled
def draw_f1_curve(curve: Sequence[tuple[float, float | None]], chosen: float) -> str:
    """Show how the F1 score hangs on the overlap that a match must have."""
    figure, axes = new_axes("f1-curve")
    points = [(iou, f1) for iou, f1 in curve if f1 is not None]
    axes.plot(*zip(*points, strict=True), "o-", color=INK, ms=4, lw=1.3)
    axes.axvline(chosen, color=PREDICTION_COLOUR, lw=1.2, ls="--")
    axes.text(chosen + 0.02, 0.03, "used here", color=PREDICTION_COLOUR, fontsize=8)
    axes.set(xlabel="overlap needed for a match (IoU)", ylabel="F1")
    axes.set(xlim=(0, 1), ylim=(0, 1.03))
    return as_svg(figure, "F1 against the overlap needed for a match")


@styled
def draw_counts(truth: Values, predicted: Values, *, things: str) -> str:
    """Join the counts of every field on stain and prediction."""
    figure, axes = new_axes("counts")
    for a, b in zip(truth, predicted, strict=True):
        axes.plot([0, 1], [a, b], color=QUIET, lw=1, zorder=1)
    for place, counts, colour in (
        (0, truth, TRUTH_COLOUR),
        (1, predicted, PREDICTION_COLOUR),
    ):
        axes.plot(np.full_like(counts, place), counts, "o", ms=6, color=colour)
    axes.set_xticks([0, 1], ["stain", "prediction"])
    axes.set(ylabel=things, xlim=(-0.5, 1.5))
    axes.set_ylim(0, max(1.0, truth.max(), predicted.max()) * 1.1)
    return as_svg(figure, "Counts of every field on stain and prediction")


@styled
def draw_parts(parts: Values, *, label: str, things: str) -> str:
    """Show how parts of one, from 0 to 1, are distributed."""
    figure, axes = new_axes("parts")
    axes.hist(parts, np.linspace(0, 1, 11).tolist(), color=TRUTH_COLOUR, alpha=0.75)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel=label, ylabel=things, xlim=(0, 1))
    return as_svg(figure, f"Histogram: {label}")


@styled
def draw_by_frame(frames: Values, parts: Values) -> str:
    """Show a part of one in each frame."""
    figure, axes = new_axes("by-frame")
    axes.plot(frames, parts, "o-", color=TRUTH_COLOUR, ms=3, lw=1.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="frame", ylabel="part kept", ylim=(0, 1.03))
    return as_svg(figure, "Part of the steps kept in each frame")


@styled
def draw_pcc(fields: Values, sub_images: Values, *, unit: str) -> str:
    """Show the PCC of every field, and of its 256 x 256 sub-images."""
    figure, axes = new_axes("pcc")
    groups = [(unit, fields), ("256 px\nsub-images", sub_images)]
    groups = [(name, values) for name, values in groups if values.size]
    random = np.random.default_rng(0)
    for place, (_, values) in enumerate(groups):
        spread = random.uniform(-0.12, 0.12, values.size) if values.size > 1 else 0.0
        axes.plot(place + spread, values, **_dots(values.size), color=INK)
        axes.hlines(np.median(values), place - 0.25, place + 0.25, color=INK, lw=1.5)
    axes.set_xticks(range(len(groups)), [f"{n}\n(n = {v.size})" for n, v in groups])
    lowest = min(float(values.min()) for _, values in groups)
    axes.set(ylabel="PCC", xlim=(-0.6, len(groups) - 0.4))
    axes.set_ylim(min(0.0, lowest - 0.05), 1.02)
    return as_svg(figure, "PCC of fields and sub-images")


def _dots(n: int) -> dict[str, Any]:
    """Smaller and fainter dots when there are many."""
    size, alpha = (5, 0.7) if n < 100 else (3.5, 0.5) if n < 1000 else (2, 0.3)
    return {"marker": "o", "ls": "", "ms": size, "alpha": alpha, "mew": 0}
