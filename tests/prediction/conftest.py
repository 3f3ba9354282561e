"""The network as an ONNX graph with random weights, written node by node."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from frm_bridge.models.card import ModelCard, write_card
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.prediction import available_providers

WIDTHS = (16, 32, 64, 128, 256)


class Graph:
    """Nodes and weights of the U-Net, in the order in which they run."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, inputs, [output], output, **attributes)
        )
        return output

    def weight(self, shape: tuple[int, ...], sd: float) -> str:
        name = f"weight_{len(self.weights)}"
        values = self.random.normal(0, sd, shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def convolution(self, image: str, channels: int, filters: int) -> str:
        kernel = self.weight((filters, channels, 3, 3), (2 / (9 * channels)) ** 0.5)
        bias = self.weight((filters,), 0.1)
        sides = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        return self.node("Conv", image, kernel, bias, **sides)

    def convolution_elu(self, image: str, channels: int, filters: int) -> str:
        return self.node("Elu", self.convolution(image, channels, filters))

    def up(self, image: str, channels: int) -> str:
        kernel = self.weight((channels, channels // 2, 2, 2), (1 / channels) ** 0.5)
        bias = self.weight((channels // 2,), 0.1)
        sides = {"kernel_shape": [2, 2], "strides": [2, 2]}
        return self.node("ConvTranspose", image, kernel, bias, **sides)

    def stack(self, image: str, channels: int) -> str:
        """One U-Net but for its last convolution; 16 channels come out."""
        skips = []
        for width in WIDTHS:
            image = self.convolution_elu(image, channels, width)
            image = self.convolution_elu(image, width, width)
            channels = width
            if width != WIDTHS[-1]:
                skips.append(image)
                sides = {"kernel_shape": [2, 2], "strides": [2, 2]}
                image = self.node("MaxPool", image, **sides)
        for width in WIDTHS[-2::-1]:
            up = self.up(image, channels)
            image = self.node("Concat", up, skips.pop(), axis=1)
            image = self.convolution_elu(image, 2 * width, width)
            if width != WIDTHS[0]:
                image = self.convolution_elu(image, width, width)
            channels = width
        return image


def write_network(
    path: Path, *, stacks: int = 1, head: str = "linear", channels: int = 1
) -> Path:
    """Write the clean graph: 47 nodes for one stack with a linear head."""
    graph = Graph(seed=stacks)
    features, wide = "image", channels
    for _ in range(stacks - 1):
        features = graph.convolution_elu(graph.stack(features, wide), 16, 16)
        wide = 16
    graph.convolution(graph.stack(features, wide), 16, 1)
    if head == "elu":
        graph.node("Elu", graph.nodes[-1].output[0])
    graph.nodes[-1].output[0] = "prediction"
    sides = ["batch", channels, "height", "width"]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, sides)
    sides = ["batch", 1, "height", "width"]
    prediction = helper.make_tensor_value_info("prediction", TensorProto.FLOAT, sides)
    model = helper.make_model(
        helper.make_graph(graph.nodes, "unet", [image], [prediction], graph.weights),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def card(**changes: object) -> ModelCard:
    """A card in camera counts, field statistics in, for one stack."""
    plain = ModelCard(
        name="random",
        marker="nuclei",
        modality="bright field",
        normalisation=Normalisation(
            InputNormalisation("field"), OutputNormalisation(1000.0, 100.0, "counts")
        ),
    )
    return replace(plain, **changes)


@pytest.fixture(scope="session")
def make_card() -> Callable[..., ModelCard]:
    return card


@pytest.fixture(scope="session")
def make_model(tmp_path_factory) -> Callable[..., Path]:
    """Write a random network with a card; keyword options are the card's."""
    folder = tmp_path_factory.mktemp("models")
    made: dict[str, Path] = {}

    def make(**changes: object) -> Path:
        name = f"{abs(hash(repr(sorted(changes.items(), key=str)))):x}.onnx"
        if name not in made:
            written = card(**changes)
            network = {"stacks": written.stacks, "head": written.head}
            made[name] = write_network(folder / name, **network)
            write_card(made[name], written)
        return made[name]

    return make


@pytest.fixture(scope="session")
def one_stack(make_model) -> Path:
    return make_model()


@pytest.fixture(scope="session")
def two_stacks(make_model) -> Path:
    return make_model(stacks=2, halo=192, margin=190)


@pytest.fixture(scope="session")
def relative(make_model) -> Path:
    scales = Normalisation(
        InputNormalisation("field"), OutputNormalisation(0.0, 1.0, "relative")
    )
    return make_model(name="relative", marker="actin", normalisation=scales)


@pytest.fixture(scope="session")
def openvino() -> str:
    """The device "openvino", where it is part of the installed runtime."""
    if available_providers()["OpenVINOExecutionProvider"] is not None:
        pytest.skip("this ONNX Runtime has no OpenVINO provider")
    return "openvino"
