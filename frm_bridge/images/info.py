"""What is known of an image without its pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Shape, type and calibration of an image file.

    Attributes
    ----------
    path : Path
        The file.
    axes : str
        Order of the dimensions as stored; ends in ``YX``. Leading axes are ``T``, ``Z``
        and ``C``; an axis of length 1 is left out.
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

    def axis_size(self, axis: str) -> int:
        """Give the length of an axis, 1 for one that the image does not have."""
        place = self.axes.find(axis)
        return self.shape[place] if place >= 0 else 1
