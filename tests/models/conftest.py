"""Small networks and packages, written without the code that reads them."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

from frm_bridge.models.card import ModelCard, write_card
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder, there already."""
    folder = tmp_path / "maison à côté" / "frm"
    folder.mkdir(parents=True)
    monkeypatch.setenv("FRM_BRIDGE_HOME", str(folder))
    return folder


def side(name: str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["n", 1, "h", "w"])


def network(seed: int = 0) -> onnx.ModelProto:
    """A convolution, and no card."""
    kernel = np.random.default_rng(seed).random((1, 1, 3, 3), np.float32)
    node = helper.make_node("Conv", ["image", "kernel"], ["out"], pads=[1] * 4)
    weights = [numpy_helper.from_array(kernel, "kernel")]
    graph = helper.make_graph([node], "blur", [side("image")], [side("out")], weights)
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


@pytest.fixture
def make_onnx(tmp_path: Path) -> Callable[..., Path]:
    """Write a network; with a card where a name is given."""

    def make(file: str = "model.onnx", name: str = "", seed: int = 0, **card: Any):
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(network(seed), path)
        if name:
            plain = Normalisation(
                InputNormalisation("field"), OutputNormalisation(0.0, 1.0, "relative")
            )
            written = ModelCard(name, "nuclei", "bright field", plain, **card)
            write_card(path, written)
        return path

    return make


@pytest.fixture
def contents(make_onnx: Callable[..., Path]) -> Callable[..., dict[str, bytes]]:
    """Give the files of a package, by name; ``source`` is that of the weights."""

    def make(
        *, name: str = "", seed: int = 0, model: Path | None = None, **weights: Any
    ) -> dict[str, bytes]:
        path = model or make_onnx("to be packed.onnx", name, seed)
        weighty = path.read_bytes()
        if model is None:
            path.unlink()
        onnx_part = {
            "source": "weights.onnx",
            "sha256": hashlib.sha256(weighty).hexdigest(),
        } | weights
        description = {
            "type": "model",
            "format_version": "0.5.4",
            "name": name or "A Foreign Model",
            "version": "0.3",
            "weights": {"onnx": onnx_part},
        }
        return {
            "weights.onnx": weighty,
            "rdf.yaml": yaml.safe_dump(description).encode(),
        }

    return make


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[..., Path]:
    """Write files as a zip."""

    def make(files: dict[str, bytes], name: str = "package.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in files.items():
                archive.writestr(member, content)
        return path

    return make
