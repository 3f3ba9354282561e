"""The table of a zip from a stranger: what it says it holds, before any is unpacked."""

from __future__ import annotations

import stat
import struct
import zipfile
from typing import TYPE_CHECKING, BinaryIO

from frm_bridge.errors import ModelError
from frm_bridge.models.membernames import check_member_names
from frm_bridge.models.packagefolder import MAX_BYTES, MAX_FILES, not_plain, too_large
from frm_bridge.models.rdf import RDF_NAMES

if TYPE_CHECKING:
    from pathlib import Path

MAX_TABLE = 1 << 20
FREE_SIZE = 256 << 20  # a package may unpack to this much, however small it is
MAX_RATIO = 20  # ... or to this many times its size; weights hardly shrink
_END = struct.Struct("<4s4H2LH")
_KEPT = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_LOCAL_HEADER = 30
_ENCRYPTED = 1


def read_table(stream: BinaryIO, path: Path) -> zipfile.ZipFile:
    """Open a zip once everything that it says of itself is found to be harmless.

    Parameters
    ----------
    stream : binary file
        The zip, open for reading.
    path : Path
        Its name, for what is said of it.

    Raises
    ------
    ModelError
        ``E_PACKAGE_FORMAT``, ``E_PACKAGE_NAME``, ``E_PACKAGE_LINK``,
        ``E_PACKAGE_SIZE``, ``E_PACKAGE_DESCRIPTION``.
    """
    size = stream.seek(0, 2)
    end = _check_ends(stream, size, path)
    try:
        archive = zipfile.ZipFile(stream)
    # NB: a broken table shows in many ways, NotImplementedError among them.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise no_package(path, f"its table cannot be read: {error}") from error
    members = archive.infolist()
    check_member_names(member.orig_filename for member in members)
    for member in members:
        _check_member(member, path)
    _check_overlap(members, end, path)
    total = sum(member.file_size for member in members)
    limit = min(MAX_BYTES, max(FREE_SIZE, MAX_RATIO * size))
    if len(members) > MAX_FILES or total > limit:
        raise too_large(path, limit)
    if not set(RDF_NAMES) & set(archive.namelist()):
        raise ModelError(
            "E_PACKAGE_DESCRIPTION",
            f"{path.name} has no {RDF_NAMES[0]} at its top; a bioimage.io package has",
            "zip the files of the package, not the folder that they lie in",
        )
    return archive


def no_package(path: Path, reason: str) -> ModelError:
    """Give the error for a file that is no zip as packages are."""
    return ModelError(
        "E_PACKAGE_FORMAT",
        f"{path.name} is no package: {reason}",
        "fetch it again; it should be a plain zip of the package's files",
    )


def _check_ends(stream: BinaryIO, size: int, path: Path) -> int:
    """Refuse anything before and after the zip; give where its table begins.

    NB: zipfile reads the table whole, and forgives what other programs read
    differently; so the end record is looked at first.
    """
    if size < _END.size:
        raise no_package(path, "it is too short for a zip")
    stream.seek(0)
    start = stream.read(4)
    stream.seek(max(0, size - _END.size - 20))
    tail = stream.read()
    fields = _END.unpack(tail[-_END.size :])
    mark, disk, first_disk, here, entries, length, offset, comment = fields
    if start != b"PK\3\4" or mark != b"PK\5\6" or comment:
        raise no_package(path, "it does not begin and end as a zip without a comment")
    if disk or first_disk or here != entries or tail.startswith(b"PK\6\7"):
        raise no_package(path, "it has several parts, or the form for huge archives")
    if offset + length != size - _END.size:
        raise no_package(path, "something stands between its table and its end")
    if length > MAX_TABLE or entries > MAX_FILES:
        raise too_large(path)
    return int(offset)


def _check_member(member: zipfile.ZipInfo, path: Path) -> None:
    """Refuse links, special files, passwords and unusual compressions."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    expected = stat.S_IFDIR if member.is_dir() else stat.S_IFREG
    if kind not in (0, expected):
        raise not_plain(member.filename)
    if member.flag_bits & _ENCRYPTED or member.compress_type not in _KEPT:
        raise no_package(
            path, f"{member.filename} has a password or an unusual compression"
        )
    if member.is_dir() and member.file_size:
        raise no_package(path, f"{member.filename} is a folder with content")


def _check_overlap(members: list[zipfile.ZipInfo], end: int, path: Path) -> None:
    """Refuse files that share bytes: a small zip of many large files is made so."""
    ordered = sorted(members, key=lambda member: member.header_offset)
    stops = [*(member.header_offset for member in ordered[1:]), end]
    for member, stop in zip(ordered, stops, strict=True):
        if member.header_offset + _LOCAL_HEADER + member.compress_size > stop:
            raise no_package(path, f"{member.filename} shares its bytes with another")
