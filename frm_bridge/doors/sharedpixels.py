"""Pixels in memory that two programs share, through Appose."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import traceback
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.errors import EnvironmentProblem, InputError
from frm_bridge.images import check_array

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def shared_pixels(image: Any) -> NDArray[Any]:
    """See shared memory as an array; nothing is copied.

    Parameters
    ----------
    image : appose.NDArray or array
        (height, width) or (planes, height, width), of any real dtype.

    Raises
    ------
    InputError
        ``E_OPTION`` for anything else, and as `check_array`.
    """
    from appose import NDArray as SharedArray

    try:
        array = image.ndarray() if isinstance(image, SharedArray) else image
    except (TypeError, ValueError) as error:  # its memory is smaller than its shape
        raise InputError(
            "E_IMAGE_SIZES",
            f"{image} cannot be read: {error}",
            "let its shape be that of its memory",
        ) from error
    if not isinstance(array, np.ndarray):
        raise InputError(
            "E_OPTION",
            f"image is of the type {type(image).__name__}; expected an NDArray",
            "put the pixels into an NDArray of Appose",
        )
    check_array(array, stacks=True)
    return array


@contextlib.contextmanager
def shared_output(dtype: str, shape: tuple[int, ...]) -> Iterator[Any]:
    """Give new shared memory, and leave it to the other program unless this fails.

    Parameters
    ----------
    dtype : str
        ``uint16`` or ``float32``.
    shape : tuple of int
        In C order.

    Yields
    ------
    appose.NDArray
        To be filled, and given to the other program, which unlinks it.

    Raises
    ------
    EnvironmentProblem
        ``E_MEMORY`` when shared memory has no room for it.

    NB: while it is half-written it is registered with Python's resource tracker, which
    removes it if this process is killed; Appose's own rule is that it never does.
    """
    from appose import NDArray as SharedArray

    _check_room(math.prod(shape) * np.dtype(dtype).itemsize)
    prediction = SharedArray(dtype, list(shape))
    tracked = f"/{prediction.shm.name}", "shared_memory"
    if os.name == "posix":
        resource_tracker.register(*tracked)
    try:
        yield prediction
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)  # views of the memory
        prediction.shm.unlink()
        raise
    if os.name == "posix":
        resource_tracker.unregister(*tracked)


def _check_room(needed: int, folder: Path = Path("/dev", "shm")) -> None:
    """Refuse what Linux would only notice, and kill the process, as it is written."""
    if not folder.is_dir():
        return
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise EnvironmentProblem(
            "E_MEMORY",
            f"{folder} has {free / 1e6:,.0f} MB free; the prediction needs "
            f"{needed / 1e6:,.0f} MB",
            "predict fewer planes at a time, or give a container more (--shm-size)",
        )
