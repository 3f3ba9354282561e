"""How the way from ImageJ to Python is: the server, its log, the installed commands."""

from __future__ import annotations

import os
import platform
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from frm_bridge import __version__
from frm_bridge.doors.findings import Finding
from frm_bridge.doors.imagejfolder import NAMES, find_imagej
from frm_bridge.doors.inspection import check, install_line
from frm_bridge.doors.installrecord import installed_folders, read_install
from frm_bridge.doors.lock import is_served
from frm_bridge.doors.runtimefile import (
    PROTOCOL,
    log_path,
    read_record,
    record_path,
    start_log_path,
)
from frm_bridge.doors.starting import find_server, speaks
from frm_bridge.errors import FrmError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from frm_bridge.doors.runtimefile import ServerRecord

_ERROR = re.compile(r"^(\S+) (?:ERROR|CRITICAL) (.*)$", re.MULTILINE)
_START_ERROR = re.compile(r"^(?:error: |\w+Error: ).*$", re.MULTILINE)


def server_findings() -> Iterator[Finding]:
    """Look for this user's server, who may read its address, and its last error.

    Yields
    ------
    Finding
        Without the token.
    """
    record = find_server()
    yield _running(record) if record else _absent()
    if record_path().exists():
        yield _privacy(record_path())
    if record is None and start_log_path().exists():
        yield from _last_start(start_log_path())
    if log_path().exists():
        yield from _last_error(log_path())


def folder_findings(fiji: Path | None = None) -> Iterator[Finding]:
    """Check each folder that this user installed the commands into.

    Parameters
    ----------
    fiji : Path, optional
        One more folder.

    Yields
    ------
    Finding
        One for each folder.
    """
    folders = list(installed_folders())
    if fiji is not None:
        with suppress(FrmError):  # said below
            fiji = find_imagej(fiji).path
        folders.append(fiji)
    for folder in dict.fromkeys(folders):
        yield _folder(folder)


def _running(record: ServerRecord) -> Finding:
    found = f"{record.url}, process {record.pid}, since {record.started}"
    if speaks(record):
        return Finding("server", "ok", f"{found}, version {record.version}")
    return Finding(
        "server",
        "fault",
        f"{found}: it is frm-bridge {record.version} with protocol {record.protocol}, "
        f"this is {__version__} with {PROTOCOL}",
        "frm-bridge stop; the next call starts one of this version",
    )


def _absent() -> Finding:
    """Say why no server answers."""
    record = read_record()
    if record is None:
        return Finding("server", "missing", "none runs; the next call starts one")
    if record.host != platform.node():
        found = f"none runs here; {record_path()} is that of {record.host}"
        return Finding("server", "missing", f"{found}; the next call starts one")
    if is_served():
        return Finding(
            "server",
            "fault",
            f"process {record.pid} holds {record.url}, but does not answer",
            f"end the process {record.pid}; the next call starts another",
        )
    found = f"none runs; {record_path()} is left of process {record.pid}, which ended "
    return Finding("server", "missing", f"{found}early; the next call starts one")


def _privacy(path: Path) -> Finding:
    """See that nobody else can read the token."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        return Finding(
            "run-time file",
            "fault",
            f"{path} can be read by others (mode {mode:04o}, expected 0600), and with "
            "it anyone can call the server",
            "frm-bridge stop; the next call writes a new one",
        )
    return Finding("run-time file", "ok", f"{path}, for you alone")


def _last_error(path: Path) -> Iterator[Finding]:
    errors = _ERROR.findall(path.read_text(encoding="utf-8", errors="replace"))
    if errors:
        time, message = errors[-1]
        found = f"{time} {message} ({path})"
        yield Finding("last error", "note", found)


def _last_start(path: Path) -> Iterator[Finding]:
    """Tell of a server that could not even start."""
    errors = _START_ERROR.findall(path.read_text(encoding="utf-8", errors="replace"))
    if errors:
        found = f"{errors[-1].removeprefix('error: ')} ({path})"
        yield Finding("last start", "note", found)


def _folder(folder: Path) -> Finding:
    if not folder.exists():
        return Finding(
            "commands",
            "missing",
            f"{folder} is gone",
            f"to forget it: {install_line(folder, '--uninstall')}",
        )
    try:
        place = find_imagej(folder)
        record = read_install(place)
        findings = check(folder)
    except FrmError as error:
        return Finding("commands", "fault", error.message, error.fix)
    faults = [finding for finding in findings if finding.state == "fault"]
    if record is None:
        return Finding("commands", "missing", faults[0].found, faults[0].fix)
    if not faults:
        return Finding(
            "commands",
            "ok",
            f"{NAMES[place.form]} {place.path}: {len(record.files)} files of "
            f"{record.version}, which call {record.python}",
        )
    found = f"{NAMES[place.form]} {place.path}: {faults[0].found}"
    if len(faults) == 1:
        return Finding("commands", "fault", found, faults[0].fix)
    found = f"{found}; and {len(faults) - 1} more"
    return Finding("commands", "fault", found, install_line(place.path, "--check"))
