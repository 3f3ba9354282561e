"""MATLAB's rmoutliers, by cases worked out by hand."""

import numpy as np
import pytest
from scipy.special import erfcinv

from frm_bridge.comparison.outliers import MAD_SCALE, remove_outliers

NAN = float("nan")
# Median 0, distances 2 1 0 1 2: MAD 1, so the limit is 3 x 1.4826 = 4.4478.
LIMIT = 3 * MAD_SCALE


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([1, 2, 3, 4, 100], [1, 2, 3, 4]),
        ([5, 5, 5, 5, 6], [5, 5, 5, 5]),
        ([5, 5, 5], [5, 5, 5]),
        ([-2, -1, 0, 1, 2, LIMIT], [-2, -1, 0, 1, 2, LIMIT]),
        ([-2, -1, 0, 1, LIMIT], [-2, -1, 0, 1, LIMIT]),
        ([-2, -1, 0, 1, np.nextafter(LIMIT, 9)], [-2, -1, 0, 1]),
        ([1, NAN, 2, 3, 4, 100], [1, NAN, 2, 3, 4]),
        ([NAN, NAN], [NAN, NAN]),
        ([7], [7]),
        ([], []),
    ],
)
def test_values_beyond_three_scaled_mads_go_and_nan_stay(values, kept):
    removal = remove_outliers(values)
    np.testing.assert_array_equal(removal.kept, kept)
    assert (removal.n_before, removal.n_after) == (len(values), len(kept))


def test_one_pass_only():
    # Without 10, the 8 would be an outlier of what is left: a second pass is not made.
    removal = remove_outliers([0, 3, 3, 3, 4, 5, 6, 8, 10])
    assert removal.kept == (0, 3, 3, 3, 4, 5, 6, 8)
    assert remove_outliers(removal.kept).n_after == 7


def test_the_scale_is_matlabs():
    assert pytest.approx(-1 / (np.sqrt(2) * erfcinv(1.5)), abs=1e-15) == MAD_SCALE


def test_the_mean_ignores_what_is_not_known():
    assert remove_outliers([1, NAN, 3]).mean == 2
    assert remove_outliers([NAN]).mean is None
