"""Pixels that a client has in memory, on their way through files."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from frm_bridge.images import check_array, open_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@contextmanager
def files_for(
    image: str | Path | NDArray[Any], output: str | Path | None
) -> Iterator[tuple[str | Path, str | Path]]:
    """Give a file to read and one to write, in a temporary folder where none is named.

    Parameters
    ----------
    image : str, Path or (height, width) or (planes, height, width) array
        Grey levels; an array is written as it is.
    output : str, Path or None
        What is to be written.

    Raises
    ------
    InputError
        As `check_array`.
    """
    # NB: after Ctrl-C the server may still be at a window, and write it.
    with tempfile.TemporaryDirectory(prefix="frm", ignore_cleanup_errors=True) as place:
        target = Path(place, "prediction.tif") if output is None else output
        if isinstance(image, str | Path):
            yield image, target
        else:
            _write(source := Path(place, "array.tif"), np.asarray(image))
            yield source, target


def read_pixels(path: str | Path) -> NDArray[Any]:
    """Read all planes of an image, of the shape that its axes give."""
    with open_image(path) as image:
        planes = [image.read_plane(each) for each in range(image.info.plane_count)]
        return np.stack(planes).reshape(image.info.shape)


def _write(path: Path, pixels: NDArray[Any]) -> None:
    """Write pixels of any real type, which an ImageJ TIFF could not hold."""
    check_array(pixels, stacks=True)
    axes = "ZYX"[-pixels.ndim :]
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata={"axes": axes})
