"""Arrays in ``.npy`` files from a stranger: numbers, and as many as the file holds."""

from __future__ import annotations

import math
from tokenize import TokenError
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from frm_bridge.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_KINDS = "biuf"  # bool, integers, floats: no object that unpickling would run
_MAX_HEADER = 10_000
# NB: the header is in Python's own notation, which fails in many ways.
_BROKEN = (ValueError, TypeError, SyntaxError, RecursionError, EOFError, TokenError)


def read_array(path: Path) -> NDArray[Any]:
    """Read an array of numbers.

    Parameters
    ----------
    path : Path
        A ``.npy`` file.

    Raises
    ------
    ModelError
        ``E_PACKAGE_ARRAY``, before any memory is taken for it.
    """
    check_array(path)
    array: NDArray[Any] = np.load(path, allow_pickle=False)
    return array


def check_array(path: Path) -> None:
    """Refuse a ``.npy`` file with objects, or whose shape is not that of its content.

    Raises
    ------
    ModelError
        ``E_PACKAGE_ARRAY``.
    """
    with path.open("rb") as stream:
        try:
            shape, dtype = _header(stream)
        except _BROKEN as error:
            reason = " ".join(str(error).split())[:200]
            raise _refusal(path, f"is no .npy file: {reason}") from error
        held = path.stat().st_size - stream.tell()
    if dtype.kind not in _KINDS:
        raise _refusal(path, f"holds values of the type {dtype}, not numbers")
    claimed = math.prod(shape) * dtype.itemsize
    if claimed != held or min(shape, default=0) < 0:
        raise _refusal(
            path,
            f"claims the shape {shape} of {dtype}, which is {claimed:,} "
            f"bytes; it holds {held:,}",
        )


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        found = f"its version is {version}; 1.0 or 2.0 was expected"
        raise ValueError(found)
    shape, _, dtype = read(stream, max_header_size=_MAX_HEADER)
    return shape, dtype


def _refusal(path: Path, found: str) -> ModelError:
    return ModelError(
        "E_PACKAGE_ARRAY",
        f"{path.name} {found}",
        "ask whoever sent the package for one with plain arrays of numbers",
    )
