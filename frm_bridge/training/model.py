"""The whole way from pairs to one ONNX file with its card."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.errors import InputError
from frm_bridge.models.card import ModelCard, file_sha256
from frm_bridge.outputs import check_absent, folder_of, write_text
from frm_bridge.training.curves import draw_curves
from frm_bridge.training.export import export_onnx
from frm_bridge.training.fields import load_fields, training_normalisation
from frm_bridge.training.fit import (
    Watcher,
    fit_network,
    forget_resume,
    read_log,
    refuse_strange_folder,
)
from frm_bridge.training.pairs import Pair, check_images, format_pairs
from frm_bridge.training.passports import make_passport
from frm_bridge.training.patches import check_patch_fits
from frm_bridge.training.settings import TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """What the card says beyond numbers; every field is free text.

    Attributes
    ----------
    name : str
        Of the model and its file, without spaces.
    marker, modality : str
        What the target shows; what the input is.
    objective : str
        Magnification and aperture, for example ``"20x/0.75"``.
    version : str
        Of the model.
    description, licence, citation : str
        For whoever receives the file.
    authors, good_for, not_good_for : tuple of str
        Likewise.
    """

    name: str = "model"
    marker: str = "fluorescence"
    modality: str = "transmitted light"
    objective: str = ""
    version: str = "1.0.0"
    description: str = ""
    licence: str = ""
    citation: str = ""
    authors: tuple[str, ...] = ()
    good_for: tuple[str, ...] = ()
    not_good_for: tuple[str, ...] = ()


def train_model(
    pairs: Sequence[Pair],
    output: str | Path,
    *,
    settings: TrainingSettings | None = None,
    description: ModelDescription | None = None,
    watcher: Watcher | None = None,
    overwrite: bool = False,
) -> Path:
    """Train on pairs that have a split, and export the best weights.

    Parameters
    ----------
    pairs : sequence of Pair
        Each with its ``split``; only ``train`` and ``validation`` are read.
    output : str or Path
        Folder for ``<name>.onnx``, ``<name>.pairs.csv``, ``<name>.curves.png`` and the
        folder ``training``, from which an interrupted run goes on by itself.
    settings : TrainingSettings, optional
        Defaults to the recommended ones.
    description : ModelDescription, optional
        What the card says.
    watcher : Watcher, optional
        Told of every step and epoch.
    overwrite : bool
        Replace an existing model of this name, and train from the start.

    Returns
    -------
    Path
        The ``.onnx`` file.

    Raises
    ------
    InputError
        Unusable pairs, or a training with other settings in ``output``.
    OutputError
        ``E_OUTPUT_EXISTS``, also for a folder ``training`` with files of other origin.
    """
    output = Path(output)
    settings = settings or TrainingSettings()
    description = description or ModelDescription()
    path = output / f"{description.name}.onnx"
    check_absent(path, overwrite=overwrite)
    check_images(pairs)
    training = [pair for pair in pairs if pair.split == "train"]
    validation = [pair for pair in pairs if pair.split == "validation"]
    if not training or not validation:
        raise InputError(
            "E_SPLIT",
            f"{len(training)} pairs train and {len(validation)} validate; both must "
            "be 1 or more",
            "assign a split first, or fill the column 'split' of the table of pairs",
        )
    normalisation = training_normalisation(settings.normalise, training)
    data = {
        "training": data_fingerprint(training),
        "validation": data_fingerprint(validation),
    }
    folder = output / "training"
    refuse_strange_folder(folder)
    with folder_of(folder):
        fields = load_fields(training, normalisation)
        unseen = load_fields(validation, normalisation)
        check_patch_fits((*fields, *unseen), settings.sampling.size)
    if overwrite:
        shutil.rmtree(folder, ignore_errors=True)
    weights = fit_network(
        fields,
        unseen,
        folder,
        settings=settings,
        data=data,
        watcher=watcher,
    )
    history = read_log(folder)
    card = ModelCard(
        **{item: getattr(description, item) for item in ModelDescription.__slots__},
        normalisation=normalisation,
        **_camera(training),
        training={
            "fingerprint": data["training"],
            **_provenance(pairs, settings, history),
        },
        passport=make_passport(training),
    )
    write_text(path.with_suffix(".pairs.csv"), format_pairs(pairs), overwrite=True)
    draw_curves(history, path.with_suffix(".curves.png"), overwrite=True)
    export_onnx(weights, path, network=settings.network, card=card, overwrite=overwrite)
    forget_resume(folder)
    return path


def data_fingerprint(pairs: Sequence[Pair]) -> str:
    """Give a SHA-256 over the contents of all files, whatever their names and order."""
    digests = sorted(
        f"{file_sha256(pair.input)}{pair.input_channel or ''}"
        f"{file_sha256(pair.target)}{pair.target_channel or ''}"
        for pair in pairs
    )
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _camera(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Bit depth and pixel size of the training inputs, where all of them agree."""
    depths, sizes = set(), set()
    for pair in pairs:
        with pair.open_input() as image:
            dtype = image.info.dtype
            depths.add(dtype.itemsize * 8 if np.issubdtype(dtype, np.integer) else None)
            sizes.add(pair.pixel_size_um or image.info.pixel_size_um)
    return {
        "bit_depth": depths.pop() if len(depths) == 1 else None,
        "pixel_size_um": sizes.pop() if len(sizes) == 1 else None,
    }


def _provenance(
    pairs: Sequence[Pair],
    settings: TrainingSettings,
    history: Sequence[dict[str, float]],
) -> dict[str, Any]:
    best = min(history, key=lambda row: row["val_loss"])
    return {
        "pairs": dict(Counter(pair.split or "unused" for pair in pairs)),
        "groups": {
            side: sorted({pair.group for pair in pairs if pair.split == side})
            for side in ("train", "validation", "test")
        },
        "settings": dataclasses.asdict(settings),
        "epochs_run": len(history),
        "best_epoch": int(best["epoch"]) + 1,
        "best_validation_loss": best["val_loss"],
    }
