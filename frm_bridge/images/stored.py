"""An image as its file holds it: axes in any order, perhaps colour samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def window(
        self, place: Mapping[str, int], rows: slice, columns: slice
    ) -> NDArray[Any]:
        """Give (height, width) or (height, width, samples); may be a view.

        Parameters
        ----------
        place : mapping of str to int
            Index on each leading axis that is longer than 1.
        rows, columns : slice
            The window.
        """
        parts = {"Y": rows, "X": columns, "S": slice(None)}
        index = tuple(parts[a] if a in parts else place.get(a, 0) for a in self.axes)
        found = self.source.read(index)
        kept = [a for a in self.axes if a in parts]
        wanted = ["Y", "X", "S"][: len(kept)]
        return found.transpose([kept.index(a) for a in wanted])
