"""Models of the paper's own code, made into one ONNX file with a card."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frm_bridge.errors import InputError
from frm_bridge.models.card import ModelCard, file_sha256
from frm_bridge.outputs import check_absent
from frm_bridge.training.legacyfile import LegacyWeights, read_weights

if TYPE_CHECKING:
    from frm_bridge.training.legacynetwork import Head
    from frm_bridge.training.unet import Network

# CL-199
LICENCE_UNKNOWN = (
    "unknown: the repository of the paper's code and weights has no licence file; ask "
    "whoever trained the weights before passing them on"
)
_MEAN_SQUARED = ("mse", "mean_squared_error", "MeanSquaredError")


@dataclass(frozen=True, slots=True)
class LegacyImport:
    """What an import made.

    Attributes
    ----------
    path : Path
        The ``.onnx`` file.
    card : ModelCard
        As stored in it.
    parameters : int
        Weights that were read.
    keras_version : str
        That wrote the ``.h5`` file; empty where it does not say.
    warnings : tuple of str
        What had to be taken on trust.
    """

    path: Path
    card: ModelCard
    parameters: int
    keras_version: str
    warnings: tuple[str, ...]


def import_h5(
    weights: str | Path,
    output: str | Path,
    *,
    card: ModelCard,
    head: Head | None = None,
    overwrite: bool = False,
) -> LegacyImport:
    """Make a model of frm_bridge from weights that the paper's code saved.

    Nothing in the file is run: neither Keras nor TensorFlow opens it.

    Parameters
    ----------
    weights : str or Path
        The ``.h5`` file of Keras 2, a whole model or its weights alone, of the
        network of 1 or 2 stacks.
    output : str or Path
        The ``.onnx`` file to write.
    card : ModelCard
        With the statistics of the training; completed with the origin, the geometry
        and the measured parity error, and, where it says none, an unknown licence.
    head : {"linear", "elu"}, optional
        Last activation of weights that were saved alone, the paper's ELU by default.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    ModelError
        As :func:`~frm_bridge.training.legacyfile.read_weights` and
        :func:`~frm_bridge.training.export.export_onnx`.
    InputError
        ``E_OPTION`` for a ``head`` that the file contradicts.
    """
    source, output = Path(weights), Path(output)
    check_absent(output, overwrite=overwrite)
    legacy = read_weights(source)
    if head and legacy.head not in (None, head):
        raise InputError(
            "E_OPTION",
            f"{source.name} says that its last activation is {legacy.head}, not {head}",
            "leave --head out",
        )
    # NB: TensorFlow takes seconds to start, and a refusal needs none of it.
    from frm_bridge.training.unet import Network

    network = Network(legacy.stacks, head or legacy.head or "elu")
    complete = _completed(card, source, legacy)
    stored = _export(legacy, network, complete, output, overwrite=overwrite)
    return LegacyImport(
        output,
        stored,
        legacy.parameters,
        legacy.keras_version,
        _warnings(source.name, legacy, network),
    )


def _export(
    legacy: LegacyWeights,
    network: Network,
    card: ModelCard,
    output: Path,
    *,
    overwrite: bool,
) -> ModelCard:
    from frm_bridge.training.export import export_onnx
    from frm_bridge.training.unet import build_unet

    model = build_unet(network)
    layers = [layer for layer in model.layers if layer.weights]
    for layer, values in zip(layers, legacy.layers, strict=True):
        layer.set_weights(list(values))  # refuses another shape
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "imported.weights.h5"
        model.save_weights(weights)
        return export_onnx(
            weights, output, network=network, card=card, overwrite=overwrite
        )


def _completed(card: ModelCard, source: Path, legacy: LegacyWeights) -> ModelCard:
    """Say in the card where the weights come from, and what is not known of them."""
    digest = file_sha256(source)
    origin = f"imported from {source.name}, sha256 {digest}"
    training: dict[str, Any] = {
        **card.training,
        "origin": origin,
        "keras_version": legacy.keras_version,
        "saved": "weights alone" if legacy.head is None else "whole model",
        "loss": legacy.loss or None,
    }
    loss = f"the loss was {legacy.loss}" if legacy.loss else "the loss is not known"
    caveat = (
        f"intensity: {loss}, and after Pearson's, which is blind to gain and offset, "
        "grey levels are not camera counts"
    )
    is_mean_squared = legacy.loss in _MEAN_SQUARED
    return dataclasses.replace(
        card,
        description=card.description or origin,
        licence=card.licence or LICENCE_UNKNOWN,
        training=training,
        not_good_for=(*card.not_good_for, *(() if is_mean_squared else (caveat,))),
    )


def _warnings(name: str, legacy: LegacyWeights, network: Network) -> tuple[str, ...]:
    said = []
    if legacy.head is None:
        said.append(
            f"{name} holds weights alone: that its layers are joined and activated as "
            f"in the paper, with the last one {network.head}, is taken on trust"
        )
    if legacy.is_wrapped:
        said.append(
            f"{name} holds the network inside another model: that this only shares "
            "the batch between GPUs is taken on trust, for its Python was not run"
        )
    if legacy.loss and legacy.loss not in _MEAN_SQUARED:
        said.append(
            f"it was trained with the loss {legacy.loss}: after Pearson's, predicted "
            "grey levels are not camera counts"
        )
    return tuple(said)
