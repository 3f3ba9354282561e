"""``train``."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from frm_bridge.cli.options import Output, Overwrite, file_name, one_of, progress_bar
from frm_bridge.cli.pairing import (
    GroupBy,
    InputChannel,
    InputFolder,
    InputSuffix,
    PairsTable,
    Seed,
    TargetChannel,
    TargetFolder,
    TargetSuffix,
    assigned,
    given_pairs,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from frm_bridge.training.fit import EpochReport
    from frm_bridge.training.pairs import Pair
    from frm_bridge.training.settings import TrainingSettings


def train(
    output: Output,
    pairs_table: PairsTable = None,
    input_folder: InputFolder = None,
    target_folder: TargetFolder = None,
    group_by: GroupBy = None,
    input_suffix: InputSuffix = "",
    target_suffix: TargetSuffix = "",
    input_channel: InputChannel = None,
    target_channel: TargetChannel = None,
    split: Annotated[
        str,
        typer.Option(
            help="grouped: whole groups train, validate or test; paper: single "
            "sub-images do, which flatters the result."
        ),
    ] = "grouped",
    name: Annotated[str, typer.Option(help="Of the model and its file.")] = "model",
    marker: Annotated[
        str, typer.Option(help="What the target shows.")
    ] = "fluorescence",
    modality: Annotated[str, typer.Option(help="What the input is.")] = (
        "transmitted light"
    ),
    objective: Annotated[
        str, typer.Option(help='Magnification and aperture, as "20x/0.75".')
    ] = "",
    version: Annotated[str, typer.Option(help="Of the model.")] = "1.0.0",
    licence: Annotated[str, typer.Option(help="For whoever gets the file.")] = "",
    author: Annotated[
        list[str] | None, typer.Option(help="Of the model; may be repeated.")
    ] = None,
    normalise: Annotated[
        str,
        typer.Option(
            help="global: one mean and sd from all training fields, counts out (the "
            "paper); field: each plane its own, for mixed microscopes."
        ),
    ] = "global",
    stacks: Annotated[int, typer.Option(help="1, or 2 U-Nets end to end.")] = 1,
    head: Annotated[str, typer.Option(help="linear, or elu as published.")] = "linear",
    loss: Annotated[str, typer.Option(help="mse or pearson.")] = "mse",
    optimiser: Annotated[
        str, typer.Option(help="adam, or adadelta as published.")
    ] = "adam",
    learning_rate: Annotated[
        float | None, typer.Option(help="1e-3 for adam, 1.0 for adadelta by default.")
    ] = None,
    schedule: Annotated[
        str | None, typer.Option(help="cosine or constant; adam's default is cosine.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="At most.")] = 50,
    steps: Annotated[int, typer.Option(help="Steps an epoch.")] = 100,
    batch: Annotated[int, typer.Option(help="Patches a step.")] = 8,
    patch: Annotated[int, typer.Option(help="Side of a patch in px.")] = 256,
    patience: Annotated[
        int, typer.Option(help="Epochs without a better validation before stopping.")
    ] = 15,
    signal_fraction: Annotated[
        float, typer.Option(help="Share of patches drawn where there is fluorescence.")
    ] = 0.5,
    flips: Annotated[bool, typer.Option(help="Augment by flips.")] = True,
    turn_step: Annotated[
        int, typer.Option(help="Augment by turns of 45 or 90 degrees; 0 for none.")
    ] = 45,
    zoom: Annotated[float, typer.Option(help="Augment by zoom; 0.2 is 20 %.")] = 0.0,
    published: Annotated[
        bool,
        typer.Option(
            "--published",
            help="The paper's choices: ELU head, Adadelta, batch 32, no augmentation, "
            "patience 75; it takes many hours. Other network options are ignored.",
        ),
    ] = False,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Train the paper's U-Net and write one ONNX file with its card.

    Beside it stand the loss curves and the table of pairs with their split.
    Fields that nothing was learned from are predicted at the end, and their
    correlation with the stain goes into the model's card.

    An interrupted training goes on when the same command is given again; with
    --overwrite it starts anew.

    For example:

        frm-bridge train --input brightfield --target dapi --output model

        frm-bridge train --pairs pairs.csv -o model --name nuclei --epochs 30
    """
    from frm_bridge.models.normalisation import InputKind
    from frm_bridge.outputs import check_absent
    from frm_bridge.training.fit import Watcher
    from frm_bridge.training.losses import Loss
    from frm_bridge.training.model import ModelDescription, train_model
    from frm_bridge.training.pairs import check_names
    from frm_bridge.training.patches import Augmentation, Sampling
    from frm_bridge.training.settings import (
        Optimiser,
        TrainingSettings,
        published_settings,
    )
    from frm_bridge.training.unet import Head, Network

    chosen = one_of("--optimiser", optimiser, ("adam", "adadelta"))
    own_schedule = "cosine" if chosen == "adam" else "constant"
    settings = TrainingSettings(
        network=Network(stacks, one_of("--head", head, get_args(Head))),
        loss=one_of("--loss", loss, get_args(Loss)),
        optimiser=Optimiser(
            chosen,
            learning_rate,
            one_of("--schedule", schedule or own_schedule, ("cosine", "constant")),
        ),
        sampling=Sampling(patch, signal_fraction, Augmentation(flips, turn_step, zoom)),
        normalise=one_of("--normalise", normalise, get_args(InputKind)),
        batch_size=batch,
        steps_per_epoch=steps,
        epochs=epochs,
        patience=patience,
        seed=seed,
    )
    if published:
        settings = dataclasses.replace(published_settings(), seed=seed)
    found = given_pairs(
        pairs_table,
        input_folder,
        target_folder,
        group_by=group_by,
        input_suffix=input_suffix,
        target_suffix=target_suffix,
        input_channel=input_channel,
        target_channel=target_channel,
    )
    found = assigned(found, one_of("--split", split, ("grouped", "paper")), seed)
    check_absent(output / f"{file_name(name)}.onnx", overwrite=overwrite)
    check_names(pair for pair in found if pair.split == "test")
    _show_split(found, settings)
    if not overwrite:
        _show_resumed(output, settings)
    with _goes_on_later(), progress_bar("training") as progress:
        watcher = Watcher(step=progress, epoch=_show_epoch)
        path = train_model(
            found,
            output,
            settings=settings,
            description=ModelDescription(
                name,
                marker,
                modality,
                objective=objective,
                version=version,
                licence=licence,
                authors=tuple(author or ()),
            ),
            watcher=watcher,
            overwrite=overwrite,
        )
    _show_held_out(path, found, output, overwrite=overwrite)
    typer.echo(f"model: {path}")


def _show_split(found: tuple[Pair, ...], settings: TrainingSettings) -> None:
    for side in ("train", "validation", "test"):
        groups = {pair.group for pair in found if pair.split == side}
        count = sum(pair.split == side for pair in found)
        typer.echo(f"{side:11s} {count} pair(s) of {len(groups)} group(s)", err=True)
    typer.echo(
        f"at most {settings.epochs} epochs of {settings.steps_per_epoch} steps of "
        f"{settings.batch_size} patches, {settings.sampling.size} px",
        err=True,
    )


def _show_resumed(output: Path, settings: TrainingSettings) -> None:
    from frm_bridge.training.fit import epochs_saved

    done = epochs_saved(output / "training")
    if done:
        typer.echo(
            f"going on with the training in {output / 'training'}: {done} of at most "
            f"{settings.epochs} epochs are done",
            err=True,
        )


@contextmanager
def _goes_on_later() -> Iterator[None]:
    """Tell whoever stops a training that it is not lost."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("the same command will go on after the last whole epoch", err=True)
        raise


def _show_epoch(report: EpochReport) -> None:
    mark = "  best so far" if report.best else ""
    typer.echo(
        f"epoch {report.epoch}/{report.epochs}  loss {report.loss:.4f}  "
        f"validation {report.validation_loss:.4f}{mark}",
        err=True,
    )


def _show_held_out(
    path: Path, found: tuple[Pair, ...], output: Path, *, overwrite: bool
) -> None:
    """Predict the test pairs, say how well they correlate, and note it in the card."""
    from frm_bridge.experiments.holdout import score_pcc

    if not any(pair.split == "test" for pair in found):
        typer.echo("no pair is left to test: add fields of another group", err=True)
        return
    with progress_bar("held-out fields") as progress:
        scores = score_pcc(
            path, found, output / "held-out", overwrite=overwrite, progress=progress
        )
    for score in scores:
        pcc = "n/a" if score["pcc"] is None else f"{score['pcc']:.3f}"
        typer.echo(f"held out {score['name']}  PCC {pcc}", err=True)
