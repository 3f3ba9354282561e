"""Where a user's server is: an address and a token, in a file that only they can read.

::

    ~/.frm_bridge           or the folder that FRM_BRIDGE_HOME names
    ├── server.txt          url, token, pid... of the server that runs
    ├── server.lock         held while it lives: tells a crash from a long run
    ├── server.log          what it did
    ├── server.start.log    what the last one that was started said of its start
    ├── requests/           a macro puts its request here, and names the job
    └── folders.txt         where the FRM commands were installed
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.doors.namedlines import named_lines, read_named_lines
from frm_bridge.outputs import make_folder, replacing

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "FRM_BRIDGE_HOME"
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
    token: str
    pid: int
    host: str
    version: str
    protocol: int
    started: str


def home() -> Path:
    """Give the folder of all this, and make it, for its owner alone."""
    named = os.environ.get(VARIABLE)
    folder = Path(named).expanduser() if named else Path.home() / ".frm_bridge"
    if not folder.is_dir():
        make_folder(folder)
        folder.chmod(0o700)
    return folder


def record_path() -> Path:
    """Give the path of the file that says how to reach the server."""
    return home() / "server.txt"


def read_record() -> ServerRecord | None:
    """Read how to reach the server; None where there is no record, or a broken one.

    That there is a record does not say that the server lives.
    """
    try:
        lines = read_named_lines(record_path())
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
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(named_lines(values))


def inbox() -> Path:
    """Give the folder that macros put their requests into."""
    return make_folder(home() / "requests")


def lock_path() -> Path:
    """Give the path of the lock that a living server holds."""
    return home() / "server.lock"


def log_path() -> Path:
    """Give the path of the server's log."""
    return home() / "server.log"


def start_log_path() -> Path:
    """Give the path of what the last server that was started said of its start."""
    return home() / "server.start.log"
