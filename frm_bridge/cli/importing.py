"""``models import-h5``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from frm_bridge.cli.options import Output, Overwrite, file_name, one_of, warn
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from frm_bridge.models.card import ModelCard
    from frm_bridge.models.normalisation import Normalisation
    from frm_bridge.training.legacy import LegacyImport
    from frm_bridge.training.legacystatistics import Condition

CITATION = (
    "LaChance & Cohen (2020), PLOS Computational Biology 16(12): e1008443, "
    "doi:10.1371/journal.pcbi.1008443"
)


def import_h5(
    weights: Annotated[Path, typer.Argument(help="The .h5 file that Keras 2 wrote.")],
    output: Output,
    stats: Annotated[
        Path | None,
        typer.Option(help="The stats_data.npy of the same training."),
    ] = None,
    condition: Annotated[
        str | None,
        typer.Option(
            help="In its place, for the paper's own weights: one of its data sets, as "
            '"KC 10x DAPI"; it fills in the rest of the card, too.'
        ),
    ] = None,
    input_mean: Annotated[
        float | None,
        typer.Option(help="Or the four numbers: of the training inputs, grey levels."),
    ] = None,
    input_sd: Annotated[float | None, typer.Option(help="Likewise.")] = None,
    output_mean: Annotated[
        float | None,
        typer.Option(help="Of the training targets, in grey levels."),
    ] = None,
    output_sd: Annotated[float | None, typer.Option(help="Likewise.")] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Of the model and its file; by default the weights' name."),
    ] = None,
    marker: Annotated[str | None, typer.Option(help="What the target shows.")] = None,
    modality: Annotated[str | None, typer.Option(help="What the input is.")] = None,
    objective: Annotated[
        str | None, typer.Option(help='Magnification and aperture, as "20x/0.75".')
    ] = None,
    pixel_size: Annotated[
        float | None,
        typer.Option(help="Of the training images, in µm.", min=0.001),
    ] = None,
    bit_depth: Annotated[
        int | None, typer.Option(help="Of the training images.", min=8, max=32)
    ] = None,
    version: Annotated[str, typer.Option(help="Of the model.")] = "1.0.0",
    licence: Annotated[
        str, typer.Option(help="For whoever gets the file; by default 'unknown'.")
    ] = "",
    author: Annotated[
        list[str] | None, typer.Option(help="Of the model; may be repeated.")
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            help="elu or linear: last activation of weights that were saved alone; "
            "elu, the paper's, by default."
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Import weights that the code of LaChance & Cohen (2020) saved.

    Reads the .h5 file of Keras 2, a whole model or weights alone, of the U-Net
    with one or two stacks; runs nothing in it; checks every layer; and writes
    one ONNX file with its card, which 'predict' takes.

    The grey-level statistics of the training are needed: its stats_data.npy, or
    the four numbers, or, for the paper's own weights, the name of their data set.

    For example:

        frm-bridge models import-h5 my_weights.h5 --stats stats_data.npy -o models

        frm-bridge models import-h5 kc_10x_dapi_1stack_unet_mse.h5 --condition
        "KC 10x DAPI" -o models
    """
    from frm_bridge.training.legacy import import_h5 as import_weights
    from frm_bridge.training.legacynetwork import Head
    from frm_bridge.training.legacystatistics import find_condition

    last = None if head is None else one_of("--head", head, get_args(Head))
    known = None if condition is None else find_condition(condition)
    typed = (input_mean, input_sd, output_mean, output_sd)
    scales, source = _statistics(weights, stats, known, typed)
    stated = {
        "marker": marker,
        "modality": modality,
        "objective": objective,
        "pixel_size_um": pixel_size,
        "bit_depth": bit_depth,
        "version": version,
        "licence": licence,
        "authors": tuple(author or ()),
    }
    card = _card(known, name or _name(known, weights), scales, source, stated)
    path = output / f"{file_name(card.name)}.onnx"
    made = import_weights(weights, path, card=card, head=last, overwrite=overwrite)
    _show(made)


def _statistics(
    weights: Path,
    stats: Path | None,
    condition: Condition | None,
    typed: tuple[float | None, ...],
) -> tuple[Normalisation, str]:
    """Give the statistics, and where they come from, of the one way that was taken."""
    from frm_bridge.training.legacystatistics import (
        counts_normalisation,
        read_statistics,
    )

    numbers = [number for number in typed if number is not None]
    ways = (stats is not None) + (condition is not None) + bool(numbers)
    if ways != 1 or (numbers and len(numbers) != 4):
        raise _no_statistics(weights, ways)
    if stats is not None:
        return read_statistics(stats), stats.name
    if condition is not None:
        return condition.normalisation, f"{condition.name} ({condition.source})"
    return counts_normalisation(*numbers), "the command line"


def _no_statistics(weights: Path, ways: int) -> InputError:
    from frm_bridge.training.legacystatistics import CONDITIONS

    beside = weights.with_name("stats_data.npy")
    names = ", ".join(f'"{condition.name}"' for condition in CONDITIONS)
    found = {
        0: "the weights do not say with which grey-level statistics they were trained",
        1: "some of the four statistics are missing",
    }.get(ways, "the statistics are given in more than one way")
    return InputError(
        "E_STATISTICS",
        f"{found}; one way of three was expected",
        f"give --stats {beside if beside.is_file() else 'stats_data.npy'}; or all of "
        "--input-mean, --input-sd, --output-mean and --output-sd; or, for weights of "
        f"the paper itself, --condition with one of {names}",
    )


def _name(condition: Condition | None, weights: Path) -> str:
    if condition is None:
        return weights.stem
    return condition.name.lower().replace(" ", "-")


def _card(
    condition: Condition | None,
    name: str,
    scales: Normalisation,
    source: str,
    stated: dict[str, Any],
) -> ModelCard:
    """Fill in a card: what was typed counts before what the condition says."""
    from frm_bridge.models.card import ModelCard

    fields: dict[str, Any] = {
        "marker": "fluorescence",
        "modality": "transmitted light",
        "objective": "",
    }
    if condition is not None:
        kept = ("marker", "modality", "objective", "pixel_size_um")
        fields = {field: getattr(condition, field) for field in kept}
        fields["citation"] = CITATION
    fields |= {field: value for field, value in stated.items() if value is not None}
    return ModelCard(
        name=name, normalisation=scales, training={"statistics": source}, **fields
    )


def _show(made: LegacyImport) -> None:
    """Say what was found in the file, what was measured, and where the model is."""
    card, scales = made.card, made.card.normalisation
    saved = f"{card.training['saved']}, Keras {made.keras_version or 'unknown'}"
    rows = {
        "read": f"{made.parameters:,} weights ({saved})",
        "network": f"U-Net, {card.stacks} stack(s), {card.head} head",
        "input": f"mean {scales.input.mean:g}, sd {scales.input.sd:g} grey levels",
        "output": f"mean {scales.output.mean:g}, sd {scales.output.sd:g} grey levels",
        "parity": f"{card.parity_error_sd:.1e} sd from Keras",
        "licence": card.licence,
        "model": made.path,
    }
    warn(made.warnings)
    for row, value in rows.items():
        typer.echo(f"{row:8s} {value}")
