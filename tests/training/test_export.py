import collections
import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import onnx
import pytest

from frm_bridge.errors import ModelError, OutputError
from frm_bridge.models.card import ModelCard, read_card
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.prediction.runtime import open_model
from frm_bridge.training import export
from frm_bridge.training.unet import Network, build_unet

CARD = ModelCard(
    name="random",
    marker="nothing",
    modality="bright field",
    normalisation=Normalisation(
        InputNormalisation("field"), OutputNormalisation(0, 1, "relative")
    ),
)
VARIANTS = [
    Network(1, "linear"),
    Network(1, "elu"),
    Network(2, "linear"),
    Network(2, "elu"),
]
NODES = {"Conv": 18, "MaxPool": 4, "ConvTranspose": 4, "Concat": 4}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Every variant with random weights: network to (weights, onnx file)."""
    made = {}
    for network in VARIANTS:
        folder = tmp_path_factory.mktemp(f"{network.head}{network.stacks}")
        weights = folder / "w.weights.h5"
        model = build_unet(network)
        random = np.random.default_rng(0)
        model.set_weights(  # fresh biases are 0, and zero biases leave no trace
            [w + random.normal(0, 0.02, w.shape) for w in model.get_weights()]
        )
        model.save_weights(weights)
        export.export_onnx(weights, folder / "m.onnx", network=network, card=CARD)
        made[network] = (weights, folder / "m.onnx")
    return made


@pytest.mark.parametrize("network", VARIANTS)
def test_graph_is_clean(exported, network):
    model = onnx.load(exported[network][1])
    kinds = collections.Counter(node.op_type for node in model.graph.node)
    elu = 18 * network.stacks - (network.head == "linear")
    expected = {kind: count * network.stacks for kind, count in NODES.items()}
    assert kinds == {**expected, "Elu": elu}
    if network.stacks == 1:
        assert len(model.graph.node) == (48 if network.head == "elu" else 47)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    assert model.ir_version == 8
    for value, name in (
        (model.graph.input[0], "image"),
        (model.graph.output[0], "prediction"),
    ):
        dims = [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        assert (value.name, dims) == (name, ["batch", 1, "height", "width"])
    parameters = sum(np.prod(item.dims) for item in model.graph.initializer)
    assert parameters == build_unet(network).count_params()


@pytest.mark.parametrize("network", VARIANTS)
def test_onnx_runtime_gives_what_keras_gives(exported, network):
    weights, path = exported[network]
    keras_model = build_unet(network)
    keras_model.load_weights(weights)
    image = np.random.default_rng(9).normal(size=(2, 64, 112, 1)).astype(np.float32)
    expected = np.asarray(keras_model(image, training=False))[..., 0]
    with open_model(path, device="cpu") as model:
        found = model.run(image.transpose(0, 3, 1, 2))[:, 0]
    assert np.abs(found - expected).max() < 1e-4 * expected.std()


def test_card_carries_geometry_and_measured_parity(exported):
    one, two = read_card(exported[VARIANTS[0]][1]), read_card(exported[VARIANTS[2]][1])
    assert (one.stride, one.halo, one.margin, one.stacks) == (16, 96, 94, 1)
    assert (two.stride, two.halo, two.margin, two.stacks) == (16, 192, 190, 2)
    assert 0 < one.parity_error_sd <= 1e-4


def test_export_that_differs_from_keras_writes_nothing(exported, tmp_path, monkeypatch):
    network = VARIANTS[0]
    monkeypatch.setattr(export, "PARITY_LIMIT_SD", 1e-12)
    with pytest.raises(ModelError, match="differs from Keras") as caught:
        export.export_onnx(
            exported[network][0], tmp_path / "m.onnx", network=network, card=CARD
        )
    assert caught.value.code == "E_EXPORT_PARITY"
    assert list(tmp_path.iterdir()) == []


def test_an_existing_model_is_not_overwritten(exported):
    weights, path = exported[VARIANTS[0]]
    with pytest.raises(OutputError) as caught:
        export.export_onnx(weights, path, network=VARIANTS[0], card=CARD)
    assert caught.value.code == "E_OUTPUT_EXISTS"


def test_a_network_trained_on_jax_exports(pairs, tmp_path):
    """Two steps on the JAX backend; the export re-builds the network on TensorFlow."""
    rows = [[str(p.input), str(p.target), p.group, p.split] for p in pairs]
    program = textwrap.dedent("""
        import json, sys
        from pathlib import Path
        from frm_bridge.training.backend import backend_name
        from frm_bridge.training.model import train_model
        from frm_bridge.training.pairs import Pair
        from frm_bridge.training.patches import Sampling
        from frm_bridge.training.settings import TrainingSettings
        assert backend_name() == "jax"
        rows = json.loads(sys.argv[1])
        pairs = [Pair(Path(i), Path(t), g, split=s) for i, t, g, s in rows]
        settings = TrainingSettings(
            sampling=Sampling(size=32), batch_size=2, steps_per_epoch=2, epochs=1
        )
        train_model(pairs, Path(sys.argv[2]), settings=settings)
    """)
    run = subprocess.run(
        [sys.executable, "-c", program, json.dumps(rows), str(tmp_path / "out")],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    card = read_card(tmp_path / "out" / "model.onnx")
    assert card.parity_error_sd <= 1e-4
