"""The folder of a bioimage.io package: its files stay in it and are what it declares.

What it holds is read, and never run: Python files or other weights in it are left
unopened, and an archive within it stays closed.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frm_bridge.errors import ModelError
from frm_bridge.models.arrayfile import check_array
from frm_bridge.models.card import file_sha256
from frm_bridge.models.membernames import check_member_names
from frm_bridge.models.rdf import read_rdf

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_FILES = 1000
MAX_BYTES = 4 << 30
MAX_PIXELS = 50_000_000
_PARTS = ("inputs", "outputs", "weights", "covers", "documentation", "icon")
_PICTURES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".gif": "GIF"}


@dataclass(frozen=True, slots=True)
class Declared:
    """A file that a description names.

    Attributes
    ----------
    source : str
        Its name in the package.
    sha256 : str
        What its content must have; empty where the description does not say.
    """

    source: str
    sha256: str = ""


def check_folder(folder: Path) -> dict[str, Any]:
    """Check the files of an unpacked package, and give its description.

    Parameters
    ----------
    folder : Path
        With ``rdf.yaml`` in it. Nothing in it is changed.

    Returns
    -------
    dict
        As `~frm_bridge.models.rdf.read_rdf`.

    Raises
    ------
    ModelError
        ``E_PACKAGE_LINK``, ``E_PACKAGE_NAME``, ``E_PACKAGE_SIZE``,
        ``E_PACKAGE_DESCRIPTION``, ``E_PACKAGE_FILE``, ``E_PACKAGE_HASH``,
        ``E_PACKAGE_ARRAY``, ``E_PACKAGE_PICTURE``.
    """
    names = list_files(folder)
    description = read_rdf(folder)
    for declared in declared_files(description):
        path = package_file(folder, declared.source)
        if declared.sha256 and (found := file_sha256(path)) != declared.sha256.lower():
            raise ModelError(
                "E_PACKAGE_HASH",
                f"{declared.source} is not the file that the package declares: its "
                f"SHA-256 is {found}, not {declared.sha256}",
                "fetch the package again; if that does not help, tell whoever sent it",
            )
    for name in names:
        path = folder / name
        if path.suffix == ".npy":
            check_array(path)
        elif path.suffix.lower() in _PICTURES:
            _check_picture(path)
    return description


def package_file(folder: Path, source: str) -> Path:
    """Give a file of a package by the name that the description has for it.

    Raises
    ------
    ModelError
        ``E_PACKAGE_NAME`` for a name that leads elsewhere, an address among them;
        ``E_PACKAGE_FILE`` where there is no such file.
    """
    name = source.removeprefix("./")
    check_member_names([name])
    path = folder / name
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise ModelError(
            "E_PACKAGE_FILE",
            f"the package declares {source}, which is not in it",
            "fetch the whole package again",
        )
    return path


def weights_file(folder: Path, description: Mapping[str, Any]) -> Path:
    """Give the ``.onnx`` file that a description names.

    Raises
    ------
    ModelError
        ``E_PACKAGE_WEIGHTS`` where it names none; as `package_file`.
    """
    weights = description.get("weights")
    forms = weights if isinstance(weights, dict) else {}
    onnx = forms.get("onnx")
    source = onnx.get("source") if isinstance(onnx, dict) else None
    if not isinstance(source, str):
        others = ", ".join(map(str, forms)) or "none at all"
        raise ModelError(
            "E_PACKAGE_WEIGHTS",
            f"the package has no ONNX weights; it has {others}",
            "ask whoever sent it for ONNX weights",
        )
    return package_file(folder, source)


def declared_files(description: Mapping[str, Any]) -> list[Declared]:
    """List the files that a description names, but for addresses of the internet."""
    found = [
        declared
        for part in _PARTS
        for declared in _declared_in(description.get(part))
        if not declared.source.startswith(("http://", "https://"))
    ]
    return list(dict.fromkeys(found))


def _declared_in(value: Any) -> Iterator[Declared]:
    if isinstance(value, list):
        for item in value:
            yield from _declared_in(item)
    elif isinstance(value, dict):
        source, digest = value.get("source"), value.get("sha256")
        if isinstance(source, str):
            yield Declared(source, str(digest or ""))
        for item in value.values():
            yield from _declared_in(item)


def list_files(folder: Path) -> list[str]:
    """List the plain files of a folder, sorted, and refuse whatever else is in it.

    Raises
    ------
    ModelError
        ``E_PACKAGE_LINK``, ``E_PACKAGE_NAME``, ``E_PACKAGE_SIZE``.
    """
    names: list[str] = []
    folders: list[str] = []
    size = 0
    for place, inner, files in os.walk(folder, followlinks=False):
        at = Path(place)
        for path in (at / name for name in (*inner, *files)):
            name = path.relative_to(folder).as_posix()
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode):
                folders.append(f"{name}/")
                continue
            if not stat.S_ISREG(found.st_mode):
                raise not_plain(name)
            names.append(name)
            size += found.st_size
            if len(names) + len(folders) > MAX_FILES or size > MAX_BYTES:
                raise too_large(folder)
    check_member_names([*folders, *names])
    return sorted(names)


def not_plain(name: str) -> ModelError:
    """Give the error for a link, a device or a pipe among the files."""
    return ModelError(
        "E_PACKAGE_LINK",
        f"{name} is a link or a special file; a package has plain files alone",
        "ask whoever sent the package for one without links",
    )


def too_large(path: Path, size: int = MAX_BYTES) -> ModelError:
    """Give the error for a package that has more than it may."""
    return ModelError(
        "E_PACKAGE_SIZE",
        f"{path.name} holds more than {MAX_FILES:,} files or {size / 1e6:,.0f} MB",
        "ask whoever sent the package for the model alone",
    )


def _check_picture(path: Path) -> None:
    """Refuse a picture that claims more pixels than a cover has."""
    from PIL import Image, UnidentifiedImageError

    size = ""
    try:
        with Image.open(path, formats=[_PICTURES[path.suffix.lower()]]) as picture:
            width, height = picture.size  # of the header: no pixel is read
        if width * height > MAX_PIXELS:
            size = f"{width} x {height} pixels"
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        size = "more pixels than Pillow opens"
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return  # it is no picture, and nothing here opens it
    if size:
        raise ModelError(
            "E_PACKAGE_PICTURE",
            f"{path.name} claims {size}; a cover has at most {MAX_PIXELS:,}",
            "ask whoever sent the package for one with a smaller cover",
        )
