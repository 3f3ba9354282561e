"""A network from a stranger: ONNX's own operators, in a straight line, within bounds.

What is refused, before a runtime sees it: operators that are not ONNX's (they would be
code from a library), functions (they may hide such), loops and branches (they may run
for ever), values other than numbers, weights that are not as long as they claim or that
lie in files elsewhere, and sizes that cannot be foreseen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import onnx
from onnx import AttributeProto, TensorProto, helper

from frm_bridge.errors import ModelError
from frm_bridge.models.card import load_onnx
from frm_bridge.models.externaldata import ITEM_BYTES, check_external, is_external
from frm_bridge.models.graphsize import check_size

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

MAX_NODES = 20_000  # 47 for one stack
DOMAINS = ("", "ai.onnx")
_GRAPHS = (AttributeProto.GRAPH, AttributeProto.GRAPHS)
_SPARSE = (AttributeProto.SPARSE_TENSOR, AttributeProto.SPARSE_TENSORS)
_PLAIN = "ask for a plain export: opset 17, without functions, control flow or plug-ins"


def check_graph(
    path: Path,
    graph: onnx.ModelProto | None = None,
    *,
    hashed: Collection[Path] | None = None,
) -> onnx.ModelProto:
    """Refuse a network that might do harm; give it.

    Parameters
    ----------
    path : Path
        The ``.onnx`` file.
    graph : onnx.ModelProto, optional
        What is in it, where it was read already.
    hashed : collection of Path, optional
        In a package, the files whose SHA-256 was declared and found right: weights in
        another file must be among them. Without, any file beside the model will do.

    Returns
    -------
    onnx.ModelProto
        Its weights in other files are not read.

    Raises
    ------
    ModelError
        ``E_MODEL_OPERATOR``, ``E_MODEL_GRAPH``, ``E_MODEL_WEIGHTS``,
        ``E_MODEL_EXTERNAL``; and as `~frm_bridge.models.card.load_onnx`.
    """
    model = load_onnx(path) if graph is None else graph
    _check_nodes(path, model)
    _check_values(path, model)
    for tensor in _tensors(model):
        _check_tensor(path, tensor)
        if is_external(tensor):
            check_external(path, tensor, hashed=hashed)
    check_size(path, model)
    return model


def _check_nodes(path: Path, model: onnx.ModelProto) -> None:
    if len(model.graph.node) > MAX_NODES:
        raise _graph(
            path, f"has {len(model.graph.node):,} nodes, {MAX_NODES:,} at most"
        )
    if model.functions or model.training_info:
        names = ", ".join(each.name for each in model.functions[:3]) or "for training"
        raise _graph(path, f"defines functions of its own ({names})")
    for node in model.graph.node:
        kind = node.op_type
        if node.domain not in DOMAINS or not onnx.defs.has(kind, ""):
            raise ModelError(
                "E_MODEL_OPERATOR",
                f"{path.name} needs the operator {kind[:80]!r} of "
                f"{node.domain[:80] or 'ONNX'!r}; only ONNX's own are run",
                _PLAIN,
            )
        for attribute in node.attribute:
            if attribute.type in _GRAPHS or attribute.HasField("g") or attribute.graphs:
                raise _graph(path, f"has a network within the operator {kind}")
            if attribute.type in _SPARSE or attribute.ref_attr_name:
                raise _graph(path, f"has a sparse or unknown value in {kind}")


def _check_values(path: Path, model: onnx.ModelProto) -> None:
    graph = model.graph
    if graph.sparse_initializer:
        raise _graph(path, "has sparse weights")
    for value in (*graph.input, *graph.output, *graph.value_info):
        kind = value.type.WhichOneof("value")
        if kind not in (None, "tensor_type"):
            raise _graph(path, f"has the value {value.name[:80]!r}, a {kind}")
        if kind and value.type.tensor_type.elem_type == TensorProto.STRING:
            raise _graph(path, f"has the value {value.name[:80]!r}, which is text")


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _check_tensor(path: Path, tensor: onnx.TensorProto) -> None:
    """Refuse weights whose content is not what their shape claims."""
    name = f"the weights {tensor.name[:80]!r}"
    size = ITEM_BYTES.get(tensor.data_type)
    if size is None or min(tensor.dims, default=0) < 0 or tensor.HasField("segment"):
        raise _weights(path, f"{name} are no plain numbers, or of no size")
    if is_external(tensor):
        return
    count = math.prod(tensor.dims)
    if tensor.HasField("raw_data"):
        claimed, held = count * size, len(tensor.raw_data)
    else:
        field = helper.tensor_dtype_to_field(tensor.data_type)
        claimed, held = count, len(getattr(tensor, field))
    if claimed != held:
        raise _weights(path, f"{name} claim {claimed:,} values or bytes, not {held:,}")


def _graph(path: Path, found: str) -> ModelError:
    return ModelError("E_MODEL_GRAPH", f"{path.name} {found}", _PLAIN)


def _weights(path: Path, found: str) -> ModelError:
    return ModelError(
        "E_MODEL_WEIGHTS",
        f"{path.name} is damaged, or made to do harm: {found}",
        "fetch it again; if that does not help, tell whoever sent it",
    )
