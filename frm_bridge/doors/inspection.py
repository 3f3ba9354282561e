"""Look whether the FRM commands in a Fiji or an ImageJ are whole and up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge import __version__
from frm_bridge.doors.findings import Finding
from frm_bridge.doors.imagejfolder import NAMES, ImageJFolder, find_imagej
from frm_bridge.doors.installation import refuse_other_form
from frm_bridge.doors.installrecord import InstallRecord, file_states, read_install
from frm_bridge.doors.interpreter import ask_version
from frm_bridge.errors import FrmError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from frm_bridge.doors.installrecord import State


def check(folder: Path) -> list[Finding]:
    """Compare what is installed in a folder with what this package would install.

    Parameters
    ----------
    folder : Path
        As `find_imagej` takes it.

    Returns
    -------
    list of Finding
        Of the version, the Python that the commands call, the Jython of a Fiji, and
        of each file; one alone where nothing is installed.

    Raises
    ------
    InputError
        ``E_FIJI_FOLDER``.
    """
    place = find_imagej(folder)
    try:
        refuse_other_form(place)
        record = read_install(place)
    except FrmError as error:
        return [Finding("commands", "fault", error.message, error.fix)]
    if record is None:
        found = f"the {NAMES[place.form]} {place.path} has no FRM commands"
        return [Finding("commands", "fault", found, install_line(place.path))]
    return [
        _version(place, record),
        _python(place, record),
        *_jython(place),
        *_files(place, record),
    ]


def install_line(folder: Path, *options: str, program: str = "frm-bridge") -> str:
    """Give the command line that installs into a folder."""
    return " ".join([program, "install-fiji", f'"{folder}"', *options])


def _version(place: ImageJFolder, record: InstallRecord) -> Finding:
    found = f"installed by frm_bridge {record.version or 'before 0.1'}"
    if record.version == __version__:
        return Finding("version", "ok", f"{found} in {place.path}")
    found = f"{found}; this is {__version__}"
    return Finding("version", "fault", found, install_line(place.path))


def _python(place: ImageJFolder, record: InstallRecord) -> Finding:
    """Ask the Python that the commands call, as they call it."""
    try:
        version = ask_version(Path(record.python))
    except FrmError as error:
        return Finding("Python", "fault", error.message, install_line(place.path))
    found = f"{record.python} has frm_bridge {version}"
    if version in (record.version, __version__):
        return Finding("Python", "ok", found)
    program = f'"{record.python}" -m frm_bridge.cli'
    fix = install_line(place.path, program=program)
    return Finding("Python", "fault", f"{found}; the commands are of another", fix)


def _jython(place: ImageJFolder) -> Iterator[Finding]:
    """Look for what runs the scripts in a Fiji."""
    if place.form != "fiji":
        return
    jars = place.path / "jars"
    missing = [
        name
        for name in ("jython", "scripting-jython")
        if not any(jars.glob(f"{name}-*.jar"))
    ]
    if missing:
        found = f"{jars} has no {' and no '.join(missing)}, which run the commands"
        fix = "start this Fiji and choose Help > Update...: it brings them"
        yield Finding("Jython", "fault", found, fix)
    else:
        yield Finding("Jython", "ok", f"{jars} has it")


def _files(place: ImageJFolder, record: InstallRecord) -> Iterator[Finding]:
    planned = place.planned()
    for name, state in file_states(place, planned, record).items():
        if name in planned:
            yield _planned(place, name, state, record)
        elif state != "missing":
            found = f"{name} is no longer a part of frm_bridge"
            options = ["--overwrite"] if state == "edited" else []
            yield Finding("file", "fault", found, install_line(place.path, *options))


def _planned(
    place: ImageJFolder, name: str, state: State, record: InstallRecord
) -> Finding:
    if state == "same":
        return Finding("file", "ok", f"{name} is that of {__version__}")
    if state == "missing":
        return Finding("file", "fault", f"{name} is missing", install_line(place.path))
    if state == "older" or not record.version:
        found = f"{name} is of another version"
        return Finding("file", "fault", found, install_line(place.path))
    found = f"{name} was changed since it was installed"
    fix = f"keep a copy, then: {install_line(place.path, '--overwrite')}"
    return Finding("file", "fault", found, fix)
