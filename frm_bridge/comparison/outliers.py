"""Outlier removal as MATLAB's ``rmoutliers``, which the paper used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MAD_SCALE = 1.482602218505602
"""MATLAB's -1/(sqrt(2) erfcinv(3/2)): makes the MAD of normal data its sd (CL-145)."""

MAD_LIMIT = 3.0
"""Scaled MADs from the median beyond which MATLAB calls a value an outlier."""


@dataclass(frozen=True, slots=True)
class OutlierRemoval:
    """Values without their outliers, and how many went.

    Attributes
    ----------
    kept : tuple of float
        In the order given; NaN stay (MATLAB does not remove missing values).
    n_before, n_after : int
        Both are always reported (CL-145).
    """

    kept: tuple[float, ...]
    n_before: int
    n_after: int

    @property
    def mean(self) -> float | None:
        """The mean of the kept values; None when there are none."""
        values = [value for value in self.kept if not np.isnan(value)]
        return float(np.mean(values)) if values else None


def remove_outliers(values: ArrayLike) -> OutlierRemoval:
    """Remove the values more than three scaled MADs from the median, once.

    The semantics of MATLAB's ``rmoutliers(x)``, method ``'median'``: strictly more than
    three; with a MAD of zero everything that differs from the median goes; NaN are
    ignored in the median and are not removed; one pass, not iterated.

    Parameters
    ----------
    values : sequence of float
        One-dimensional; may be empty.
    """
    x = np.asarray(values, dtype=np.float64).ravel()
    known = x[~np.isnan(x)]
    if known.size == 0:
        return OutlierRemoval(tuple(x.tolist()), x.size, x.size)
    distance = np.abs(x - np.median(known))
    mad = MAD_SCALE * np.median(distance[~np.isnan(x)])
    # NaN compare false, so they are kept.
    kept = x[~(distance > MAD_LIMIT * mad)]
    return OutlierRemoval(tuple(kept.tolist()), x.size, kept.size)
