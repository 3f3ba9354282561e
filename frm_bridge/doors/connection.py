"""A program's line to the server: it finds it, sends requests and keeps them alive."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from frm_bridge import __version__
from frm_bridge.doors.jobs import PATIENCE_S
from frm_bridge.doors.pendingjob import GONE, PendingJob
from frm_bridge.doors.starting import ask, find_server, speaks, start_server
from frm_bridge.errors import EnvironmentProblem, FrmError, InputError

if TYPE_CHECKING:
    from frm_bridge.doors.request import Request
    from frm_bridge.doors.runtimefile import ServerRecord

_KEEP_ALIVE_S = PATIENCE_S / 5


class Connection:
    """A line to the server.

    Parameters
    ----------
    start : bool
        Start the server where none runs.

    Attributes
    ----------
    server : ServerRecord
        Who answered last.
    """

    def __init__(self, *, start: bool) -> None:
        self._start = start
        self._name = f"py{uuid.uuid4().hex[:12]}"
        self._numbers = itertools.count(1)
        self._jobs: list[PendingJob] = []
        self._lock = Lock()
        self._closed = Event()
        self._keeper: Thread | None = None
        self.server = self._found()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed.is_set()

    def send(self, request: Request) -> PendingJob:
        """Send a request, to a new server if the old one has ended since.

        Parameters
        ----------
        request : Request
            With whole paths; its job gets a name here.

        Raises
        ------
        FrmError
            What the server refuses; those of a start; ``E_CLIENT_CLOSED``.
        """
        if self.closed:
            raise InputError(
                "E_CLIENT_CLOSED",
                "this client is closed",
                "ask before its 'with' statement ends, or connect() again",
            )
        name = f"{self._name}-{next(self._numbers)}"
        request = replace(request, job=name, door="python")
        try:
            ask(self.server, "/submit", request.as_json())
        except FrmError as error:
            if error.code not in GONE:
                raise
            self.server = self._found()
            ask(self.server, "/submit", request.as_json())
        job = PendingJob(name, request, self.server)
        self._keep(job)
        return job

    def unfinished(self) -> list[PendingJob]:
        """Give the jobs of which no answer was heard yet, in their order."""
        with self._lock:
            return [job for job in self._jobs if job.answer is None]

    def close(self) -> None:
        """Cancel what is not done, and go."""
        self._closed.set()
        for job in self.unfinished():
            job.cancel()

    def _found(self) -> ServerRecord:
        """Find the server, or start it."""
        if self._start:
            return start_server()
        found = find_server()
        if found is None:
            raise EnvironmentProblem(
                "E_NO_SERVER",
                "no server of yours runs on this machine",
                "run 'frm-bridge serve --detach', or let connect() start it",
            )
        if not speaks(found):
            raise EnvironmentProblem(
                "E_SERVER_VERSION",
                f"the server that runs is frm-bridge {found.version}, this is "
                f"{__version__}",
                "end it with 'frm-bridge stop'",
            )
        return found

    def _keep(self, job: PendingJob) -> None:
        with self._lock:
            self._jobs.append(job)
            if self._keeper is None:
                self._keeper = Thread(target=self._keep_alive, daemon=True)
                self._keeper.start()

    def _keep_alive(self) -> None:
        """Ask now and then, so that the server knows that someone will come."""
        while not self._closed.wait(_KEEP_ALIVE_S):
            self._look()
            with self._lock:
                self._jobs = [job for job in self._jobs if job.answer is None]
                if not self._jobs:
                    self._keeper = None
                    return

    def _look(self) -> None:
        """Ask after the first job that is not done, of each kind.

        The others wait behind it. All answers are heard soon, however many there are:
        the server keeps the last 1000.
        """
        busy = set()
        for job in self.unfinished():
            if job.request.action not in busy and not job.done:
                busy.add(job.request.action)
