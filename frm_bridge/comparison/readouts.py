"""What a comparison measured, one number a field and side: what a question is about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from frm_bridge.comparison.fields import is_relative
from frm_bridge.comparison.folder import RECORD
from frm_bridge.errors import InputError
from frm_bridge.training.pairs import group_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from frm_bridge.comparison.question import Question

    Record = Mapping[str, Any]
    Pair = tuple[float | None, float | None]

LEAST_MATCHED = 0.5
"""Part of the true objects with a partner from which a field's places are known."""


@dataclass(frozen=True, slots=True)
class Readout:
    """The answer of a workflow on one field.

    Attributes
    ----------
    field : str
        Its name in the comparison.
    group : str
        The independent field that it belongs to: a position or well.
    truth, prediction : float or None
        What was measured on either side; None where there was nothing to measure. Of
        centroids, 0 and the mean distance of the matched.
    """

    field: str
    group: str
    truth: float | None
    prediction: float | None


@dataclass(frozen=True, slots=True)
class Readouts:
    """The answers on all fields.

    Attributes
    ----------
    values : tuple of Readout
        By field.
    is_counted : bool
        Whether they are numbers of things, so that 0 is an answer.
    has_unit : bool
        Whether the values of the prediction have a unit at all; grey levels of a
        relative prediction have none.
    notes : tuple of str
        What a reader must know.
    """

    values: tuple[Readout, ...]
    is_counted: bool
    has_unit: bool = True
    notes: tuple[str, ...] = ()


def read_record(folder: Path) -> dict[str, Any]:
    """Read ``comparison.json``.

    Raises
    ------
    InputError
        ``E_COMPARISON``.
    """
    path = folder / RECORD
    if not path.is_file():
        raise InputError(
            "E_COMPARISON",
            f"{folder} holds no {RECORD}",
            "run 'frm-bridge compare' into this folder first, or give --truth and "
            "--prediction",
        )
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def read_readouts(
    folder: Path, question: Question, *, group_by: str | None = None
) -> Readouts:
    """Read from a comparison what a question is about.

    Parameters
    ----------
    folder : Path
        That :func:`frm_bridge.comparison.compare` wrote.
    question : Question
        It must suit the workflow.
    group_by : str, optional
        Regular expression for the group in an image's stem, as for
        :func:`frm_bridge.training.pairs.find_pairs`.

    Raises
    ------
    InputError
        ``E_QUESTION``, ``E_COMPARISON``, ``E_GROUP_BY``.
    """
    record = read_record(folder)
    find = _KINDS.get(record["kind"])
    if find is None:
        raise _unsuitable(question, record, "count nuclei, cells, tracks or rows")
    _refuse_other_things(question, record)
    pairs = find(question, record, folder)
    values = tuple(
        Readout(field["name"], group_of(field["image"], group_by), *_known(pair))
        for field, pair in zip(record["fields"], pairs, strict=True)
    )
    is_grey = question.quantity == "intensity" or "intensity" in question.column
    return Readouts(
        values,
        is_counted=question.quantity == "count" or _is_counted(question, values),
        has_unit=not (is_grey and _is_relative(record)),
        notes=_matched_note(question, record),
    )


def _is_relative(record: Record) -> bool:
    """Say whether any prediction declares grey levels without a unit."""
    return any(is_relative(f["prediction"]["provenance"]) for f in record["fields"])


def _is_counted(question: Question, values: Sequence[Readout]) -> bool:
    """Say whether a column asked for in percent holds whole numbers alone."""
    numbers = [v for one in values for v in (one.truth, one.prediction)]
    known = [v for v in numbers if v is not None]
    whole = bool(known) and all(v >= 0 and v == int(v) for v in known)
    return question.is_ratio and question.quantity == "column" and whole


def _known(pair: Pair) -> Pair:
    a, b = (None if v is None or not np.isfinite(v) else float(v) for v in pair)
    return a, b


def _refuse_other_things(question: Question, record: Record) -> None:
    things = record["workflow"]["things"]
    named = question.things in ("", things, record["workflow"]["name"])
    if record["workflow"]["is_shipped"] and not named:
        raise _unsuitable(question, record, f"it finds {things}")


def _of_objects(question: Question, record: Record, folder: Path) -> list[Pair]:
    found = [field["objects"] for field in record["fields"]]
    if question.quantity == "count":
        return [(one["truth_count"], one["predicted_count"]) for one in found]
    if question.quantity == "centroid":
        name = f"displacement_{question.unit}"
        if question.unit == "um" and not all(
            field["pixel_size_um"] for field in record["fields"]
        ):
            raise _unsuitable(
                question,
                record,
                "the images have no pixel size; --pixel-size gives one, or ask in px",
            )
        return [_distance(one, one[name]["mean"]) for one in found]
    is_junctions = record["workflow"]["name"] == "junctions"
    if question.quantity == "area" or (
        question.quantity == "junction area" and is_junctions
    ):
        return [
            (one["truth_area_px"]["mean"], one["predicted_area_px"]["mean"])
            for one in found
        ]
    names = {"intensity": "mean_intensity", "column": question.column}
    if question.quantity not in names:
        raise _unsuitable(question, record, "it measures objects in single planes")
    return _means(question, record, folder / "objects.csv", names[question.quantity])


def _distance(found: Record, mean: float | None) -> Pair:
    """Give 0 and the mean distance; of too few matches, what there is on one side."""
    if mean is not None and found["matched"] >= LEAST_MATCHED * found["truth_count"]:
        return 0.0, mean
    is_one_sided = found["truth_count"] or found["predicted_count"]
    return (0.0, None) if is_one_sided else (None, None)


def _matched_note(question: Question, record: Record) -> tuple[str, ...]:
    """Say of how many objects the places are known."""
    if question.quantity != "centroid":
        return ()
    found = [field["objects"] for field in record["fields"]]
    matched, truth = (sum(o[key] for o in found) for key in ("matched", "truth_count"))
    worst = min(
        (o["matched"] / o["truth_count"] for o in found if o["truth_count"]), default=0
    )
    return (
        f"places are those of matched {record['workflow']['things']} alone: {matched} "
        f"of {truth} true ones, and in the worst field {100 * worst:.0f} %; a field "
        f"with less than {100 * LEAST_MATCHED:.0f} % gives no number",
    )


def _of_tracks(question: Question, record: Record, folder: Path) -> list[Pair]:
    found = [field["tracks"] for field in record["fields"]]
    if question.quantity == "count":
        return [(one["truth_tracks"], one["predicted_tracks"]) for one in found]
    if question.quantity == "track speed":
        return [
            tuple(
                one["track_speed_px_per_frame"][side]["mean"]
                for side in ("truth", "prediction")
            )
            for one in found
        ]
    if question.quantity != "column":
        raise _unsuitable(question, record, "it follows tracks through movies")
    return _means(question, record, folder / "tracks.csv", question.column)


def _of_table(question: Question, record: Record, folder: Path) -> list[Pair]:
    if question.quantity == "count":
        found = [field["table"] for field in record["fields"]]
        return [(one["truth_rows"], one["predicted_rows"]) for one in found]
    # ImageJ's own headings.
    names = {"area": "Area", "intensity": "Mean", "column": question.column}
    if question.quantity not in names:
        raise _unsuitable(question, record, "its rows are not matched")
    return _means(question, record, folder / "results.csv", names[question.quantity])


_KINDS: dict[str, Callable[[Question, Record, Path], list[Pair]]] = {
    "objects": _of_objects,
    "tracks": _of_tracks,
    "table": _of_table,
}


def _means(question: Question, record: Record, path: Path, column: str) -> list[Pair]:
    """Give the mean of a column over the rows of each field and side."""
    rows = pd.read_csv(
        path, dtype={"field": str}, keep_default_na=False, na_values=[""]
    )
    if column not in rows.columns:
        numbers = rows.select_dtypes("number").columns
        raise _unsuitable(
            question, record, f"its columns of numbers are {', '.join(numbers)}"
        )
    values = pd.to_numeric(rows[column], errors="coerce")
    if values.isna().all() and len(rows):
        raise _unsuitable(question, record, f"the column {column} holds no numbers")
    mean = values.groupby([rows["field"], rows["source"]]).mean()
    return [
        (mean.get((field["name"], "truth")), mean.get((field["name"], "prediction")))
        for field in record["fields"]
    ]


def _unsuitable(question: Question, record: Record, why: str) -> InputError:
    return InputError(
        "E_QUESTION",
        f"the workflow {record['workflow']['name']} cannot answer "
        f"{question.text!r}: {why}",
        "ask for what it measures, or choose another workflow or --macro",
    )
