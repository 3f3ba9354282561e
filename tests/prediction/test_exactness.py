"""Tiles give together what one pass over the whole image gives, bit for bit."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frm_bridge.prediction import open_model, predict_image
from frm_bridge.prediction.tiling import plan_windows

TOO_LARGE = 100_000
few = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def cpu(one_stack):
    with open_model(one_stack, device="cpu") as model:
        yield model


@pytest.fixture(scope="module")
def cpu_two_stacks(two_stacks):
    with open_model(two_stacks, device="cpu") as model:
        yield model


def _image(height, width, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, 4096, (height, width), np.uint16)


@few
@given(st.integers(65, 480), st.integers(65, 480), st.integers(208, 400))
def test_tiled_prediction_is_bit_identical_to_whole_image(cpu, height, width, window):
    image = _image(height, width)
    whole = predict_image(image, cpu, window=TOO_LARGE)
    tiled = predict_image(image, cpu, window=window)
    np.testing.assert_array_equal(tiled, whole)


@few
@given(st.integers(16, 64), st.integers(65, 480))
def test_narrow_images_differ_by_at_most_1e_5_sd(cpu, height, width):
    image = _image(height, width)
    whole = predict_image(image, cpu, window=TOO_LARGE)
    tiled = predict_image(image, cpu, window=224)
    assert np.abs(tiled - whole).max() <= 1e-5 * whole.std()


def test_the_two_stack_network_is_exact_with_its_own_halo(cpu_two_stacks):
    image = _image(530, 410)
    whole = predict_image(image, cpu_two_stacks, window=TOO_LARGE)
    tiled = predict_image(image, cpu_two_stacks, window=480)
    np.testing.assert_array_equal(tiled, whole)


def test_a_smaller_halo_would_not_be_exact(make_model):
    image = _image(400, 300)
    model = make_model(name="short", halo=80)
    whole = predict_image(image, model, window=TOO_LARGE, device="cpu")
    tiled = predict_image(image, model, window=224, device="cpu")
    assert np.abs(tiled - whole).max() > 0


def test_a_shape_that_is_no_multiple_of_16_is_padded_with_the_mean(cpu):
    image = _image(400, 555)
    mean, sd = image.mean(), image.std()
    batch = np.zeros((1, 1, 400, 560), np.float32)
    batch[0, 0, :, :555] = (image - np.float32(mean)) / np.float32(sd)
    expected = cpu.run(batch)[0, 0, :, :555] * 100 + 1000
    predicted = predict_image(image, cpu, window=256)
    np.testing.assert_allclose(predicted, expected, atol=1e-2)


def test_openvino_is_exact_too_and_agrees_with_the_cpu(one_stack, cpu, openvino):
    image = _image(333, 470)
    with open_model(one_stack, device=openvino) as model:
        whole = predict_image(image, model, window=TOO_LARGE)
        tiled = predict_image(image, model, window=256)
    np.testing.assert_array_equal(tiled, whole)
    reference = predict_image(image, cpu, window=TOO_LARGE)
    assert np.abs(whole - reference).max() <= 1e-3 * reference.std()


def test_windows_of_different_limits_really_differ():
    def count(limit):
        plan = plan_windows(400, 400, stride=16, halo=96, max_window=limit)
        return len(plan.windows)

    assert count(TOO_LARGE) == 1
    assert count(256) > 4


def test_float_and_signed_pixels_predict_like_the_same_grey_levels(cpu):
    image = _image(100, 120)
    expected = predict_image(image, cpu)
    for dtype in (np.float32, np.float64, np.int32):
        np.testing.assert_array_equal(predict_image(image.astype(dtype), cpu), expected)
