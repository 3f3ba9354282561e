"""Names of the files in a package: the ones that stay in it, on every system."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from frm_bridge.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NAME = 200  # characters; Windows has 260 for a whole path
MAX_PARTS = 8
_WINDOWS_SIGNS = set('<>:"|?*\\')
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{device}{number}" for device in ("com", "lpt") for number in range(10)
}


def check_member_names(names: Iterable[str]) -> None:
    """Refuse names that lead out of a package, or that two systems read differently.

    Parameters
    ----------
    names : iterable of str
        Relative to the package, with ``/``; that of a folder ends with one.

    Raises
    ------
    ModelError
        ``E_PACKAGE_NAME``.
    """
    seen: dict[str, str] = {}
    files: set[str] = set()
    for name in names:
        fault = _fault(name)
        if fault:
            raise _refusal(name, fault)
        same = _folded(name.removesuffix("/"))
        if same in seen:
            raise _refusal(name, f"it is one file with {seen[same]!r} on some systems")
        seen[same] = name
        if not name.endswith("/"):
            files.add(same)
    for same, name in seen.items():
        if any(str(parent) in files for parent in PurePosixPath(same).parents):
            raise _refusal(name, "it lies within what is a file")


def _folded(name: str) -> str:
    """Give what names have in common that a Mac or Windows takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold())


def _fault(name: str) -> str:
    """Say what is wrong with a name; nothing where it is right."""
    parts = name.removesuffix("/").split("/")
    if len(name) > MAX_NAME or len(parts) > MAX_PARTS:
        return f"more than {MAX_NAME} characters, or {MAX_PARTS} folders"
    if name.startswith("/") or "" in parts:
        return "it begins at the root, or has an empty part"
    if {".", ".."} & set(parts):
        return "it leads out of the package"
    if bad := sorted(_WINDOWS_SIGNS & set(name)):
        return f"{' '.join(bad)} is not for names of files on every system"
    if not name.isprintable():
        return "it has a sign that cannot be seen"
    for part in parts:
        if part.split(".")[0].rstrip().casefold() in _DEVICES:
            return f"{part} is a device on Windows"
        if part != part.strip() or part.endswith("."):
            return "Windows takes away a space or a dot at the end of it"
    return ""


def _refusal(name: str, fault: str) -> ModelError:
    return ModelError(
        "E_PACKAGE_NAME",
        f"the package holds {name[:MAX_NAME]!r}: {fault}",
        "do not use the package; tell whoever sent it",
    )
