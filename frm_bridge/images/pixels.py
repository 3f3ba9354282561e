"""Where pixels come from: a mapped file, mapped pages, compressed chunks, or memory.

Each source gives a part of the stored array, by one slice or integer for each axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Index = tuple[int | slice, ...]


class PixelSource(Protocol):
    """Gives parts of a stored array."""

    def read(self, index: Index) -> NDArray[Any]:
        """Give the part that ``index`` selects; it may be a view."""
        ...


class ArrayPixels:
    """Pixels in memory, or in one contiguous mapped block."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def read(self, index: Index) -> NDArray[Any]:
        """Give a view."""
        part: NDArray[Any] = self._array[index]
        return part


class PagePixels:
    """Uncompressed pages that lie apart in a file: each is mapped when it is read."""

    def __init__(
        self,
        path: Path,
        offsets: Sequence[int],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
    ) -> None:
        self._path = path
        self._offsets = np.asarray(offsets).reshape(shape[:-2])
        self._shape = shape[-2:]
        self._dtype = dtype

    def read(self, index: Index) -> NDArray[Any]:
        """Give a view of one page."""
        offset = int(self._offsets[index[:-2]])
        page = np.memmap(self._path, self._dtype, "r", offset, self._shape)
        return page[index[-2:]]


class ChunkPixels:
    """Tiled or compressed pixels: only the chunks that a window touches are decoded."""

    def __init__(self, path: Path, array: Any, leading: int) -> None:
        self._path = path
        self._array = array
        self._leading = leading
        # A plane stored as one chunk is decoded whole for any window: keep the last.
        self._whole = tuple(array.chunks[leading:]) == tuple(array.shape[leading:])
        self._last: tuple[Index, NDArray[Any]] | None = None

    def read(self, index: Index) -> NDArray[Any]:
        """Decode what is needed."""
        if not self._whole:
            return self._decode(index)
        place = index[: self._leading]
        if self._last is None or self._last[0] != place:
            everything = (slice(None),) * (self._array.ndim - self._leading)
            self._last = place, self._decode(place + everything)
        part: NDArray[Any] = self._last[1][index[self._leading :]]
        return part

    def _decode(self, index: Index) -> NDArray[Any]:
        """Decode chunks; what the codecs raise becomes our error."""
        try:
            return np.asarray(self._array[index])
        except (RuntimeError, ValueError, OSError) as error:
            raise InputError(
                "E_IMAGE_TRUNCATED",
                f"{self._path}: its compressed pixels are damaged ({error}); pixels "
                "that can be decoded were expected",
                "copy or export the file again",
            ) from error
