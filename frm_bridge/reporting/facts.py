"""Everything that made the numbers: parameters, model, files, versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.wording import fixed, pixel_size, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]
    Rows = list[tuple[str, str]]


def fact_tables(record: Record, matching: Rows) -> list[tuple[str, Rows]]:
    """Give everything that made the numbers: parameters, model, files, versions.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    matching : list of (str, str)
        How this kind of comparison matches.
    """
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
                *matching,
                ("pixel size", pixel_size(record)),
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
