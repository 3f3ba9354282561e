"""Train the shipped model ``nuclei-brightfield`` again from the public images.

The images are the bright-field and nuclear fluorescence pairs in the source data of
aiSEGcell (CC BY 4.0; Schirmacher et al. 2024, PLoS Comput Biol 20(8): e1012361),
repository bethcg/aiSEGcell on GitHub at commit
c73c923dfb751028832c57bbe7d3fa79a0bc6b3e, folder
aiSEGcell_supplement/aiSEGcell_sourcedata_scripts_software/sourcedata_analysis_scripts.
``files.csv`` names each file there, its SHA-256 and its side of the split.

Use::

    python models/nuclei-brightfield/recipe.py FOLDER --output DIR

Run again after an interruption, it goes on where it stopped.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from frm_bridge.errors import InputError
from frm_bridge.experiments.holdout import score_workflow
from frm_bridge.models.card import file_sha256
from frm_bridge.reporting import write_report
from frm_bridge.training.fit import EpochReport, Watcher
from frm_bridge.training.model import ModelDescription, train_model
from frm_bridge.training.pairs import Pair
from frm_bridge.training.patches import Augmentation, Sampling
from frm_bridge.training.settings import TrainingSettings

FILES = Path(__file__).with_name("files.csv")

SETTINGS = TrainingSettings(
    sampling=Sampling(
        size=256,
        signal_fraction=0.3,
        # NB: turns by 45 degrees resample, and half of the patches would be blurred.
        augmentation=Augmentation(flips=True, turn_step=90),
    ),
    normalise="field",  # the targets' stretch differs between the microscopes
    batch_size=8,
    steps_per_epoch=100,
    epochs=90,
    patience=90,
)

DESCRIPTION = ModelDescription(
    name="nuclei-brightfield",
    marker="nuclei",
    modality="bright field",
    description=(
        "Nuclear fluorescence from one bright-field image, over eight experiments "
        "with adherent and suspension cells on several microscopes."
    ),
    licence="CC BY 4.0",
    citation=(
        "Images: Schirmacher D, Armagan Ü, Zhang Y, Kull T, Auler M, Schroeder T "
        "(2024) aiSEGcell: User-friendly deep learning-based segmentation of nuclei in "
        "transmitted light images. PLoS Comput Biol 20(8): e1012361; ETH Research "
        "Collection doi 10.3929/ethz-b-000679085. Method: LaChance J, Cohen DJ (2020) "
        "Practical fluorescence reconstruction microscopy. PLoS Comput Biol 16(12): "
        "e1008443."
    ),
    authors=("The frm_bridge developers",),
    good_for=(
        "locating and counting nuclei in bright-field fields like those it was "
        "trained on",
        "a first try on your own microscope, judged by 'frm-bridge compare'",
    ),
    not_good_for=(
        "nuclear intensity or DNA content: its output is in relative units",
        "texture inside the nucleus",
        "phase contrast, DIC, or magnifications unlike the training fields",
        "sparse experiments that it has not seen: check with 'frm-bridge compare'",
    ),
)


def read_files(folder: Path) -> tuple[Pair, ...]:
    """Give the pairs of ``files.csv`` in a folder, each file checked by its hash."""
    pairs, wrong = [], []
    with FILES.open(newline="") as stream:
        for row in csv.DictReader(stream):
            for channel in ("input", "target"):
                path = folder / row[channel]
                if not path.is_file() or file_sha256(path) != row[f"{channel}_sha256"]:
                    wrong.append(str(path))
            image, target = folder / row["input"], folder / row["target"]
            pairs.append(Pair(image, target, row["group"], split=row["split"]))  # type: ignore[arg-type]
    if wrong:
        raise InputError(
            "E_RECIPE_FILES",
            f"{len(wrong)} files are missing or differ, first {wrong[0]}",
            "check out the commit that this recipe's docstring names",
        )
    return tuple(pairs)


def report(epoch: EpochReport) -> None:
    """Print one line an epoch."""
    star = " *" if epoch.best else ""
    typer.echo(
        f"epoch {epoch.epoch}/{epoch.epochs} loss {epoch.loss:.4f} "
        f"validation {epoch.validation_loss:.4f}{star}"
    )


def main(
    folder: Annotated[Path, typer.Argument(help="sourcedata_analysis_scripts")],
    output: Annotated[Path, typer.Option(help="where the model is written")],
) -> None:
    """Train, export, and judge the model on the positions that were held out."""
    pairs = read_files(folder)
    model = train_model(
        pairs,
        output,
        settings=SETTINGS,
        description=DESCRIPTION,
        watcher=Watcher(epoch=report),
    )
    judge(model, pairs, output)


def judge(model: Path, pairs: tuple[Pair, ...], output: Path) -> None:
    """Write the held-out scores into the card, and a report beside it."""
    result = score_workflow(model, pairs, output / "held-out", overwrite=True)
    page = write_report(result.output, overwrite=True)
    for field in result.fields:
        found = field.objects
        typer.echo(
            f"{field.field.name}  PCC {field.pixels.pcc:.3f}  F1 {found.f1:.2f}  "
            f"{found.predicted_count} of {found.truth_count} nuclei"
        )
    typer.echo(f"report: {page}")


if __name__ == "__main__":
    typer.run(main)
