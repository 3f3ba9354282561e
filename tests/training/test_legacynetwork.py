"""The paper's networks, counted and compared without a file."""

import copy
import json

import numpy as np
import pytest

from frm_bridge.errors import ModelError
from frm_bridge.training import legacynetwork
from frm_bridge.training.legacynetwork import (
    SavedLayer,
    count_stacks,
    expected_operations,
    expected_shapes,
    find_head,
)
from frm_bridge.training.unet import Network, build_unet


def saved(shapes):
    return [
        SavedLayer(f"l{number}", (("kernel", kernel), ("bias", bias)))
        for number, (kernel, bias) in enumerate(shapes)
    ]


@pytest.mark.parametrize(
    ("stacks", "deeper", "parameters"),
    [(1, False, 1_938_625), (2, False, 3_881_585), (2, True, 4_656_625)],
)
def test_the_shapes_have_the_papers_numbers_of_parameters(stacks, deeper, parameters):
    shapes = expected_shapes(stacks, deeper=deeper)
    assert sum(np.prod(k) + np.prod(b) for k, b in shapes) == parameters


@pytest.mark.parametrize("stacks", [1, 2])
def test_our_network_has_the_same_shapes_in_the_same_order(stacks):
    model = build_unet(Network(stacks, "elu"))
    ours = [
        tuple(tuple(weight.shape) for weight in layer.weights)
        for layer in model.layers
        if layer.weights
    ]
    assert ours == expected_shapes(stacks)
    assert count_stacks(saved(ours), "f.h5") == stacks


@pytest.mark.parametrize("stacks", [1, 2])
def test_the_deeper_network_is_recognised_and_refused(stacks):
    with pytest.raises(ModelError, match=f"'deeper' {stacks}-stack"):
        count_stacks(saved(expected_shapes(stacks, deeper=True)), "f.h5")


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ([], "as layer 1 nothing stands where 3x3 1 to 16 was expected. Found 0"),
        (expected_shapes(1)[:-1], "as layer 22 nothing stands"),
        (
            [*expected_shapes(1), ((1, 1, 1, 1), (1,))],
            "as layer 23 l22 1x1 1 to 1 stands where no further layer",
        ),
        (expected_shapes(2)[:-1], "2-stack U-Net: as layer 44 nothing"),
    ],
)
def test_the_first_layer_that_differs_is_named(shapes, said):
    with pytest.raises(ModelError, match=said) as caught:
        count_stacks(saved(shapes), "f.h5")
    assert caught.value.code == "E_WEIGHTS_NETWORK"


@pytest.fixture(scope="module")
def config():
    """What Keras says of the network of one stack."""
    return json.loads(build_unet(Network(1, "linear")).to_json())["config"]


def test_a_network_is_described_step_by_step_up_to_its_head(config):
    convolutions, downs, skips = 22, 4, 4
    steps = expected_operations(1, "elu")
    assert len(steps) == 1 + convolutions + downs + skips
    assert find_head(config, 1, [], "f.h5") == "linear"


def changed_layer(config, name, **values):
    for layer in config["layers"]:
        if layer["config"]["name"].startswith(name):
            layer["config"] |= values
            return


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("conv2d", {"dilation_rate": [2, 2]}, "elu, dilation_rate .2, 2."),
        ("conv2d", {"padding": "valid"}, "by 1, valid, elu"),
        ("conv2d", {"strides": [1, 2]}, "by 1 and 2, same"),
        ("conv2d", {"data_format": "channels_first"}, "data_format channels_first"),
        ("conv2d_transpose", {"activation": "elu"}, "by 2, same, elu"),
        ("max_pooling2d", {"strides": [1, 1]}, "'MaxPooling2D max_pooling2d"),
        ("concatenate", {"axis": 1}, "'Concatenate concatenate"),
    ],
)
def test_a_layer_that_does_something_else_is_named(kind, values, said, config):
    other = copy.deepcopy(config)
    changed_layer(other, kind, **values)
    with pytest.raises(ModelError, match=said) as caught:
        find_head(other, 1, [], "f.h5")
    assert caught.value.code == "E_WEIGHTS_NETWORK"


def test_an_output_in_the_middle_is_refused(config):
    other = copy.deepcopy(config)
    other["output_layers"] = [[other["layers"][3]["config"]["name"], 0, 0]]
    with pytest.raises(ModelError, match="another order"):
        find_head(other, 1, [], "f.h5")


def test_a_description_without_end_is_not_followed(config, monkeypatch):
    monkeypatch.setattr(legacynetwork, "_LAYERS_AT_MOST", 20)
    with pytest.raises(ValueError, match="layers"):
        find_head(config, 1, [], "f.h5")
