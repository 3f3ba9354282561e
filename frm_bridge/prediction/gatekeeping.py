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

    from frm_bridge.prediction.exact import Source
    from frm_bridge.prediction.gate import Verdict
    from frm_bridge.prediction.loaded import LoadedModel


def pass_gate(
    source: Source, models: Sequence[LoadedModel], *, force: bool = False
) -> Verdict:
    """Judge an image, and give the gravest of the models' verdicts.

    Parameters
    ----------
    source : Source
        The image, as the network is to see it.
    models : sequence of LoadedModel
        Each judges by its own passport.
    force : bool
        Let red pass.

    Raises
    ------
    InputError
        ``E_DRIFT``.
    """
    name, verdicts = source.info.path.name, []
    for model in models:
        verdict = judge_source(source, model.card)
        if not force:
            refuse_red(verdict, name, f"the model {model.card.name}")
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
