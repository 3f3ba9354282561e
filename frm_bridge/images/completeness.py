"""Whether a TIFF holds all that its directories promise.

A copy that was cut off often opens without a word, and fails or reads as black an hour
later. So everything is checked on opening: the chain of directories, their values, and
the place of every strip and tile.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import tifffile

# Bytes of one value of each TIFF field type.
_TYPE_BYTES = {
    **dict.fromkeys((1, 2, 6, 7), 1),
    **dict.fromkeys((3, 8), 2),
    **dict.fromkeys((4, 9, 11, 13), 4),
    **dict.fromkeys((5, 10, 12, 16, 17, 18), 8),
}
_MOST_TAGS = 4096  # a directory that claims more is none


@dataclass(frozen=True, slots=True)
class _Form:
    """How a TIFF writes its directories: byte order, and 32 or 64-bit offsets."""

    order: str
    is_big: bool

    @property
    def first(self) -> int:
        """Where the header keeps the offset of the first directory."""
        return 8 if self.is_big else 4

    @property
    def tag_count(self) -> str:
        """Format of the number of tags."""
        return self.order + ("Q" if self.is_big else "H")

    @property
    def offset(self) -> str:
        """Format of an offset."""
        return self.order + ("Q" if self.is_big else "I")

    @property
    def tag(self) -> str:
        """Format of a tag: code, type, count, value or offset."""
        return self.order + ("HHQQ" if self.is_big else "HHII")


def check_directories(path: Path, also: Iterable[int] = ()) -> None:
    """Refuse a file whose chain of directories, or their values, leave it.

    Parameters
    ----------
    path : Path
        A file that begins as a TIFF does.
    also : iterable of int
        Offsets of more directories, such as those of a pyramid.

    Raises
    ------
    InputError
        ``E_IMAGE_TRUNCATED``.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        form = _Form("<" if head[:2] == b"II" else ">", b"+" in head[2:4])
        if len(head) < form.first + struct.calcsize(form.offset):
            raise truncated(path, f"it has only {size} bytes")
        (offset,) = struct.unpack_from(form.offset, head, form.first)
        seen: set[int] = set()
        while offset and offset not in seen:
            seen.add(offset)
            offset = _check_directory(path, file, form, offset)
        for offset in also:
            _check_directory(path, file, form, offset)


def check_pixels(
    path: Path, tiff: tifffile.TiffFile, series: tifffile.TiffPageSeries
) -> None:
    """Refuse a file that ends before its strips and tiles do.

    Raises
    ------
    InputError
        ``E_IMAGE_TRUNCATED``.
    """
    if series.dataoffset is not None:
        end = series.dataoffset + math.prod(series.shape) * series.dtype.itemsize
        _check_end(path, end, tiff.filehandle.size)
    _check_hyperstack(path, tiff, series)
    for level in series.levels:
        for number, page in enumerate(level.pages):
            if page is None or not page.dataoffsets:
                found = f"plane {number} of {len(level.pages)} is missing"
                raise truncated(path, found)
            segments = zip(page.dataoffsets, page.databytecounts, strict=False)
            end = max(start + length for start, length in segments)
            _check_end(path, end, page.parent.filehandle.size)


def truncated(path: Path, reason: str) -> InputError:
    """Describe a file that was cut off."""
    return InputError(
        "E_IMAGE_TRUNCATED",
        f"{path} is cut off: {reason}; a whole file was expected",
        "copy or export the file again",
    )


def _check_directory(path: Path, file: BinaryIO, form: _Form, offset: int) -> int:
    """Refuse a directory that is cut off; give the offset of the next one."""
    size = path.stat().st_size
    count_bytes, tag_bytes, offset_bytes = map(
        struct.calcsize, (form.tag_count, form.tag, form.offset)
    )
    _check_end(path, offset + count_bytes, size, "a directory")
    file.seek(offset)
    (tags,) = struct.unpack(form.tag_count, file.read(count_bytes))
    if tags > _MOST_TAGS:
        return 0
    length = tags * tag_bytes + offset_bytes
    _check_end(path, offset + count_bytes + length, size, "a directory")
    body = file.read(length)
    for tag in range(tags):
        _, kind, count, value = struct.unpack_from(form.tag, body, tag * tag_bytes)
        value_bytes = count * _TYPE_BYTES.get(kind, 1)
        if value_bytes > offset_bytes:
            _check_end(path, value + value_bytes, size, "its metadata")
    following: int = struct.unpack_from(form.offset, body, tags * tag_bytes)[0]
    return following


def _check_hyperstack(
    path: Path, tiff: tifffile.TiffFile, series: tifffile.TiffPageSeries
) -> None:
    """Refuse an ImageJ stack with one directory whose planes do not fit in the file.

    NB: tifffile then gives up the stack and shows its first plane alone.
    """
    page = series.keyframe
    if not tiff.is_imagej or series.kind == "imagej" or not page.is_contiguous:
        return
    metadata: dict[str, Any] = tiff.imagej_metadata or {}
    lengths = (int(metadata.get(k, 1)) for k in ("channels", "slices", "frames"))
    planes = math.prod(max(n, 1) for n in lengths)
    if planes > len(tiff.pages):
        end = page.dataoffsets[0] + planes * page.nbytes
        _check_end(path, end, tiff.filehandle.size)


def _check_end(path: Path, end: int, size: int, what: str = "its pixels") -> None:
    """Refuse what ends beyond the file."""
    if end > size:
        raise truncated(path, f"{what} would end at byte {end:,} of {size:,}")
