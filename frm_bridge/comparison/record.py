"""The record of a comparison, as JSON and as a table row."""

from __future__ import annotations

import dataclasses
import json
import math
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import frm_bridge
from frm_bridge.comparison.fields import PREDICTION, TRUTH, is_relative
from frm_bridge.comparison.outliers import MAD_LIMIT, MAD_SCALE
from frm_bridge.comparison.pixels import SUB_IMAGE_PX
from frm_bridge.models.card import file_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from frm_bridge.comparison.fields import Field
    from frm_bridge.comparison.pixels import PixelAgreement
    from frm_bridge.comparison.results import (
        CompareSettings,
        Comparison,
        MeasuredField,
    )
    from frm_bridge.imagej import Workflow, WorkflowResult
    from frm_bridge.models.card import ModelCard

SCHEMA = 1
LIBRARIES = ("numpy", "scipy", "scikit-image", "pandas", "tifffile")
_NO_PCC = "PCC is not available, an image is constant"
_COPIES = "PCC is 1: are truth and prediction copies of one image?"
_EQUAL = 1e-9  # what rounding may take from a PCC of 1
_NAMED = 4
MATCHING_RULE = (
    "one to one by intersection over union (Hungarian method: most pairs, then "
    "greatest total overlap)"
)


def describe(
    comparison: Comparison,
    workflow: Workflow,
    settings: CompareSettings,
    card: ModelCard | None,
) -> dict[str, Any]:
    """Give all that ``comparison.json`` holds; what is not available is None."""
    content = {
        "schema": SCHEMA,
        "kind": comparison.kind,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": _versions(comparison),
        "workflow": {
            "name": workflow.name,
            "things": _first_result(comparison).things,
            "script": workflow.script.name,
            "is_shipped": workflow.is_shipped,
            "sha256": workflow.sha256,
            "parameters": dict(workflow.parameters),
        },
        "settings": {
            "min_iou": settings.min_iou,
            "matching": MATCHING_RULE,
            "signal_threshold": settings.signal_threshold,
            "match_distance_px": settings.match_distance_px,
            "pixel_size_is_given": comparison.fields[0].field.pixel_size_is_given,
            "sub_image_px": SUB_IMAGE_PX,
            "outliers": {
                "rule": "MATLAB rmoutliers, method 'median', one pass",
                "mads": MAD_LIMIT,
                "mad_scale": MAD_SCALE,
            },
        },
        "model": None if card is None else json.loads(card.to_json()),
        "summary": dataclasses.asdict(comparison.summary),
        "fields": [
            _describe_field(one, comparison.output) | comparison.describe_field(index)
            for index, one in enumerate(comparison.fields)
        ],
        "warnings": list(comparison.warnings),
    }
    return {key: _plain(value) for key, value in content.items()}


def field_columns(field: Field) -> dict[str, Any]:
    """Give the columns of ``fields.csv`` that say which field it is."""
    return {
        "field": field.name,
        "image": field.image,
        **{axis.lower(): _place(field).get(axis) for axis in "TZC"},
        "width_px": field.width,
        "height_px": field.height,
        "pixel_size_um": field.pixel_size_um,
    }


def pixel_columns(pixels: PixelAgreement) -> dict[str, Any]:
    """Give the columns of ``fields.csv`` on pixels."""
    return {
        "pcc": pixels.pcc,
        "segmentation_pcc": pixels.segmentation_pcc,
        "signal": pixels.signal,
        "mse": pixels.mse,
        "mse_truth_sd": pixels.mse_truth_sd,
    }


def collect_warnings(
    fields: Sequence[MeasuredField], settings: CompareSettings
) -> tuple[str, ...]:
    """Gather what the reader of the numbers must know, each thing once."""
    of: dict[str, list[str]] = {}
    for one in fields:
        for side, result in one.results.items():
            for warning in result.warnings:
                of.setdefault(warning, []).append(f"{one.field.name}, {side}")
        pcc = one.pixels.pcc
        if pcc is None:
            of.setdefault(_NO_PCC, []).append(one.field.name)
        elif pcc > 1 - _EQUAL:
            of.setdefault(_COPIES, []).append(one.field.name)
    said = dict.fromkeys(f"{text}: {_named(names)}" for text, names in of.items())
    if any(one.field.pixel_size_um is None for one in fields):
        said[
            "uncalibrated: the files give no pixel size, so lengths are in px only"
        ] = None
    if settings.signal_threshold is None:
        said[
            "no signal threshold was given: P and segmentation PCC are not available"
        ] = None
    if any(is_relative(one.provenance) for one in fields):
        said[
            "the prediction is relative: its intensity has no unit and is not usable"
        ] = None
    return tuple(said)


def _first_result(comparison: Comparison) -> WorkflowResult:
    return next(iter(comparison.fields[0].results.values()))


def _describe_field(one: MeasuredField, output: Path) -> dict[str, Any]:
    field = one.field
    folder = next(iter(one.results.values())).output.parent
    return {
        "name": field.name,
        "image": field.image,
        "folder": folder.relative_to(output).as_posix(),
        "runs": list(one.results),
        "plane": field.plane + 1,
        "planes": [plane + 1 for plane in field.planes],
        "place": _place(field),
        "height": field.height,
        "width": field.width,
        "pixel_size_um": field.pixel_size_um,
        "truth": _describe_file(field.truth, field, TRUTH),
        "prediction": {
            **_describe_file(field.prediction, field, PREDICTION),
            "provenance": dict(one.provenance),
        },
        "transmitted": None
        if field.transmitted is None
        else _describe_file(field.transmitted, field, "transmitted"),
        "pixels": dataclasses.asdict(one.pixels),
    }


def _describe_file(path: Path, field: Field, role: str) -> dict[str, Any]:
    return {
        "path": str(path.resolve()),
        "sha256": file_sha256(path),
        "channel": field.channels.get(role),
    }


def _place(field: Field) -> dict[str, int]:
    """Give a plane's place on its axes, counted from 1 as ImageJ does."""
    return {axis: index + 1 for axis, index in field.place.items()}


def _named(names: Sequence[str]) -> str:
    """Name a few, and say how many more there are."""
    shown = "; ".join(names[:_NAMED])
    rest = len(names) - _NAMED
    return f"{shown} and {rest} more" if rest > 0 else shown


def _versions(comparison: Comparison) -> dict[str, str]:
    """Give the versions of what made the numbers."""
    return {
        "frm_bridge": frm_bridge.__version__,
        "imagej": _first_result(comparison).imagej_version,
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def _plain(value: Any) -> Any:
    """Turn tuples into lists and a stray NaN into None: JSON has neither."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
