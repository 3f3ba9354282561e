"""Networks of several kinds."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import tifffile
from onnx import TensorProto, helper

from frm_bridge.models.card import write_card
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.prediction import available_providers
from frm_bridge.prediction.packaging import Sample, pack_model


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


@pytest.fixture(scope="session")
def blur(tmp_path_factory, blur_network) -> Path:
    """A tiny network without a card."""
    return blur_network(tmp_path_factory.mktemp("blur") / "blur.onnx")


@pytest.fixture(scope="session")
def field(tmp_path_factory) -> Path:
    """A field of 320 x 300 px with a bright disc in its lower right corner."""
    pixels = np.random.default_rng(1).normal(1000, 50, (320, 300))
    rows, columns = np.indices(pixels.shape)
    pixels[(rows - 260) ** 2 + (columns - 240) ** 2 < 900] += 800
    path = tmp_path_factory.mktemp("field") / "field.tif"
    tifffile.imwrite(path, pixels.astype(np.uint16), photometric="minisblack")
    return path


@pytest.fixture(scope="session")
def small_package(blur, field, make_card, tmp_path_factory) -> Path:
    """A sealed package of the tiny network, with counts out and a pixel size."""
    folder = tmp_path_factory.mktemp("small")
    model = folder / "small.onnx"
    shutil.copyfile(blur, model)
    write_card(model, make_card(name="small", halo=16, margin=1, pixel_size_um=0.65))
    pack_model(model, folder / "small.zip", sample=Sample(field, field))
    return folder / "small.zip"


@pytest.fixture
def make_identity(tmp_path, make_card) -> Callable[..., Path]:
    """Write a network that gives back what it takes; keyword options are the card's."""

    def make(name: str, **changes: object) -> Path:
        sides = ["batch", 1, "height", "width"]
        ends = [
            helper.make_tensor_value_info(side, TensorProto.FLOAT, sides)
            for side in ("image", "same")
        ]
        node = helper.make_node("Identity", ["image"], ["same"])
        graph = helper.make_graph([node], "identity", ends[:1], ends[1:])
        opsets = [helper.make_opsetid("", 17)]
        path = tmp_path / f"{name}.onnx"
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
        write_card(path, make_card(name=name, halo=16, margin=0, **changes))
        return path

    return make
