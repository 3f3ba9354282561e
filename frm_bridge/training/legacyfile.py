"""Weights out of the ``.h5`` files of Keras 2, without running anything in them.

Keras would rebuild a saved model, with whatever Python a Lambda layer brings along.
Here the file is only a table of numbers: names, shapes and values are read with h5py,
and its description of the network, which is JSON, is compared with the paper's.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.errors import FrmError, ModelError
from frm_bridge.models.card import first_line
from frm_bridge.training.legacyguard import (
    KERAS_2,
    check_kind,
    h5py,
    refuse_other_files,
)
from frm_bridge.training.legacynetwork import (
    Head,
    SavedLayer,
    count_stacks,
    find_head,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_NESTED = ("Functional", "Model")
_WRAPPING = ("InputLayer", "Lambda", "Concatenate")


@dataclass(frozen=True, slots=True, eq=False)
class LegacyWeights:
    """What was read from a file.

    Attributes
    ----------
    stacks : int
        1 or 2.
    head : {"linear", "elu"} or None
        Last activation; None where the file holds weights alone.
    layers : tuple of (kernel, bias)
        float32, first layer first.
    keras_version : str
        That wrote the file; empty where it does not say.
    loss : str
        That it was trained with; empty where it does not say.
    is_wrapped : bool
        The U-Net stands inside another model, as for several GPUs.
    """

    stacks: int
    head: Head | None
    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    keras_version: str
    loss: str
    is_wrapped: bool

    @property
    def parameters(self) -> int:
        """Count the weights."""
        return sum(kernel.size + bias.size for kernel, bias in self.layers)


def read_weights(path: Path) -> LegacyWeights:
    """Read the weights of the paper's network from an ``.h5`` file.

    Parameters
    ----------
    path : Path
        A whole model or its weights alone, as ``ModelCheckpoint``, ``model.save`` or
        ``save_weights`` of Keras 2 wrote it.

    Raises
    ------
    ModelError
        ``E_WEIGHTS_MISSING``, ``E_WEIGHTS_UNREADABLE``; ``E_WEIGHTS_FORMAT`` for what
        Keras 2 did not write; ``E_WEIGHTS_UNSAFE`` for a file that refers to other
        files; ``E_WEIGHTS_NETWORK`` for another network; ``E_WEIGHTS_VALUES`` for NaN.
    """
    check_kind(path)
    with _explained(path.name), h5py.File(path, "r") as file:
        refuse_other_files(file, path.name)
        group = file.get("model_weights", file)
        _refuse_another_format(group, path.name)
        stored = list(_stored_layers(group))
        layers = [layer.saved for layer in stored]
        stacks = count_stacks(layers, path.name)
        is_wrapped = any(layer.inside for layer in stored)
        config = _json(file, "model_config")
        head: Head | None = None
        if config:
            inner = _unet_of(config, path.name) if is_wrapped else config["config"]
            names = [] if is_wrapped else [layer.name for layer in layers]
            head = find_head(inner, stacks, names, path.name)
        loss = (_json(file, "training_config") or {}).get("loss")
        return LegacyWeights(
            stacks=stacks,
            head=head,
            layers=tuple(
                (_values(layer.data[0], path.name), _values(layer.data[1], path.name))
                for layer in stored
            ),
            keras_version=_text(group.attrs.get("keras_version", "")),
            loss=loss if isinstance(loss, str) else "",
            is_wrapped=is_wrapped,
        )


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Say of a file that h5py cannot follow that it is damaged."""
    try:
        yield
    except FrmError:
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise ModelError(
            "E_WEIGHTS_FORMAT",
            f"{name} is damaged or cut short: {first_line(error)}",
            f"copy or download it again; {KERAS_2} was expected",
        ) from error


def _refuse_another_format(group: h5py.Group, name: str) -> None:
    if "layer_names" in group.attrs or "layer_names0" in group.attrs:
        return
    if "layers" in group or "_layer_checkpoint_dependencies" in group:
        raise ModelError(
            "E_WEIGHTS_FORMAT",
            f"{name} is a .weights.h5 file of Keras 3, which does not say in which "
            "order its layers follow",
            "where it was trained, load it into its network and save that with "
            "model.save('NAME.h5'); a training of frm_bridge itself needs no import, "
            "for its .onnx file is complete",
        )
    parts = ", ".join(list(group)[:5]) or "nothing"
    raise ModelError(
        "E_WEIGHTS_FORMAT",
        f"{name} is an HDF5 file, but not of Keras: it holds {parts}",
        f"give {KERAS_2}",
    )


@dataclass(frozen=True, slots=True, eq=False)
class _StoredLayer:
    saved: SavedLayer
    data: tuple[h5py.Dataset, ...]
    inside: bool  # a model that is a layer of another


def _stored_layers(group: h5py.Group) -> Iterator[_StoredLayer]:
    """Give the layers with weights, in the file's own order of layers and weights.

    NB: names tell no order: Keras counts them up through a session, and HDF5 sorts
    'conv2d_10' before 'conv2d_2'.
    """
    for layer in _names(group, "layer_names"):
        weights: dict[str, list[tuple[str, h5py.Dataset]]] = {}
        for weight in _names(group[layer], "weight_names"):
            owner, _, short = weight.rpartition("/")
            data = group[layer][weight]
            weights.setdefault(owner, []).append((short.partition(":")[0], data))
        for owner, named in weights.items():
            name = owner.rpartition("/")[2] if len(weights) > 1 else layer
            shapes = tuple((short, data.shape) for short, data in named)
            yield _StoredLayer(
                saved=SavedLayer(name, shapes),
                data=tuple(data for _, data in named),
                inside=len(weights) > 1,
            )


def _names(group: h5py.Group, key: str) -> list[str]:
    """Read a list of names, which Keras cuts up where it is longer than 64 kB."""
    if key in group.attrs:
        return [_text(name) for name in group.attrs[key]]
    parts = takewhile(group.attrs.__contains__, (f"{key}{part}" for part in count()))
    return [_text(name) for part in parts for name in group.attrs[part]]


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _json(file: h5py.File, key: str) -> dict[str, Any] | None:
    """Read what Keras tells of the whole model; None in a file of weights alone."""
    content = json.loads(_text(file.attrs[key])) if key in file.attrs else None
    return content if isinstance(content, dict) else None


def _unet_of(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Find the U-Net in a model that shares the work between several GPUs (CL-108).

    Such a model cuts the batch by Lambda layers, which are not run here, and joins it
    again along its first axis.
    """
    layers = config["config"]["layers"]
    nested = [layer["config"] for layer in layers if layer["class_name"] in _NESTED]
    others = [layer for layer in layers if layer["class_name"] not in _NESTED]
    strange = [
        f"{layer['class_name']} {layer['config']['name']}"
        for layer in others
        if layer["class_name"] not in _WRAPPING or layer["config"].get("axis", 0) != 0
    ]
    if len(nested) == 1 and not strange:
        return dict(nested[0])
    raise ModelError(
        "E_WEIGHTS_NETWORK",
        f"{name} holds {len(nested)} model(s) inside another"
        + (f", with {', '.join(strange[:10])}" if strange else "")
        + "; one U-Net, alone or shared between several GPUs, was expected",
        "in Keras, save the U-Net alone: model.get_layer(NAME).save('NAME.h5')",
    )


def _values(data: h5py.Dataset, name: str) -> NDArray[np.float32]:
    """Read one weight, whose shape is known to be right."""
    # NB: a compressed value of a few bytes may unpack to any size; Keras packs none.
    if data.dtype.kind != "f" or data.dtype.itemsize > 8 or data.chunks is not None:
        raise ModelError(
            "E_WEIGHTS_FORMAT",
            f"{name} keeps {data.name} as {data.dtype}"
            + (" in pieces" if data.chunks else "")
            + "; whole arrays of floating point were expected",
            f"give {KERAS_2}",
        )
    with np.errstate(over="ignore"):
        values = data[()].astype(np.float32)
    if not np.isfinite(values).all():
        raise ModelError(
            "E_WEIGHTS_VALUES",
            f"{name} has NaN or infinity in {data.name}: its training went astray",
            "give the file of an earlier, or another, training",
        )
    return np.asarray(values)
