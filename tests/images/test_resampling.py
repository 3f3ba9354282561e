"""Planes on another grid: nothing shifts, nothing folds back, windows agree."""

import numpy as np
import pytest

from frm_bridge.images.resampling import plan_grids, resample

SHAPES = [(151, 167), (150, 301)]
FACTORS = [0.2, 0.5, 0.7, 1.4038, 2.0, 5.0]


def _dot(shape, y, x, sd=5.0):
    rows, columns = np.indices(shape)
    return np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * sd**2))


def _centroid(plane):
    weights = plane / plane.sum()
    rows, columns = np.indices(plane.shape)
    return float((rows * weights).sum()), float((columns * weights).sum())


def _scaled(shape, factor):
    return round(shape[0] * factor), round(shape[1] * factor)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", FACTORS)
def test_a_dot_stays_where_it_is_there_and_back(shape, factor):
    after = _scaled(shape, factor)
    there = resample(_dot(shape, 60.3, 81.6), after)
    centre = [
        (at + 0.5) * old / new - 0.5
        for at, old, new in zip(_centroid(there), shape, after, strict=True)
    ]
    assert centre == pytest.approx([60.3, 81.6], abs=0.02)
    back = resample(there, shape)
    assert back.shape == shape
    assert _centroid(back) == pytest.approx((60.3, 81.6), abs=0.02)


@pytest.mark.parametrize("factor", FACTORS)
def test_a_flat_plane_stays_flat_to_its_border(factor):
    plane = np.full((40, 51), 60_000, np.uint16)
    made = resample(plane, _scaled(plane.shape, factor))
    np.testing.assert_allclose(made, 60_000, rtol=1e-6)


def test_a_ramp_is_followed_inside():
    plane = np.tile(np.arange(64.0), (64, 1))
    made = resample(plane, (96, 96))
    expected = (np.arange(96) + 0.5) / 1.5 - 0.5
    np.testing.assert_allclose(made[:, 6:-6], np.tile(expected, (96, 1))[:, 6:-6], 1e-5)


def test_the_same_grid_gives_the_same_pixels():
    plane = np.random.default_rng(0).random((33, 47)).astype(np.float32)
    np.testing.assert_array_equal(resample(plane, (33, 47)), plane)


def test_what_the_coarser_grid_cannot_hold_is_averaged_out():
    stripes = np.tile([0.0, 1.0], (128, 64))  # the finest that there are
    shrunk = resample(stripes, (51, 51))
    assert np.abs(shrunk - 0.5)[:, 1:-1].max() < 0.01
    assert np.abs(stripes[::2, ::2] - 0.5).min() == 0.5  # folded back, without


def test_shrinking_averages_noise_away():
    noise = np.random.default_rng(1).normal(0, 1, (400, 400))
    shrunk = resample(noise, (200, 200))
    assert 0.35 < shrunk.std() < 0.5  # binning 2 x 2 leaves 0.5


@pytest.mark.parametrize("factor", [0.3, 1.4038])
def test_windows_are_the_whole_to_the_last_bit(factor):
    plane = np.random.default_rng(2).integers(0, 65536, (97, 113), np.uint16)
    after = _scaled(plane.shape, factor)
    grids = plan_grids(plane.shape, after)
    whole = grids.window(plane, 0, 0, *after)
    for y, x, height, width in ((0, 0, 5, 7), (3, 11, 20, 16), (9, 2, 1, 1)):
        needed = grids.needed(y, x, height, width)
        part = grids.window(plane[needed], y, x, height, width)
        np.testing.assert_array_equal(part, whole[y : y + height, x : x + width])
    rows, _ = grids.needed(10, 0, 4, 4)
    assert rows.stop - rows.start < 30
