"""``models passport`` and ``models compare-passport``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frm_bridge.cli.options import Channel, Overwrite, PixelSize, progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.models.card import ModelCard
    from frm_bridge.models.passport import Passport
    from frm_bridge.prediction.gate import Verdict

ModelName = Annotated[
    str, typer.Argument(help="A model's name, an .onnx file, or a package.")
]


def passport(
    model: ModelName,
    as_json: Annotated[
        bool, typer.Option("--json", help="The whole passport as JSON.")
    ] = False,
    source: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            help="Make a passport: from a table of pairs (those that train), from "
            "images or from folders of images; may be repeated.",
        ),
    ] = None,
    write: Annotated[
        bool,
        typer.Option("--write", help="Put the passport that was made into the file."),
    ] = False,
) -> None:
    """Show what the training images of a model looked like.

    Training writes the passport into the model. By it, each image is judged before
    it is predicted. A model without one gets one from its training images, --from.

    For example:

        frm-bridge models passport nuclei-brightfield

        frm-bridge models passport old.onnx --from pairs.csv --write
    """
    from frm_bridge.errors import InputError
    from frm_bridge.models.registry import find_model

    path = find_model(model)
    card = _card_of(path)
    if write and not source:
        raise InputError(
            "E_OPTION",
            "--write puts a new passport into the model, and none was made",
            "say what it is to be made of, for example --from pairs.csv",
        )
    known = _made_from(source) if source else card.passport
    if write:
        _write(path, card, known)
    if as_json:
        typer.echo(json.dumps(known and known.to_dict(), indent=2, ensure_ascii=False))
        return
    for line in _lines(known):
        typer.echo(line)
    if write:
        typer.echo(f"written into {path}")


def compare_passport(
    model: ModelName,
    images: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    channel: Channel = None,
    pixel_size: PixelSize = None,
    as_json: Annotated[bool, typer.Option("--json", help="The table as JSON.")] = False,
) -> None:
    """Say for each image whether it is like those that a model was trained on.

    Green: it is. Amber: 'predict' will warn. Red: 'predict' will refuse it without
    --force, and the exit status is 1.

    For example:

        frm-bridge models compare-passport nuclei-brightfield fields/
    """
    from frm_bridge.images import check_pixel_size, list_images
    from frm_bridge.models.registry import find_model

    check_pixel_size(pixel_size)
    card = _card_of(find_model(model))
    rows: list[dict[str, Any]] = []
    for place in images:
        for path in list_images(place):
            verdict = _judge(path, card, channel, pixel_size)
            rows.append(
                {
                    "image": str(path),
                    "colour": verdict.colour,
                    "reasons": list(verdict.texts),
                    "note": verdict.note,
                }
            )
            if not as_json:
                _show(path, verdict)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    if any(row["colour"] == "red" for row in rows):
        raise typer.Exit(1)


def _judge(
    path: Path, card: ModelCard, channel: int | None, pixel_size: float | None
) -> Verdict:
    import dataclasses

    from frm_bridge.images import open_image
    from frm_bridge.prediction.gate import judge_source

    with open_image(path, channel=channel) as image:
        if pixel_size is not None:
            image.info = dataclasses.replace(image.info, pixel_size_um=pixel_size)
        return judge_source(image, card)


def _show(path: Path, verdict: Verdict) -> None:
    if verdict.colour is None:
        typer.echo(f"{'-':7s}{path.name}  not judged: {verdict.note}")
        return
    note = f"  ({verdict.note})" if verdict.note else ""
    typer.echo(f"{verdict.colour:7s}{path.name}{note}")
    for text in verdict.texts:
        typer.echo(f"{'':7s}  {text}")


def _card_of(path: Path) -> ModelCard:
    from frm_bridge.errors import ModelError
    from frm_bridge.models.card import read_card

    card = read_card(path)
    if card is None:
        raise ModelError(
            "E_MODEL_NO_CARD",
            f"{path} carries no model card, and so no passport",
            "give a model that 'frm-bridge train' wrote",
        )
    return card


def _made_from(sources: Sequence[Path]) -> Passport:
    """Measure the images that tables, files and folders name."""
    from frm_bridge.images import list_images
    from frm_bridge.training.pairs import Pair, position_of, read_pairs
    from frm_bridge.training.passports import make_passport

    chosen: list[Pair] = []
    for source in sources:
        if source.suffix.lower() == ".csv":
            pairs = read_pairs(source)
            chosen += [pair for pair in pairs if pair.split == "train"] or pairs
        else:
            images = list_images(source)
            chosen += [Pair(path, path, position_of(path.stem)) for path in images]
    with progress_bar("measuring") as progress:
        return make_passport(chosen, progress=progress)


def _write(path: Path, card: ModelCard, known: Passport | None) -> None:
    import dataclasses

    from frm_bridge.models.card import write_card

    write_card(path, dataclasses.replace(card, passport=known))


def _lines(known: Passport | None) -> list[str]:
    """Put a passport in words; the whole of it is behind ``--json``."""
    if known is None:
        return ["none: images cannot be judged; make one with --from"]
    lines = [
        f"fields        {len(known.fields)} of {known.positions} positions",
        f"calibration   {known.calibration}",
        *(f"limit         {name} {value:.3g}" for name, value in known.limits.items()),
        "",
        "mean    sd   noise  detail  polarity  field (position)",
    ]
    for field in known.fields:
        values = field.values
        noise, detail = 2 ** values["background_3.4"], 2 ** values["objects_6.7"]
        lines.append(
            f"{values['mean']:5.4g} {values['sd']:5.3g} {noise:7.2f} {detail:7.2f} "
            f"{values['polarity_4']:+9.2f}  {field.name} ({field.group})"
        )
    return lines


def drift_study(
    model: ModelName,
    pairs: Annotated[Path, typer.Argument(help="A table of pairs, of single planes.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The page to write, in Markdown.")
    ],
    other: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=FOLDER: images that the gate should refuse; may be repeated."
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Count the drift gate's false alarms, and what it catches, on your own pairs.

    Every field is judged by the fields of the other positions, as it is and spoilt
    in many ways. The model's own passport is not used: one is made for each position
    that is left out.

    For example:

        frm-bridge models drift-study nuclei-brightfield pairs.csv -o drift.md
    """
    import shlex

    from frm_bridge.experiments.drift import study_drift
    from frm_bridge.experiments.driftpage import format_study
    from frm_bridge.images import list_images
    from frm_bridge.models.registry import find_model
    from frm_bridge.outputs import check_absent, write_text
    from frm_bridge.prediction.runtime import open_model
    from frm_bridge.training.pairs import read_pairs

    check_absent(output, overwrite=overwrite)
    table = read_pairs(pairs)
    named = [_named_place(text) for text in other or ()]
    others = {name: list_images(place) for name, place in named}
    with open_model(find_model(model)) as loaded, progress_bar("fields") as progress:
        study = study_drift(loaded, table, others=others, progress=progress)
    words = ["frm-bridge", "models", "drift-study", model, str(pairs)]
    words += [word for text in other or () for word in ("--other", text)]
    page = format_study(study, shlex.join([*words, "--output", str(output)]))
    write_text(output, page, overwrite=overwrite)
    alarms = study.unshifted
    typer.echo(f"{output}  {alarms.alarms} false alarms in {alarms.count} fields")


def _named_place(text: str) -> tuple[str, Path]:
    """Read NAME=FOLDER."""
    from frm_bridge.errors import InputError

    name, equals, place = text.partition("=")
    if not (name and equals and place):
        raise InputError(
            "E_OPTION",
            f"--other is {text!r}; expected NAME=FOLDER",
            "for example --other phase=phase-images/",
        )
    return name, Path(place)
