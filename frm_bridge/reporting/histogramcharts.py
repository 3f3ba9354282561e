"""Charts of 2D histograms: how often each grey level meets each of the prediction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LogNorm

from frm_bridge.reporting.canvas import INK, QUIET, as_svg, new_axes, styled
from frm_bridge.reporting.figures import draw_pcc
from frm_bridge.reporting.page import Chart
from frm_bridge.reporting.wording import field_title, fixed, number, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Record = Mapping[str, Any]
    Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """One 2D histogram, and how it is framed.

    Attributes
    ----------
    title : str
        Above it.
    table : DataFrame
        ``truth_low``, ``prediction_low``, ``count`` and ``feature_count``.
    bins : mapping
        ``number`` on each axis, and ``low``, ``width`` and ``high`` of ``truth`` and of
        ``prediction``.
    whole : bool
        Whether the axes are those of the camera; else they end where the data do.
    same_unit : bool
        Whether equal levels lie on a line.
    fit : (float, float) or None
        Slope and intercept of a line to draw.
    above : float or None
        Only pixels whose truth is above it are counted.
    """

    title: str
    table: pd.DataFrame
    bins: Mapping[str, Any]
    whole: bool
    same_unit: bool
    fit: tuple[float, float] | None = None
    above: float | None = None


def histogram_charts(
    record: Record, counts: pd.DataFrame, shown: Sequence[Record]
) -> list[Chart]:
    """Draw all fields together or, where bins differ, those on the page one by one.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    counts : DataFrame
        ``histogram.csv``.
    shown : sequence of mapping
        The fields on the page.
    """
    charts: list[Chart] = []
    for place, (view, found) in enumerate(_views(record, counts, shown)):
        charts.append(_chart(view, found["levels"], place))
        feature = found["feature_levels"]
        if feature is not None and feature["pixels"]:
            threshold = record["workflow"]["parameters"]["feature_threshold"]
            near = replace(view, above=threshold, fit=_fit(feature))
            charts.append(_chart(near, feature, place))
    return [*charts, *_correlations(record)]


def _views(
    record: Record, counts: pd.DataFrame, shown: Sequence[Record]
) -> list[tuple[View, Record]]:
    """Give what is drawn, each with the numbers that belong to it."""
    summary = record["summary"]
    whole = bool(record["workflow"]["parameters"].get("bit_depth"))
    if summary["bins"] is not None and len(record["fields"]) > 1:
        title = f"All {unit_of(record)}s together"
        unit = summary["same_unit"]
        return [(View(title, counts, summary["bins"], whole, unit), summary)]
    views = []
    for field in shown:
        own = counts
        if summary["bins"] is None:
            own = counts[counts["field"] == field["name"]]
        view = View(field_title(field), own, field["bins"], whole, summary["same_unit"])
        views.append((replace(view, fit=_fit(field["levels"])), field))
    return views


def _fit(levels: Record) -> tuple[float, float] | None:
    """Give the line of least squares of one field; all together have no one line."""
    slope, intercept = levels["slope"], levels["intercept"]
    return (slope, intercept) if isinstance(slope, float) else None


def _chart(view: View, levels: Record, place: int) -> Chart:
    title = view.title
    if view.above is not None:
        title += f": stain above {number(view.above)}"
    kind = "all" if view.above is None else "feature"
    r = levels["pearson"]
    value = r["mean"] if isinstance(r, dict) else r
    said = [
        f"{number(levels['pixels'])} pixels, the colour is their number on a "
        f"logarithmic scale; correlation {fixed(value)}"
        + (" on average" if isinstance(r, dict) else "")
    ]
    if view.same_unit:
        said.append("dashed: equal levels")
    if view.fit is not None:
        said.append("thin line: least squares")
    svg = draw_histogram(view, salt=f"histogram-{kind}{place}")
    return Chart(title, svg, f"{'; '.join(said)}.")


def _correlations(record: Record) -> list[Chart]:
    """Show the correlation of every field, where there are several."""
    values = np.array(
        [field["levels"]["pearson"] for field in record["fields"]], dtype=float
    )
    known = values[~np.isnan(values)]
    if known.size < 2:
        return []
    unit = unit_of(record)
    svg = draw_pcc(known, known[:0], unit=f"{unit}s")
    text = f"Each dot is the correlation of one {unit}, the bar is the median."
    return [Chart(f"Correlation of each {unit}", svg, text)]


@styled
def draw_histogram(view: View, *, salt: str) -> str:
    """Draw counts by their colour; ``salt`` is a name of its own on the page."""
    figure, axes = new_axes(salt)
    counts, edges = _matrix(view)
    mesh = axes.pcolormesh(
        *edges,
        np.ma.masked_equal(counts.T, 0),
        cmap="viridis",
        norm=LogNorm(1, max(2.0, float(counts.max()))),
        rasterized=True,
    )
    figure.colorbar(mesh, ax=axes, label="pixels", pad=0.02)
    x, y = _limits(view, counts, edges)
    _draw_lines(axes, view, edges)
    _label(axes, same_unit=view.same_unit)
    axes.set(xlim=x, ylim=y)
    return as_svg(figure, f"2D histogram of grey levels: {salt}")


def _draw_lines(axes: Axes, view: View, edges: tuple[Values, Values]) -> None:
    """Draw equal levels, where units agree, and the line of least squares."""
    if view.same_unit:
        levels = np.concatenate(edges)
        ends = np.array([levels.min(), levels.max()])
        axes.plot(ends, ends, color=QUIET, lw=1, ls="--")
        axes.set_aspect("equal", adjustable="box")
    if view.fit is not None:
        ends = edges[0][[0, -1]]
        axes.plot(ends, view.fit[0] * ends + view.fit[1], color=INK, lw=0.9)


def _label(axes: Axes, *, same_unit: bool) -> None:
    unit = "grey levels" if same_unit else "relative units"
    axes.set(xlabel="stain (grey levels)", ylabel=f"prediction ({unit})")


def _matrix(view: View) -> tuple[Values, tuple[Values, Values]]:
    """Give the counts as (truth, prediction), and the edges of the bins of each."""
    n = int(view.bins["number"])
    column = "count" if view.above is None else "feature_count"
    table = view.table[view.table[column] > 0]
    places, edges = [], []
    for side in ("truth", "prediction"):
        low, width = view.bins[side]["low"], view.bins[side]["width"]
        at = (table[f"{side}_low"].to_numpy(float) - low) / width
        places.append(np.rint(at).astype(int))
        edges.append(low + width * np.arange(n + 1, dtype=np.float64))
    counts = np.zeros((n, n))
    np.add.at(counts, tuple(places), table[column].to_numpy(float))
    return counts, (edges[0], edges[1])


def _limits(
    view: View, counts: Values, edges: tuple[Values, Values]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Choose where the axes end: the camera's range, or that of the data."""
    x, y = edges
    least = -np.inf if view.above is None else view.above
    if view.whole:
        return (max(x[0], least), x[-1]), (y[0], y[-1])
    used = [np.flatnonzero(counts.any(axis=axis)) for axis in (1, 0)]
    spans = [
        (float(edge[at[0]]), float(edge[at[-1] + 1]))
        for edge, at in zip(edges, used, strict=True)
    ]
    if view.same_unit:
        both = min(s[0] for s in spans), max(s[1] for s in spans)
        return (max(both[0], least), both[1]), both
    return (max(spans[0][0], least), spans[0][1]), spans[1]
