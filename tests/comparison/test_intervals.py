"""Intervals of means: what they hold, and how often."""

import numpy as np
import pytest
from scipy import stats

from frm_bridge.comparison.intervals import (
    bootstrap_t_interval,
    mean_interval,
    student_interval,
)


def test_students_interval_is_scipys():
    x = np.array([0.1, -0.2, 0.4, 0.05])
    expected = stats.ttest_1samp(x, 0).confidence_interval(0.9)
    assert student_interval(x) == pytest.approx((expected.low, expected.high))


def test_bootstrap_t_of_normal_values_is_close_to_students():
    x = np.random.default_rng(0).normal(2, 1, 200)
    assert bootstrap_t_interval(x) == pytest.approx(student_interval(x), abs=0.02)


def test_bootstrap_t_reaches_farther_where_the_long_tail_is():
    x = np.random.default_rng(1).exponential(1, 30)
    low, high = bootstrap_t_interval(x)
    assert high - x.mean() > 1.2 * (x.mean() - low)


def test_the_interval_is_the_farther_end_and_the_same_in_every_run():
    x = np.random.default_rng(2).exponential(1, 12)
    pair = (student_interval(x), bootstrap_t_interval(x))
    assert mean_interval(x) == mean_interval(x)
    assert mean_interval(x) == (min(p[0] for p in pair), max(p[1] for p in pair))


@pytest.mark.parametrize("n", [3, 4])
def test_of_three_or_four_values_it_is_students_alone(n):
    x = np.arange(n, dtype=float)
    assert mean_interval(x) == student_interval(x)


@pytest.mark.parametrize("values", [[0.3] * 5, [0.1 + 0.2, 0.3, 0.3, 0.3, 0.3]])
def test_equal_values_have_an_interval_without_width(values):
    assert mean_interval(values) == pytest.approx((0.3, 0.3), abs=1e-12)


def test_one_field_off_gives_finite_ends():
    assert np.isfinite(mean_interval([0, 0, 0, 0, 0, 0, 0.05])).all()


@pytest.mark.parametrize("n", [3, 5, 10])
def test_of_normal_values_nine_in_ten_intervals_hold_the_mean(n):
    random = np.random.default_rng(n)
    held = []
    for _ in range(400):
        low, high = mean_interval(random.normal(0, 1, n), resamples=499)
        held.append(low <= 0 <= high)
    assert np.mean(held) > 0.9 - 3 * np.sqrt(0.09 / 400)
