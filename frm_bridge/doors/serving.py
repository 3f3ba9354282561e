"""A server's life: one for each user, from the lock to the last job's end."""

from __future__ import annotations

import logging
import logging.handlers
import os
import platform
import secrets
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from frm_bridge import __version__
from frm_bridge.doors.runtimefile import (
    PROTOCOL,
    ServerRecord,
    home,
    inbox,
    lock_path,
    log_path,
    record_path,
    remove_record,
    write_record,
)
from frm_bridge.errors import EnvironmentProblem, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import uvicorn

    from frm_bridge.doors.jobs import Jobs
    from frm_bridge.prediction.sessions import OpenModels

IDLE_S = 20 * 60.0
_TICK_S = 0.5
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
    """

    port: int = 0
    idle_s: float = IDLE_S

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InputError(
                "E_OPTION",
                f"the port is {self.port}; expected 1 to 65535, or 0 for any",
                "leave --port away",
            )
        if not self.idle_s > 0:
            raise InputError(
                "E_OPTION",
                f"it would end after {self.idle_s:g} s; expected more than 0",
                "leave --idle-minutes away",
            )


class AlreadyServed(Exception):
    """Another server of this user lives."""


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
        ``E_PORT_TAKEN``.
    """
    lock = FileLock(lock_path(), mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise AlreadyServed from error
    # NB: the folder of whoever started it must neither be kept busy, nor matter to any
    # path that is asked for.
    os.chdir(home())
    with lock, _bound(settings.port) as bound, _logged():
        _serve(settings, bound, listening)


def _serve(
    settings: ServerSettings,
    bound: socket.socket,
    listening: Callable[[ServerRecord], None],
) -> None:
    import uvicorn

    from frm_bridge.doors.guard import Guard
    from frm_bridge.doors.jobs import Jobs
    from frm_bridge.doors.server import make_app

    record = _record(bound.getsockname()[1])
    life = Life(record, settings.idle_s)
    jobs = Jobs(life.work)
    app = make_app(jobs, facts=lambda: life.facts(jobs), stop=life.end)
    guarded = Guard(
        app, token=record.token, port=bound.getsockname()[1], heard=life.heard
    )
    server = uvicorn.Server(
        uvicorn.Config(
            guarded,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=2,
        )
    )
    _clear_requests()
    write_record(record)
    Thread(target=life.watch, args=(server, jobs), daemon=True).start()
    Thread(target=_load_ahead, daemon=True).start()
    _log.info("serves at %s, process %d, %s", record.url, record.pid, record.version)
    listening(record)
    try:
        server.run(sockets=[bound])
    finally:
        life.end()
        jobs.close()
        remove_record(record)
        _log.info("ended")


class Life:
    """What a running server knows of itself, and what ends it."""

    def __init__(self, record: ServerRecord, idle_s: float) -> None:
        self._record = record
        self._idle_s = idle_s
        self._last = time.monotonic()
        self._started = self._last
        self._ends = Event()
        self._models: OpenModels | None = None

    def heard(self) -> None:
        """Note that someone asked."""
        self._last = time.monotonic()

    def end(self) -> None:
        """Let the server end."""
        self._ends.set()

    def work(self, request: Any, progress: Any) -> Any:
        """Do what a request asks, with the models that are open."""
        from frm_bridge.doors.perform import perform
        from frm_bridge.prediction.sessions import OpenModels

        if self._models is None:
            self._models = OpenModels()
        return perform(request, progress=progress, models=self._models)

    def facts(self, jobs: Jobs) -> dict[str, Any]:
        """Tell of the server."""
        return {
            "status": "ok",
            "version": __version__,
            "protocol": PROTOCOL,
            "pid": self._record.pid,
            "started": self._record.started,
            "uptime_s": round(time.monotonic() - self._started, 1),
            "idle_s": round(time.monotonic() - self._last, 1),
            "ends_after_idle_s": self._idle_s,
            "jobs": jobs.counts(),
            "models": self._models.names() if self._models else [],
        }

    def watch(self, server: uvicorn.Server, jobs: Jobs) -> None:
        """Let abandoned jobs go, and end an idle server."""
        while not self._ends.wait(_TICK_S):
            jobs.cancel_abandoned()
            if jobs.busy:
                self.heard()
            if time.monotonic() - self._last > self._idle_s:
                _log.info("nobody asked for %g s", self._idle_s)
                break
            if not record_path().exists():  # someone tidied up
                with suppress(OSError):
                    write_record(self._record)
        server.should_exit = True


def _record(port: int) -> ServerRecord:
    return ServerRecord(
        url=f"http://{_ADDRESS}:{port}",
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
    handler = logging.handlers.RotatingFileHandler(
        log_path(), maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8"
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


def _clear_requests() -> None:
    """Remove requests that were never asked for, of clients that crashed."""
    for left in inbox().iterdir():
        with suppress(OSError):
            left.unlink()


def _load_ahead() -> None:
    """Load what the first prediction needs, while its image is still being saved."""
    with suppress(Exception):  # the first prediction says what is missing
        from frm_bridge.prediction.engine import predict_file  # noqa: F401
        from frm_bridge.prediction.runtime import runtime_version

        runtime_version()


def is_served() -> bool:
    """Whether a server of this user lives, on this machine: its lock says so."""
    try:
        with FileLock(lock_path(), mode=0o600).acquire(timeout=0):
            return False
    except Timeout:
        return True
