"""New images: ImageJ TIFFs that are written window by window.

The pixels lie in one uncompressed block, in ImageJ's plane order (C fastest, then Z,
then T). Windows may come in any order; the file appears under its name when it is
complete, or not at all.
"""

from __future__ import annotations

import errno
import math
import os
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import tifffile

from frm_bridge.errors import InputError, OutputError
from frm_bridge.outputs import check_space, replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

_IMAGEJ_ORDER = "TZC"
_DTYPES = ("uint8", "uint16", "float32")
_CLASSIC_LIMIT = 2**32 - 2**25  # offsets have 32 bits; room is left for the other IFDs
_PLANE_LIMIT_PX = 2**31  # ImageJ keeps a plane in one Java array
_RATIONAL_LIMIT = 2**31 - 1
_BLOCK = 2**24


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the planes of the caller's axes go in ImageJ's order."""

    axes: str
    shape: tuple[int, ...]

    @property
    def imagej_shape(self) -> tuple[int, ...]:
        """Lengths of T, Z, C, Y and X."""
        sizes = dict(zip(self.axes, self.shape, strict=True))
        return tuple(sizes.get(axis, 1) for axis in (*_IMAGEJ_ORDER, "Y", "X"))

    def imagej_plane(self, plane: int) -> int:
        """Turn a flat index over the leading axes into ImageJ's plane number."""
        indices = np.unravel_index(plane, self.shape[:-2]) if self.axes[:-2] else ()
        places = dict(zip(self.axes, indices, strict=False))
        number = 0
        for axis, size in zip(_IMAGEJ_ORDER, self.imagej_shape, strict=False):
            number = number * size + int(places.get(axis, 0))
        return number


class ImageWriter:
    """An image being written; made by `create_image`."""

    def __init__(
        self, path: Path, layout: _Layout, pixels: np.memmap[Any, Any]
    ) -> None:
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


@contextmanager
def create_image(
    path: Path,
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
    path : Path
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
    layout = _Layout(axes, tuple(int(n) for n in shape))
    _check(path, layout, np.dtype(dtype), channel_names)
    for value in (pixel_size_um, z_step_um, frame_interval_s):
        _check_positive(path, value)
    metadata = _metadata(layout, pixel_size_um, z_step_um, frame_interval_s)
    info = "".join(f"{k} = {_one_line(v)}\n" for k, v in (properties or {}).items())
    if info:
        metadata["Info"] = info
    if channel_names:
        frames, slices = layout.imagej_shape[:2]
        metadata["Labels"] = list(channel_names) * (frames * slices)
    with replacing(path, overwrite=overwrite) as partial:
        pixels = _allocated(partial, layout, np.dtype(dtype), metadata, pixel_size_um)
        writer = ImageWriter(path, layout, pixels)
        try:
            yield writer
            pixels.flush()
        finally:
            # NB: Windows neither renames nor removes a file that is still mapped.
            del writer._pixels, pixels


def _check(
    path: Path, layout: _Layout, dtype: np.dtype[Any], channel_names: Sequence[str]
) -> None:
    """Refuse what an ImageJ TIFF cannot hold."""
    leading = layout.axes[:-2]
    known = layout.axes.endswith("YX") and set(leading) <= set(_IMAGEJ_ORDER)
    right_lengths = len(layout.axes) == len(layout.shape) and min(layout.shape) > 0
    if not known or len(set(leading)) != len(leading) or not right_lengths:
        raise InputError(
            "E_IMAGE_SIZES",
            f"{path}: axes {layout.axes!r} with shape {layout.shape} cannot be written",
            "give any of T, Z, C once, then YX, and one positive length for each",
        )
    if dtype.name not in _DTYPES:
        raise InputError(
            "E_IMAGE_DTYPE",
            f"{path}: ImageJ has no {dtype} images, only {', '.join(_DTYPES)}",
            "convert the pixels first",
        )
    plane_px = math.prod(layout.shape[-2:])
    if plane_px >= _PLANE_LIMIT_PX or plane_px * dtype.itemsize >= _CLASSIC_LIMIT:
        raise InputError(
            "E_IMAGE_SIZES",
            f"{path}: a plane of {layout.shape[-2]} x {layout.shape[-1]} {dtype} is "
            "more than an ImageJ TIFF can hold (2^31 pixels, 4 GB)",
            "crop the image into parts, or write uint16 instead of float32",
        )
    channels = layout.imagej_shape[2]
    if channel_names and len(channel_names) != channels:
        raise InputError(
            "E_IMAGE_SIZES",
            f"{path}: {len(channel_names)} channel name(s) for {channels} channel(s)",
            "give one name for each channel",
        )


def _check_positive(path: Path, value: float | None) -> None:
    """Refuse a calibration that is no length or time."""
    if value is not None and not (math.isfinite(value) and value > 0):
        raise InputError(
            "E_IMAGE_SIZES",
            f"{path}: {value} is no pixel size, Z step or frame interval",
            "give a positive number, or leave it out where it is not known",
        )


def _metadata(
    layout: _Layout,
    pixel_size_um: float | None,
    z_step_um: float | None,
    frame_interval_s: float | None,
) -> dict[str, Any]:
    """Give ImageJ's description entries."""
    metadata: dict[str, Any] = {"axes": "TZCYX"}
    if layout.imagej_shape[2] > 1:
        metadata["mode"] = "composite"
    if pixel_size_um is not None:
        metadata["unit"] = "micron"
        if z_step_um is not None:
            metadata["spacing"] = repr(float(z_step_um))
    if frame_interval_s is not None:
        metadata["finterval"] = repr(float(frame_interval_s))
    return metadata


def _one_line(value: str) -> str:
    """Keep a property on its line of ImageJ's Info."""
    return " ".join(str(value).splitlines())


def _rational(pixel_size_um: float) -> tuple[int, int]:
    """Give pixels per µm as two 31-bit integers, as near as they come."""
    exact = Fraction(pixel_size_um)
    if exact <= 1:
        size = exact.limit_denominator(_RATIONAL_LIMIT)
        return size.denominator, max(size.numerator, 1)
    inverse = (1 / exact).limit_denominator(_RATIONAL_LIMIT)
    return max(inverse.numerator, 1), inverse.denominator


def _allocated(
    partial: Path,
    layout: _Layout,
    dtype: np.dtype[Any],
    metadata: dict[str, Any],
    pixel_size_um: float | None,
) -> np.memmap[Any, Any]:
    """Write the file with zeros in it and map its pixels as (planes, height, width)."""
    shape = layout.imagej_shape
    needed = math.prod(shape) * dtype.itemsize
    check_space(partial, needed)
    try:
        mapped = tifffile.memmap(
            partial,
            shape=shape,
            dtype=dtype,
            imagej=True,
            # ImageJ's own way past 4 GB: one IFD, and the planes one after another.
            truncate=needed >= _CLASSIC_LIMIT,
            # Lengths in µm, so "none" and never inches; 1/1 with no unit says nothing.
            resolution=(_rational(pixel_size_um),) * 2 if pixel_size_um else (1, 1),
            resolutionunit="NONE",
            software="frm_bridge",
            metadata=metadata,
        )
        _reserve(partial)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise OutputError(
                "E_DISK_FULL",
                f"{partial.parent} cannot hold a file of {needed / 1e6:,.0f} MB "
                "(limit of the file system or of this account)",
                "choose another --output; nothing was left behind",
            ) from error
        raise
    return cast("np.memmap[Any, Any]", mapped.reshape(-1, *shape[-2:]))


def _reserve(path: Path) -> None:
    """Take the disk blocks of a file full of holes.

    NB: without this a full disk is met as SIGBUS when a mapped page is written, which
    ends the process without a word.
    """
    with path.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
            return
        start = file.read(min(size, 2**16))  # the header; beyond it all is zero
        file.seek(len(start))
        for place in range(len(start), size, _BLOCK):
            file.write(bytes(min(_BLOCK, size - place)))
