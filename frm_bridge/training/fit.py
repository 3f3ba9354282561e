"""Training: from pairs to the weights that validate best."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.errors import InputError, OutputError
from frm_bridge.outputs import make_folder, write_json
from frm_bridge.training.backend import fix_seeds, keras
from frm_bridge.training.losses import loss_function
from frm_bridge.training.patches import RandomPatches, grid_patches
from frm_bridge.training.unet import build_unet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from frm_bridge.training.fields import Field
    from frm_bridge.training.settings import TrainingSettings

_LOG = "log.csv"
_RESUME = "resume"
_SETTINGS = "settings.json"


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What one epoch brought; losses in the loss's own unit."""

    epoch: int
    epochs: int
    loss: float
    validation_loss: float
    best: bool


@dataclass(slots=True)
class Watcher:
    """How a caller follows a training.

    Attributes
    ----------
    step : callable (done, total)
        Called after every step, counted over the whole training.
    epoch : callable (EpochReport)
        Called after every epoch.
    """

    step: Callable[[int, int], None] = field(default=lambda done, total: None)
    epoch: Callable[[EpochReport], None] = field(default=lambda report: None)


def fit_network(
    training: Sequence[Field],
    validation: Sequence[Field],
    folder: Path,
    *,
    settings: TrainingSettings,
    data: Mapping[str, str] | None = None,
    watcher: Watcher | None = None,
) -> Path:
    """Train until the validation loss stops falling; resume where a run was stopped.

    Parameters
    ----------
    training, validation : sequence of Field
        Of different groups.
    folder : Path
        Keeps ``best.weights.h5``, ``log.csv``, ``settings.json`` and, while training
        runs, what is needed to resume it.
    settings : TrainingSettings
        Must equal those of the run that is resumed.
    data : mapping of str to str, optional
        Digests of the images; a run is resumed with the same ones only.
    watcher : Watcher, optional
        Told of every step and epoch.

    Returns
    -------
    Path
        The weights of the epoch that validated best.
    """
    _claim(folder, settings, data)
    if _has_ended(folder, settings):  # what came after it failed, the export, say
        return best_weights(folder)
    fix_seeds(settings.seed)
    model = build_unet(settings.network)
    steps = settings.epochs * settings.steps_per_epoch
    model.compile(settings.optimiser.build(steps), loss_function(settings.loss))
    patches = RandomPatches(
        training,
        settings.sampling,
        batch_size=settings.batch_size,
        seed=settings.seed,
    )
    held = grid_patches(
        validation,
        size=settings.sampling.size,
        most=settings.validation_patches,
        seed=settings.seed,
    )
    first_step = epochs_saved(folder) * settings.steps_per_epoch
    model.fit(
        patches.stream(first_step),
        steps_per_epoch=settings.steps_per_epoch,
        epochs=settings.epochs,
        validation_data=held,
        validation_batch_size=settings.batch_size,
        shuffle=False,
        verbose=0,
        callbacks=_callbacks(folder, settings, watcher or Watcher()),
    )
    return best_weights(folder)


def best_weights(folder: Path) -> Path:
    """Where a training keeps the weights that validated best."""
    return folder / "best.weights.h5"


def read_log(folder: Path) -> list[dict[str, float]]:
    """Read the epochs that a training has logged: epoch (from 0), loss, val_loss."""
    path = folder / _LOG
    if not path.is_file():
        return []
    with path.open(newline="") as stream:
        rows = [
            {name: float(value) for name, value in row.items()}
            for row in csv.DictReader(stream)
        ]
    # An epoch that was interrupted after its line was written stands there twice.
    return list({row["epoch"]: row for row in rows}.values())


def _log(folder: Path, row: Mapping[str, float]) -> None:
    path = folder / _LOG
    fresh = not path.exists()
    with path.open("a", newline="") as stream:
        table = csv.DictWriter(stream, row, lineterminator="\n")
        if fresh:
            table.writeheader()
        table.writerow(row)


def _claim(
    folder: Path, settings: TrainingSettings, data: Mapping[str, str] | None
) -> None:
    """Take a folder for this training, or go on with the same one."""
    path = make_folder(folder) / _SETTINGS
    content = {**dataclasses.asdict(settings), "data": dict(data or {})}
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found != json.loads(json.dumps(content)):
            raise InputError(
                "E_RESUME",
                f"{folder} holds a training with other settings or images: "
                + ", ".join(_changes(found, json.loads(json.dumps(content)))),
                "go on with the same options, begin anew with --overwrite, or choose "
                "another --output",
            )
        return
    refuse_strange_folder(folder)
    write_json(path, content, overwrite=False)


def _changes(then: Any, now: Any, name: str = "") -> Iterator[str]:
    """Name each setting that differs, with both values."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted(then.keys() | now.keys()):
            inner = f"{name}.{key}" if name else key
            yield from _changes(then.get(key), now.get(key), inner)
    elif then != now:
        yield f"{name} was {then} and is {now}"


def refuse_strange_folder(folder: Path) -> None:
    """Refuse a folder with files that no training left there: the user's own data.

    Raises
    ------
    OutputError
        ``E_OUTPUT_EXISTS``.
    """
    if not folder.exists() or (folder / _SETTINGS).is_file():
        return
    strange = sorted(f.name for f in folder.iterdir() if not f.name.startswith("."))
    if strange:
        raise OutputError(
            "E_OUTPUT_EXISTS",
            f"{folder} holds {strange[0]} and is no training of frm_bridge; an empty "
            "place was expected",
            "choose another --output",
        )


def forget_resume(folder: Path) -> None:
    """Delete what only an unfinished training needs."""
    shutil.rmtree(folder / _RESUME, ignore_errors=True)


def _has_ended(folder: Path, settings: TrainingSettings) -> bool:
    losses = [row["val_loss"] for row in read_log(folder)]
    if not losses or epochs_saved(folder) < len(losses):
        return False
    since_best = losses[::-1].index(min(losses))
    return len(losses) >= settings.epochs or since_best >= settings.patience


def epochs_saved(folder: Path) -> int:
    """Give how many epochs an interrupted training in ``folder`` has behind it."""
    metadata = folder / _RESUME / "training_metadata.json"
    if not metadata.is_file():
        return 0
    return int(json.loads(metadata.read_text(encoding="utf-8"))["epoch"])


def _callbacks(
    folder: Path,
    settings: TrainingSettings,
    watcher: Watcher,
) -> list[Any]:
    """Best weights, early stop, log and progress, resuming; in this order."""
    history = read_log(folder)
    best = min((row["val_loss"] for row in history), default=None)
    return [
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.ModelCheckpoint(
            best_weights(folder),
            save_best_only=True,
            save_weights_only=True,
            initial_value_threshold=best,
        ),
        _EarlyStopping(history, patience=settings.patience),
        _Follow(folder, settings, watcher, best),
        # Kept until the model is exported, or a failed export would cost the training.
        # Twice, since a process may be killed while it saves.
        keras.callbacks.BackupAndRestore(
            folder / _RESUME, double_checkpoint=True, delete_checkpoint=False
        ),
    ]


class _EarlyStopping(keras.callbacks.EarlyStopping):  # type: ignore[misc]
    """Early stopping that remembers the epochs before an interruption."""

    def __init__(self, history: Sequence[dict[str, float]], *, patience: int) -> None:
        super().__init__(monitor="val_loss", mode="min", patience=patience)
        self.history_before = [row["val_loss"] for row in history]

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        super().on_train_begin(logs)
        if self.history_before:
            self.best = min(self.history_before)
            last_best = self.history_before[::-1].index(self.best)
            self.wait = last_best


class _Follow(keras.callbacks.Callback):  # type: ignore[misc]
    """Log, tell the watcher, and give each epoch its own dropout."""

    def __init__(
        self,
        folder: Path,
        settings: TrainingSettings,
        watcher: Watcher,
        best: float | None,
    ) -> None:
        super().__init__()
        self.folder = folder
        self.settings = settings
        self.watcher = watcher
        self.best = float("inf") if best is None else best
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epoch = epoch
        # NB: Keras does not save the state of dropout, so that a resumed training would
        # drop other features than an uninterrupted one.
        for number, layer in enumerate(self.model.layers):
            if isinstance(layer, keras.layers.Dropout):
                random = np.random.default_rng((self.settings.seed, epoch, number))
                state = layer.seed_generator.state
                state.assign(random.integers(2**32, size=2, dtype=np.uint32))

    def on_train_batch_end(
        self, batch: int, logs: dict[str, float] | None = None
    ) -> None:
        steps = self.settings.steps_per_epoch
        done = self.epoch * steps + batch + 1
        self.watcher.step(done, self.settings.epochs * steps)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        found = logs or {}
        loss, validation = found["loss"], found["val_loss"]
        _log(self.folder, {"epoch": epoch, "loss": loss, "val_loss": validation})
        report = EpochReport(
            epoch + 1, self.settings.epochs, loss, validation, validation < self.best
        )
        self.best = min(self.best, validation)
        self.watcher.epoch(report)
