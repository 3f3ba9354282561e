"""A package as it is given, a folder or a zip, to a folder that was checked.

A zip is unpacked into the user's folder, under the SHA-256 of its own bytes; it appears
there whole or not at all, and what lies there already is compared with the zip, byte
for byte, each time.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from typing import TYPE_CHECKING

from frm_bridge.errors import ModelError, OutputError
from frm_bridge.home import home
from frm_bridge.models.graphcheck import check_graph
from frm_bridge.models.newfolder import new_folder, remove_folder
from frm_bridge.models.packagefolder import (
    check_folder,
    declared_files,
    list_files,
    weights_file,
)
from frm_bridge.models.rdf import find_rdf, read_rdf
from frm_bridge.models.ziptable import no_package, read_table
from frm_bridge.outputs import check_space

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 20


def is_package(path: Path) -> bool:
    """Whether a path is a zip, or a folder with a description in it."""
    if path.is_dir():
        return find_rdf(path) is not None
    return path.suffix.lower() == ".zip" and path.is_file()


def open_package(path: Path) -> Path:
    """Give the folder of a package, with its files checked.

    Parameters
    ----------
    path : Path
        A folder, which is checked where it lies; or a zip, which is unpacked into the
        user's folder.

    Returns
    -------
    Path
        A folder with ``rdf.yaml`` in it.

    Raises
    ------
    ModelError
        ``E_PACKAGE_...``: what was found in it. Nothing is left behind.
    """
    if path.is_dir():
        check_folder(path)
        return path
    if not path.is_file():
        raise ModelError(
            "E_MODEL_MISSING",
            f"there is no package {path}",
            "give a .zip of the bioimage.io form, or the folder it was unpacked to",
        )
    with path.open("rb") as stream, read_table(stream, path) as archive:
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        folder = home() / "packages" / digest
        try:
            if not _holds(folder, archive):
                remove_folder(folder)
                _put(archive, folder)
        # NB: zipfile finds a broken file only when it is read, in many ways.
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise no_package(path, f"{error}") from error
    return folder


def _put(archive: zipfile.ZipFile, folder: Path) -> None:
    """Unpack a zip to where nothing is, unless another process just did."""
    try:
        with new_folder(folder) as partial:
            _unpack(archive, partial)
            check_folder(partial)
    except OutputError as error:
        if error.code != "E_OUTPUT_EXISTS" or not _holds(folder, archive):
            raise


def open_model_file(path: Path) -> Path:
    """Give the ``.onnx`` file of a package, package and network checked.

    Parameters
    ----------
    path : Path
        A folder or a zip, as for `open_package`.

    Raises
    ------
    ModelError
        As `open_package` and `~frm_bridge.models.graphcheck.check_graph`.
    """
    folder = open_package(path)
    description = read_rdf(folder)
    weights = weights_file(folder, description)
    hashed = [
        folder / declared.source
        for declared in declared_files(description)
        if declared.sha256
    ]
    check_graph(weights, hashed=hashed)
    return weights


def _holds(folder: Path, archive: zipfile.ZipFile) -> bool:
    """Whether a folder has the files of a zip, and no others, byte for byte."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    try:
        names = list_files(folder)
    except ModelError:  # a link, for example: it was meddled with
        return False
    if names != sorted(member.filename for member in members):
        return False
    return all(_same(folder / member.filename, member, archive) for member in members)


def _same(path: Path, member: zipfile.ZipInfo, archive: zipfile.ZipFile) -> bool:
    if path.stat().st_size != member.file_size:
        return False
    with path.open("rb") as there, archive.open(member) as given:
        while chunk := given.read(_CHUNK):
            if there.read(len(chunk)) != chunk:
                return False
    return True


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """Write the files of a zip, each no longer than the zip's table says."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    check_space(folder / "x", sum(member.file_size for member in members))
    for member in members:
        path = folder / member.filename
        for parent in reversed(path.relative_to(folder).parents):
            (folder / parent).mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as to, archive.open(member) as given:
            left = member.file_size
            while chunk := given.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    break
                to.write(chunk)
        if left:
            found = f"{member.filename} is not as long as its table says"
            raise zipfile.BadZipFile(found)
