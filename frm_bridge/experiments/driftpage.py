"""The drift study as a page of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frm_bridge.experiments.drift import DriftStudy, PlantedRow, Tally

HARMFUL = 0.05

_METHOD = """\
An alarm is amber or red. Every field is judged by a passport that is made anew from the
fields of all other positions, limits included: the position that is judged has no part
in them. The limits come from fields without any shift.

What was settled on the 34 fields of the model nuclei-brightfield, and is kinder to
them than to others: the measures (polarity and the simulated drifts were chosen while
looking at planted shifts), the allowances beyond the limits, and the 5 % of clipped
pixels that make an alarm (1 % had given two further false alarms among these fields).
A passport simulates two drifts, a blur of 0.5 px and noise of twice the detail, so that
these kinds, and what looks like them, are caught best.

Harm is the fall of the correlation between prediction and fluorescence, on average over
the held-out fields (their first 1024 x 1024 px). The weakest strength that counts is
the first that falls by 0.05 or more; weaker ones are shown, and marked as harmless.
Fluorescence that is mixed in shows the network its answer, so its harm says nothing.
Defocus stands for a blur by the optics, which leaves the camera's noise as it is.
Other pixels are made by resampling, which also takes the camera's noise away: a real
objective would keep it."""


def format_study(study: DriftStudy, command: str) -> str:
    """Write the study as Markdown.

    Parameters
    ----------
    study : DriftStudy
        What was found.
    command : str
        That makes this page again.
    """
    parts = [
        "# Drift gate: false alarms and planted shifts",
        f"Model `{study.model}`; {study.fields} fields of {study.positions} positions "
        f"in {study.experiments} experiments. Made by",
        f"```\n{command}\n```",
        _METHOD,
        "## False alarms",
        _false_alarms(study),
        "## Planted shifts",
        _planted(study),
    ]
    if study.others:
        parts += ["## Real images of another kind", _others(study)]
    return "\n\n".join(parts) + "\n"


def _false_alarms(study: DriftStudy) -> str:
    rows = [
        "| left out | alarms | red | 95 % interval (Clopper-Pearson) |",
        "|---|---|---|---|",
        _alarm_row("each position", study.unshifted),
        _alarm_row("each experiment", study.new_experiments),
    ]
    named = [f"- {text}" for text in study.false_alarms]
    return "\n".join(rows + (["", *named] if named else []))


def _alarm_row(what: str, tally: Tally) -> str:
    low, high = tally.interval()
    return (
        f"| {what} | {tally.alarms} of {tally.count} | {tally.red} | "
        f"{low:.1%} to {high:.1%} |"
    )


def _planted(study: DriftStudy) -> str:
    rows = [
        "| shift | strength | harm (PCC) | caught | red | missed |",
        "|---|---|---|---|---|---|",
    ]
    rows += [_planted_row(row) for row in study.planted]
    return "\n".join(rows)


def _planted_row(row: PlantedRow) -> str:
    harm = "n/a" if row.harm is None else f"{-row.harm:+.3f}"
    if row.harm is not None and row.harm < HARMFUL:
        harm += " (harmless)"
    missed = row.tally.count - row.tally.alarms
    return (
        f"| {row.kind} | {row.strength} | {harm} | {row.tally.alarms} of "
        f"{row.tally.count} | {row.tally.red} | {missed} |"
    )


def _others(study: DriftStudy) -> str:
    rows = ["| images | caught | red | missed |", "|---|---|---|---|"]
    rows += [
        f"| {kind} | {tally.alarms} of {tally.count} | {tally.red} | "
        f"{tally.count - tally.alarms} |"
        for kind, tally in study.others.items()
    ]
    return "\n".join(rows)
