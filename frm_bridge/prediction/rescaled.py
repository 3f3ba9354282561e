"""An image at a model's scale, and the prediction back on the image's own grid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.errors import InputError
from frm_bridge.images.info import SMALLEST_SIDE
from frm_bridge.images.resampling import plan_grids
from frm_bridge.prediction.grain import grain, lost_noise, pixel_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from frm_bridge.prediction.exact import Source, Write

_BAND_ROWS = 256


class CalibratedImage:
    """An image with another pixel size than its file says."""

    def __init__(self, source: Source, pixel_size_um: float) -> None:
        self.info = replace(source.info, pixel_size_um=pixel_size_um)
        self._source = source

    def read_window(
        self, plane: int, y: int, x: int, height: int, width: int
    ) -> NDArray[Any]:
        """Give a window of the image."""
        return self._source.read_window(plane, y, x, height, width)


class RescaledImage:
    """An image that reads as if each side had more pixels, or fewer.

    A window is resampled when it is read, from the pixels that it needs, and is the
    same to the last bit whatever its size.

    Parameters
    ----------
    source : Source
        The image.
    factor : float
        New pixels for each old one along a side.
    with_grain : bool
        Put back the noise that resampling takes away.

    Attributes
    ----------
    info : ImageInfo
        Of the image at its new size.
    grain : tuple of float
        Sd of the noise that is put back into each plane, in grey levels.

    Raises
    ------
    InputError
        ``E_IMAGE_SMALL`` where too little would be left.
    """

    def __init__(
        self, source: Source, factor: float, *, with_grain: bool = True
    ) -> None:
        info = source.info
        before = info.height, info.width
        after = max(1, round(before[0] * factor)), max(1, round(before[1] * factor))
        if min(after) < SMALLEST_SIDE:
            raise InputError(
                "E_IMAGE_SMALL",
                f"{info.path}: {before[0]} x {before[1]} px become {after[0]} x "
                f"{after[1]} px at the model's scale; at least {SMALLEST_SIDE} px on "
                "each side were expected",
                "give a larger image, or a model for this magnification",
            )
        pixel = info.pixel_size_um
        self.info = replace(
            info,
            shape=(*info.shape[:-2], *after),
            dtype=np.dtype(np.float64),
            pixel_size_um=None if pixel is None else pixel / factor,
        )
        self._source = source
        self._grids = plan_grids(before, after)
        self.grain: tuple[float, ...] = (0.0,) * info.plane_count
        if with_grain:
            self.grain = tuple(map(self._lost, range(info.plane_count)))

    def _lost(self, plane: int) -> float:
        return lost_noise(pixel_noise(self._source, plane), pixel_noise(self, plane))

    def read_window(
        self, plane: int, y: int, x: int, height: int, width: int
    ) -> NDArray[Any]:
        """Give a window of a plane of the new size."""
        rows, columns = self._grids.needed(y, x, height, width)
        pixels = self._source.read_window(
            plane,
            rows.start,
            columns.start,
            rows.stop - rows.start,
            columns.stop - columns.start,
        )
        values = self._grids.window(pixels, y, x, height, width)
        if self.grain[plane]:
            values += self.grain[plane] * grain(plane, y, x, height, width)
        return values


class BackOnGrid:
    """Gathers windows of a plane at another scale, and writes the plane at the image's.

    It holds one plane at a time: all windows of a plane come one after another.

    Parameters
    ----------
    before, after : (height, width)
        Of the planes that are gathered, and of those that are written.
    write : callable
        Takes bands of rows of the planes that are written.
    """

    def __init__(
        self, before: tuple[int, int], after: tuple[int, int], write: Write
    ) -> None:
        self._grids = plan_grids(before, after)
        self._write = write
        self._plane: NDArray[np.float32] | None = None
        self._missing = 0

    def __call__(
        self, place: int, plane: int, y: int, x: int, values: NDArray[np.float32]
    ) -> None:
        """Take a window; the last one of a plane lets the plane be written."""
        if self._plane is None:
            self._plane = np.empty(self._grids.before, np.float32)
            self._missing = self._plane.size
        height, width = values.shape
        self._plane[y : y + height, x : x + width] = values
        self._missing -= values.size
        if not self._missing:
            self._put_back(self._plane, place, plane)
            self._plane = None

    def _put_back(self, gathered: NDArray[np.float32], place: int, plane: int) -> None:
        height, width = self._grids.after
        for y in range(0, height, _BAND_ROWS):
            rows = min(_BAND_ROWS, height - y)
            needed, _ = self._grids.needed(y, 0, rows, width)
            band = self._grids.window(gathered[needed], y, 0, rows, width)
            self._write(place, plane, y, 0, band.astype(np.float32))
