"""The words of a verdict's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.wording import MINUS, NOT_AVAILABLE, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]

MANY = 100
"""Percent from which a factor says more."""

REFERENCES = (
    (
        "Schuirmann DJ (1987) A comparison of the two one-sided tests procedure and "
        "the power approach for assessing the equivalence of average bioavailability. "
        "J Pharmacokinet Biopharm 15: 657-680.",
        "10.1007/BF01068419",
    ),
    (
        "Efron B, Tibshirani RJ (1993) An Introduction to the Bootstrap. Chapman & "
        "Hall.",
        "10.1201/9780429246593",
    ),
)


def change(value: float | None, unit: str) -> str:
    """Write an error with its sign."""
    if value is None:
        return NOT_AVAILABLE
    return f"{value:+.{1 if unit == '%' else 2}f} {unit}".replace("-", MINUS)


def span(ends: list[float] | None) -> str:
    """Write an interval."""
    if ends is None:
        return NOT_AVAILABLE
    places = 1 if max(map(abs, ends)) < MANY else 0
    low, high = (f"{end:+,.{places}f}".replace("-", MINUS) for end in ends)
    return f"{low} to {high}"


def measured(result: Record, unit: str) -> str:
    """Write a typical error."""
    value = result["in_unit"]["typical"]
    if value is not None and unit == "%" and value >= MANY:
        return f"{number(1 + value / 100, 2)}-fold"
    return NOT_AVAILABLE if value is None else f"{number(value, 2)} {unit}"


def value_of(value: float | None) -> str:
    """Write what was measured on one side; a whole number without decimals."""
    is_whole = value is not None and float(value).is_integer()
    return number(int(value) if value is not None and is_whole else value)


def share(place: float | None) -> str:
    """Write how far from floor to ceiling a result is."""
    if place is None:
        return NOT_AVAILABLE
    return f"{100 * place:.0f} %".replace("-", MINUS)


def reading(verdict: Record) -> list[str]:
    """Say how to read the page."""
    question = verdict["question"]
    unit = question["unit"].replace("u", "µ")
    what = f"the {question['quantity']}"
    return [
        f"The verdict is on {what}, measured alike on stain and prediction, and on "
        "nothing else: a prediction that is fit for counting may not be fit for areas.",
        "Fit: the whole 90 % interval of the mean error is within the tolerance. Not "
        "fit: all of it is beyond. Cannot tell: it crosses a limit, or there are fewer "
        "than three independent fields. More independent fields make it shorter.",
        "The mean over fields may be right where single fields are not: they are off "
        f"by {measured(verdict['result'], unit)} as a rule.",
        "Images of one position or well are one independent field; cells never are.",
        "Shuffled partners are the predictions of all other positions: their mean "
        "error is close to this prediction's, for it asks for no agreement field by "
        "field; the single field's error shows what the agreement is worth.",
        "It holds for images like these. If they, or their neighbours, were used for "
        "training, it says little about new ones.",
    ]


def method(verdict: Record) -> list[str]:
    """Write what the Methods say of the verdict."""
    question, limits = verdict["question"], verdict["estimand"]["limits"]
    unit = question["unit"].replace("u", "µ")
    groups = verdict["result"]["groups"]
    estimand = "ln(prediction / truth)" if unit == "%" else "prediction minus truth"
    return [
        f"Fitness for the question '{question['text']}' was judged by equivalence "
        "testing (two one-sided tests at 5 %; Schuirmann, 1987): the mean of "
        f"{estimand} over {groups} independent fields (positions or wells, the mean of "
        "their images each) had to have its 90 % confidence interval between "
        f"{limits[0]:.4g} and {limits[1]:.4g}"
        + (f" (± {question['tolerance']:g} %)." if unit == "%" else f" {unit}."),
        "The interval is the farther end, on either side, of Student's t and of the "
        "studentised bootstrap over independent fields (Efron & Tibshirani, 1993; "
        f"{verdict['estimand']['resamples']} resamples, seed "
        f"{verdict['estimand']['seed']}; from five fields on).",
    ]


def facts(verdict: Record) -> list[tuple[str, str]]:
    """Give the method as names and values."""
    estimand = verdict["estimand"]
    low, high = estimand["limits"]
    return [
        ("question", verdict["question"]["text"]),
        ("verdict", verdict["verdict"]),
        ("estimand", f"{estimand['what']} of {estimand['unit']}"),
        ("limits", f"{low:.6g} to {high:.6g}".replace("-", MINUS)),
        ("confidence", f"{estimand['confidence']:.0%}"),
        ("interval", estimand["interval"]),
        ("resamples, seed", f"{estimand['resamples']}, {estimand['seed']}"),
        ("comparison judged", verdict["comparison"]["folder"]),
    ]
