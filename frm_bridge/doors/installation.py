"""Put the FRM commands into the folder of a Fiji or a plain ImageJ, and take them away.

What was written is recorded beside the commands, with the digest of each file: so that
nothing is replaced or removed that its user has changed since.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge import __version__
from frm_bridge.doors.changes import Changes
from frm_bridge.doors.imagejfolder import COMMANDS, NAMES, ImageJFolder, find_imagej
from frm_bridge.doors.installrecord import (
    InstallRecord,
    digest,
    file_states,
    forget_folder,
    install_text,
    read_install,
    remember_folder,
)
from frm_bridge.doors.interpreter import check_interpreter, this_python
from frm_bridge.errors import InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from frm_bridge.doors.installrecord import State


@dataclass(frozen=True, slots=True)
class Installed:
    """What an install left.

    Attributes
    ----------
    place : ImageJFolder
        Where, and in which form.
    python : Path
        The interpreter that the commands call.
    files : list of Path
        The commands, the shared code, and last the record.
    removed : list of Path
        What an earlier version had, and this one has not.
    """

    place: ImageJFolder
    python: Path
    files: list[Path]
    removed: list[Path]


@dataclass(frozen=True, slots=True)
class Uninstalled:
    """What an uninstall did.

    Attributes
    ----------
    folder : Path
        Where.
    removed : list of Path
        The files that are gone.
    kept : list of Path
        Those that their user changed since they were installed.
    """

    folder: Path
    removed: list[Path]
    kept: list[Path]


def install(
    folder: Path, *, python: Path | None = None, overwrite: bool = False
) -> Installed:
    """Put the FRM commands into a Fiji or a plain ImageJ, all of them or none.

    Those of an earlier install are replaced, if they are as they were installed.

    Parameters
    ----------
    folder : Path
        As `find_imagej` takes it.
    python : Path, optional
        The interpreter that the commands call; by default the one that runs now.
    overwrite : bool
        Replace files that were changed since they were installed, or are not recorded.

    Returns
    -------
    Installed
        With the files that are there now.

    Raises
    ------
    InputError
        ``E_FIJI_FOLDER``, ``E_INSTALL_RECORD``.
    EnvironmentProblem
        ``E_PYTHON``.
    OutputError
        ``E_COMMANDS_TWICE`` where the other form is installed, ``E_COMMANDS_EDITED``,
        or the system's reasons.
    """
    place = find_imagej(folder)
    refuse_other_form(place)
    interpreter = this_python()
    if python is not None:
        interpreter = Path(os.path.abspath(python))
        check_interpreter(interpreter)
    planned, before = place.planned(), read_install(place)
    states = file_states(place, planned, before)
    if not overwrite and (before is None or before.version):
        _refuse_edited(place, states)
    with _writable(place), Changes() as changes:
        removed = _write(place, planned, states, changes)
        record = InstallRecord(
            str(interpreter),
            __version__,
            {name: digest(content) for name, content in planned.items()},
            _made(place, before, changes),
        )
        changes.write(place.record, install_text(place, record))
        remember_folder(place)
    files = [place.path / name for name in planned]
    return Installed(place, interpreter, [*files, place.record], removed)


def uninstall(folder: Path) -> Uninstalled:
    """Remove what `install` wrote, the folders that it made, and what Jython compiled.

    Parameters
    ----------
    folder : Path
        As `find_imagej` takes it; of one that is gone, only the memory is removed.

    Returns
    -------
    Uninstalled
        A file that was changed since it was installed is kept, with the record of it.

    Raises
    ------
    InputError
        ``E_FIJI_FOLDER``, ``E_NOT_INSTALLED``, ``E_INSTALL_RECORD``.
    OutputError
        ``E_OUTPUT_READ_ONLY``.
    """
    given = folder.expanduser().resolve()
    if not given.exists() and forget_folder(given):
        return Uninstalled(given, [], [])
    place = find_imagej(folder)
    record = read_install(place)
    if record is None and forget_folder(place.path):
        return Uninstalled(place.path, [], [])
    if record is None or not record.version:
        raise _not_installed(place)
    states = file_states(place, {}, record)
    kept = {name for name, state in states.items() if state == "edited"}
    with _writable(place), Changes() as changes:
        removed = _remove(place, [name for name in states if name not in kept], changes)
        if kept:
            files = {name: record.files[name] for name in record.files if name in kept}
            left = InstallRecord(record.python, record.version, files, record.made)
            changes.write(place.record, install_text(place, left))
        else:
            changes.remove(place.record)
            removed.append(place.record)
        for made in sorted(record.made, key=lambda name: -name.count("/")):
            changes.remove_folder(place.path / made)
        if not kept:
            forget_folder(place.path)
    return Uninstalled(
        place.path, removed, [place.path / name for name in sorted(kept)]
    )


def refuse_other_form(place: ImageJFolder) -> None:
    """Refuse a second form of the commands: of two of one name, ImageJ calls one.

    Raises
    ------
    OutputError
        ``E_COMMANDS_TWICE``.
    """
    ours = {Path(name).stem for name in place.planned()}
    for form, where in COMMANDS.items():
        folder = place.path / where
        found = [path for path in sorted(folder.glob("FRM_*")) if path.stem in ours]
        if form != place.form and found:
            raise OutputError(
                "E_COMMANDS_TWICE",
                f"{folder} has the commands for a {NAMES[form]} ({found[0].name} and "
                f"{len(found) - 1} more), but {place.path} is a {NAMES[place.form]}",
                f"delete {folder}, and install again",
            )


def _refuse_edited(place: ImageJFolder, states: Mapping[str, State]) -> None:
    edited = [name for name, state in states.items() if state == "edited"]
    if edited:
        more = f" and {len(edited) - 1} more" if len(edited) > 1 else ""
        raise OutputError(
            "E_COMMANDS_EDITED",
            f"{place.path / edited[0]}{more} was changed since it was installed, or is "
            "no file of frm_bridge; nothing was installed",
            "keep a copy under another name; then allow --overwrite",
        )


@contextmanager
def _writable(place: ImageJFolder) -> Iterator[None]:
    """Explain a folder that cannot be written to in words that fit a Fiji."""
    try:
        yield
    except OutputError as error:
        if error.code != "E_OUTPUT_READ_ONLY":
            raise
        raise OutputError(
            error.code,
            f"{error.message}; nothing was changed",
            f"close Fiji or ImageJ, and see that you may write to {place.path}; or use "
            "a copy of it in a folder of your own",
        ) from error


def _write(
    place: ImageJFolder,
    planned: Mapping[str, bytes],
    states: Mapping[str, State],
    changes: Changes,
) -> list[Path]:
    """Write what is not there yet; remove, and give, what is there no longer."""
    for name, content in planned.items():
        if states[name] != "same":
            changes.write(place.path / name, content)
    return _remove(place, [name for name in states if name not in planned], changes)


def _made(
    place: ImageJFolder, before: InstallRecord | None, changes: Changes
) -> tuple[str, ...]:
    """Give the folders that this install made, or an earlier one."""
    made = [path.relative_to(place.path).as_posix() for path in changes.made]
    return tuple(dict.fromkeys((*(before.made if before else ()), *made)))


def _remove(place: ImageJFolder, names: Sequence[str], changes: Changes) -> list[Path]:
    """Remove files, and what was compiled of them; give those that were there.

    NB: Jython imports what it compiled of a module also after the module is gone.
    """
    removed = []
    for name in names:
        path = place.path / name
        if path.is_file():
            changes.remove(path)
            removed.append(path)
        if path.suffix == ".py":
            cache = path.parent / "__pycache__"
            compiled = [path.with_name(f"{path.stem}$py.class")]
            for file in (*compiled, *cache.glob(f"{path.stem}.*.pyc")):
                if file.is_file():
                    changes.remove(file)
                    removed.append(file)
            changes.remove_folder(cache)
    return removed


def _not_installed(place: ImageJFolder) -> InputError:
    return InputError(
        "E_NOT_INSTALLED",
        f"no FRM commands are recorded in {place.path}: there is no {place.record}, or "
        "it is of an earlier form",
        f"install them, which takes over what is there: frm-bridge install-fiji "
        f'"{place.path}"',
    )
