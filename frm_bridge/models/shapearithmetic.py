"""Shapes that a network computes from the image's own: done beforehand.

NB: exporters write sums, quotients and cuts of shapes, which ONNX's own inference
follows in part only; an ordinary transposed convolution of tf2onnx is lost by it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALL = 64  # numbers that may be a shape; weights are not looked into
_MOST_ROUNDS = 100
_MOST_WORK = 100_000  # of one step, in values
_JOINING = {
    *("Concat", "Split", "Slice", "Gather"),
    *("Reshape", "Squeeze", "Unsqueeze", "Transpose"),
}
_OPERATORS = _JOINING | {
    *("Identity", "Cast", "Add", "Sub", "Mul", "Div", "Mod", "Neg", "Floor", "Ceil"),
    *("Round", "Min", "Max", "Equal", "Less", "Greater", "Not", "Where", "ReduceProd"),
}


def infer_sizes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Infer the shapes of all values that follow from those of the inputs.

    Parameters
    ----------
    model : onnx.ModelProto
        Inputs of known shapes; small initializers. It is changed: what is computed from
        shapes becomes an initializer.

    Returns
    -------
    onnx.ModelProto
        With all shapes that could be inferred.

    Raises
    ------
    RuntimeError, ValueError, InferenceError
        From ONNX, for an inconsistent model.
    """
    known = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
    }
    for _ in range(_MOST_ROUNDS):
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
        shapes = _shapes(inferred.graph)
        names = {name for node in model.graph.node for name in node.output if name}
        if names <= shapes.keys() or not _compute(model, shapes, known):
            break
    return inferred


def _shapes(graph: onnx.GraphProto) -> dict[str, tuple[int, ...]]:
    """Give the shapes that are wholly known."""
    found = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        kind = value.type.tensor_type
        if kind.HasField("shape") and all(
            axis.HasField("dim_value") for axis in kind.shape.dim
        ):
            found[value.name] = tuple(axis.dim_value for axis in kind.shape.dim)
    return found


def _compute(
    model: onnx.ModelProto,
    shapes: dict[str, tuple[int, ...]],
    known: dict[str, NDArray[Any]],
) -> bool:
    """Do what can be done by now, and say whether there was any."""
    left = []
    for node in model.graph.node:
        values = _values(node, shapes, known, model.opset_import)
        if not values or max(value.size for value in values) > SMALL:
            left.append(node)
            continue
        for name, value in zip(node.output, values, strict=True):
            known[name] = value
            model.graph.initializer.append(numpy_helper.from_array(value, name))
    done = len(model.graph.node) - len(left)
    if done:
        kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in left]
        del model.graph.node[:]
        model.graph.node.extend(kept)
    return done > 0


def _values(
    node: onnx.NodeProto,
    shapes: dict[str, tuple[int, ...]],
    known: dict[str, NDArray[Any]],
    opsets: Any,
) -> list[NDArray[Any]] | None:
    """Give what a node makes of known numbers; None where that is not known."""
    if node.op_type == "Shape" and len(node.input) == 1 and node.input[0] in shapes:
        said = {each.name: each.i for each in node.attribute}
        whole = np.array(shapes[node.input[0]], np.int64)
        return [whole[said.get("start", 0) : said.get("end", whole.size)]]
    names = [name for name in node.input if name]
    if node.op_type == "Constant":
        tensor = node.attribute[0].t if node.attribute else onnx.TensorProto()
        is_small = tensor.data_type and math.prod(tensor.dims) <= SMALL
        return [numpy_helper.to_array(tensor)] if is_small else None
    if node.op_type not in _OPERATORS or not all(name in known for name in names):
        return None
    given = {name: known[name] for name in names}
    work = math.prod(max(1, values.size) for values in given.values())
    if work > _MOST_WORK and node.op_type not in _JOINING:
        return None
    return _evaluated(node, given, opsets)


def _evaluated(
    node: onnx.NodeProto, given: dict[str, NDArray[Any]], opsets: Any
) -> list[NDArray[Any]] | None:
    from onnx.reference import ReferenceEvaluator

    inputs = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(values.dtype), values.shape
        )
        for name, values in given.items()
    ]
    outputs = [onnx.ValueInfoProto(name=name) for name in node.output]
    graph = helper.make_graph([node], "step", inputs, outputs)
    step = helper.make_model(graph, opset_imports=list(opsets))
    try:
        with np.errstate(all="ignore"):
            values = ReferenceEvaluator(step).run(None, given)
        return [np.asarray(value) for value in values]
    except Exception:  # it fails in any way on a node that is wrong
        return None
