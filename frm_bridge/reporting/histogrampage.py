"""The page about grey levels: 2D histograms, correlation, line of least squares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.histogramcharts import histogram_charts
from frm_bridge.reporting.page import TOTAL, Page, Table, Tile
from frm_bridge.reporting.panels import choose_fields
from frm_bridge.reporting.sidebyside import side_panels
from frm_bridge.reporting.spread import spread_table
from frm_bridge.reporting.stored import read_table
from frm_bridge.reporting.wording import (
    MINUS,
    NOT_AVAILABLE,
    caution,
    extent,
    field_title,
    fixed,
    number,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Record = Mapping[str, Any]

COLUMNS = (
    "Pixels",
    "Mean, stain",
    "Mean, prediction",
    "Correlation",
    "Slope",
    "Intercept",
)


def histogram_page(record: Record, folder: Path, shown_fields: int) -> Page:
    """Give the page about grey levels.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    folder : Path
        Where it lies, with ``histogram.csv``.
    shown_fields : int
        How many fields are shown as pictures.
    """
    counts = read_table(folder, "histogram")
    shown = choose_fields(record, shown_fields, _correlation)
    return Page(
        template="panels.html.j2",
        headline=_headline(record),
        second_line=_second_line(record),
        tiles=_tiles(record),
        charts=histogram_charts(record, counts, shown),
        charts_first=True,
        charts_title="Grey level against grey level",
        charts_note=_charts_note(record),
        tables=_tables(record),
        reading=_reading(record),
        matching=[_matching(record)],
        facts=[("bins", _bins(record))],
        extra={
            "heading": "Stain, prediction and merge",
            "introduction": "Green: stain. Magenta: prediction. White: both. In the "
            "paper's colours (green, red, and yellow for both) the merge is merge.tif "
            f"in the folder of each {unit_of(record)}.",
            "key": (),
            "pictures": [(field_title(field), side_panels(field)) for field in shown],
        },
    )


def _correlation(field: Record) -> float:
    value = field["levels"]["pearson"]
    return -1.0 if value is None else float(value)


def _headline(record: Record) -> tuple[str, str]:
    levels, same_unit = record["summary"]["levels"], record["summary"]["same_unit"]
    r, slope, intercept = (levels[name] for name in ("pearson", "slope", "intercept"))
    first = f"The grey levels of {extent(record)}"
    if r["mean"] is None:
        return (
            f"{first} have no correlation: an image of each is constant.",
            "A constant image follows nothing.",
        )
    first += f" correlate by {fixed(r['mean'])}"
    if r["n"] > 1:
        first += f" on average ({fixed(r['least'])} to {fixed(r['greatest'])})"
    if not same_unit:
        return f"{first}.", (
            "The prediction is relative: its levels have no unit, and how they follow "
            "those of the stain is told by their correlation alone."
        )
    average = " on average" if slope["n"] > 1 else ""
    return f"{first}.", (
        f"Along the line of least squares the prediction rises by "
        f"{number(slope['mean'], 2)} grey levels with each of the stain{average}, from "
        f"{number(intercept['mean'], 2)} where the stain is 0."
    )


def _second_line(record: Record) -> str:
    feature = record["summary"]["feature_levels"]
    if feature is None:
        return ""
    threshold = number(record["workflow"]["parameters"]["feature_threshold"])
    if feature["pearson"]["mean"] is None:
        return f"Where the stain is above {threshold} there is no correlation."
    return (
        f"Where the stain is above {threshold} ({number(feature['pixels'])} pixels) "
        f"they correlate by {fixed(feature['pearson']['mean'])}."
    )


def _tiles(record: Record) -> list[Tile]:
    summary = record["summary"]
    levels, feature, unit = summary["levels"], summary["feature_levels"], "grey levels"
    r = levels["pearson"]
    tiles = [
        Tile("Correlation", fixed(r["mean"]), f"mean of {r['n']}, all pixels"),
        Tile("Least", fixed(r["least"]), f"greatest {fixed(r['greatest'])}"),
        Tile(
            "Feature regions",
            NOT_AVAILABLE if feature is None else fixed(feature["pearson"]["mean"]),
            "no threshold was given" if feature is None else "correlation, mean",
        ),
        Tile("Mean, stain", number(levels["truth_mean"]), unit),
        Tile(
            "Mean, prediction",
            number(levels["prediction_mean"]),
            unit if summary["same_unit"] else "relative units",
        ),
    ]
    for name, detail in (("slope", "of least squares"), ("intercept", unit)):
        known = summary["same_unit"]
        value = number(levels[name]["mean"]) if known else NOT_AVAILABLE
        tiles.append(
            Tile(name.capitalize(), value, detail if known else "no unit in common")
        )
    return tiles


def _charts_note(record: Record) -> str:
    if record["summary"]["bins"] is not None:
        return ""
    note = (
        f"The bins follow the range of each {unit_of(record)}, so counts cannot be "
        "added"
    )
    if not record["summary"]["same_unit"]:
        return f"{note}."
    return f"{note}: with bit_depth they are those of the camera, and can."


def _bins(record: Record) -> str:
    """Say what the bins are: ``256 of 4, from 0 to 1024, on both axes``."""
    bins = record["summary"]["bins"]
    if bins is None:
        return f"those of each {unit_of(record)}'s own range"
    truth, prediction = (
        "{:g} of {width:g}, from {low:g} to {high:g}".format(
            bins["number"], **bins[side]
        ).replace("-", MINUS)
        for side in ("truth", "prediction")
    )
    if truth == prediction:
        return f"{truth}, on both axes"
    return f"stain {truth}; prediction {prediction}"


def _tables(record: Record) -> list[Table]:
    unit = unit_of(record)
    tables = [_table(record, "levels", f"{unit.capitalize()} by {unit}")]
    if record["summary"]["feature_levels"] is not None:
        threshold = number(record["workflow"]["parameters"]["feature_threshold"])
        title = f"Feature regions: stain above {threshold}"
        tables.append(_table(record, "feature_levels", title))
    levels = record["summary"]["levels"]
    lines = [(f"Correlation of a {unit}", levels["pearson"])]
    if record["summary"]["same_unit"]:
        lines += [(name.capitalize(), levels[name]) for name in ("slope", "intercept")]
    return [*tables, spread_table(lines)]


def _table(record: Record, name: str, title: str) -> Table:
    same_unit = record["summary"]["same_unit"]
    rows = [
        (field_title(field), *_cells(field[name], same_unit=same_unit))
        for field in record["fields"]
    ]
    if len(rows) > 1:
        pooled = record["summary"][name]
        means = {key: pooled[key]["mean"] for key in ("pearson", "slope", "intercept")}
        rows.append((TOTAL, *_cells({**pooled, **means}, same_unit=same_unit)))
    note = (
        "All together: means over all pixels; correlation, slope and intercept are "
        "means of those above."
    )
    return Table(
        title,
        (unit_of(record).capitalize(), *COLUMNS),
        rows,
        note if len(rows) > 1 else "",
    )


def _cells(levels: Record, *, same_unit: bool) -> tuple[str, ...]:
    return (
        number(levels["pixels"]),
        number(levels["truth_mean"]),
        number(levels["prediction_mean"]),
        fixed(levels["pearson"], 3),
        number(levels["slope"]) if same_unit else NOT_AVAILABLE,
        number(levels["intercept"]) if same_unit else NOT_AVAILABLE,
    )


def _reading(record: Record) -> list[str]:
    return [
        "A prediction that equals the stain lies on the dashed line. A cloud below it "
        "is a prediction that is too dark there."
        if record["summary"]["same_unit"]
        else "The prediction has no unit: its axis cannot be compared with that of the "
        "stain, only how one follows the other.",
        "Most pixels are background. They fill one corner of the histogram and weigh "
        "heavily in the correlation, which the feature regions leave out.",
        "Counts are of raw grey levels; nothing was normalised, and no background was "
        "subtracted.",
        *caution(record),
    ]


def _matching(record: Record) -> str:
    summary, unit = record["summary"], unit_of(record)
    text = f"Bins: {_bins(record)}. "
    if summary["fields"] > 1 and summary["bins"] is not None:
        text += f"Counts of all {unit}s were added. "
    return text + (
        "The line of least squares is that of the prediction on the measured levels, "
        f"{unit} by {unit}."
    )
