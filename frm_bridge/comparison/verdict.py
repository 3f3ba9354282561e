"""Whether a prediction is fit for a question: yes, no, or cannot tell.

The estimand is the mean over independent fields of ln(prediction / truth); where the
tolerance is in px or µm, of the difference. Its 90 % interval is held against it::

              -5 %         0         +5 %
    ───────────┼───────────┼──────────┼───────────
               │        ├──●──┤       │               fit: all of it inside
               │           │      ├───┼──●─────┤      cannot tell: it crosses a limit
               │           │          │  ├──●──┤      not fit: all of it outside

An interval of 90 % inside the limits is two one-sided tests at 5 % each (Schuirmann
1987): of predictions that are truly outside, at most 5 % are called fit.

References
----------
Schuirmann DJ (1987) J Pharmacokinet Biopharm 15: 657-680, doi 10.1007/BF01068419.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from frm_bridge.comparison.changes import (
    EMPTY,
    NOT_POSITIVE,
    ONE_SIDED,
    Change,
    Measurement,
    in_unit,
    measure_changes,
    summarise_changes,
)
from frm_bridge.comparison.intervals import LEAST_FOR_BOOTSTRAP, LEAST_GROUPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.comparison.question import Question
    from frm_bridge.comparison.readouts import Readouts

Answer = Literal["fit", "not fit", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer, and the numbers that it rests on.

    Attributes
    ----------
    answer : {"fit", "not fit", "cannot tell"}
        The verdict.
    because : str
        Why, in plain words.
    limits : (float, float)
        The tolerance, as limits of the estimand.
    measured : Measurement
        Estimate and interval.
    changes : tuple of Change
        Field by field.
    notes : tuple of str
        What a reader must know.
    """

    answer: Answer
    because: str
    limits: tuple[float, float]
    measured: Measurement
    changes: tuple[Change, ...]
    notes: tuple[str, ...]


def judge(question: Question, readouts: Readouts) -> Judgement:
    """Hold the answers of a comparison against a question's tolerance.

    Parameters
    ----------
    question : Question
        What is asked.
    readouts : Readouts
        One number a field and side.

    Returns
    -------
    Judgement
        ``cannot tell`` of fewer than three independent fields.
    """
    changes = measure_changes(question, readouts)
    measured = summarise_changes(changes, is_counted=readouts.is_counted)
    answer, because = _answer(question, readouts, measured, changes)
    notes = (*readouts.notes, *_notes(question, readouts, changes, measured))
    return Judgement(answer, because, question.limits, measured, changes, notes)


def _answer(
    question: Question,
    readouts: Readouts,
    measured: Measurement,
    changes: Sequence[Change],
) -> tuple[Answer, str]:
    low, high = question.limits
    if not readouts.has_unit:
        return "not fit", "the grey levels of this prediction have no unit"
    if measured.estimate is None or measured.interval is None:
        return "cannot tell", _too_few(measured)
    tolerance = f"{question.tolerance:g} {question.unit.replace('u', 'µ')}"
    found = _finding(question, measured.estimate, measured.interval, measured.groups)
    below, above = measured.interval
    if below > high or above < low:
        return "not fit", f"{found}, all of it beyond {tolerance}"
    if not (low < below and above < high):
        return "cannot tell", f"{found}, neither within {tolerance} nor wholly beyond"
    lacking = sum(one.left_out in (ONE_SIDED, NOT_POSITIVE) for one in changes)
    if lacking:
        return "cannot tell", (
            f"{found}, within {tolerance}, but {lacking} of {len(changes)} fields gave "
            "no number on one side"
        )
    return "fit", f"{found}, all of it within {tolerance}"


def _too_few(measured: Measurement) -> str:
    count = measured.groups
    fields = (
        "one independent field has"
        if count == 1
        else (f"{count} independent fields have")
    )
    return f"{fields} a number on both sides, and {LEAST_GROUPS} are the least"


def _finding(
    question: Question, estimate: float, interval: tuple[float, float], groups: int
) -> str:
    """Say the estimate with its interval, in the question's unit."""
    middle, low, high = (
        f"{in_unit(question, value):+.1f}"
        if question.is_ratio
        else f"{in_unit(question, value):+.2f}"
        for value in (estimate, *interval)
    )
    unit = question.unit.replace("u", "µ")
    return (
        f"over {groups} independent fields the {question.measured} is off by {middle} "
        f"{unit} on average; the 90 % interval is {low} to {high} {unit}"
    )


def _notes(
    question: Question,
    readouts: Readouts,
    changes: Sequence[Change],
    measured: Measurement,
) -> list[str]:
    notes = [
        f"left out, {why}: {_named([c.field for c in changes if c.left_out == why])}"
        for why in (EMPTY, ONE_SIDED, NOT_POSITIVE)
        if any(c.left_out == why for c in changes)
    ]
    halved = [
        c.field
        for c in changes
        if readouts.is_counted and c.value is not None and 0 in (c.truth, c.prediction)
    ]
    if halved and question.is_ratio:
        notes.append(
            "a count is 0 on one side, and half a thing was added to both: "
            + _named(halved)
        )
    coarse = [
        c.field
        for c in changes
        if readouts.is_counted
        and question.is_ratio
        and c.value is not None
        and (c.truth or 0) * question.tolerance < 100
    ]
    if coarse:
        notes.append(
            "so few things that one more or less is beyond the tolerance, which makes "
            f"the interval less sure: {_named(coarse)}"
        )
    if measured.groups < measured.fields:
        notes.append(
            f"{measured.fields} fields are of {measured.groups} positions or wells, "
            "which alone are independent; --group-by says otherwise"
        )
    if LEAST_GROUPS <= measured.groups < LEAST_FOR_BOOTSTRAP:
        notes.append(
            f"of fewer than {LEAST_FOR_BOOTSTRAP} independent fields the interval is "
            "Student's alone, which takes their errors to be symmetric"
        )
    return notes


def _named(names: Sequence[str], most: int = 4) -> str:
    rest = len(names) - most
    return "; ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
