"""The lock that a living server holds: it tells a crash from a long run."""

from __future__ import annotations

import platform
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from frm_bridge.doors.runtimefile import explained, lock_path, read_record
from frm_bridge.errors import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TURN_LIMIT_S = 45.0  # a server that was stopped is still at a window, or a script
_RENAMED_S = 3.0  # in which a server notes that its machine has another name
_PAUSE_S = 0.1


class AlreadyServed(Exception):
    """Another server of this user lives, and answers."""


@contextmanager
def only_server(answers: Callable[[], bool]) -> Iterator[None]:
    """Be this user's only server.

    Parameters
    ----------
    answers : callable
        Whether another server can be asked; one that can not is ending.

    Raises
    ------
    AlreadyServed
        There is one.
    EnvironmentProblem
        ``E_SERVER_SILENT`` for one that neither answers nor ends,
        ``E_SERVER_ELSEWHERE`` for one of another machine; ``E_HOME``.
    """
    lock = _lock()
    started = time.monotonic()
    while not _taken(lock):
        if answers():
            raise AlreadyServed
        passed = time.monotonic() - started
        record = read_record()
        if passed > _RENAMED_S and record and record.host != platform.node():
            raise _elsewhere(record.host)
        if passed > TURN_LIMIT_S:
            raise silent_server()
        time.sleep(_PAUSE_S)
    try:
        yield
    finally:
        lock.release()


def is_served() -> bool:
    """Whether a server of this user lives: its lock says so."""
    lock = _lock()
    if not _taken(lock):
        return True
    lock.release()
    return False


def silent_server() -> EnvironmentProblem:
    """Give the error for a server that lives and does not answer."""
    record = read_record()
    which = f", process {record.pid}," if record else ""
    return EnvironmentProblem(
        "E_SERVER_SILENT",
        f"the server{which} does not answer: it hangs, or is ending, and still at an "
        "ImageJ script that cannot be interrupted",
        f"wait, or end {f'the process {record.pid}' if record else 'its process'}",
    )


def _elsewhere(host: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        "E_SERVER_ELSEWHERE",
        f"a server of yours runs on {host}, and has this machine's folder, too",
        "let FRM_BRIDGE_HOME name a folder of this machine, in the environment that "
        "ImageJ starts in, too; or end the other with 'frm-bridge stop' there",
    )


def _lock() -> FileLock:
    return FileLock(lock_path(), mode=0o600)


def _taken(lock: FileLock) -> bool:
    with explained():
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
    return True
