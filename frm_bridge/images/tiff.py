"""TIFF files: their layout, their metadata, and whether they are complete."""

from __future__ import annotations

import logging
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from frm_bridge.errors import InputError
from frm_bridge.images.completeness import check_directories, check_pixels
from frm_bridge.images.info import ImageInfo
from frm_bridge.images.pixels import ArrayPixels, ChunkPixels, PagePixels
from frm_bridge.images.stored import Stored
from frm_bridge.images.tiffmetadata import read_metadata

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from frm_bridge.images.pixels import PixelSource

TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_FREE_AXES = "ZTC"  # in this order: ImageJ, too, takes an unnamed stack for slices
_RGB, _YCBCR = 2, 6
_PALETTE = 3
# What tifffile may raise on bytes that are no directory.
_PARSING_FAILURES = (
    tifffile.TiffFileError,
    struct.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    OSError,
)
_UNSPECIFIED = 0  # TIFF ExtraSamples

# What tifffile says of damaged files, our errors say better. Without a handler of its
# own, Python would print it.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def open_tiff(path: Path, resources: ExitStack) -> Stored:
    """Open a TIFF whose data are all there.

    Parameters
    ----------
    path : Path
        A file that begins as a TIFF does.
    resources : ExitStack
        Receives what must be closed.
    """
    tiff, series = _parsed(path, resources)
    _check_single(path, tiff)
    page = series.keyframe
    axes, notes = _named_axes(path, _without_grey_samples(series.axes, page))
    are_named = not notes
    shape = tuple(series.shape)
    dtype = np.dtype(series.dtype).newbyteorder("=")
    sizes = dict(zip(axes, shape, strict=True))
    kept = [axis for axis in "TZC" if sizes.get(axis, 1) > 1]
    metadata = read_metadata(tiff, page, channels=sizes.get("C", 1))
    info = ImageInfo(
        path,
        "".join(kept) + "YX",
        tuple(sizes[axis] for axis in (*kept, "Y", "X")),
        dtype,
        metadata.calibration.pixel_size_um,
        metadata.calibration.z_step_um,
        metadata.calibration.frame_interval_s,
        metadata.channel_names,
        metadata.properties,
        (*notes, *metadata.calibration.notes),
        are_named,
    )
    _check_palette(path, tiff, page)
    colours = 3 if _is_colour(page) and sizes.get("S", 1) >= 3 else 1
    source = _source(path, tiff, series, resources)
    return Stored(info, source, axes, shape, colours)


def _parsed(
    path: Path, resources: ExitStack
) -> tuple[tifffile.TiffFile, tifffile.TiffPageSeries]:
    """Read the directories and see that the file is complete."""
    check_directories(path)
    try:
        tiff = resources.enter_context(tifffile.TiffFile(path))
        if not len(tiff.pages) or not tiff.series:
            raise _unreadable(path, "it holds no image")
        check_directories(path, tiff.series[0].keyframe.subifds or ())
        check_pixels(path, tiff, tiff.series[0])
    except InputError:
        raise
    except _PARSING_FAILURES as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error
    return tiff, tiff.series[0]


def _check_single(path: Path, tiff: tifffile.TiffFile) -> None:
    """Refuse files with several images; thumbnails do not count."""
    full = [s for s in tiff.series if not s.keyframe.is_reduced]
    if len(full) > 1:
        shapes = ", ".join("x".join(map(str, s.shape)) for s in full[:4])
        raise InputError(
            "E_IMAGE_FORMAT",
            f"{path} holds {len(full)} separate images ({shapes}); one was expected",
            "save each of them (position, scene) as a TIFF of its own",
        )


def _is_colour(page: tifffile.TiffPage) -> bool:
    """Whether the samples of a pixel are colours."""
    return int(page.photometric) in {_RGB, _YCBCR}


def _without_grey_samples(axes: str, page: tifffile.TiffPage) -> str:
    """Take samples that are neither colour nor alpha for channels."""
    extra = [int(kind) for kind in page.extrasamples]
    are_channels = not _is_colour(page) and _UNSPECIFIED in extra and "C" not in axes
    return axes.replace("S", "C") if are_channels else axes


def _named_axes(path: Path, axes: str) -> tuple[str, tuple[str, ...]]:
    """Give each unnamed leading axis a letter that is free."""
    if "Y" not in axes or "X" not in axes:
        raise _unreadable(path, f"its axes are {axes!r}")
    free = [a for a in _FREE_AXES if a not in axes]
    named, renamed = "", []
    for axis in reversed(axes):
        if axis in "TZCYXS" and axis not in named:
            named = axis + named
            continue
        if not free:
            raise InputError(
                "E_IMAGE_FORMAT",
                f"{path} has the axes {axes}; at most T, Z, C, Y and X were expected",
                "save it from ImageJ as a hyperstack",
            )
        renamed.append(free[0])
        named = free.pop(0) + named
    notes = (
        (f"the file does not name its stack's axes: read as {named}",)
        if renamed
        else ()
    )
    return named, notes


def _check_palette(
    path: Path, tiff: tifffile.TiffFile, page: tifffile.TiffPage
) -> None:
    """Refuse a palette that turns pixel values into colours.

    NB: ImageJ saves an 8-bit image with any lookup table as a palette image; there the
    values are the grey levels and the palette is for the eye.
    """
    if int(page.photometric) != _PALETTE or tiff.is_imagej or tiff.is_ome:
        return
    palette = page.colormap
    if palette is None or not _is_ramp(palette):
        raise InputError(
            "E_IMAGE_COLOUR",
            f"{path} is a palette image: its pixel values are numbers of colours; grey "
            "levels were expected",
            "open it in ImageJ, Image > Type > 8-bit, and save it as TIFF",
        )


def _is_ramp(palette: np.ndarray[Any, Any]) -> bool:
    """Whether colour n is the grey level n."""
    levels = palette.shape[1]
    ramp = np.linspace(0, 65535, levels)
    return bool(np.all(np.abs(palette.astype(float) - ramp) <= 65535 / levels))


def _source(
    path: Path,
    tiff: tifffile.TiffFile,
    series: tifffile.TiffPageSeries,
    resources: ExitStack,
) -> PixelSource:
    """Choose how to read: mapped where possible, else chunk by chunk."""
    stored = np.dtype(tiff.byteorder + np.dtype(series.dtype).char)
    shape = tuple(series.shape)
    if series.dataoffset is not None and series.keyframe.is_memmappable:
        return ArrayPixels(np.memmap(path, stored, "r", series.dataoffset, shape))
    pages = [page for page in series.pages if page is not None]
    if shape[-2:] == series.keyframe.shape and all(_is_block(path, p) for p in pages):
        return PagePixels(path, [p.dataoffsets[0] for p in pages], shape, stored)
    import zarr

    store = resources.enter_context(series.aszarr(level=0))
    leading = len(shape) - len(series.keyframe.shape)
    return ChunkPixels(path, zarr.open_array(store, mode="r"), leading)


def _is_block(path: Path, page: tifffile.TiffPage | tifffile.TiffFrame) -> bool:
    """Whether a page's pixels are one uncompressed block of this file."""
    if not page.is_final or page.parent.filehandle.path != str(path.absolute()):
        return False
    offsets, counts = np.array(page.dataoffsets), np.array(page.databytecounts)
    return bool(np.all(offsets[:-1] + counts[:-1] == offsets[1:]))


def _unreadable(path: Path, reason: str) -> InputError:
    """Describe a file that is no TIFF but for its first bytes."""
    return InputError(
        "E_IMAGE_FORMAT",
        f"{path} begins as a TIFF but cannot be read: {reason}",
        "open it in ImageJ or Fiji and save it as TIFF",
    )
