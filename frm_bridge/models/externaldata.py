"""Weights that an ONNX file keeps in another file: beside it, and nowhere else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from onnx import TensorProto

from frm_bridge.errors import ModelError
from frm_bridge.models.membernames import check_member_names

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

# The kinds of numbers that weights may be, and the bytes of one.
ITEM_BYTES: dict[int, int] = {
    TensorProto.FLOAT: 4,
    TensorProto.DOUBLE: 8,
    TensorProto.FLOAT16: 2,
    TensorProto.BFLOAT16: 2,
    TensorProto.INT8: 1,
    TensorProto.INT16: 2,
    TensorProto.INT32: 4,
    TensorProto.INT64: 8,
    TensorProto.UINT8: 1,
    TensorProto.UINT16: 2,
    TensorProto.UINT32: 4,
    TensorProto.UINT64: 8,
    TensorProto.BOOL: 1,
}


def is_external(tensor: TensorProto) -> bool:
    """Whether the values of a tensor are said to lie in another file."""
    return tensor.data_location == TensorProto.EXTERNAL or bool(tensor.external_data)


def check_external(
    path: Path, tensor: TensorProto, *, hashed: Collection[Path] | None
) -> None:
    """Refuse a tensor whose file lies elsewhere, is missing, or is too short.

    Parameters
    ----------
    path : Path
        The ``.onnx`` file.
    tensor : TensorProto
        With its values in another file.
    hashed : collection of Path or None
        As for `~frm_bridge.models.graphcheck.check_graph`.

    Raises
    ------
    ModelError
        ``E_MODEL_EXTERNAL``; ``E_MODEL_FORMAT`` where there is no such file.
    """
    said = {entry.key: entry.value for entry in tensor.external_data}
    location = said.get("location", "")
    try:
        check_member_names([location.removeprefix("./")])
    except ModelError as error:
        raise _elsewhere(path, location, error.message) from error
    place = path.parent / location
    if not place.exists() and not place.is_symlink():
        raise ModelError(
            "E_MODEL_FORMAT",
            f"{path.name} keeps its weights in another file: {location} is not there",
            "put that file beside it, or export the model with its weights inside",
        )
    parts = [place, *place.parents[: len(place.relative_to(path.parent).parts) - 1]]
    if not place.is_file() or any(part.is_symlink() for part in parts):
        raise _elsewhere(path, location, "a link, or no plain file")
    if hashed is not None and place.resolve() not in {
        each.resolve() for each in hashed
    }:
        raise _elsewhere(path, location, "its SHA-256 is not declared in rdf.yaml")
    _check_length(path, tensor, place.stat().st_size, said)


def _check_length(
    path: Path, tensor: TensorProto, held: int, said: dict[str, str]
) -> None:
    claimed = math.prod(tensor.dims) * ITEM_BYTES[tensor.data_type]
    try:
        offset = int(said.get("offset", 0))
        length = int(said.get("length", claimed))
    except ValueError as error:
        raise _elsewhere(path, said["location"], f"no number: {error}") from error
    if offset < 0 or length != claimed or offset + length > held:
        found = f"{claimed:,} bytes from {offset:,} on are claimed, of {held:,}"
        raise _elsewhere(path, said["location"], found)


def _elsewhere(path: Path, location: str, reason: str) -> ModelError:
    return ModelError(
        "E_MODEL_EXTERNAL",
        f"{path.name} wants weights from {location[:200]!r}: {reason}",
        "do not use it; ask for the model with its weights inside",
    )
