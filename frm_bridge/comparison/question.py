"""A question to a prediction: what is to be measured, and how exactly."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, cast

from frm_bridge.errors import InputError

Quantity = Literal[
    "count",
    "area",
    "centroid",
    "junction area",
    "track speed",
    "intensity",
    "column",
]
Unit = Literal["%", "px", "um"]

FORM = (
    "<count|area|centroid|junction area|track speed|intensity|column NAME> "
    "[of OBJECT] within N <%|px|um>"
)
EXAMPLES = (
    "count nuclei within 5 %",
    "area of nuclei within 10 %",
    "centroid of nuclei within 2 px",
    'column "Mean gray" of spots within 5 %',
)
_QUESTION = re.compile(
    r"\s*(?:(?P<quantity>count|area|centroid|junction\s+area|track\s+speed|intensity)"
    r"(?:\s+(?:of\s+)?(?P<object>(?!of\b)[^\W\d]\w*))?"
    r"|column\s+(?:\"(?P<quoted>[^\"]+)\"|(?P<column>\S.*?))(?:\s+of\s+(?P<of>\w+))?)"
    r"\s+within\s+(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>%|px|um|[µμ]m)\s*",
    re.IGNORECASE,
)
# A px of a count, or a percent of a place, would have to be guessed.
_UNITS: dict[Quantity, tuple[Unit, ...]] = {
    "centroid": ("px", "um"),
    "column": ("%", "px", "um"),
}
_PERCENT: tuple[Unit, ...] = ("%",)
_WORKFLOWS = {"cells": "junctions", "tracks": "tracks"}
_PLURALS = {"nucleus": "nuclei", "cell": "cells", "track": "tracks"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a prediction.

    Attributes
    ----------
    text : str
        As it was asked, with single spaces.
    quantity : str
        What is measured.
    column : str
        Of ``column``, its heading; else empty.
    things : str
        The objects, in the plural where the word is known; empty when not named.
    tolerance : float
        In ``unit``.
    unit : {"%", "px", "um"}
        ``%`` asks for a ratio of prediction to truth, the others for a difference.
    """

    text: str
    quantity: Quantity
    column: str
    things: str
    tolerance: float
    unit: Unit

    @property
    def is_ratio(self) -> bool:
        """Whether prediction and truth are compared by the logarithm of their ratio."""
        return self.unit == "%"

    @property
    def limits(self) -> tuple[float, float]:
        """Give the tolerance as limits of the estimand.

        "Within 5 %" is from 95 % to 105 % of the truth, hence ln 0.95 and ln 1.05.
        """
        if not self.is_ratio:
            return -self.tolerance, self.tolerance
        part = self.tolerance / 100
        return math.log(1 - part), math.log(1 + part)

    @property
    def workflow(self) -> str:
        """The shipped workflow that answers it."""
        if self.quantity == "junction area":
            return "junctions"
        if self.quantity == "track speed":
            return "tracks"
        return _WORKFLOWS.get(self.things, "nuclei")

    @property
    def measured(self) -> str:
        """What is measured, in words: ``count of nuclei``."""
        name = f"column {self.column}" if self.column else self.quantity
        return f"{name} of {self.things}" if self.things else name


def read_question(text: str) -> Question:
    """Read a question as ``count nuclei within 5 %``.

    Parameters
    ----------
    text : str
        ``<count|area|centroid|junction area|track speed|intensity|column NAME>
        [of OBJECT] within N <%|px|um>``. Capitals do not matter but in a column's
        heading, which stands in double quotes where it holds " of " or " within ".

    Raises
    ------
    InputError
        ``E_QUESTION``, which shows the form.
    """
    match = _QUESTION.fullmatch(text)
    if match is None:
        raise _unreadable(text, "it has another form")
    column = match["quoted"] or match["column"] or ""
    quantity = " ".join((match["quantity"] or "column").lower().split())
    things = (match["object"] or match["of"] or "").lower()
    unit = re.sub("[µμ]", "u", match["unit"].lower())
    question = Question(
        " ".join(text.split()),
        cast("Quantity", quantity),
        column,
        _PLURALS.get(things, things),
        float(match["number"]),
        cast("Unit", unit),
    )
    fault = _fault(question)
    if fault:
        raise _unreadable(text, fault)
    return question


def _fault(question: Question) -> str:
    """Say what is wrong with a question of the right form."""
    allowed = _UNITS.get(question.quantity, _PERCENT)
    if question.unit not in allowed:
        return f"{question.quantity} is asked within {' or '.join(allowed)}"
    if not question.tolerance > 0:
        return "the tolerance must be more than 0"
    if question.is_ratio and question.tolerance >= 100:
        return "a tolerance in % must be less than 100"
    return ""


def _unreadable(text: str, why: str) -> InputError:
    examples = "; ".join(EXAMPLES)
    return InputError(
        "E_QUESTION",
        f"cannot read the question {text!r}: {why}; expected {FORM}",
        f"for example: {examples}",
    )
