"""Mean and standard deviation of a plane, in bands of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from frm_bridge.images.reading import Image

# Fixed, so that a plane has the same statistics to the last bit whatever windows the
# prediction uses and however much memory is free.
BAND_ROWS = 256


@dataclass(slots=True)
class _Moments:
    """Count, mean and sum of squared deviations, merged band by band.

    References
    ----------
    Chan, Golub, LeVeque (1979), Updating formulae and a pairwise algorithm for
    computing sample variances.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    def add(self, band: NDArray[np.generic]) -> None:
        """Merge the pixels of a band."""
        values = band.astype(np.float64)
        mean = float(values.mean())
        self.low = min(self.low, float(values.min()))
        self.high = max(self.high, float(values.max()))
        values -= mean
        np.square(values, out=values)
        total = self.count + values.size
        shift = mean - self.mean
        self.squares += float(values.sum()) + shift * shift * (
            self.count * values.size / total
        )
        self.mean += shift * values.size / total
        self.count = total


def plane_statistics(image: Image, plane: int) -> tuple[float, float]:
    """Give mean and population standard deviation of a plane.

    Parameters
    ----------
    image : Image
        An open image.
    plane : int
        Flat index over the leading axes.

    Returns
    -------
    tuple of float
        Mean and sd (ddof 0), computed in float64.

    Raises
    ------
    InputError
        ``E_IMAGE_NOT_FINITE`` or ``E_IMAGE_CONSTANT``.
    """
    moments, bad, first = _Moments(), 0, (0, 0)
    for y, band in _bands(image, plane):
        finite = np.isfinite(band)
        if finite.all():
            moments.add(band)
            continue
        if not bad:
            row, column = np.argwhere(~finite)[0]
            first = (y + int(row), int(column))
        bad += int(np.count_nonzero(~finite))
    if bad:
        raise _not_finite(image, plane, bad, first)
    if moments.low == moments.high:
        raise InputError(
            "E_IMAGE_CONSTANT",
            f"{_name(image, plane)}: every pixel is {moments.low:g}; "
            "an image with structure was expected",
            "leave this image out, or check its export from the microscope",
        )
    return moments.mean, math.sqrt(moments.squares / moments.count)


def _bands(image: Image, plane: int) -> Iterator[tuple[int, NDArray[np.generic]]]:
    """Yield a plane as bands of rows with their first row."""
    height, width = image.info.height, image.info.width
    for y in range(0, height, BAND_ROWS):
        yield y, image.read_window(plane, y, 0, min(BAND_ROWS, height - y), width)


def _not_finite(
    image: Image, plane: int, bad: int, first: tuple[int, int]
) -> InputError:
    """Describe the NaN or infinite pixels of a plane."""
    return InputError(
        "E_IMAGE_NOT_FINITE",
        f"{_name(image, plane)}: {bad:,} pixel(s) are NaN or infinite, the first at "
        f"y={first[0]}, x={first[1]}; finite numbers were expected",
        "replace them, in ImageJ by Process > Noise > Remove NaNs...",
    )


def _name(image: Image, plane: int) -> str:
    """Name the file, and the plane where there are several."""
    info = image.info
    # ImageJ counts planes from 1.
    return f"{info.path}, plane {plane + 1}" if info.plane_count > 1 else str(info.path)
