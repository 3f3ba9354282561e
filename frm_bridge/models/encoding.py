"""How much an ONNX file makes of itself in memory, counted before it is read.

NB: an empty node is two bytes in the file and a hundred in memory, so that a small file
may fill it; the file's length alone says nothing.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from google.protobuf.descriptor import FieldDescriptor
from onnx import ModelProto

from frm_bridge.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.descriptor import Descriptor

MAX_BYTES = 1 << 30  # the format itself has no more than twice as much
MAX_PARTS = 500_000  # some 1,300 for one stack
MAX_PACKED = 64 << 20  # bytes of numbers that take up to eight times as much
MAX_DEPTH = 30
_VARINT, _EIGHT, _SIZED, _FOUR = 0, 1, 2, 5
_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT64,
}


def check_encoding(content: bytes, path: Path) -> None:
    """Refuse a file that would fill the memory when it is read.

    Parameters
    ----------
    content : bytes
        Of an ``.onnx`` file.
    path : Path
        Its name, for what is said of it.

    Raises
    ------
    ModelError
        ``E_MODEL_GRAPH`` for too many or too deeply nested parts; ``E_MODEL_FORMAT``
        for what is no such file.
    """
    parts = packed = 0
    waiting = [(0, len(content), _fields(ModelProto.DESCRIPTOR), 0)]
    while waiting:
        at, end, fields, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise _too_much(path, f"is nested deeper than {MAX_DEPTH}")
        while at < end:
            parts += 1
            key, at = _number(content, at, path)
            kind, field = key & 7, fields.get(key >> 3)
            if kind == _VARINT:
                _, at = _number(content, at, path)
            elif kind == _SIZED:
                size, at = _number(content, at, path)
                if field is not None and field.message_type is not None:
                    inner = _fields(field.message_type)
                    waiting.append((at, at + size, inner, depth + 1))
                elif field is not None and field.cpp_type in _INTEGERS:
                    packed += size
                elif field is not None and field.type == field.TYPE_STRING:
                    # NB: what is no UTF-8 would come as bytes where text is expected.
                    _check_text(content[at : at + size], path)
                at += size
            elif kind in (_EIGHT, _FOUR):
                at += 8 if kind == _EIGHT else 4
            else:
                raise not_onnx(path)
            if at > end:
                raise not_onnx(path)
            if parts > MAX_PARTS or packed > MAX_PACKED:
                raise _too_much(path, f"has more than {MAX_PARTS:,} parts or numbers")


@functools.cache
def _fields(descriptor: Descriptor) -> dict[int, FieldDescriptor]:
    return dict(descriptor.fields_by_number)


def _check_text(text: bytes, path: Path) -> None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise not_onnx(path) from error


def _number(content: bytes, at: int, path: Path) -> tuple[int, int]:
    """Read a number of one to ten bytes; give it, and where it ends."""
    value = shift = 0
    try:
        while True:
            byte = content[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, at
            shift += 7
            if shift > 63:
                raise not_onnx(path)
    except IndexError as error:
        raise not_onnx(path) from error


def _too_much(path: Path, found: str) -> ModelError:
    return ModelError(
        "E_MODEL_GRAPH",
        f"{path.name} {found}; no network for images has so many",
        "do not use it; ask whoever sent it for the model alone",
    )


def not_onnx(path: Path) -> ModelError:
    """Give the error for a file that is no ONNX model."""
    return ModelError(
        "E_MODEL_FORMAT",
        f"{path} is not an ONNX model",
        "give a file that 'frm-bridge train' wrote, or another .onnx file",
    )
