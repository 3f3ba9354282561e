"""A server's life: one for each user, from the lock to the last job's end."""

from __future__ import annotations

import logging
import logging.handlers
import math
import os
import platform
import secrets
import signal
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Thread
from typing import TYPE_CHECKING

from frm_bridge import __version__
from frm_bridge.doors.callfolders import clear_call_folders
from frm_bridge.doors.inbox import clear_requests
from frm_bridge.doors.jobs import PATIENCE_S, Jobs
from frm_bridge.doors.life import IDLE_S, Life
from frm_bridge.doors.lock import only_server
from frm_bridge.doors.runtimefile import (
    PROTOCOL,
    ServerRecord,
    explained,
    home,
    log_path,
    write_record,
)
from frm_bridge.doors.starting import find_server
from frm_bridge.doors.unfinished import clear_unfinished
from frm_bridge.errors import EnvironmentProblem, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import uvicorn

_LOG_BYTES = 2**20
_ADDRESS = "127.0.0.1"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How a server runs.

    Attributes
    ----------
    port : int
        0 lets the system choose.
    idle_s : float
        After how long without a request and a job it ends.
    patience_s : float
        After how long without a question a client has gone.
    """

    port: int = 0
    idle_s: float = IDLE_S
    patience_s: float = PATIENCE_S

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InputError(
                "E_OPTION",
                f"the port is {self.port}; expected 1 to 65535, or 0 for any",
                "leave --port away",
            )
        if not 0 < self.idle_s < math.inf:
            raise InputError(
                "E_OPTION",
                f"it would end after {self.idle_s:g} s; expected more than 0, and a "
                "number",
                "leave --idle-minutes away, or give many",
            )


def serve(
    settings: ServerSettings, *, listening: Callable[[ServerRecord], None]
) -> None:
    """Serve until idle or stopped.

    Parameters
    ----------
    settings : ServerSettings
        How.
    listening : callable
        Called once it can be asked, with its record.

    Raises
    ------
    AlreadyServed
        There is one.
    EnvironmentProblem
        ``E_PORT_TAKEN``, ``E_HOME``, ``E_SERVER_SILENT``, ``E_SERVER_ELSEWHERE``.
    """
    with only_server(lambda: find_server() is not None):
        # NB: the folder of whoever started it must neither be kept busy, nor matter to
        # any path that is asked for.
        os.chdir(home())
        with _bound(settings.port) as bound, _logged():
            _serve(settings, bound, listening)


def _serve(
    settings: ServerSettings,
    bound: socket.socket,
    listening: Callable[[ServerRecord], None],
) -> None:
    life = Life(_record(bound), idle_s=settings.idle_s, patience_s=settings.patience_s)
    jobs = Jobs(life.work, patience_s=settings.patience_s)
    server = _server(life, jobs)
    clear_requests()
    clear_unfinished()
    clear_call_folders()
    with explained():
        write_record(life.record)
    _end_with_terminal(life)
    Thread(target=life.watch, args=(jobs, lambda: _stop(server)), daemon=True).start()
    life.load_ahead()
    record = life.record
    _log.info("serves at %s, process %d, %s", record.url, record.pid, record.version)
    try:
        listening(record)
        server.run(sockets=[bound])
    finally:
        try:
            life.end()
            jobs.close()
        finally:
            life.forget()
            _log.info("ended")


def _server(life: Life, jobs: Jobs) -> uvicorn.Server:
    import uvicorn

    from frm_bridge.doors.guard import Guard, Protocol
    from frm_bridge.doors.server import make_app

    app = make_app(jobs, facts=lambda: life.facts(jobs), stop=life.end)
    guarded = Guard(app, record=life.record, heard=life.heard)
    config = uvicorn.Config(
        guarded,
        http=Protocol,
        log_config=None,
        access_log=False,  # an address holds the token
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def _end_with_terminal(life: Life) -> None:
    """End in order when the terminal is closed, too; nohup's word counts more."""
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is None or threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(hangup) == signal.SIG_DFL:
        signal.signal(hangup, lambda *_: life.end())


def _record(bound: socket.socket) -> ServerRecord:
    return ServerRecord(
        url=f"http://{_ADDRESS}:{bound.getsockname()[1]}",
        token=secrets.token_urlsafe(24),
        pid=os.getpid(),
        host=platform.node(),
        version=__version__,
        protocol=PROTOCOL,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


@contextmanager
def _bound(port: int) -> Iterator[socket.socket]:
    """Listen on this machine alone; who asks from now on will be answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as bound:
        # NB: on Windows the option of this name lets another program take the port;
        # elsewhere, without it, one's own is not free for a minute after use.
        if sys.platform == "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((_ADDRESS, port))
        except OSError as error:
            raise EnvironmentProblem(
                "E_PORT_TAKEN",
                f"port {port} of {_ADDRESS} cannot be listened on: {error.strerror}",
                "leave --port away, and the system takes a free one",
            ) from error
        bound.listen(128)
        yield bound


@contextmanager
def _logged() -> Iterator[None]:
    """Write the log of frm_bridge into a file that does not grow without end."""
    with explained():
        handler = logging.handlers.RotatingFileHandler(
            log_path(),
            maxBytes=_LOG_BYTES,
            backupCount=1,
            encoding="utf-8",
            errors="backslashreplace",
        )
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    )
    logger = logging.getLogger("frm_bridge")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
