"""What is known of an image without its pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SMALLEST_SIDE = 16  # px


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Shape, type and calibration of an image file.

    Attributes
    ----------
    path : Path
        The file.
    axes : str
        Ends in ``YX``; before them those of ``T``, ``Z`` and ``C`` that are longer than
        1, always in this order (ImageJ's), whatever the file's.
    shape : tuple of int
        One length for each of ``axes``.
    dtype : numpy.dtype
        Pixel type, in this machine's byte order.
    pixel_size_um : float or None
        Side of the square pixel; None when the file does not say.
    z_step_um : float or None
        Distance between Z planes; None when the file does not say.
    frame_interval_s : float or None
        Time between frames; None when the file does not say.
    channel_names : tuple of str
        One for each channel, or empty.
    properties : mapping of str to str
        The ``key = value`` lines of ImageJ's Info.
    notes : tuple of str
        What a reader of the result should know: alpha dropped, pixels not square, ...
    axes_are_named : bool
        False where the file does not name the axes of its stack, and the letters were
        chosen for it.
    """

    path: Path
    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    pixel_size_um: float | None = None
    z_step_um: float | None = None
    frame_interval_s: float | None = None
    channel_names: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)
    notes: tuple[str, ...] = ()
    axes_are_named: bool = True

    @property
    def height(self) -> int:
        """Rows of a plane."""
        return self.shape[-2]

    @property
    def width(self) -> int:
        """Columns of a plane."""
        return self.shape[-1]

    @property
    def plane_count(self) -> int:
        """Number of planes: the product of the leading dimensions."""
        return math.prod(self.shape[:-2])

    def place(self, plane: int) -> dict[str, int]:
        """Give a plane's index, from 0, on each of the leading axes."""
        sizes = self.shape[:-2]
        indices = np.unravel_index(plane, sizes) if sizes else ()
        return dict(zip(self.axes, map(int, indices), strict=False))

    def axis_size(self, axis: str) -> int:
        """Give the length of an axis, 1 for one that the image does not have."""
        place = self.axes.find(axis)
        return self.shape[place] if place >= 0 else 1
