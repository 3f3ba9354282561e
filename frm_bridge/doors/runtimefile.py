"""Where a user's server is: an address and a token, in a file that only they can read.

::

    ~/.frm_bridge           or the folder that FRM_BRIDGE_HOME names
    ├── server.txt          url, token, pid... of the server that runs
    ├── server.lock         held while it lives: tells a crash from a long run
    ├── server.log          what it did
    ├── server.start.log    what the last one that was started said of its start
    ├── running.txt         what it is writing: the next one tidies up after a crash
    ├── requests/           a macro puts its request here, and names the job
    └── folders.txt         where the FRM commands were installed
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from frm_bridge.doors.namedlines import named_lines, read_named_lines
from frm_bridge.home import VARIABLE as VARIABLE
from frm_bridge.home import explained as explained
from frm_bridge.home import home as home
from frm_bridge.outputs import make_folder, replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROTOCOL = 1  # what server and clients say to each other; raised by any change of it


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """How to reach a server.

    Attributes
    ----------
    url : str
        ``http://127.0.0.1:PORT``.
    token : str
        What every request must bring.
    pid : int
        Of its process.
    host : str
        The machine's name: a home folder may be shared by several.
    version : str
        Of its frm_bridge.
    protocol : int
        Of its way of speaking.
    started : str
        When, in ISO 8601.
    """

    url: str
    token: str = field(repr=False)
    pid: int
    host: str
    version: str
    protocol: int
    started: str


def record_path() -> Path:
    """Give the path of the file that says how to reach the server."""
    return home() / "server.txt"


def read_record() -> ServerRecord | None:
    """Read how to reach the server; None where there is no record, or a broken one.

    That there is a record does not say that the server lives.
    """
    path = record_path()
    try:
        lines = read_named_lines(path)
        return ServerRecord(
            url=lines["url"],
            token=lines["token"],
            pid=int(lines["pid"]),
            host=lines["host"],
            version=lines["version"],
            protocol=int(lines["protocol"]),
            started=lines["started"],
        )
    except (OSError, KeyError, ValueError):
        return None


def write_record(record: ServerRecord) -> None:
    """Write how to reach a server, readable by its owner alone."""
    write_private(record_path(), asdict(record))


def remove_record(record: ServerRecord) -> None:
    """Remove the record, unless another server's stands there by now."""
    if read_record() == record:
        record_path().unlink(missing_ok=True)


def write_private(path: Path, values: Mapping[str, object]) -> None:
    """Write named lines into a file that only its owner can read, at no time others."""
    with replacing(path, overwrite=True) as partial:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            # NB: the name of a file need not be UTF-8 on Linux.
            file.write(named_lines(values).encode("utf-8", "surrogateescape"))


def inbox() -> Path:
    """Give the folder that macros put their requests into."""
    folder = home() / "requests"
    with explained():
        make_folder(folder)
    return folder


def lock_path() -> Path:
    """Give the path of the lock that a living server holds."""
    return home() / "server.lock"


def log_path() -> Path:
    """Give the path of the server's log."""
    return home() / "server.log"


def start_log_path() -> Path:
    """Give the path of what the last server that was started said of its start."""
    return home() / "server.start.log"


def running_path() -> Path:
    """Give the path of the note of what the server is writing."""
    return home() / "running.txt"
