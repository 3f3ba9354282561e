"""What was installed where: ``frm.txt`` beside the commands, and a list of folders."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from frm_bridge.doors.imagejfolder import COMMANDS, LIBRARY, ImageJFolder
from frm_bridge.doors.namedlines import decoded, named_lines, parse_named_lines
from frm_bridge.errors import InputError
from frm_bridge.home import FOLDER_MARK, FOLDERS, home
from frm_bridge.home import installed_folders as installed_folders
from frm_bridge.outputs import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["same", "older", "edited", "missing"]
_FILE, _MADE = "file ", "made "


@dataclass(frozen=True, slots=True)
class InstallRecord:
    """What ``frm.txt`` says.

    Attributes
    ----------
    python : str
        The interpreter that the commands call.
    version : str
        Of the frm_bridge that installed; empty where the file holds a bare path, as
        before 0.1.
    files : mapping of str to str
        The SHA-256 of each file as it was written, by its name relative to the folder.
    made : tuple of str
        The folders that the install made, relative too.
    """

    python: str
    version: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    made: tuple[str, ...] = ()


def read_install(place: ImageJFolder) -> InstallRecord | None:
    """Read what was installed in a folder; None where nothing was.

    Raises
    ------
    InputError
        ``E_INSTALL_RECORD`` where a name leads out of the folder.
    """
    if not place.record.is_file():
        return None
    text = decoded(place.record.read_bytes())
    lines = parse_named_lines(text)
    if "python" not in lines:
        folders = (COMMANDS[place.form], LIBRARY)
        return InstallRecord(text.partition("\n")[0].strip(), made=folders)
    record = InstallRecord(
        lines["python"],
        lines.get("version", ""),
        {name.removeprefix(_FILE): lines[name] for name in _named(lines, _FILE)},
        tuple(name.removeprefix(_MADE) for name in _named(lines, _MADE)),
    )
    for name in (*record.files, *record.made):
        if ".." in Path(name).parts or not (place.path / name).is_relative_to(
            place.path
        ):
            raise InputError(
                "E_INSTALL_RECORD",
                f"{place.record} names {name}, which is not in {place.path}",
                f"delete {place.record}, and install the commands again",
            )
    return record


def install_text(place: ImageJFolder, record: InstallRecord) -> bytes:
    """Write a record down, as `read_install` reads it."""
    lines = {"python": record.python, "version": record.version, "form": place.form}
    lines |= {f"{_FILE}{name}": digest for name, digest in record.files.items()}
    lines |= {f"{_MADE}{name}": "" for name in record.made}
    return named_lines(lines).encode()


def _named(lines: Mapping[str, str], start: str) -> list[str]:
    return [name for name in lines if name.startswith(start)]


def file_states(
    place: ImageJFolder, planned: Mapping[str, bytes], record: InstallRecord | None
) -> dict[str, State]:
    """Say of each file whether it is as planned, as installed earlier, or neither.

    Parameters
    ----------
    place : ImageJFolder
        Where.
    planned : mapping of str to bytes
        The contents that should be there.
    record : InstallRecord or None
        What was installed.

    Returns
    -------
    dict of str to {"same", "older", "edited", "missing"}
        Of the planned files, and of the recorded ones after them.
    """
    recorded = record.files if record else {}
    return {
        name: _state(place.path / name, planned.get(name), recorded.get(name))
        for name in dict.fromkeys((*planned, *recorded))
    }


def _state(path: Path, planned: bytes | None, recorded: str | None) -> State:
    if not path.is_file():
        return "missing"
    content = path.read_bytes()
    if content == planned:
        return "same"
    return "older" if digest(content) == recorded else "edited"


def digest(content: bytes) -> str:
    """Give what a record says of a file."""
    return hashlib.sha256(content).hexdigest()


def remember_folder(place: ImageJFolder) -> None:
    """Note that the commands are in a folder, so that ``doctor`` looks there."""
    _write_folders({**installed_folders(), place.path: place.form})


def forget_folder(path: Path) -> bool:
    """Strike a folder from the list; say whether it was there."""
    folders = installed_folders()
    if folders.pop(path, None) is None:
        return False
    _write_folders(folders)
    return True


def _write_folders(folders: Mapping[Path, str]) -> None:
    lines = {f"{FOLDER_MARK}{path}": form for path, form in folders.items()}
    write_text(home() / FOLDERS, named_lines(lines), overwrite=True)
