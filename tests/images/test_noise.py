"""Noise: found in an image of known noise, and added again."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from frm_bridge.images.noise import Noise, add_noise, estimate_noise


@pytest.fixture(scope="module")
def clean():
    values = gaussian_filter(np.random.default_rng(0).random((512, 512)), 16)
    values = (values - values.min()) / np.ptp(values)
    return 50 + 4000 * values**3


@pytest.mark.parametrize(("gain", "sd"), [(2.0, 3.0), (0.5, 20.0), (0.0, 5.0)])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_known_noise_is_found(clean, gain, sd, dtype):
    random = np.random.default_rng(1)
    image = random.poisson(clean / gain) * gain if gain else clean
    image = image + random.normal(0, sd, clean.shape)
    image = np.clip(np.rint(image) if dtype == "uint16" else image, 0, None)
    found = estimate_noise(image.astype(dtype))
    for level in (100, 1000, 3000):
        expected = gain * level + sd**2
        assert found.gain * level + found.floor == pytest.approx(expected, rel=0.15)


def test_noise_of_an_image_cut_off_at_0_is_found_where_there_is_light():
    random = np.random.default_rng(2)
    light = np.where(np.arange(256)[:, None] < 200, 0, 60) * np.ones(256)
    found = estimate_noise(random.poisson(light).astype(np.uint8))
    assert found.gain == pytest.approx(1, rel=0.2)


def test_a_second_dose_has_the_size_of_the_first(clean):
    noise = Noise(2.0, 9.0)
    more = add_noise(clean, noise, seed=3) - clean
    assert more.mean() == pytest.approx(0, abs=0.5)
    assert more.var() == pytest.approx(2 * clean.mean() + 9, rel=0.02)
    assert np.array_equal(add_noise(clean, noise, seed=3) - clean, more)
    assert not np.array_equal(add_noise(clean, noise, seed=4) - clean, more)


def test_the_type_stays_and_nothing_wraps_around():
    plane = np.array([[0, 255] * 50] * 100, dtype=np.uint8)
    noisy = add_noise(plane, Noise(1.0, 25.0), seed=0)
    assert noisy.dtype == np.uint8
    assert noisy[:, 1::2].min() > 150
    assert noisy[:, ::2].max() < 200


def test_photons_beyond_count_are_normal():
    noisy = add_noise(np.full((64, 64), 1e6), Noise(1e-9, 0.0), seed=0)
    assert np.isfinite(noisy).all()


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (7, 64)])
def test_small_images_have_noise_too(shape):
    found = estimate_noise(np.zeros(shape, np.uint8))
    assert (found.gain, found.floor) == (0, 0)
