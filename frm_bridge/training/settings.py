"""What decides a training, beside the pairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from frm_bridge.errors import InputError
from frm_bridge.training.backend import keras
from frm_bridge.training.patches import NO_AUGMENTATION, Sampling
from frm_bridge.training.unet import Network

if TYPE_CHECKING:
    from frm_bridge.models.normalisation import InputKind
    from frm_bridge.training.losses import Loss


@dataclass(frozen=True, slots=True)
class Optimiser:
    """How the weights move.

    Attributes
    ----------
    name : {"adam", "adadelta"}
        Adadelta with rho 0.95 and learning rate 1 is the paper's (CL-100).
    learning_rate : float or None
        None: 1e-3 for Adam, 1.0 for Adadelta (Keras' own default of 0.001 for it
        hardly learns).
    schedule : {"constant", "cosine"}
        Cosine lets the rate fall to 0 at the last epoch.
    """

    name: Literal["adam", "adadelta"] = "adam"
    learning_rate: float | None = None
    schedule: Literal["constant", "cosine"] = "cosine"

    def build(self, steps: int) -> Any:
        """Make the Keras optimiser for a training of so many steps."""
        rate: Any = self.learning_rate or {"adam": 1e-3, "adadelta": 1.0}[self.name]
        if self.schedule == "cosine":
            rate = keras.optimizers.schedules.CosineDecay(rate, steps)
        if self.name == "adadelta":
            return keras.optimizers.Adadelta(rate, rho=0.95, epsilon=1e-7)
        return keras.optimizers.Adam(rate)


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """All that decides a training, beside the pairs.

    Attributes
    ----------
    network : Network
        Variant of the U-Net.
    loss : {"mse", "pearson"}
        The paper saw no significant difference (CL-111).
    optimiser : Optimiser
        How the weights move.
    sampling : Sampling
        Where patches come from and how they are augmented.
    normalise : {"global", "field"}
        See :class:`frm_bridge.models.normalisation.InputNormalisation`.
    batch_size : int
        Patches a step.
    steps_per_epoch : int
        Steps between two looks at the validation patches.
    epochs : int
        At most.
    patience : int
        Epochs without a better validation loss before training stops.
    validation_patches : int
        At most so many non-overlapping patches validate.
    seed : int
        Of weights, patches and dropout.
    """

    network: Network = field(default_factory=Network)
    loss: Loss = "mse"
    optimiser: Optimiser = field(default_factory=Optimiser)
    sampling: Sampling = field(default_factory=Sampling)
    normalise: InputKind = "global"
    batch_size: int = 8
    steps_per_epoch: int = 100
    epochs: int = 50
    patience: int = 15
    validation_patches: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        counts = {
            name: getattr(self, name)
            for name in ("batch_size", "steps_per_epoch", "epochs", "patience")
        }
        for name, count in counts.items():
            if count < 1:
                raise InputError(
                    "E_TRAINING",
                    f"{name.replace('_', ' ')} is {count}; 1 or more was expected",
                    "leave the option out to take its default",
                )


def published_settings() -> TrainingSettings:
    """Give the released code's choices, as far as they are known (CL-090 to CL-104)."""
    return TrainingSettings(
        network=Network(head="elu"),
        optimiser=Optimiser("adadelta", 1.0, "constant"),
        sampling=Sampling(signal_fraction=0.0, augmentation=NO_AUGMENTATION),
        batch_size=32,
        epochs=10_000,
        patience=75,
    )
