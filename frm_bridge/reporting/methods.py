"""The Methods paragraph, ready to paste."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.steps import steps
from frm_bridge.reporting.wording import extent, pixel_size, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Record = Mapping[str, Any]


def methods(record: Record, matching: Sequence[str]) -> str:
    """Write the Methods paragraph.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    matching : sequence of str
        What this kind of comparison does with the two answers, in sentences.
    """
    settings, versions = record["settings"], record["versions"]
    return " ".join(
        [
            _origin(record),
            f"Measured and predicted fluorescence of {extent(record)} were analysed "
            f"{_manner(record)} with one and the same ImageJ {versions['imagej']} "
            f"workflow (Schneider et al., 2012): {steps(record)}.",
            *matching,
            _pixel_size_sentence(record),
            "The Pearson correlation coefficient (PCC) was taken over all pixels of a "
            f"{unit_of(record)}{_signal(settings['signal_threshold'])}.",
            "Where outliers were removed, values more than three scaled median "
            "absolute deviations from the median were left out (MATLAB rmoutliers); "
            "the numbers before and after are given.",
            f"Comparison: frm_bridge {versions['frm_bridge']}, Python "
            f"{versions['python']}, scikit-image {versions['scikit-image']}, SciPy "
            f"{versions['scipy']}. Workflow digest "
            f"{record['workflow']['sha256'][:12]}.",
        ]
    )


def _manner(record: Record) -> str:
    """Say whether the workflow saw truth and prediction together."""
    together = all(field["runs"] == ["pair"] for field in record["fields"])
    return "pair by pair" if together else "independently"


def _origin(record: Record) -> str:
    """Say which models predicted, as far as the files tell."""
    told = [_models_in(field["prediction"]["provenance"]) for field in record["fields"]]
    models = list(dict.fromkeys(model for models in told for model in models))
    if not models:
        return (
            "Fluorescence was predicted from transmitted light [the prediction files "
            "do not name their model: name it here]."
        )
    silent = told.count(())
    gap = f" [{silent} of {len(told)} predictions do not name theirs]" if silent else ""
    nouns = "model" if len(models) == 1 else "models"
    return (
        f"Fluorescence was predicted from transmitted light with the {nouns} "
        f"{' and '.join(models)}{gap}, convolutional after LaChance & Cohen (2020)."
    )


def _models_in(said: Record) -> tuple[str, ...]:
    """Name the models of one prediction file, and what ran them."""
    keys = [key for key in said if re.fullmatch(r"frm_bridge\.model(\.\d+)?", key)]
    return tuple(
        f"'{said[key]}' (SHA-256 {said.get(f'{key}.sha256', 'unknown')[:12]}, ONNX "
        f"Runtime, {said.get(f'{key}.provider', 'an unnamed device')})"
        for key in keys
    )


def _pixel_size_sentence(record: Record) -> str:
    if all(field["pixel_size_um"] is None for field in record["fields"]):
        return "The images have no pixel size, and lengths are in pixels."
    return f"Pixel size: {pixel_size(record)}."


def _signal(threshold: float | None) -> str:
    if threshold is None:
        return ""
    return (
        f"; P is its mean over the images with any true pixel above {threshold:g} grey "
        "levels, and the segmentation PCC is taken over those pixels only (LaChance & "
        "Cohen, 2020)"
    )
