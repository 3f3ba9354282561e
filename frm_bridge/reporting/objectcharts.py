"""Which charts the report of objects shows, and what each one says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.reporting import figures
from frm_bridge.reporting.displacementcharts import displacement_charts
from frm_bridge.reporting.display import read_side
from frm_bridge.reporting.page import Chart
from frm_bridge.reporting.scales import beyond_axis
from frm_bridge.reporting.wording import level_unit, noun, number, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    Record = Mapping[str, Any]
    Values = NDArray[np.float64]

_PIXELS_PER_FIELD = 250_000


def draw_charts(record: Record, ledger: pd.DataFrame) -> list[Chart]:
    """Draw what there are values for; a chart without any is left out."""
    return [
        *_counts(record),
        *_areas(record, ledger),
        *_displacements(record, ledger),
        _intensities(record),
        *_curve(record),
        *_pcc(record),
    ]


def _counts(record: Record) -> list[Chart]:
    fields = record["fields"]
    if len(fields) < 2:
        return []
    truth, predicted = (
        np.array([field["objects"][key] for field in fields], dtype=float)
        for key in ("truth_count", "predicted_count")
    )
    error = record["summary"]["absolute_count_error_percent"]
    unit = unit_of(record)
    caption = (
        f"One line per {unit}. Mean absolute count error "
        f"{number(error['mean'], 2)} % over {error['n']} {unit}s; without outliers "
        f"{number(error['mean_without_outliers'], 2)} % over "
        f"{error['n_without_outliers']}."
    )
    svg = figures.draw_counts(truth, predicted, things=f"{noun(record)} in the {unit}")
    return [Chart(f"Counts, {unit} by {unit}", svg, caption)]


def _areas(record: Record, ledger: pd.DataFrame) -> list[Chart]:
    objects = record["summary"]["objects"]
    known = all(field["pixel_size_um"] is not None for field in record["fields"])
    unit = "um2" if known else "px"
    if objects["truth_count"] + objects["predicted_count"] == 0:
        return []
    label = "µm²" if unit == "um2" else "px²"
    sides = {side: ledger[ledger["source"] == side] for side in ("truth", "prediction")}
    truth, predicted = (side[f"area_{unit}"].to_numpy(float) for side in sides.values())
    a, b = objects[f"truth_area_{unit}"], objects[f"predicted_area_{unit}"]
    charts = [
        Chart(
            "Areas",
            figures.draw_sides(
                truth, predicted, quantity="area", unit=label, things=noun(record)
            ),
            f"Mean {number(a['mean'])} {label} on the stain, {number(b['mean'])} "
            f"{label} on the prediction; without outliers "
            f"{number(a['mean_without_outliers'])} "
            f"({a['n_without_outliers']} of {a['n']}) and "
            f"{number(b['mean_without_outliers'])} ({b['n_without_outliers']} of "
            f"{b['n']}). Dashed: medians.",
        )
    ]
    matched = sides["prediction"].query("status == 'matched'")
    if len(matched):
        partner = sides["truth"].set_index(["field", "label"])[f"area_{unit}"]
        keys = list(zip(matched["field"], matched["partner"].astype(int), strict=True))
        pairs = partner.loc[keys].to_numpy(float)
        own = matched[f"area_{unit}"].to_numpy(float)
        ratio = objects["area_ratio"]
        charts.append(
            Chart(
                f"Area of each matched {noun(record)[:-1].replace('nucle', 'nucleus')}",
                figures.draw_pairs(pairs, own, quantity="area", unit=label),
                f"Ratio prediction / stain: median {number(ratio['median'])}, mean "
                f"{number(ratio['mean'])} (n = {ratio['n']}); without outliers mean "
                f"{number(ratio['mean_without_outliers'])} (n = "
                f"{ratio['n_without_outliers']})."
                + _beyond(np.concatenate([pairs, own])),
            )
        )
    return charts


def _displacements(record: Record, ledger: pd.DataFrame) -> list[Chart]:
    objects = record["summary"]["objects"]
    if not objects["displacement_px"]["n"]:
        return []
    matched = ledger[
        (ledger["source"] == "prediction") & (ledger["status"] == "matched")
    ]
    columns = matched.rename(
        columns={
            "displacement_px": "distance_px",
            "displacement_um": "distance_um",
            "shift_x_px": "dx_px",
            "shift_y_px": "dy_px",
        }
    )
    return displacement_charts(columns, objects, things=noun(record))


def _beyond(values: Values) -> str:
    count = beyond_axis(values)
    return f" {count} beyond the axis." if count else ""


def _intensities(record: Record) -> Chart:
    unit = level_unit(record["fields"][0], "prediction")
    truth, predicted = (
        np.concatenate([_sample(field, side) for field in record["fields"]])
        for side in ("truth", "prediction")
    )
    return Chart(
        "Grey levels, pixel by pixel",
        figures.draw_intensities(truth, predicted, unit=unit),
        f"Prediction against stain, {truth.size:,} pixels on a regular grid of all "
        f"{unit_of(record)}s; the colour is their number on a logarithmic scale.",
    )


def _sample(field: Record, side: str) -> Values:
    """Take pixels on a regular grid, the same one on both sides."""
    plane = read_side(field, side)
    step = max(1, int(np.ceil(np.sqrt(plane.size / _PIXELS_PER_FIELD))))
    return plane[::step, ::step].astype(np.float64).ravel()


def _curve(record: Record) -> list[Chart]:
    curve = [(iou, f1) for iou, f1 in record["summary"]["objects"]["f1_at"]]
    if all(f1 is None for _, f1 in curve):
        return []
    chosen = record["settings"]["min_iou"]
    return [
        Chart(
            "How strict the matching is",
            figures.draw_f1_curve(curve, chosen),
            f"F1 for other least overlaps than the {chosen:g} used here. A curve that "
            "falls early means that outlines differ, though places agree.",
        )
    ]


def _pcc(record: Record) -> list[Chart]:
    pixels = [field["pixels"] for field in record["fields"]]
    fields, tiles = (
        np.array([score for score in scores if score is not None], dtype=float)
        for scores in (
            [one["pcc"] for one in pixels],
            [score for one in pixels for score in one["sub_image_pcc"]],
        )
    )
    if fields.size + tiles.size < 2:
        return []
    return [
        Chart(
            "Pearson correlation",
            figures.draw_pcc(fields, tiles, unit=f"{unit_of(record)}s"),
            f"PCC of whole {unit_of(record)}s, and of their 256 x 256 px sub-images "
            "(the paper's unit). Sub-images of background alone have a PCC near 0 even "
            "for a perfect network. Bars: medians.",
        )
    ]
