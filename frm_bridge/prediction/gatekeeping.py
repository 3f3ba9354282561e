"""The gate at work: judge an image by all its models, and refuse red unless forced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frm_bridge.prediction.gate import (
    COLOURS,
    judge_source,
    refuse_red,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.prediction.exact import View
    from frm_bridge.prediction.gate import Verdict


def pass_gate(views: Sequence[View], *, force: bool = False) -> Verdict:
    """Judge an image, and give the gravest of the models' verdicts.

    Parameters
    ----------
    views : sequence of View
        The image as each model is to see it; each judges by its own passport.
    force : bool
        Let red pass.

    Raises
    ------
    InputError
        ``E_DRIFT``.
    """
    verdicts = []
    for view in views:
        verdict = judge_source(
            view.source, view.model.card, with_levels=not view.is_intensity_matched
        )
        if not force:
            name = view.source.info.path.name
            refuse_red(verdict, name, f"the model {view.model.card.name}")
        verdicts.append(verdict)
    judged = [one for one in verdicts if one.colour is not None]
    if not judged:
        return verdicts[0]
    return max(judged, key=lambda one: COLOURS.index(one.colour or "green"))


def gate_warnings(verdict: Verdict, name: str) -> list[str]:
    """Give a warning for each reason."""
    if verdict.colour in (None, "green"):
        return []
    lead = "is unlike" if verdict.colour == "red" else "may be unlike"
    return [
        f"{name} {lead} the training images ({verdict.colour}): {text}"
        for text in verdict.texts
    ]


def gate_lines(verdict: Verdict) -> dict[str, str]:
    """Give the lines for ImageJ's Info: what was forced is to be seen later."""
    if verdict.colour is None:
        return {"frm_bridge.gate": f"not judged: {verdict.note}"}
    forced = " (forced)" if verdict.colour == "red" else ""
    note = f" ({verdict.note})" if verdict.note else ""
    lines = {"frm_bridge.gate": f"{verdict.colour}{forced}{note}"}
    if verdict.reasons:
        lines["frm_bridge.gate_reasons"] = "; ".join(verdict.texts)
    return lines
