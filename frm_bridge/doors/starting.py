"""Find a user's server, start one as a process of its own, stop it.

NB: the standard library's client, since a macro waits for this: others take 0.2 s to
load, and look for proxies, which have no place between two programs of one machine.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from frm_bridge import __version__
from frm_bridge.doors.interpreter import MODULE
from frm_bridge.doors.lock import is_served, silent_server
from frm_bridge.doors.runtimefile import (
    PROTOCOL,
    explained,
    home,
    read_record,
    start_log_path,
)
from frm_bridge.errors import EnvironmentProblem, FrmError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from frm_bridge.doors.runtimefile import ServerRecord

START_LIMIT_S = 60.0  # a cold disk, a virus scanner: seconds; this is a fault
STOP_LIMIT_S = 60.0  # a window, or an ImageJ script, that runs
ANSWER_LIMIT_S = 5.0
_MOMENT_S = 10.0
_PAUSE_S = 0.02
_EXPLAINED = re.compile(r"^error: (E_\w+) (.*)\nfix: (.*)", re.MULTILINE)


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
    headers = {
        "Authorization": f"Bearer {record.token}",
        "Content-Type": "application/json",
    }
    try:
        address = urlsplit(record.url).netloc
        with closing(HTTPConnection(address, timeout=limit_s)) as connection:
            connection.request("POST", page, json.dumps(dict(body or {})), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        if response.status < 400:
            return dict(answer)
        refusal = FrmError(answer["code"], answer["message"], answer["fix"])
    except (OSError, HTTPException, ValueError, TypeError, KeyError) as error:
        raise EnvironmentProblem(
            "E_SERVER_GONE",
            f"no server answers at {record.url}: {error or type(error).__name__}",
            "ask again: the next call starts a new one",
        ) from error
    raise refusal


def find_server() -> ServerRecord | None:
    """Give the server that answers and is not just ending, if there is one."""
    record = read_record()
    if record is None or record.host != platform.node():
        return None
    try:
        facts = ask(record, "/ping")
    except FrmError:
        return None
    # Who got the port after a crash may answer anything.
    is_it = facts.get("pid") == record.pid and not facts.get("ends")
    return record if is_it else None


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
        ``E_SERVER_VERSION`` for a busy server of another version, ``E_SERVER_START``;
        and those of :func:`~frm_bridge.doors.serving.serve`.
    """
    found = find_server()
    if found is not None and speaks(found):
        return found
    if found is not None:
        _make_room(found)
    return _started(options)


def speaks(record: ServerRecord) -> bool:
    """Whether a server is of this version, and speaks as this one does."""
    return (record.version, record.protocol) == (__version__, PROTOCOL)


def _make_room(old: ServerRecord) -> None:
    """Stop a server of another version, unless it works for someone."""
    counts = ask(old, "/ping").get("jobs", {})
    unfinished = counts.get("waiting", 0) + counts.get("running", 0)
    if unfinished:
        raise EnvironmentProblem(
            "E_SERVER_VERSION",
            f"the server that runs is frm-bridge {old.version} with protocol "
            f"{old.protocol}, this is {__version__} with {PROTOCOL}, and it has "
            f"{unfinished} jobs to do",
            "wait for them, or end it with 'frm-bridge stop'",
        )
    stop_server()


def _started(options: Sequence[str]) -> ServerRecord:
    with explained():
        printed = start_log_path().open("wb")
    with printed:
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, *MODULE, "serve", *options],
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
        ended = process.poll()
        # Another may have been quicker, and that one is as good.
        if (record := find_server()) is not None:
            if not _is_of(process, record):
                process.terminate()  # or it would serve, should that one end soon
            return record
        if ended is not None:
            break
        time.sleep(_PAUSE_S)
    raise _no_start(start_log_path())


def _is_of(process: subprocess.Popen[bytes], record: ServerRecord) -> bool:
    """Whether a process, or a child of it, is the server of a record.

    NB: on Windows a virtual environment's python.exe starts the real one.
    """
    if record.pid == process.pid:
        return True
    import psutil

    with suppress(psutil.Error):
        ancestors = psutil.Process(record.pid).parents()
        return process.pid in [each.pid for each in ancestors]
    return False


def _of_its_own() -> dict[str, Any]:
    """Let the process outlive the one that starts it, and its terminal."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}


def _no_start(words: Path) -> EnvironmentProblem:
    """Say what the process said, in its own words where it explained itself."""
    text = words.read_text(encoding="utf-8", errors="replace").strip()
    explained_itself = _EXPLAINED.search(text)
    if explained_itself:
        return EnvironmentProblem(*explained_itself.groups())
    last = text.splitlines()[-1] if text else "it says nothing"
    return EnvironmentProblem(
        "E_SERVER_START",
        f"the server does not start: {last}",
        f"run '{sys.executable} -m frm_bridge.cli serve' in a terminal to see why, or "
        "'frm-bridge doctor'",
    )


def stop_server() -> ServerRecord | None:
    """Stop this user's server, and give what its record was; None if there was none.

    Raises
    ------
    EnvironmentProblem
        ``E_SERVER_SILENT``: it does not answer, or does not end.
    """
    record = _server_to_stop()
    if record is None:
        return None
    with suppress(FrmError):  # it may have ended meanwhile
        ask(record, "/stop")
    _wait_until(lambda: not is_served(), STOP_LIMIT_S)
    return record


def _server_to_stop() -> ServerRecord | None:
    """Give the server; one that starts or ends just now has a moment to do so."""
    _wait_until(lambda: find_server() is not None or not is_served(), _MOMENT_S)
    return find_server()


def _wait_until(happened: Callable[[], bool], limit_s: float) -> None:
    until = time.monotonic() + limit_s
    while not happened():
        if time.monotonic() > until:
            raise silent_server()
        time.sleep(_PAUSE_S)
