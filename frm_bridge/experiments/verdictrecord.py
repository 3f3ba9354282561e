"""The record of a verdict, as JSON and as a table."""

from __future__ import annotations

import csv
import dataclasses
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import frm_bridge
from frm_bridge.comparison.changes import in_unit, place_between
from frm_bridge.comparison.folder import RECORD as COMPARISON
from frm_bridge.comparison.intervals import CONFIDENCE, RESAMPLES, SEED
from frm_bridge.experiments.verdictfolder import RECORD, TABLE
from frm_bridge.models.card import file_sha256
from frm_bridge.outputs import write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frm_bridge.comparison.changes import Measurement
    from frm_bridge.comparison.question import Question
    from frm_bridge.experiments.levels import Level
    from frm_bridge.experiments.verdict import Verdict

SCHEMA = 1


def write_record(verdict: Verdict, comparison: Mapping[str, Any]) -> None:
    """Write the table of the fields, and ``verdict.json``."""
    content = describe(verdict, comparison)
    text = io.StringIO()
    table = csv.DictWriter(text, list(content["fields"][0]), lineterminator="\n")
    table.writeheader()
    table.writerows(content["fields"])
    write_text(verdict.output / TABLE, text.getvalue(), overwrite=False)
    write_json(verdict.output / RECORD, content, overwrite=False)


def describe(verdict: Verdict, comparison: Mapping[str, Any]) -> dict[str, Any]:
    """Give all that ``verdict.json`` holds; what is not available is None."""
    question, judgement = verdict.question, verdict.judgement
    unit = "ln(prediction / truth)" if question.is_ratio else question.unit
    return {
        "schema": SCHEMA,
        "verdict": judgement.answer,
        "because": judgement.because,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": frm_bridge.__version__,
        "question": dataclasses.asdict(question),
        "estimand": {
            "what": "mean over independent fields",
            "unit": unit,
            "limits": list(judgement.limits),
            "confidence": CONFIDENCE,
            "interval": "the farther end of Student's t and bootstrap-t on either side",
            "resamples": RESAMPLES,
            "seed": SEED,
        },
        "result": _measurement(question, judgement.measured),
        "levels": [_level(question, level) for level in verdict.levels],
        "place": place(verdict),
        "fields": [
            {
                **dataclasses.asdict(change),
                "in_unit": None
                if change.value is None
                else in_unit(question, change.value),
            }
            for change in judgement.changes
        ],
        "warnings": list(verdict.warnings),
        "comparison": {
            "folder": str(verdict.comparison.resolve()),
            "sha256": file_sha256(verdict.comparison / COMPARISON),
            "created": comparison["created"],
            "workflow": comparison["workflow"],
        },
    }


def place(verdict: Verdict) -> float | None:
    """Say where the typical error lies between the floor's (0) and the ceiling's (1).

    The floor is the better one of those that were measured.
    """
    floors, ceilings = (_typical(verdict.levels, role) for role in ("floor", "ceiling"))
    return place_between(
        verdict.judgement.measured.typical,
        min(floors, default=None),
        min(ceilings, default=None),
    )


def _typical(levels: tuple[Level, ...], role: str) -> list[float]:
    return [
        level.measured.typical
        for level in levels
        if level.role == role
        and level.measured is not None
        and level.measured.typical is not None
    ]


def _level(question: Question, level: Level) -> dict[str, Any]:
    return {
        "name": level.name,
        "role": level.role,
        "left_out": level.left_out,
        "result": None
        if level.measured is None
        else _measurement(question, level.measured),
    }


def _measurement(question: Question, measured: Measurement) -> dict[str, Any]:
    """Give a measurement as it was made, and in the question's unit."""
    ends = measured.interval
    return {
        **dataclasses.asdict(measured),
        "interval": None if ends is None else list(ends),
        "in_unit": {
            "unit": question.unit,
            "estimate": None
            if measured.estimate is None
            else in_unit(question, measured.estimate),
            "interval": None if ends is None else [in_unit(question, e) for e in ends],
            "typical": None
            if measured.typical is None
            else in_unit(question, measured.typical),
        },
    }
