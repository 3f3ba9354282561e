"""The noise from pixel to pixel, which resampling takes away and a network expects.

A network that was trained on what a camera gives has never seen an image without noise
in its finest detail. Resampled images are such images, most of all enlarged ones: the
shipped model finds hardly a nucleus in them (docs/cross-system.md). So the noise that
was there is measured, and what of it was lost is put back.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from frm_bridge.prediction.exact import Source

_BAND_ROWS = 256
_BLOCK = (509, 521)  # primes: no side of an image or window is a multiple of them
_NEXT_PLANE = 131


def pixel_noise(source: Source, plane: int) -> float:
    """Estimate the sd of the noise that is independent from pixel to pixel.

    Smooth detail does not count; edges count a little.

    Parameters
    ----------
    source : Source
        The image.
    plane : int
        Flat index over the leading axes.

    References
    ----------
    Immerkaer (1996), Fast noise variance estimation.
    """
    height, width = source.info.height, source.info.width
    total, count = 0.0, 0
    for y in range(0, height - 2, _BAND_ROWS):
        rows = min(_BAND_ROWS + 2, height - y)
        band = source.read_window(plane, y, 0, rows, width).astype(np.float64)
        finest = np.abs(np.diff(np.diff(band, 2, axis=0), 2, axis=1))
        total += float(finest.sum()) / 6  # the norm of the mask
        count += finest.size
    return math.sqrt(math.pi / 2) * total / count


def lost_noise(before: float, after: float) -> float:
    """Give the sd of the noise that is to be added, where any was lost."""
    return math.sqrt(max(before**2 - after**2, 0.0))


def grain(plane: int, y: int, x: int, height: int, width: int) -> NDArray[np.float32]:
    """Give noise of sd 1 for a window of a plane, the same in every run."""
    block = _block()
    rows = (np.arange(y, y + height) + plane * _NEXT_PLANE) % _BLOCK[0]
    columns = np.arange(x, x + width) % _BLOCK[1]
    return block[rows[:, None], columns]


@cache
def _block() -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal(_BLOCK, np.float32)
