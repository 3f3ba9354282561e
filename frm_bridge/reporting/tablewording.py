"""Sentences about Results tables: what agrees, what is left out, how to read it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.wording import caution, fixed, number, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]

_BY_CHANCE = 1.36  # Smirnov's 95 % point of the two-sample distance, for many rows


def rows_of(count: int) -> str:
    """Write a number of rows."""
    return f"{number(count)} {'row' if count == 1 else 'rows'}"


def column_score(column: Record) -> float | None:
    """Give what ranks a column, 0 for the best; None for one that has no rank."""
    if column["kind"] != "quantity":
        return None
    pairs = column["pairs"]
    score: float | None = (
        column["ks_distance"]
        if pairs is None
        else pairs["mean_absolute_difference_percent"]
    )
    return score


def best_and_worst(found: Record) -> str:
    """Name the columns that agree most and least."""
    if not found["truth_rows"] and not found["predicted_rows"]:
        return "There is nothing to compare."
    for side, rows in (("stain", "truth_rows"), ("prediction", "predicted_rows")):
        if not found[rows]:
            return f"Without a row on the {side}, no column can be compared."
    ranked = [each for each in found["columns"] if column_score(each) is not None]
    if not ranked:
        return "No column of the tables has a difference to rank."
    if found["best"] is None:
        return f"{ranked[0]['name']}: {_score(ranked[0])}."
    best, worst = (
        next(each for each in ranked if each["name"] == found[what])
        for what in ("best", "worst")
    )
    return (
        f"{best['name']} agrees best ({_score(best)}), and {worst['name']} worst "
        f"({_score(worst)})."
    )


def _score(column: Record) -> str:
    score = column_score(column)
    if column["pairs"] is None:
        return f"KS distance {fixed(score)}"
    return f"mean absolute difference {number(score, 2)} %"


def left_out_note(record: Record) -> str:
    """List the columns that are not compared, by reason, and what n/a means."""
    reasons: dict[str, list[str]] = {}
    for name, why in record["summary"]["left_out"].items():
        reasons.setdefault(why, []).append(name)
    listed = "; ".join(f"{', '.join(names)} ({why})" for why, names in reasons.items())
    text = f"Not compared: {listed}. " if listed else ""
    kinds = (
        (
            "grey level",
            "Grey levels of a prediction without unit, of which no distance "
            "can be told: ",
        ),
        ("angle", "Angles, which have no mean: "),
        ("constant", "One value in all rows of both sides: "),
        ("position", "Positions, which are not ranked: "),
    )
    for kind, words in kinds:
        names = [
            column["name"]
            for column in record["summary"]["table"]["columns"]
            if column["kind"] == kind
        ]
        if names:
            text += f"{words}{', '.join(names)}. "
    return text.strip()


def reading(record: Record) -> list[str]:
    """Say how to read the page."""
    found, unit = record["summary"]["table"], unit_of(record)
    return [
        "The stain is the reference, but the script makes errors on it, too.",
        "The same script with the same parameters ran on both sides. An automatic "
        "threshold is still chosen for each image by itself.",
        *(_reading_pairs(unit) if found["one_row"] else _reading_sides(found, unit)),
        "Units are those of the script: what it measures, and in what, is not known "
        "here. Area, lengths and positions are calibrated where the image is and the "
        "script leaves its scale.",
        *caution(record),
    ]


def _reading_pairs(unit: str) -> list[str]:
    return [
        f"Every table has one row, so that the values of a {unit} are a pair. The "
        "mean difference keeps its sign; the mean absolute one, in % of the value on "
        "the stain, does not, and is large where those values are near zero.",
        "Limits of agreement are the mean difference ∓ 1.96 sd (Bland and Altman): "
        f"about 95 % of the {unit}s lie within, if the differences are normal. "
        "Pearson r tells whether both rise together, not whether they are equal.",
    ]


def _reading_sides(found: Record, unit: str) -> list[str]:
    n, m = found["truth_rows"], found["predicted_rows"]
    texts = [
        "Rows are not matched one to one, not even where the table tells positions: "
        "equal columns do not prove that the same things were found. Rows of all "
        f"{unit}s are pooled.",
    ]
    if n and m:
        chance = min(1.0, _BY_CHANCE * math.sqrt((n + m) / (n * m)))
        texts.append(
            "KS distance: the largest difference between the two cumulative "
            "distributions, from 0 (one distribution) to 1 (no overlap). It is an "
            f"effect size, not a test; of {rows_of(n)} and {number(m)}, two samples of "
            f"one distribution stay below about {chance:.2f} in 95 of 100 cases."
        )
    return texts


def matching(record: Record) -> list[str]:
    """Say for the Methods how the tables were compared."""
    if record["summary"]["table"]["one_row"]:
        return [
            "Each image gave one row of ImageJ's Results table; its columns were "
            f"compared as pairs over the {unit_of(record)}s, by mean difference, mean "
            "absolute difference in percent of the measured value, limits of agreement "
            "(mean ∓ 1.96 sd) and, of three or more, Pearson's r."
        ]
    return [
        "Rows of ImageJ's Results table were counted on both sides and not matched one "
        "to one; each column of numbers was compared by its mean, by the ratio of "
        "medians (prediction / stain), and by the two-sample Kolmogorov-Smirnov "
        "distance as an effect size."
    ]
