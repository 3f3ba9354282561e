"""Planes on another grid: bicubic, with antialiasing where they shrink.

Pixels are squares, and both grids cover the same rectangle (half-pixel centres), so
that nothing shifts. Rows and columns are weighted one after another by Keys' cubic;
where an axis shrinks, the cubic is widened by as much, and what the coarser grid cannot
hold is averaged out and not folded back. The weights of a pixel sum to one, also at the
border, where only pixels of the plane count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_REACH = 2  # of the cubic, in px
_KEYS = -0.5  # third order of accuracy


@dataclass(frozen=True, slots=True)
class Grids:
    """Weights from the grid of a plane to another grid over the same rectangle.

    Attributes
    ----------
    before, after : (height, width)
        In px.
    rows, columns : sparse array
        Weights of the old pixels for each of the new ones.
    """

    before: tuple[int, int]
    after: tuple[int, int]
    rows: csr_array
    columns: csr_array

    def needed(self, y: int, x: int, height: int, width: int) -> tuple[slice, slice]:
        """Say which old pixels a window of the new plane is made of."""
        return _reach(self.rows, y, height), _reach(self.columns, x, width)

    def window(
        self, pixels: NDArray[Any], y: int, x: int, height: int, width: int
    ) -> NDArray[np.float64]:
        """Make a window of the new plane from the old pixels that it needs.

        Each number is the same to the last bit, whatever window it is part of.
        """
        old_y, old_x = self.needed(y, x, height, width)
        rows = self.rows[y : y + height, old_y]
        columns = self.columns[x : x + width, old_x]
        values = rows @ np.ascontiguousarray(pixels, np.float64)
        return np.ascontiguousarray((columns @ np.ascontiguousarray(values.T)).T)


def plan_grids(before: tuple[int, int], after: tuple[int, int]) -> Grids:
    """Plan how planes of one size become planes of another.

    Parameters
    ----------
    before, after : (height, width)
        In px, each at least 1.

    References
    ----------
    Keys (1981), Cubic convolution interpolation for digital image processing.
    """
    rows, columns = (_weights(*sides) for sides in zip(before, after, strict=True))
    return Grids(before, after, rows, columns)


def resample(plane: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Put a whole plane on a grid of another size.

    Parameters
    ----------
    plane : (height, width) array of any real dtype
        Grey levels.
    shape : (height, width)
        Of the result.
    """
    grids = plan_grids((plane.shape[0], plane.shape[1]), shape)
    return grids.window(plane, 0, 0, *shape).astype(np.float32)


def _reach(weights: csr_array, first: int, count: int) -> slice:
    """Give the old pixels that some consecutive new ones are made of."""
    places = weights.indices[weights.indptr[first] : weights.indptr[first + count]]
    return slice(int(places.min()), int(places.max()) + 1)


def _weights(before: int, after: int) -> csr_array:
    """Give the weights along one axis, a row for each new pixel."""
    from scipy.sparse import csr_array

    wide = max(1.0, before / after)
    centres = (np.arange(after) + 0.5) * (before / after) - 0.5
    reach = int(np.ceil(_REACH * wide))
    places = np.floor(centres).astype(int)[:, None] + np.arange(-reach, reach + 2)
    values = _cubic((places - centres[:, None]) / wide)
    values[(places < 0) | (places >= before)] = 0.0
    values /= values.sum(axis=1, keepdims=True)
    row, column = np.nonzero(values)
    found = csr_array(
        (values[row, column], (row, places[row, column])), shape=(after, before)
    )
    found.sort_indices()
    return found


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic: 1 at 0, 0 at every other whole number, 0 beyond 2."""
    t = np.abs(distance)
    near = (_KEYS + 2) * t**3 - (_KEYS + 3) * t**2 + 1
    far = _KEYS * (t**3 - 5 * t**2 + 8 * t - 4)
    return np.where(t < 1, near, np.where(t < _REACH, far, 0.0))
