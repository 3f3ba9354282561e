"""Pixel agreement against SciPy and numbers worked out by hand."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from frm_bridge.comparison.pixels import (
    has_signal,
    mean_squared_error,
    measure_pixels,
    pearson,
    score_signal,
    segmentation_pcc,
    sub_images,
)
from frm_bridge.errors import InputError


@pytest.fixture
def pair():
    random = np.random.default_rng(7)
    truth = random.gamma(2.0, 400.0, (300, 520)).astype(np.uint16)
    noise = random.normal(0, 300, truth.shape)
    return truth, (0.6 * truth + noise).clip(0).astype(np.uint16)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_pearson_is_that_of_scipy(pair, dtype):
    a, b = (image.astype(dtype) for image in pair)
    expected = pearsonr(a.ravel().astype(float), b.ravel().astype(float)).statistic
    assert pearson(a, b) == pytest.approx(expected, abs=1e-12)


def test_pearson_keeps_its_digits_on_a_high_background(pair):
    truth, prediction = pair
    raised = prediction.astype(np.float64) + 1e8
    assert pearson(truth, raised) == pytest.approx(pearson(truth, prediction), abs=1e-8)


@pytest.mark.parametrize("constant", [0.0, 0.1, 4000])
def test_pearson_with_a_constant_image_does_not_exist(pair, constant):
    flat = np.full(pair[0].shape, constant)
    assert pearson(pair[0], flat) is None
    assert pearson(flat, pair[0]) is None
    assert pearson(flat, flat) is None


def test_images_of_different_sizes_are_refused(pair):
    with pytest.raises(InputError) as caught:
        pearson(pair[0], pair[1][:-1])
    assert caught.value.code == "E_PAIR_SIZE"


def test_mean_squared_error_does_not_wrap_around_in_unsigned_integers():
    a, b = np.array([[1, 5]], np.uint16), np.array([[4, 1]], np.uint16)
    assert mean_squared_error(a, b) == pytest.approx(12.5)


def test_normalised_error_is_in_units_of_the_truths_variance():
    truth = np.array([[0.0, 2.0], [0.0, 2.0]])
    measured = measure_pixels(truth, truth + 3)
    assert measured.mse == pytest.approx(9.0)
    assert measured.mse_truth_sd == pytest.approx(9.0)
    assert measure_pixels(2 * truth, 2 * truth + 3).mse_truth_sd == pytest.approx(2.25)


def test_a_relative_prediction_has_no_squared_error(pair):
    measured = measure_pixels(*pair, relative=True)
    assert measured.pcc is not None
    assert (measured.mse, measured.mse_truth_sd) == (None, None)


def test_segmentation_pcc_looks_only_above_the_threshold(pair):
    truth, prediction = pair
    mask = truth > 900
    expected = pearsonr(truth[mask].astype(float), prediction[mask].astype(float))
    assert segmentation_pcc(*pair, 900) == pytest.approx(expected.statistic, abs=1e-12)
    assert segmentation_pcc(*pair, 65535) is None


def test_signal_is_strictly_above_the_threshold():
    image = np.array([[10, 20]])
    assert has_signal(image, 19.9)
    assert not has_signal(image, 20)


def test_sub_images_go_row_by_row_and_leave_the_remainder_out(pair):
    tiles = [truth for truth, _ in sub_images(*pair)]
    assert len(tiles) == 2
    assert np.array_equal(tiles[1], pair[0][:256, 256:512])


def test_without_a_threshold_p_is_not_available(pair):
    measured = measure_pixels(*pair)
    assert measured.signal is None
    assert measured.sub_image_signal == ()
    assert measured.segmentation_pcc is None


def test_p_averages_the_images_with_signal_and_shows_the_average_of_all():
    score = score_signal(
        [0.9, 0.7, 0.1, None, None], [True, True, False, False, True], unit="field"
    )
    assert (score.n_kept, score.n_total, score.n_undefined) == (3, 5, 1)
    assert score.mean == pytest.approx(0.8)
    assert score.sd == pytest.approx(0.1)
    assert score.mean_all == pytest.approx(1.7 / 3)


def test_p_without_any_signal_does_not_exist():
    score = score_signal([0.2, 0.1], [False, False], unit="field")
    assert (score.mean, score.sd, score.n_kept) == (None, None, 0)
