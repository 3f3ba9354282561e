"""What a model file must be before a runtime sees it: a card, one channel, any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import TensorProto

from frm_bridge.errors import InputError, ModelError
from frm_bridge.models.description import find_card

if TYPE_CHECKING:
    from pathlib import Path

    import onnx

    from frm_bridge.models.card import ModelCard


def choose_card(
    path: Path, graph: onnx.ModelProto, given: ModelCard | None = None
) -> ModelCard:
    """Give the card of the file or of its package, or else the given one.

    Raises
    ------
    ModelError
        ``E_MODEL_NO_CARD`` when there is neither; it says which flags supply one.
    InputError
        ``E_OPTION`` when there are both: the file's own would be lost silently.
    """
    own = find_card(path, graph)
    if own is not None and given is not None:
        raise InputError(
            "E_OPTION",
            f"{path.name} has a card, which says how its numbers are to be scaled",
            "leave out --normalise and the means and sds: they are for files without "
            "a card",
        )
    card = own or given
    if card is not None:
        return card
    raise ModelError(
        "E_MODEL_NO_CARD",
        f"{path} carries no model card, so its normalisation is unknown",
        "supply it: --input-mean, --input-sd, --output-mean and --output-sd in grey "
        "levels, or --normalise field; in Python open_model(card=ModelCard(...))",
    )


def check_interface(path: Path, graph: onnx.ModelProto) -> None:
    """Accept (batch, 1, height, width) float32 in and out, and nothing else."""
    weights = {weight.name for weight in graph.graph.initializer}
    inputs = [value for value in graph.graph.input if value.name not in weights]
    for side, values in (("input", inputs), ("output", list(graph.graph.output))):
        found = [_shape(value) for value in values]
        if len(found) != 1 or len(found[0]) != 4 or found[0][1] != 1:
            raise ModelError(
                "E_MODEL_CHANNELS",
                f"{path} has the {side} {found}; expected one (batch, 1, height, "
                "width), that is, one channel",
                "give a model with one channel in and one out",
            )
        is_float = values[0].type.tensor_type.elem_type == TensorProto.FLOAT
        if not is_float or isinstance(found[0][2], int) or isinstance(found[0][3], int):
            raise ModelError(
                "E_MODEL_SHAPE",
                f"{path} has a fixed size or is not float32: {side} {found[0]}",
                "export the model with dynamic height and width, in float32",
            )


def _shape(value: onnx.ValueInfoProto) -> list[int | str]:
    return [
        axis.dim_value if axis.HasField("dim_value") else axis.dim_param
        for axis in value.type.tensor_type.shape.dim
    ]
