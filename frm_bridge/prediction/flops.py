"""How much arithmetic a model does, counted on its graph."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from onnx import helper

if TYPE_CHECKING:
    import onnx


def flop_per_px(model: onnx.ModelProto) -> int:
    """Count the floating-point operations of the convolutions for one output pixel.

    A multiply-add counts as two; bias, activation and pooling are left out.

    Parameters
    ----------
    model : onnx.ModelProto
        Convolutions, transposed convolutions, pooling and nodes that keep the size.

    Returns
    -------
    int
        87,616 for one stack (43,808 multiply-adds).
    """
    shapes = {weight.name: tuple(weight.dims) for weight in model.graph.initializer}
    # Pixels of a tensor for each pixel of the image.
    density = {value.name: 1.0 for value in model.graph.input}
    total = 0.0
    for node in model.graph.node:
        known = [name for name in node.input if name in density]
        if not known:
            continue
        pixels = density[known[0]]
        area = math.prod(_attribute(node, "strides"))
        if node.op_type == "ConvTranspose":
            total += 2 * pixels * math.prod(shapes[node.input[1]])
            pixels *= area
        elif node.op_type == "Conv":
            pixels /= area
            total += 2 * pixels * math.prod(shapes[node.input[1]])
        elif node.op_type == "MaxPool":
            pixels /= area
        for name in node.output:
            density[name] = pixels
    return round(total)


def _attribute(node: onnx.NodeProto, name: str) -> tuple[int, ...]:
    for attribute in node.attribute:
        if attribute.name == name:
            return tuple(helper.get_attribute_value(attribute))
    return ()
