"""Tiles and tables of objects, ready to print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.fieldrows import rows_by_field
from frm_bridge.reporting.page import Table, Tile
from frm_bridge.reporting.spread import spread_table
from frm_bridge.reporting.wording import (
    displacement,
    error_percent,
    fixed,
    noun,
    number,
    percent,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]


def tiles(record: Record) -> list[Tile]:
    """Give the numbers that matter most."""
    o, things = record["summary"]["objects"], noun(record)
    pcc = record["summary"]["pcc"]
    many = record["summary"]["fields"] > 1
    return [
        Tile(
            f"{things.capitalize()} counted",
            f"{number(o['truth_count'])} → {number(o['predicted_count'])}",
            f"stain → prediction, {error_percent(o['count_error_percent'])}",
        ),
        Tile(
            "Recall",
            percent(o["recall"]),
            f"{o['matched']} of {o['truth_count']} stained {things} found",
        ),
        Tile(
            "Precision",
            percent(o["precision"]),
            f"{o['matched']} of {o['predicted_count']} predicted are on the stain",
        ),
        Tile(
            "F1", fixed(o["f1"]), f"overlap ≥ {record['settings']['min_iou']:g} (IoU)"
        ),
        Tile(
            "Area bias",
            error_percent(o["area_bias_percent"]),
            f"mean area of all {things}",
        ),
        _displacement_tile(o),
        Tile(
            "PCC",
            fixed(pcc["mean"]),
            _pcc_detail(record) if many else "all pixels",
        ),
    ]


def _pcc_detail(record: Record) -> str:
    """Say what the mean is over; empty fields raise or lower it, so P stands by."""
    summary, unit = record["summary"], unit_of(record)
    p = summary["p_fields"]
    if p is None:
        return f"mean of {summary['pcc']['n']} {unit}s, all pixels"
    return (
        f"mean of {summary['pcc']['n']} {unit}s; P {fixed(p['mean'])} over the "
        f"{p['n_kept']} with signal"
    )


def _displacement_tile(o: Record) -> Tile:
    px, um = o["displacement_px"]["median"], o["displacement_um"]["median"]
    if px is None or um is None:
        value = displacement(o, "median")
        return Tile("Displacement", value, "median, centroid to centroid")
    return Tile("Displacement", f"{number(um, 2)} µm", f"{number(px, 2)} px, median")


FIELD_COLUMNS = (
    "Field",
    "Stain",
    "Prediction",
    "Count error",
    "Missed",
    "Invented",
    "Recall",
    "Precision",
    "F1",
    "Area ratio",
    "Displacement",
    "PCC",
)


def field_rows(record: Record) -> list[tuple[str, ...]]:
    """Give one row per field, and one for all fields together."""
    return rows_by_field(record, "objects", _cells)


def _cells(o: Record, pcc: float | None) -> tuple[str, ...]:
    error = number(o["count_error"], sign=True) if o["count_error"] else "0"
    if o["count_error_percent"] is not None:
        error += f" ({error_percent(o['count_error_percent'])})"
    return (
        number(o["truth_count"]),
        number(o["predicted_count"]),
        error,
        number(o["missed"]),
        number(o["invented"]),
        percent(o["recall"]),
        percent(o["precision"]),
        fixed(o["f1"]),
        fixed(o["area_ratio"]["median"]),
        displacement(o, "median"),
        fixed(pcc, 3),
    )


def score_table(record: Record) -> Table:
    """Give the pooled distributions: all values, and without outliers."""
    summary = record["summary"]
    o, things, unit = summary["objects"], noun(record), unit_of(record)
    lines = [
        (
            f"Count error per {unit}, absolute (%)",
            summary["absolute_count_error_percent"],
        ),
        (f"Area of stained {things} (px²)", o["truth_area_px"]),
        (f"Area of predicted {things} (px²)", o["predicted_area_px"]),
        (f"Area of stained {things} (µm²)", o["truth_area_um2"]),
        (f"Area of predicted {things} (µm²)", o["predicted_area_um2"]),
        ("Area ratio, prediction / stain", o["area_ratio"]),
        ("Centroid displacement (px)", o["displacement_px"]),
        ("Centroid displacement (µm)", o["displacement_um"]),
        (f"PCC of a {unit}", summary["pcc"]),
        (f"Segmentation PCC of a {unit}", summary["segmentation_pcc"]),
    ]
    return spread_table(lines)
