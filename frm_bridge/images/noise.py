"""The noise of an image, estimated from the image itself, and an image with more of it.

A camera's noise has a variance of ``gain * signal + floor``: photons arrive by chance
(Poisson), and reading them out adds the same everywhere (Gauss).

References
----------
Foi A, Trimeche M, Katkovnik V, Egiazarian K (2008) Practical Poissonian-Gaussian noise
modeling and fitting for single-image raw-data. IEEE Trans Image Process 17: 1737-1754,
doi 10.1109/TIP.2008.2001399.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

_BINS = 32
_LEAST_IN_BIN = 64
_MOST_PHOTONS = 1e12
_TO_SD = 1.2533141373155001  # sqrt(pi / 2): mean absolute value of normal noise to sd


@dataclass(frozen=True, slots=True)
class Noise:
    """A camera's noise: its variance is ``gain * signal + floor``.

    Attributes
    ----------
    gain : float
        Grey levels per photon; 0 or more.
    floor : float
        In grey levels squared; 0 or more.
    """

    gain: float
    floor: float


def estimate_noise(plane: Pixels) -> Noise:
    """Estimate the noise of one plane from its finest differences.

    In blocks of 2 x 2 px, the difference of the diagonals holds no mean and no slope of
    the image, and the noise of four pixels. Its mean size is taken in classes of equal
    signal (a median would be 0 where an 8-bit camera's noise is less than a grey
    level), and the line through them is the noise. Texture as fine as a pixel
    counts as noise, and noise that the camera or a program has smoothed does not.

    Parameters
    ----------
    plane : (height, width) array
        Grey levels.
    """
    from scipy.optimize import nnls

    height, width = (side // 2 * 2 for side in plane.shape)
    blocks = plane[:height, :width].astype(np.float64)
    a, b = blocks[::2, ::2].ravel(), blocks[::2, 1::2].ravel()
    c, d = blocks[1::2, ::2].ravel(), blocks[1::2, 1::2].ravel()
    signal, difference = (a + b + c + d) / 4, (a - b - c + d) / 2
    order = np.argsort(signal, kind="stable")
    count = max(1, min(_BINS, order.size // _LEAST_IN_BIN))
    classes = np.array_split(order, count)
    level = np.array([signal[rows].mean() for rows in classes])
    sd = np.array([_TO_SD * np.abs(difference[rows]).mean() for rows in classes])
    # NB: the sd of a class is known to a part of itself, but never better than rounding
    # to grey levels allows: a background cut off at 0 has none.
    rounding = 1 / 12 if plane.dtype.kind in "ui" else 1e-3 * float(np.mean(sd**2))
    weight = 1 / np.maximum(sd**2, max(rounding, 1e-12))
    lines = np.stack([np.maximum(level, 0), np.ones_like(level)], axis=1)
    (gain, floor), _ = nnls(lines * weight[:, None], sd**2 * weight)
    return Noise(float(gain), float(floor))


def add_noise(plane: Pixels, noise: Noise, *, seed: int) -> Pixels:
    """Give a plane with one more dose of noise, in its own type.

    Parameters
    ----------
    plane : (height, width) array
        Grey levels; its 3 x 3 mean is the signal whose photons are drawn again.
    noise : Noise
        How much.
    seed : int
        Of the random choices.
    """
    from scipy.ndimage import uniform_filter

    random = np.random.default_rng(seed)
    values = plane.astype(np.float64)
    more = random.normal(0, np.sqrt(noise.floor), plane.shape)
    if noise.gain > 0:
        photons = np.maximum(uniform_filter(values, 3), 0) / noise.gain
        if photons.max() < _MOST_PHOTONS:
            more += noise.gain * (random.poisson(photons) - photons)
        else:  # as good as normal, and more than the generator takes
            more += noise.gain * random.normal(0, np.sqrt(photons))
    noisy = values + more
    if plane.dtype.kind not in "ui":
        return noisy.astype(plane.dtype)
    limits = np.iinfo(plane.dtype)
    return np.clip(np.rint(noisy), limits.min, limits.max).astype(plane.dtype)
