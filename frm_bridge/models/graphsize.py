"""How large the values within a network become, foreseen without running it.

NB: a few hundred bytes can ask for terabytes: a constant of any shape, an enlargement
again and again, each pixel against each other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import onnx
from onnx.shape_inference import InferenceError

from frm_bridge.errors import ModelError
from frm_bridge.models.externaldata import ITEM_BYTES
from frm_bridge.models.shapearithmetic import SMALL, infer_sizes

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 256  # of the image for which sizes are foreseen, in px
MAX_VALUES = 1024 * SIDE * SIDE  # of one value in the network; one stack has 32 a px
MAX_SUM = 16 * MAX_VALUES


def check_size(path: Path, model: onnx.ModelProto) -> None:
    """Refuse a network whose values are too large for a small image, or not foreseen.

    Parameters
    ----------
    path : Path
        Its file, for what is said of it.
    model : onnx.ModelProto
        Its nodes and weights were checked.

    Raises
    ------
    ModelError
        ``E_MODEL_GRAPH``.
    """
    try:
        inferred = infer_sizes(_without_weights(model))
    except (RuntimeError, ValueError, InferenceError) as error:
        raise _refusal(path, f"is inconsistent: {str(error)[:200]}") from error
    graph = inferred.graph
    sizes = {value.name: _count(value) for value in (*graph.value_info, *graph.output)}
    total = 0
    for node in graph.node:
        for name in filter(None, node.output):
            count = sizes.get(name)
            if count is None:
                found = (
                    f"has a value whose size or kind cannot be foreseen, {name[:80]!r}"
                )
                raise _refusal(path, f"{found} of {node.op_type}")
            total += count
            if count > MAX_VALUES or total > MAX_SUM:
                found = f"makes {max(count, total):,} values of {SIDE} x {SIDE} pixels"
                raise _refusal(path, f"{found}, in {node.op_type} {name[:80]!r}")


def _without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Copy what sizes depend on, for an image of a known size."""
    light = onnx.ModelProto(ir_version=model.ir_version)
    light.opset_import.extend(model.opset_import)
    graph = light.graph
    graph.name = "sizes"
    graph.node.extend(model.graph.node)
    # NB: what the file says of the values within is not taken over: it may be wrong.
    graph.output.extend(
        onnx.ValueInfoProto(name=value.name) for value in model.graph.output
    )
    given = {tensor.name for tensor in model.graph.initializer}
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) <= SMALL and not tensor.external_data:
            graph.initializer.append(tensor)
        graph.input.append(
            onnx.helper.make_tensor_value_info(
                tensor.name, tensor.data_type, list(tensor.dims)
            )
        )
    for value in model.graph.input:
        if value.name not in given:
            graph.input.append(value)
            for axis, size in enumerate(graph.input[-1].type.tensor_type.shape.dim):
                if not size.HasField("dim_value"):
                    size.dim_value = SIDE if axis else 1
    return light


def _count(value: onnx.ValueInfoProto) -> int | None:
    """Count the numbers of a value; None where that, or its kind, is not known."""
    kind = value.type.tensor_type
    if kind.elem_type not in ITEM_BYTES or not kind.HasField("shape"):
        return None
    if not all(axis.HasField("dim_value") for axis in kind.shape.dim):
        return None
    return math.prod([int(axis.dim_value) for axis in kind.shape.dim])


def _refusal(path: Path, found: str) -> ModelError:
    return ModelError(
        "E_MODEL_GRAPH",
        f"{path.name} {found}",
        "ask for a plain export with sizes that follow from the image's alone",
    )
