"""How far predictions are from truths, field by field and over independent fields.

A change is ln(prediction / truth), or the difference where a question is asked in px or
µm. All images of a position or well are one independent field, whose change is the mean
of theirs.

References
----------
Haldane JBS (1956) Ann Hum Genet 20: 309-311, doi 10.1111/j.1469-1809.1955.tb01285.x.
Hanley JA, Lippman-Hand A (1983) JAMA 249: 1743-1745,
doi 10.1001/jama.1983.03330370053031.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.comparison.intervals import LEAST_GROUPS, mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.comparison.question import Question
    from frm_bridge.comparison.readouts import Readout, Readouts

HALF = 0.5
"""Added to both counts of a field where one of them is 0 (Haldane 1956)."""

THREE = 3.0
"""Of N things without an error, up to 3 / N may be wrong (Hanley & Lippman-Hand)."""


EMPTY = "nothing on either side"
ONE_SIDED = "nothing to measure on one side"
NOT_POSITIVE = "no ratio: a value is not above 0"


@dataclass(frozen=True, slots=True)
class Change:
    """How far one field's prediction is from its truth, in the question's terms.

    Attributes
    ----------
    field, group : str
        Which, and of which independent field.
    truth, prediction : float or None
        What was measured.
    value : float or None
        ln(prediction / truth), or the difference; None where neither exists.
    left_out : str
        Why there is no value; empty where there is one.
    """

    field: str
    group: str
    truth: float | None
    prediction: float | None
    value: float | None
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """All fields together.

    Attributes
    ----------
    estimate : float or None
        Mean over groups of the means of their fields.
    interval : (float, float) or None
        Of 90 %; None of fewer than three groups.
    typical : float or None
        Mean over groups of the mean absolute change of a field: how far a single field
        is off, whatever its sign.
    groups, fields : int
        Independent fields, and fields, with a value.
    """

    estimate: float | None
    interval: tuple[float, float] | None
    typical: float | None
    groups: int
    fields: int


def measure_changes(question: Question, readouts: Readouts) -> tuple[Change, ...]:
    """Give ln(prediction / truth), or the difference, of each field."""
    return tuple(_change(question, readouts, one) for one in readouts.values)


def _change(question: Question, readouts: Readouts, one: Readout) -> Change:
    value, why = change_of(
        one.truth,
        one.prediction,
        is_ratio=question.is_ratio,
        is_counted=readouts.is_counted,
    )
    return Change(one.field, one.group, one.truth, one.prediction, value, why)


def change_of(
    truth: float | None,
    prediction: float | None,
    *,
    is_ratio: bool,
    is_counted: bool,
) -> tuple[float | None, str]:
    """Give the change of one field, or None and the reason.

    Of counts, a field without any thing on both sides says nothing of a ratio and is
    left out; where one side alone is 0, half a thing is added to both (Haldane 1956).
    """
    if truth is None or prediction is None:
        return None, EMPTY if truth is prediction else ONE_SIDED
    if not is_ratio:
        return prediction - truth, ""
    if is_counted and truth == prediction == 0:
        return None, EMPTY
    if is_counted and 0 in (truth, prediction):
        truth, prediction = truth + HALF, prediction + HALF
    if truth <= 0 or prediction <= 0:
        return None, NOT_POSITIVE
    return math.log(prediction / truth), ""


def summarise_changes(changes: Sequence[Change], *, is_counted: bool) -> Measurement:
    """Give the mean over groups with its interval.

    Of counts, the interval reaches at least 3 / N on either side of the mean, N being
    all true things: fields that agree by chance have no spread to make one of.
    """
    groups: dict[str, list[float]] = {}
    for one in changes:
        if one.value is not None:
            groups.setdefault(one.group, []).append(one.value)
    if not groups:
        return Measurement(None, None, None, 0, 0)
    means = np.array([np.mean(values) for values in groups.values()])
    sizes = [float(np.mean(np.abs(values))) for values in groups.values()]
    estimate = float(means.mean())
    interval = None
    if means.size >= LEAST_GROUPS:
        interval = mean_interval(means)
        if is_counted:
            interval = _at_least(interval, estimate, changes)
    return Measurement(
        estimate,
        interval,
        float(np.mean(sizes)),
        len(groups),
        sum(map(len, groups.values())),
    )


def _at_least(
    interval: tuple[float, float], estimate: float, changes: Sequence[Change]
) -> tuple[float, float]:
    number = sum(one.truth or 0.0 for one in changes if one.value is not None)
    half = THREE / max(number, 1.0)
    return min(interval[0], estimate - half), max(interval[1], estimate + half)


def in_unit(question: Question, value: float) -> float:
    """Turn a value of the estimand into the question's unit: a logarithm into %."""
    return percent_of(value) if question.is_ratio else value


def percent_of(logarithm: float) -> float:
    """Turn ln(prediction / truth) into percent of the truth."""
    return 100 * math.expm1(logarithm)


def place_between(
    typical: float | None, floor: float | None, ceiling: float | None
) -> float | None:
    """Say how far a typical error has come from a floor's (0) to a ceiling's (1).

    None where one is not known, or the floor is no worse than the ceiling.
    """
    if typical is None or floor is None or ceiling is None or floor <= ceiling:
        return None
    return (floor - typical) / (floor - ceiling)


def shuffle_partners(question: Question, readouts: Readouts) -> Measurement:
    """Measure every truth against the predictions of all other groups.

    What is left of the agreement is what any such prediction would have. The mean
    hardly changes, since it asks for no agreement field by field: the typical error of
    a field does.
    """
    found: dict[str, list[float]] = {}
    for one in readouts.values:
        for other in readouts.values:
            if other.group != one.group:
                value, _ = change_of(
                    one.truth,
                    other.prediction,
                    is_ratio=question.is_ratio,
                    is_counted=readouts.is_counted,
                )
                found.setdefault(one.group, []).extend([] if value is None else [value])
    groups = {k: v for k, v in found.items() if v}
    if not groups:
        return Measurement(None, None, None, 0, 0)
    return Measurement(
        float(np.mean([np.mean(values) for values in groups.values()])),
        None,
        float(np.mean([np.mean(np.abs(values)) for values in groups.values()])),
        len(groups),
        len(readouts.values),
    )
