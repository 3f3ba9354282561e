"""An image as its file holds it: axes in any order, perhaps colour samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from frm_bridge.images.info import ImageInfo
    from frm_bridge.images.pixels import PixelSource


@dataclass(frozen=True, slots=True)
class Stored:
    """Pixels with the axes of the file.

    Attributes
    ----------
    info : ImageInfo
        What users see: axes of length 1 and samples are gone.
    source : PixelSource
        The stored array.
    axes : str
        One letter for each dimension of the stored array; ``S`` are colour samples.
    shape : tuple of int
        Of the stored array.
    colour_samples : int
        How many of the samples are colours; the rest is alpha.
    """

    info: ImageInfo
    source: PixelSource
    axes: str
    shape: tuple[int, ...]
    colour_samples: int = 1

    @property
    def has_samples(self) -> bool:
        """Whether a pixel has several values."""
        return "S" in self.axes

    @property
    def sample_count(self) -> int:
        """Values of a pixel."""
        return self.shape[self.axes.index("S")] if self.has_samples else 1

    def window(self, plane: int, rows: slice, columns: slice) -> NDArray[Any]:
        """Give (height, width) or (height, width, samples); may be a view."""
        parts = {"Y": rows, "X": columns, "S": slice(None)}
        leading = [
            n for a, n in zip(self.axes, self.shape, strict=True) if a not in parts
        ]
        place = iter(np.unravel_index(plane, leading) if leading else ())
        index = tuple(parts[a] if a in parts else int(next(place)) for a in self.axes)
        found = self.source.read(index)
        kept = [a for a in self.axes if a in parts]
        wanted = ["Y", "X", "S"][: len(kept)]
        return found.transpose([kept.index(a) for a in wanted])
