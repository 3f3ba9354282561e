"""The drift study as a page of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frm_bridge.experiments.drift import DriftStudy, PlantedRow, Tally

HARMFUL = 0.05

_METHOD = """\
An alarm is amber or red. Every field is judged by a passport that is made anew from the
fields of all other positions, limits included: the position that is judged has no part
in them. The limits come from fields without any shift; shifts were looked at only when
the measures were chosen (polarity, the two simulated drifts), on these same fields, so
that the table says what the gate does here and less of what it will do elsewhere. The
simulated drifts in a passport are a blur of 0.5 px and noise of twice the detail.

Harm is the fall of the correlation between prediction and fluorescence, on average over
the held-out fields (their first 1024 x 1024 px). The weakest strength that counts is
the first that falls by 0.05 or more; weaker ones are shown, and marked as harmless.
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
    harm = "" if row.harm is None else f"{-row.harm:+.3f}"
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
