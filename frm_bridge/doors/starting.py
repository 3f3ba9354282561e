"""Find a user's server, start one as a process of its own, stop it.

NB: the standard library's client, since a macro waits for this: others take 0.2 s to
load, and look for proxies, which have no place between two programs of one machine.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from frm_bridge import __version__
from frm_bridge.doors.runtimefile import home, read_record, start_log_path
from frm_bridge.doors.serving import is_served
from frm_bridge.errors import EnvironmentProblem, FrmError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from frm_bridge.doors.runtimefile import ServerRecord

START_LIMIT_S = 60.0  # a cold disk, a virus scanner: seconds; this is a fault
STOP_LIMIT_S = 60.0  # a window, or an ImageJ script, that runs
ANSWER_LIMIT_S = 5.0
_PAUSE_S = 0.02


def ask(
    record: ServerRecord,
    page: str,
    body: Mapping[str, object] | None = None,
    *,
    limit_s: float = ANSWER_LIMIT_S,
) -> dict[str, Any]:
    """Ask a server.

    Parameters
    ----------
    record : ServerRecord
        Which.
    page : str
        ``/status``.
    body : mapping, optional
        What to send.
    limit_s : float
        How long it may take to answer.

    Returns
    -------
    dict
        Its answer.

    Raises
    ------
    FrmError
        What the server says is wrong; ``E_SERVER_GONE`` where none answers.
    """
    connection = HTTPConnection(urlsplit(record.url).netloc, timeout=limit_s)
    headers = {
        "Authorization": f"Bearer {record.token}",
        "Content-Type": "application/json",
    }
    try:
        connection.request("POST", page, json.dumps(dict(body or {})), headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, HTTPException, ValueError) as error:
        raise EnvironmentProblem(
            "E_SERVER_GONE",
            f"the server at {record.url} does not answer: {error}",
            "ask again: the next call starts a new one",
        ) from error
    finally:
        connection.close()
    if response.status >= 400:
        raise FrmError(answer["code"], answer["message"], answer["fix"])
    return dict(answer)


def find_server() -> ServerRecord | None:
    """Give the server that answers, if there is one."""
    record = read_record()
    if record is None or record.host != platform.node():
        return None
    try:
        ask(record, "/ping")
    except FrmError:
        return None
    return record


def start_server(options: Sequence[str] = ()) -> ServerRecord:
    """Give this user's server; start it where there is none.

    An idle server of another version is replaced.

    Parameters
    ----------
    options : sequence of str
        For ``frm-bridge serve``.

    Raises
    ------
    EnvironmentProblem
        ``E_SERVER_VERSION`` for a busy server of another version, ``E_SERVER_START``.
    """
    found = find_server()
    if found is not None and found.version != __version__:
        _make_room(found)
        found = None
    return found or _started(options)


def _make_room(old: ServerRecord) -> None:
    """Stop a server of another version, unless it works for someone."""
    counts = ask(old, "/ping")["jobs"]
    if counts["waiting"] + counts["running"]:
        raise EnvironmentProblem(
            "E_SERVER_VERSION",
            f"the server that runs is frm-bridge {old.version}, this is {__version__}, "
            f"and it has {counts['waiting'] + counts['running']} jobs to do",
            "wait for them, or end it with 'frm-bridge stop'",
        )
    stop_server()


def _started(options: Sequence[str]) -> ServerRecord:
    words = start_log_path()
    with words.open("wb") as printed:
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-P", "-m", "frm_bridge.cli", "serve", *options],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            cwd=home(),
            **_of_its_own(),
        )
    # Else a notebook that outlives it keeps what the system remembers of its end.
    Thread(target=process.wait, daemon=True).start()
    until = time.monotonic() + START_LIMIT_S
    while time.monotonic() < until:
        # Another may have been quicker: then ours ends, and that one is as good.
        if (record := find_server()) is not None:
            return record
        if process.poll() not in (None, 0):
            break
        time.sleep(_PAUSE_S)
    raise _no_start(words)


def _of_its_own() -> dict[str, Any]:
    """Let the process outlive the one that starts it, and its terminal."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}


def _no_start(words: Path) -> EnvironmentProblem:
    lines = words.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    said = [
        line.removeprefix("error: ") for line in lines if not line.startswith("fix")
    ]
    return EnvironmentProblem(
        "E_SERVER_START",
        f"the server does not start: {said[-1] if said else 'it says nothing'}".replace(
            "error: ", ""
        ),
        f"run '{sys.executable} -m frm_bridge.cli serve' in a terminal to see why, or "
        "'frm-bridge doctor'",
    )


def stop_server() -> ServerRecord | None:
    """Stop this user's server, and give what its record was; None if there was none.

    Raises
    ------
    EnvironmentProblem
        ``E_SERVER_BUSY``: it does not end.
    """
    record = find_server()
    if record is None:
        return None
    ask(record, "/stop")
    until = time.monotonic() + STOP_LIMIT_S
    while is_served():
        if time.monotonic() > until:
            raise EnvironmentProblem(
                "E_SERVER_BUSY",
                f"the server, process {record.pid}, does not end: it is still at an "
                "ImageJ script that cannot be interrupted",
                f"wait, or end the process {record.pid}",
            )
        time.sleep(_PAUSE_S)
    return record
