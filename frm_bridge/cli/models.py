"""``models``: its commands together, and ``models inspect``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from frm_bridge.cli import library, passports, sharing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frm_bridge.models.card import ModelCard

app = typer.Typer(help="Look at models.", no_args_is_help=True)
app.command("list")(library.list_models)
app.command()(library.install)
app.command()(library.remove)
app.command()(sharing.pack)
app.command()(sharing.verify)
app.command()(passports.passport)
app.command("compare-passport")(passports.compare_passport)
app.command("drift-study")(passports.drift_study)


@app.command()
def inspect(
    model: Annotated[str, typer.Argument(help="A name, a package, or an .onnx file.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="The whole card as JSON.")
    ] = False,
) -> None:
    """Show what a model file says of itself.

    What it predicts, what it is good and not good for, and how well it did on
    fields that it never saw.

    For example:

        frm-bridge models inspect nuclei-brightfield
    """
    from frm_bridge.models.card import file_sha256
    from frm_bridge.models.description import checked_card
    from frm_bridge.models.registry import find_model

    path = find_model(model)
    card = checked_card(path)
    if card is not None and as_json:
        typer.echo(json.dumps(json.loads(card.to_json()), indent=2, ensure_ascii=False))
        return
    typer.echo(f"file          {path}")
    typer.echo(f"sha256        {file_sha256(path)}")
    if card is None:
        typer.echo("card          none: 'predict' needs --normalise and its statistics")
        return
    for name, value in _rows(card):
        typer.echo(f"{name:13s} {value}")


def _rows(card: ModelCard) -> list[tuple[str, str]]:
    """Put the card in words; the whole of it is behind ``--json``."""
    scales = card.normalisation
    if scales.input.kind == "field":
        levels = "each plane by its own mean and sd"
    else:
        levels = f"mean {scales.input.mean:g}, sd {scales.input.sd:g} grey levels"
    if scales.output.unit == "counts":
        unit = f"camera counts (mean {scales.output.mean:g}, sd {scales.output.sd:g})"
    else:
        unit = "relative: intensity is not comparable between fields"
    pixel = "unknown" if card.pixel_size_um is None else f"{card.pixel_size_um:g} µm"
    parity = card.parity_error_sd
    rows = [
        ("name", card.name),
        ("version", card.version),
        ("predicts", f"{card.marker} from {card.modality}"),
        ("about", card.description),
        ("input", f"{levels}; {card.bit_depth or 'unknown'} bit; pixel size {pixel}"),
        ("objective", card.objective),
        ("output", unit),
        ("network", f"U-Net, {card.stacks} stack(s), {card.head} head"),
        ("tiling", f"stride {card.stride}, halo {card.halo}, margin {card.margin} px"),
        ("passport", _passport(card)),
        ("parity", "unknown" if parity is None else f"{parity:.1e} sd from Keras"),
        *(("good for", use) for use in card.good_for),
        *(("not good for", use) for use in card.not_good_for),
        ("licence", card.licence),
        ("authors", ", ".join(card.authors)),
        ("citation", card.citation),
    ]
    rows += [
        ("held out", _held_out(field)) for field in card.evaluation.get("fields", ())
    ]
    return [(name, value) for name, value in rows if value]


def _passport(card: ModelCard) -> str:
    if card.passport is None:
        return "none: images cannot be judged before they are predicted"
    known = card.passport
    return f"{len(known.fields)} training fields of {known.positions} positions"


def _held_out(field: Mapping[str, float | str | None]) -> str:
    """Say how a field came out: by pixels, and by objects where they were compared."""
    words = f"{field['name']}: PCC {_number(field['pcc'])}"
    if "f1" not in field:
        return words
    return (
        f"{words}, F1 {_number(field['f1'])}, "
        f"{field['predicted_count']} of {field['truth_count']} nuclei"
    )


def _number(value: float | str | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
