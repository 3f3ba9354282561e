"""Noise from pixel to pixel: measured whatever lies below, and the same every time."""

import numpy as np
import pytest

from frm_bridge.prediction.arrays import ArrayImage
from frm_bridge.prediction.grain import grain, lost_noise, pixel_noise
from frm_bridge.prediction.rescaled import RescaledImage


def _noise(shape, sd, seed=0):
    return np.random.default_rng(seed).normal(0, sd, shape)


@pytest.mark.parametrize("sd", [0.8, 20.0])
def test_the_noise_is_found_above_what_is_smooth(sd):
    rows, columns = np.indices((520, 300))
    smooth = 1000 + 200 * np.sin(rows / 15) + 3 * columns
    found = pixel_noise(ArrayImage(smooth + _noise(smooth.shape, sd)), 0)
    assert found == pytest.approx(sd, rel=0.1)
    assert pixel_noise(ArrayImage(smooth), 0) < 0.05


@pytest.mark.parametrize("height", [257, 258, 259, 300])
def test_bands_of_rows_change_nothing(height, monkeypatch):
    image = ArrayImage(_noise((height, 40), 1.0))
    found = pixel_noise(image, 0)
    monkeypatch.setattr("frm_bridge.prediction.grain._BAND_ROWS", 1000)
    assert found == pytest.approx(pixel_noise(image, 0), rel=1e-9)


def test_enlarging_takes_noise_and_what_was_lost_is_put_back():
    pixels = _noise((200, 210), 5.0)
    smooth = RescaledImage(ArrayImage(pixels), 1.8, with_grain=False)
    assert smooth.grain == (0.0,)
    assert pixel_noise(smooth, 0) < 2
    grained = RescaledImage(ArrayImage(pixels), 1.8)
    assert pixel_noise(grained, 0) == pytest.approx(5.0, rel=0.05)
    expected = lost_noise(pixel_noise(ArrayImage(pixels), 0), pixel_noise(smooth, 0))
    assert grained.grain == (expected,)


def test_what_is_sharper_after_resampling_gets_no_noise():
    assert lost_noise(1.0, 2.0) == 0
    assert lost_noise(5.0, 3.0) == 4


def test_windows_of_a_grained_image_are_the_whole_to_the_last_bit():
    stack = _noise((2, 300, 310), 5.0)
    image = RescaledImage(ArrayImage(stack), 2.0)
    whole = image.read_window(1, 0, 0, 600, 620)
    part = image.read_window(1, 500, 515, 60, 40)
    np.testing.assert_array_equal(part, whole[500:560, 515:555])
    assert image.info.shape == (2, 600, 620)


def test_grain_has_mean_0_and_sd_1_and_differs_between_planes():
    first, second = grain(0, 0, 0, 600, 600), grain(1, 0, 0, 600, 600)
    assert (first.mean(), first.std()) == pytest.approx((0, 1), abs=0.01)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.01


def test_an_image_without_noise_gets_none():
    rows, columns = np.indices((100, 100))
    smooth = 1000 * np.exp(-((rows - 50) ** 2 + (columns - 40) ** 2) / 800)
    (sd,) = RescaledImage(ArrayImage(smooth), 2.0).grain
    assert sd < 0.05
