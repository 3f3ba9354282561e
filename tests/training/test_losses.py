import numpy as np
import pytest
from scipy.stats import pearsonr

from frm_bridge.training.losses import pearson_loss


def test_pearson_loss_is_half_of_one_minus_r_over_the_whole_batch():
    random = np.random.default_rng(1)
    target = random.normal(size=(3, 8, 8, 1)).astype("float32")
    prediction = (target + random.normal(size=target.shape)).astype("float32")
    r = pearsonr(target.ravel(), prediction.ravel()).statistic
    assert float(pearson_loss(target, prediction)) == pytest.approx(
        (1 - r) / 2, abs=1e-6
    )


def test_pearson_loss_is_blind_to_gain_and_offset():
    target = np.random.default_rng(2).normal(size=(1, 8, 8, 1)).astype("float32")
    assert float(pearson_loss(target, 3 * target + 7)) == pytest.approx(0, abs=1e-5)


def test_pearson_loss_of_a_constant_batch_is_finite():
    zeros = np.zeros((1, 4, 4, 1), "float32")
    assert float(pearson_loss(zeros, zeros)) == pytest.approx(0.5)
