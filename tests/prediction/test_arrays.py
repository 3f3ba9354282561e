"""Arrays that read like images, and are predicted into arrays."""

import numpy as np
import pytest

from frm_bridge.errors import FrmError
from frm_bridge.prediction import open_model, predict_image
from frm_bridge.prediction.arrays import ArrayImage, predict_into


@pytest.fixture(scope="module")
def cpu(one_stack):
    with open_model(one_stack, device="cpu") as model:
        yield model


@pytest.fixture
def stack():
    """Two planes, of which each has statistics of its own."""
    planes = np.random.default_rng(0).integers(0, 4096, (2, 40, 50), np.uint16)
    planes[1] //= 3
    return planes


def test_each_plane_of_a_stack_is_predicted_as_it_is_alone(stack, cpu):
    output, told = np.empty(stack.shape, np.float32), []
    report = predict_into(
        ArrayImage(stack), cpu, output, progress=lambda *each: told.append(each)
    )
    for plane, found in zip(stack, output, strict=True):
        np.testing.assert_array_equal(found, predict_image(plane, cpu))
    assert told == [(1, 2), (2, 2)]
    assert report.windows == 2
    assert report.warnings == ()


def test_counts_are_rounded_into_whole_numbers(stack, cpu):
    output = np.empty(stack.shape, np.uint16)
    predict_into(ArrayImage(stack), cpu, output)
    expected = np.clip(np.rint(predict_image(stack[1], cpu)), 0, 65535)
    np.testing.assert_array_equal(output[1], expected)


def test_relative_units_do_not_fit_into_whole_numbers(stack, relative):
    with open_model(relative, device="cpu") as model, pytest.raises(FrmError) as caught:
        predict_into(ArrayImage(stack), model, np.empty(stack.shape, np.uint16))
    assert caught.value.code == "E_OUTPUT_DTYPE"


def test_a_window_too_small_for_the_network_is_told(stack, cpu):
    output = np.empty(stack.shape, np.float32)
    report = predict_into(ArrayImage(stack), cpu, output, window=16)
    assert report.window > 16
    (warning,) = report.warnings
    assert "windows of 16 px are too small" in warning
