"""Charts as inline SVG. Truth is green, the prediction magenta, everywhere."""

from __future__ import annotations

import functools
import io
import re
from typing import TYPE_CHECKING, Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

P = ParamSpec("P")

# Okabe & Ito's bluish green and reddish purple, darkened for thin lines: told apart by
# every kind of colour vision.
TRUTH_COLOUR = "#00805d"
PREDICTION_COLOUR = "#b5418b"
INK = "#333a44"
QUIET = "#8a929c"

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
}
_SIZE = (3.7, 2.9)


def _styled(draw: Callable[P, str]) -> Callable[P, str]:
    """Draw in the report's style, whatever the caller's own settings are."""

    @functools.wraps(draw)
    def styled(*args: P.args, **options: P.kwargs) -> str:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_STYLE)
            return draw(*args, **options)

    return styled


@_styled
def draw_sides(
    truth: Values, predicted: Values, *, quantity: str, unit: str, things: str
) -> str:
    """Compare the distributions of a quantity; dashed lines at the medians."""
    figure, axes = _new(quantity)
    both = np.concatenate([truth, predicted])
    top = _top(both)
    bins = _bins(top, both.size)
    for values, colour, name in (
        (truth, TRUTH_COLOUR, "stain"),
        (predicted, PREDICTION_COLOUR, "prediction"),
    ):
        if values.size == 0:
            continue
        shown = np.clip(values, None, top)
        label = f"{name} (n = {values.size})"
        axes.hist(shown, bins, histtype="stepfilled", color=colour, alpha=0.22)
        axes.hist(shown, bins, histtype="step", color=colour, lw=1.4, label=label)
        axes.axvline(float(np.median(values)), color=colour, lw=1.2, ls="--")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel=f"{quantity} ({unit})", ylabel=things, xlim=(0, top))
    axes.legend(loc="upper right")
    return _svg(figure, f"Histogram of {quantity}, stain and prediction")


@_styled
def draw_area_pairs(truth: Values, predicted: Values, *, unit: str) -> str:
    """Plot the predicted area of each matched nucleus against the true one."""
    figure, axes = _new("area-pairs")
    top = _top(np.concatenate([truth, predicted]))
    axes.plot([0, top], [0, top], color=QUIET, lw=1, ls="--")
    axes.text(top * 0.9, top * 0.97, "equal", color=QUIET, ha="right", fontsize=8)
    axes.plot(truth, predicted, **_dots(truth.size), color=INK)
    axes.set(
        xlabel=f"area on the stain ({unit})",
        ylabel=f"area on the prediction ({unit})",
        xlim=(0, top),
        ylim=(0, top),
        aspect="equal",
    )
    return _svg(figure, "Predicted against true area of matched nuclei")


@_styled
def draw_displacement(distance: Values, *, unit: str, things: str) -> str:
    """Show how far the predicted centroids are from the true ones."""
    figure, axes = _new("displacement")
    top = _top(distance)
    bins = _bins(top, distance.size)
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
    return _svg(figure, "Histogram of centroid displacement")


@_styled
def draw_register(dx: Values, dy: Values) -> str:
    """Show where the displacements point: off centre means out of register."""
    figure, axes = _new("register")
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
    axes.legend(loc="upper right")
    return _svg(figure, "Direction of centroid displacements")


@_styled
def draw_intensities(truth: Values, predicted: Values, *, unit: str) -> str:
    """Plot predicted against true grey levels, coloured by the number of pixels."""
    figure, axes = _new("intensities")
    sides = (truth, predicted)
    ranges = [np.percentile(v, [0.05, 99.95]).tolist() for v in sides]
    edges = [_edges(v, *limits) for v, limits in zip(sides, ranges, strict=True)]
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
    return _svg(figure, "Joint histogram of grey levels")


@_styled
def draw_f1_curve(curve: Sequence[tuple[float, float | None]], chosen: float) -> str:
    """Show how the F1 score hangs on the overlap that a match must have."""
    figure, axes = _new("f1-curve")
    points = [(iou, f1) for iou, f1 in curve if f1 is not None]
    axes.plot(*zip(*points, strict=True), "o-", color=INK, ms=4, lw=1.3)
    axes.axvline(chosen, color=PREDICTION_COLOUR, lw=1.2, ls="--")
    axes.text(chosen + 0.02, 0.03, "used here", color=PREDICTION_COLOUR, fontsize=8)
    axes.set(xlabel="overlap needed for a match (IoU)", ylabel="F1")
    axes.set(xlim=(0, 1), ylim=(0, 1.03))
    return _svg(figure, "F1 against the overlap needed for a match")


@_styled
def draw_counts(truth: Values, predicted: Values, *, things: str) -> str:
    """Join the counts of every field on stain and prediction."""
    figure, axes = _new("counts")
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
    return _svg(figure, "Counts of every field on stain and prediction")


@_styled
def draw_parts(parts: Values, *, label: str, things: str) -> str:
    """Show how parts of one, from 0 to 1, are distributed."""
    figure, axes = _new("parts")
    axes.hist(parts, np.linspace(0, 1, 11).tolist(), color=TRUTH_COLOUR, alpha=0.75)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel=label, ylabel=things, xlim=(0, 1))
    return _svg(figure, f"Histogram: {label}")


@_styled
def draw_by_frame(frames: Values, parts: Values) -> str:
    """Show a part of one in each frame."""
    figure, axes = _new("by-frame")
    axes.plot(frames, parts, "o-", color=TRUTH_COLOUR, ms=3, lw=1.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="frame", ylabel="part kept", ylim=(0, 1.03))
    return _svg(figure, "Part of the steps kept in each frame")


@_styled
def draw_pcc(fields: Values, sub_images: Values, *, unit: str) -> str:
    """Show the PCC of every field, and of its 256 x 256 sub-images."""
    figure, axes = _new("pcc")
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
    return _svg(figure, "PCC of fields and sub-images")


def _new(salt: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    figure.set_gid(salt)
    return figure, figure.add_subplot()


def _dots(n: int) -> dict[str, Any]:
    """Smaller and fainter dots when there are many."""
    size, alpha = (5, 0.7) if n < 100 else (3.5, 0.5) if n < 1000 else (2, 0.3)
    return {"marker": "o", "ls": "", "ms": size, "alpha": alpha, "mew": 0}


def _top(values: Values) -> float:
    """Give an axis limit that a few giants do not stretch; they lie beyond it."""
    usual = 2.0 * float(np.percentile(values, 95))
    return min(float(values.max()) * 1.05, usual) or 1.0


def beyond_axis(values: Values) -> int:
    """Say how many values lie beyond the limit that the charts choose."""
    return int(np.sum(values > _top(values)))


def _edges(values: Values, low: float, high: float) -> Values:
    """Give about 90 bins; of whole grey levels each bin holds equally many."""
    if high <= low:
        return np.array([low - 0.5, low + 0.5])
    if np.any(values % 1):
        return np.linspace(low, high, 91)
    width = max(1, round((high - low) / 90))
    return np.arange(np.floor(low) - 0.5, high + width, width)


def _bins(top: float, n: int) -> list[float]:
    """Give edges from 0, more of them for more values."""
    count = int(np.clip(np.sqrt(n) * 1.5, 8, 40))
    return [float(edge) for edge in np.linspace(0, top, count + 1)]


def _svg(figure: Figure, label: str) -> str:
    """Write a figure as one ``<svg>`` element, without a header that names files."""
    stream = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    # NB: the salt keeps the ids of two charts apart, and the same in every run.
    mpl.rcParams["svg.hashsalt"] = figure.get_gid()
    figure.savefig(stream, format="svg", metadata=nothing, transparent=True)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
