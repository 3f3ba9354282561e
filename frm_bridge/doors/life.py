"""What a running server knows of itself, and what ends it."""

from __future__ import annotations

import logging
import platform
import time
from contextlib import suppress
from dataclasses import replace
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from frm_bridge import __version__
from frm_bridge.doors.jobs import PATIENCE_S
from frm_bridge.doors.runtimefile import (
    PROTOCOL,
    read_record,
    remove_record,
    write_record,
)
from frm_bridge.doors.unfinished import Unfinished
from frm_bridge.errors import FrmError

if TYPE_CHECKING:
    from collections.abc import Callable

    from frm_bridge.doors.answer import Answer
    from frm_bridge.doors.jobs import Jobs
    from frm_bridge.doors.request import Request
    from frm_bridge.doors.runtimefile import ServerRecord
    from frm_bridge.prediction.sessions import OpenModels

IDLE_S = 20 * 60.0
_TICK_S = 0.5
_TWIN_S = 0.2  # ImageJ asks for each page twice, for /stop too

_log = logging.getLogger(__name__)


class Life:
    """What a running server knows of itself, and what ends it.

    Parameters
    ----------
    record : ServerRecord
        How to reach it.
    idle_s : float
        After how long without a request and a job it ends.
    patience_s : float
        After how long without a question a client has gone.
    """

    def __init__(
        self,
        record: ServerRecord,
        *,
        idle_s: float = IDLE_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.record = record
        self._idle_s = idle_s
        self._tick_s = min(_TICK_S, patience_s / 8, idle_s / 8)
        self._last = time.monotonic()
        self._started = self._last
        self._ends = Event()
        self._unfinished = Unfinished()
        self._models: OpenModels | None = None
        self._opening = Lock()
        self._loading = Thread(target=_load_ahead, daemon=True)

    def load_ahead(self) -> None:
        """Begin to load what the first request needs, while its image is saved."""
        self._loading.start()

    def heard(self) -> None:
        """Note that someone asked."""
        self._last = time.monotonic()

    def end(self) -> None:
        """Let the server end."""
        self._ends.set()

    def work(self, request: Request, progress: Callable[[int, int], None]) -> Answer:
        """Do what a request asks, with the models that are open."""
        # NB: two threads that import libraries at once may find them half loaded.
        self._loading.join()
        from frm_bridge.doors.perform import perform

        models = self._open_models() if request.action == "predict" else None
        with self._unfinished.noted(request):
            return perform(request, progress=progress, models=models)

    def facts(self, jobs: Jobs) -> dict[str, Any]:
        """Tell of the server."""
        return {
            "status": "ok",
            "version": __version__,
            "protocol": PROTOCOL,
            "pid": self.record.pid,
            "started": self.record.started,
            "uptime_s": round(time.monotonic() - self._started, 1),
            "idle_s": round(time.monotonic() - self._last, 1),
            "ends_after_idle_s": self._idle_s,
            "ends": jobs.ending,
            "jobs": jobs.counts(),
            "models": self._models.names() if self._models else [],
        }

    def watch(self, jobs: Jobs, stop: Callable[[], None]) -> None:
        """Let abandoned jobs go, and stop a server that is idle or told to end."""
        try:
            while not self._ends.wait(self._tick_s):
                jobs.cancel_abandoned()
                if self._is_over(jobs) and jobs.retire():
                    break
            else:
                jobs.stop()
                time.sleep(_TWIN_S)
        except Exception:
            _log.exception("the server cannot watch itself any more, and ends")
        stop()

    def forget(self) -> None:
        """Remove the record."""
        with suppress(OSError, FrmError):
            remove_record(self.record)

    def _is_over(self, jobs: Jobs) -> bool:
        """Whether nobody needs this server, or can find it."""
        if jobs.busy:
            self.heard()
        if time.monotonic() - self._last > self._idle_s:
            _log.info("nobody asked for %g s", self._idle_s)
            return True
        with suppress(OSError, FrmError):
            return self._has_successor()
        return False

    def _has_successor(self) -> bool:
        """Keep the record; another server's, which the lock did not stop, stays."""
        if self.record.host != platform.node():  # a laptop in another network
            self.record = replace(self.record, host=platform.node())
        found = read_record()
        if found == self.record:
            return False
        if found is not None and found.pid != self.record.pid:
            _log.warning("server.txt is that of process %d: this one ends", found.pid)
            return True
        write_record(self.record)  # someone tidied up
        return False

    def _open_models(self) -> OpenModels:
        from frm_bridge.prediction.sessions import OpenModels

        with self._opening:
            if self._models is None:
                self._models = OpenModels()
            return self._models


def _load_ahead() -> None:
    with suppress(Exception):  # the first prediction says what is missing
        from frm_bridge.doors.perform import perform  # noqa: F401
        from frm_bridge.prediction.engine import predict_file  # noqa: F401
        from frm_bridge.prediction.runtime import runtime_version
        from frm_bridge.prediction.sessions import OpenModels  # noqa: F401

        runtime_version()
