"""The report's tiles and tables, ready to print."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.wording import (
    displacement,
    error_percent,
    field_title,
    fixed,
    noun,
    number,
    percent,
    pixel_size,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]
    Rows = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Tile:
    """One number in large letters, and what it is."""

    name: str
    value: str
    detail: str


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


TOTAL = "All together"
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
    rows = [
        (field_title(field), *_cells(field["objects"], field["pixels"]["pcc"]))
        for field in record["fields"]
    ]
    if len(rows) > 1:
        summary = record["summary"]
        rows.append((TOTAL, *_cells(summary["objects"], summary["pcc"]["mean"])))
    return rows


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


def score_rows(record: Record) -> list[tuple[str, str, str, str, str]]:
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
    return [
        (
            name,
            _mean_sd(d),
            number(d["median"]),
            number(d["n"]),
            f"{number(d['mean_without_outliers'])} (n = {d['n_without_outliers']})",
        )
        for name, d in lines
        if d["n"]
    ]


def _mean_sd(d: Record) -> str:
    if d["n"] == 1:  # one value has no spread
        return number(d["mean"])
    return f"{number(d['mean'])} ± {number(d['sd'], 2)}"


def fact_tables(record: Record) -> list[tuple[str, Rows]]:
    """Give everything that made the numbers: parameters, model, files, versions."""
    workflow, settings = record["workflow"], record["settings"]
    return [
        (
            f"Workflow: {workflow['name']}",
            [
                *(
                    (name, _value(value))
                    for name, value in workflow["parameters"].items()
                ),
                ("script", workflow["script"]),
                ("digest of script and parameters", workflow["sha256"]),
            ],
        ),
        (
            "Comparison",
            [
                ("matching", settings["matching"]),
                ("pixel size", pixel_size(record)),
                ("least overlap (IoU)", f"{settings['min_iou']:g}"),
                (
                    "signal threshold (grey levels)",
                    _value(settings["signal_threshold"]),
                ),
                *_signal_rows(record["summary"], unit_of(record)),
                (
                    "outliers",
                    f"{settings['outliers']['rule']}, more than "
                    f"{settings['outliers']['mads']:g} scaled MADs",
                ),
            ],
        ),
        ("Prediction", _model_rows(record)),
        ("Versions", [*record["versions"].items(), ("compared", record["created"])]),
        ("Files (SHA-256)", _file_rows(record)),
    ]


def _value(value: Any) -> str:
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _signal_rows(summary: Record, unit: str) -> Rows:
    """Write P in both units, beside the mean over all images (CL-146)."""
    rows = []
    for key, what in (
        ("p_fields", f"{unit}s"),
        ("p_sub_images", "256 px sub-images"),
    ):
        score = summary[key]
        name = f"P, {what}"
        if score is None:
            rows.append((name, "n/a: it needs a signal threshold"))
            continue
        removed = score["without_outliers"]
        rows.append(
            (
                name,
                f"{fixed(score['mean'], 3)} ± {fixed(score['sd'], 3)} over "
                f"{score['n_kept']} with signal of {score['n_total']}; without "
                f"outliers {fixed(_mean(removed['kept']), 3)} over "
                f"{removed['n_after']} of {removed['n_before']}; mean PCC over all: "
                f"{fixed(score['mean_all'], 3)}",
            )
        )
    return rows


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _model_rows(record: Record) -> Rows:
    """Give what the prediction files say, once where they agree."""
    said: dict[str, list[str]] = {}
    for field in record["fields"]:
        for key, value in field["prediction"]["provenance"].items():
            name = key.removeprefix("frm_bridge.")
            if value not in said.setdefault(name, []):
                said[name].append(value)
    rows = [(name, "; ".join(values)) for name, values in said.items()]
    card = record["model"]
    if card is not None:
        rows += [
            (f"card: {name}", str(card[name]))
            for name in ("name", "modality", "marker", "licence", "citation")
            if card[name]
        ]
    return rows or [("origin", "the prediction files do not say")]


def _file_rows(record: Record) -> Rows:
    return [
        (f"{side}: {Path(field[side]['path']).name}", field[side]["sha256"])
        for field in record["fields"]
        for side in ("truth", "prediction", "transmitted")
        if field[side] is not None
    ]
