"""New images: ImageJ TIFFs that are written window by window.

The pixels lie in one uncompressed block, in ImageJ's plane order (C fastest, then Z,
then T). Windows may come in any order; the file appears under its name when it is
complete, or not at all.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.errors import InputError
from frm_bridge.images.calibration import Calibration
from frm_bridge.images.hyperstack import (
    DTYPES,
    Layout,
    allocate,
    annotate,
    check_calibration,
    check_layout,
    describe,
)
from frm_bridge.outputs import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import DTypeLike, NDArray


class ImageWriter:
    """An image being written; made by `create_image`."""

    def __init__(self, path: Path, layout: Layout, pixels: np.memmap[Any, Any]) -> None:
        self.path = path
        self._layout = layout
        self._pixels = pixels

    def write_window(self, plane: int, y: int, x: int, array: NDArray[Any]) -> None:
        """Write a window; windows may come in any order.

        Parameters
        ----------
        plane : int
            Flat index over the leading axes, in the order given to `create_image`.
        y, x : int
            First row and column.
        array : (height, width)
            Pixels of the image's dtype.

        Raises
        ------
        InputError
            ``E_IMAGE_DTYPE`` or ``E_IMAGE_SIZES`` when the window does not fit.
        """
        if array.dtype != self._pixels.dtype:
            raise InputError(
                "E_IMAGE_DTYPE",
                f"{self.path} holds {self._pixels.dtype}, the window {array.dtype}",
                f"convert the window to {self._pixels.dtype} first",
            )
        planes, height, width = self._pixels.shape
        bottom, right = y + array.shape[0], x + array.shape[-1]
        inside = 0 <= plane < planes and 0 <= y <= bottom <= height
        if array.ndim != 2 or not (inside and 0 <= x <= right <= width):
            raise InputError(
                "E_IMAGE_SIZES",
                f"a window of shape {array.shape} at plane {plane}, y={y}, x={x} does "
                f"not fit {self.path} with {planes} plane(s) of {height} x {width}",
                "give windows that lie inside the image",
            )
        self._pixels[self._layout.imagej_plane(plane), y:bottom, x:right] = array


def write_plane(
    path: Path,
    pixels: NDArray[Any],
    *,
    pixel_size_um: float | None = None,
    overwrite: bool = False,
) -> None:
    """Write one plane as an ImageJ TIFF; types that ImageJ lacks become float32.

    Parameters
    ----------
    path : Path
        The file; its folder is made.
    pixels : (height, width) array
        Grey levels.
    pixel_size_um, overwrite
        As for :func:`create_image`, and so are the errors.
    """
    if pixels.dtype.name not in DTYPES:
        pixels = pixels.astype(np.float32)
    with create_image(
        path,
        axes="YX",
        shape=pixels.shape,
        dtype=pixels.dtype,
        pixel_size_um=pixel_size_um,
        overwrite=overwrite,
    ) as writer:
        writer.write_window(0, 0, 0, pixels)


@contextmanager
def create_image(
    path: str | Path,
    *,
    axes: str,
    shape: Sequence[int],
    dtype: DTypeLike,
    pixel_size_um: float | None = None,
    z_step_um: float | None = None,
    frame_interval_s: float | None = None,
    properties: Mapping[str, str] | None = None,
    channel_names: Sequence[str] = (),
    overwrite: bool = False,
) -> Iterator[ImageWriter]:
    """Create an ImageJ TIFF, to be filled window by window.

    Pixels never written are 0. The disk space is taken at once, so a full disk is
    found before the work and not in its middle.

    Parameters
    ----------
    path : str or Path
        The file; its folder is made.
    axes : str
        Any of ``T``, ``Z``, ``C``, each once, then ``YX``. ImageJ knows one order only,
        so the file holds T, Z, C; axes of length 1 vanish in it.
    shape : sequence of int
        One length for each of ``axes``.
    dtype : {"uint8", "uint16", "float32"}
        What ImageJ can show.
    pixel_size_um, z_step_um, frame_interval_s : float, optional
        None leaves the image uncalibrated. ImageJ has one unit for both lengths, so a
        Z step without a pixel size cannot be stored and is left out.
    properties : mapping of str to str, optional
        Written into ImageJ's Info as ``key = value`` lines; line breaks become spaces.
    channel_names : sequence of str
        One for each channel, shown by ImageJ as the planes' labels.
    overwrite : bool
        Replace an existing file.

    Yields
    ------
    ImageWriter
        With `ImageWriter.write_window`.

    Raises
    ------
    OutputError
        ``E_OUTPUT_EXISTS``, ``E_OUTPUT_READ_ONLY`` or ``E_DISK_FULL``.
    InputError
        ``E_IMAGE_DTYPE`` or ``E_IMAGE_SIZES`` for what ImageJ cannot hold.
    """
    path = Path(path)
    layout = Layout(axes, tuple(int(n) for n in shape))
    check_layout(path, layout, np.dtype(dtype), channel_names)
    calibration = Calibration(pixel_size_um, z_step_um, frame_interval_s)
    check_calibration(path, calibration)
    metadata = {
        **describe(layout, calibration),
        **annotate(layout, properties or {}, channel_names),
    }
    with replacing(path, overwrite=overwrite) as partial:
        pixels = allocate(
            partial,
            layout,
            np.dtype(dtype),
            metadata=metadata,
            pixel_size_um=pixel_size_um,
        )
        writer = ImageWriter(path, layout, pixels)
        try:
            yield writer
            pixels.flush()
        finally:
            # NB: Windows neither renames nor removes a file that is still mapped.
            del writer._pixels, pixels
