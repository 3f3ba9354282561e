"""ImageJ hyperstacks as files: plane order, limits, description, disk space."""

from __future__ import annotations

import errno
import math
import os
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import tifffile

from frm_bridge.errors import InputError, OutputError
from frm_bridge.outputs import check_space

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from frm_bridge.images.calibration import Calibration

IMAGEJ_ORDER = "TZC"
DTYPES = ("uint8", "uint16", "float32")
_CLASSIC_LIMIT = 2**32 - 2**25  # offsets have 32 bits; room is left for the other IFDs
_PLANE_LIMIT_PX = 2**31  # ImageJ keeps a plane in one Java array
_RATIONAL_LIMIT = 2**31 - 1
_BLOCK = 2**24


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the planes of the caller's axes go in ImageJ's order."""

    axes: str
    shape: tuple[int, ...]

    @property
    def imagej_shape(self) -> tuple[int, ...]:
        """Lengths of T, Z, C, Y and X."""
        sizes = dict(zip(self.axes, self.shape, strict=True))
        return tuple(sizes.get(axis, 1) for axis in (*IMAGEJ_ORDER, "Y", "X"))

    def imagej_plane(self, plane: int) -> int:
        """Turn a flat index over the leading axes into ImageJ's plane number."""
        indices = np.unravel_index(plane, self.shape[:-2]) if self.axes[:-2] else ()
        places = dict(zip(self.axes, indices, strict=False))
        number = 0
        for axis, size in zip(IMAGEJ_ORDER, self.imagej_shape, strict=False):
            number = number * size + int(places.get(axis, 0))
        return number


def check_layout(
    path: Path, layout: Layout, dtype: np.dtype[Any], channel_names: Sequence[str]
) -> None:
    """Refuse what an ImageJ TIFF cannot hold."""
    leading = layout.axes[:-2]
    known = layout.axes.endswith("YX") and set(leading) <= set(IMAGEJ_ORDER)
    right_lengths = len(layout.axes) == len(layout.shape) and min(layout.shape) > 0
    if not known or len(set(leading)) != len(leading) or not right_lengths:
        raise InputError(
            "E_IMAGE_SIZES",
            f"{path}: axes {layout.axes!r} with shape {layout.shape} cannot be written",
            "give any of T, Z, C once, then YX, and one positive length for each",
        )
    if dtype.name not in DTYPES:
        raise InputError(
            "E_IMAGE_DTYPE",
            f"{path}: ImageJ has no {dtype} images, only {', '.join(DTYPES)}",
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


def check_calibration(path: Path, calibration: Calibration) -> None:
    """Refuse what is no length or time."""
    given = (
        calibration.pixel_size_um,
        calibration.z_step_um,
        calibration.frame_interval_s,
    )
    for value in given:
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InputError(
                "E_IMAGE_CALIBRATION",
                f"{path}: {value} is no pixel size, Z step or frame interval",
                "give a positive number, or leave it out where it is not known",
            )


def describe(layout: Layout, calibration: Calibration) -> dict[str, Any]:
    """Give ImageJ's description entries."""
    metadata: dict[str, Any] = {"axes": "TZCYX"}
    if layout.imagej_shape[2] > 1:
        metadata["mode"] = "composite"
    if calibration.pixel_size_um is not None:
        metadata["unit"] = "micron"
        if calibration.z_step_um is not None:
            metadata["spacing"] = repr(float(calibration.z_step_um))
    if calibration.frame_interval_s is not None:
        metadata["finterval"] = repr(float(calibration.frame_interval_s))
    return metadata


def annotate(
    layout: Layout, properties: Mapping[str, str], channel_names: Sequence[str]
) -> dict[str, Any]:
    """Give ImageJ's Info and the labels of its planes."""
    notes: dict[str, Any] = {}
    if properties:
        lines = (f"{key} = {_one_line(text)}\n" for key, text in properties.items())
        notes["Info"] = "".join(lines)
    if channel_names:
        frames, slices = layout.imagej_shape[:2]
        notes["Labels"] = list(channel_names) * (frames * slices)
    return notes


def _one_line(value: str) -> str:
    """Keep a property on its line of ImageJ's Info, and in Unicode.

    NB: on Linux the name of a file may hold bytes that are no UTF-8.
    """
    text = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(text.splitlines())


def pixels_per_um(pixel_size_um: float) -> tuple[int, int]:
    """Give pixels per µm as two 31-bit integers, as near as they come."""
    exact = Fraction(pixel_size_um)
    if exact <= 1:
        size = exact.limit_denominator(_RATIONAL_LIMIT)
        return size.denominator, max(size.numerator, 1)
    inverse = (1 / exact).limit_denominator(_RATIONAL_LIMIT)
    return max(inverse.numerator, 1), inverse.denominator


def allocate(
    partial: Path,
    layout: Layout,
    dtype: np.dtype[Any],
    *,
    metadata: Mapping[str, Any],
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
            resolution=(pixels_per_um(pixel_size_um),) * 2 if pixel_size_um else (1, 1),
            resolutionunit="NONE",
            software="frm_bridge",
            metadata=dict(metadata),
        )
        _reserve(partial, mapped.offset, needed)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise OutputError(
                "E_DISK_FULL",
                f"the disk cannot hold a file of {needed / 1e6:,.0f} MB (limit of the "
                "file system or of this account)",
                "choose another --output; nothing was left behind",
            ) from error
        raise
    return cast("np.memmap[Any, Any]", mapped.reshape(-1, *shape[-2:]))


def _reserve(path: Path, start: int, length: int) -> None:
    """Take the disk blocks of the pixels, which tifffile leaves as a hole.

    NB: without this a full disk is met as SIGBUS when a mapped page is written, which
    ends the process without a word.
    """
    with path.open("r+b") as file:
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(file.fileno(), start, length)
            except OSError as error:
                # Some network and FUSE file systems cannot.
                if error.errno not in {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}:
                    raise
            else:
                return
        file.seek(start)
        for done in range(0, length, _BLOCK):
            file.write(bytes(min(_BLOCK, length - done)))
