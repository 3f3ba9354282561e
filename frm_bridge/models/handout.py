"""The ``README.md`` of a package: what a person should know before using the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from frm_bridge.models.card import ModelCard


def write_handout(card: ModelCard, *, sample: str, tolerance: float) -> str:
    """Give the text, in Markdown.

    Parameters
    ----------
    card : ModelCard
        Of the model.
    sample : str
        Which field the test image was cut from.
    tolerance : float
        The largest difference that a prediction of it may have.
    """
    parts = [
        f"# {card.name} {card.version}",
        card.description or f"Predicts {card.marker} from {card.modality}.",
        _table(card),
        *_list("Good for", card.good_for),
        *_list("Not good for", card.not_good_for),
        "## Training data",
        _training(card.training),
        "## Validation",
        _validation(card.evaluation),
        f"The test image of this package was cut from {sample}. A prediction of it "
        f"may differ from `test_output.npy` by at most {tolerance:.3g}; "
        "`frm-bridge models verify FILE` tries it on every device.",
        *_caution(card),
        "## Licence and citation",
        " ".join((card.licence or "no licence is stated", _by(card.authors))).strip()
        + ".",
        card.citation,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(card: ModelCard) -> str:
    scale = card.normalisation
    if scale.input.kind == "field":
        levels = "each plane by its own mean and sd"
    else:
        levels = f"mean {scale.input.mean:g} and sd {scale.input.sd:g} grey levels"
    pixel = "not known" if card.pixel_size_um is None else f"{card.pixel_size_um:g} µm"
    output = (
        f"camera counts (mean {scale.output.mean:g}, sd {scale.output.sd:g})"
        if scale.output.unit == "counts"
        else "relative units: intensity means nothing across fields"
    )
    rows = {
        "predicts": f"{card.marker} from {card.modality}",
        "input": f"{card.bit_depth or 'unknown'} bit, {levels}",
        "pixel size": pixel,
        "objective": card.objective or "not known",
        "output": output,
        "network": f"U-Net, {card.stacks} stack(s), {card.head} head",
        "context": f"{card.halo} px from each side of a tile",
    }
    lines = ["| | |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| {name} | {text} |" for name, text in rows.items())])


def _list(title: str, items: Iterable[str]) -> list[str]:
    lines = [f"- {item}" for item in items]
    return [f"## {title}", "\n".join(lines)] if lines else []


def _training(training: Mapping[str, Any]) -> str:
    pairs = training.get("pairs")
    if not pairs:
        return "Nothing is stated of it."
    words = (
        f"{pairs.get('train', 0)} fields trained, {pairs.get('validation', 0)} chose "
        f"the epoch, {pairs.get('test', 0)} were held out"
    )
    print_of = training.get("fingerprint")
    return words + (f"; SHA-256 of all: `{print_of}`." if print_of else ".")


def _validation(evaluation: Mapping[str, Any]) -> str:
    fields = evaluation.get("fields", ())
    if not fields:
        return "No held-out numbers are stated."
    lines = [
        "On fields that neither trained the model nor chose its epoch:",
        "",
        "| field | PCC | F1 | objects predicted | objects in the stain |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {each['name']} | {_number(each.get('pcc'))} | {_number(each.get('f1'))} | "
        f"{each.get('predicted_count', '')} | {each.get('truth_count', '')} |"
        for each in fields
    ]
    return "\n".join(lines)


def _caution(card: ModelCard) -> list[str]:
    if card.normalisation.input.kind != "field":
        return []
    return [
        "Each image is brought to mean 0 and sd 1 **as a whole, before it is cut into "
        "tiles**. A program that does so tile by tile shows seams: let it take the "
        "whole image at once. `bioimageio predict` without `--blockwise` mirrors the "
        "image at its borders first, which changes both: let it work in blocks.",
    ]


def _by(authors: tuple[str, ...]) -> str:
    return f"by {', '.join(authors)}" if authors else ""


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value or "")
