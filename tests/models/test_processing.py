"""Declared steps become one mean and one sd, or are refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from frm_bridge.errors import ModelError
from frm_bridge.models.processing import (
    input_normalisation,
    output_normalisation,
    read_steps,
)


def step(name, **kwargs):
    return {"id": name, "kwargs": kwargs}


FIELD = step("zero_mean_unit_variance", axes=["channel", "y", "x"])


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        ([], lambda x: x),
        ([step("ensure_dtype", dtype="float32")], lambda x: x),
        ([step("scale_linear", gain=0.5, offset=3.0)], lambda x: 0.5 * x + 3),
        (
            [step("fixed_zero_mean_unit_variance", mean=100.0, std=7.0)],
            lambda x: (x - 100) / 7,
        ),
        (
            [
                step(
                    "fixed_zero_mean_unit_variance", mean=[9], std=[2.5], axis="channel"
                )
            ],
            lambda x: (x - 9) / 2.5,
        ),
        (
            [
                step("scale_linear", gain=[2.0], offset=[1.0], axis="channel"),
                step("fixed_zero_mean_unit_variance", mean=10.0, std=4.0),
            ],
            lambda x: (2 * x + 1 - 10) / 4,
        ),
        (
            [
                {"name": "zero_mean_unit_variance"}
                | {"kwargs": {"mode": "fixed", "mean": 3.0, "std": "2e0", "axes": "xy"}}
            ],
            lambda x: (x - 3) / 2,
        ),
    ],
)
def test_fixed_steps_in_a_row_are_one_mean_and_one_sd(declared, values):
    pixels = np.linspace(0, 200, 11)
    found = input_normalisation(read_steps(declared))
    mean, sd = found.statistics(1.0, 1.0)
    assert found.kind == "global"
    assert (pixels - mean) / sd == pytest.approx(values(pixels))
    scale = output_normalisation(read_steps(declared))
    assert pixels * scale.sd + scale.mean == pytest.approx(values(pixels))
    assert scale.unit == "relative"


@pytest.mark.parametrize(
    "axes", [["channel", "y", "x"], ["y", "x"], "cyx", "xy", ["batch", "c", "y", "x"]]
)
def test_statistics_of_the_image_are_field_statistics_with_its_eps(axes):
    declared = [step("zero_mean_unit_variance", axes=axes, eps=1e-3)]
    found = input_normalisation(read_steps(declared))
    assert (found.kind, found.eps) == ("field", 1e-3)
    assert found.statistics(5.0, 2.0) == (5.0, 2.001)


def test_eps_without_a_dot_is_text_to_yaml_and_a_number_here():
    declared = [step("zero_mean_unit_variance", eps="1e-06")]
    assert input_normalisation(read_steps(declared)).eps == 1e-6
    assert input_normalisation(read_steps([FIELD])).eps == 1e-6


def test_a_gain_before_the_images_statistics_changes_eps_alone():
    declared = [step("scale_linear", gain=0.01, offset=5.0), FIELD]
    found = input_normalisation(read_steps(declared))
    pixels = np.random.default_rng(0).normal(100, 3, 1000)
    mean, sd = found.statistics(pixels.mean(), pixels.std())
    scaled = 0.01 * pixels + 5
    expected = (scaled - scaled.mean()) / (scaled.std() + 1e-6)
    assert (pixels - mean) / sd == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "declared",
    [
        [step("scale_range", min_percentile=1.0)],
        [step("clip", min=0.0)],
        [step("sigmoid")],
        [step("binarize", threshold=0.5)],
        [step("softmax")],
        [step("custom")],
        [{"kwargs": {}}],
        ["sigmoid"],
        [step("zero_mean_unit_variance", axes=["channel"])],
        [step("zero_mean_unit_variance", axes=["channel", "z", "y", "x"])],
        [step("zero_mean_unit_variance", mode="per_dataset")],
        [FIELD, step("scale_linear", gain=2.0)],
        [step("scale_linear", gain=-1.0)],
        [step("scale_linear", gain=0.0)],
        [step("scale_linear", gain=[1.0, 2.0])],
        [step("fixed_zero_mean_unit_variance", mean=1.0, std=0.0)],
        [step("fixed_zero_mean_unit_variance", std=2.0)],
    ],
)
def test_what_a_mean_and_an_sd_cannot_express_is_refused_by_name(declared):
    with pytest.raises(ModelError, match="declares the step") as caught:
        input_normalisation(read_steps(declared))
    assert caught.value.code == "E_PACKAGE_PROCESSING"
    last = declared[-1]
    name = last.get("id", "without a name") if isinstance(last, dict) else "without"
    assert name in caught.value.message


def test_statistics_of_the_prediction_are_refused_after_the_network():
    with pytest.raises(ModelError, match="zero_mean_unit_variance"):
        output_normalisation(read_steps([FIELD]))
