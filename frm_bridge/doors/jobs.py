"""Jobs that wait for their turn, run, and are asked after.

Clients, each an ImageJ or a Python, take turns, so that one that asks for 200 things
does not keep another waiting. Predictions run one at a time, since they share one
device; ImageJ's work runs beside them, one at a time too, since a process holds one
Java.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import TYPE_CHECKING

from frm_bridge.doors.answer import Answer, answer_of
from frm_bridge.doors.job import Cancelled, Job, check_name
from frm_bridge.errors import FrmError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from frm_bridge.doors.request import Request

    Progress = Callable[[int, int], None]
    Work = Callable[[Request, Progress], Answer]

PATIENCE_S = 10.0  # a client that asks for so long no more has gone
KEPT = 1000  # answers that can still be asked for

LANES = {"predict": "device", "split": "device"}  # the others need ImageJ

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Lane:
    """What can run one at a time: for each client a queue, and they take turns."""

    queues: OrderedDict[str, deque[Job]] = field(default_factory=OrderedDict)

    def put(self, job: Job) -> None:
        """Queue a job behind those of its client."""
        self.queues.setdefault(job.client, deque()).append(job)

    def take(self) -> Job | None:
        """Give the next job, and let its client wait for the next turn."""
        if not self.queues:
            return None
        client, queue = self.queues.popitem(last=False)
        job = queue.popleft()
        if queue:
            self.queues[client] = queue
        return job

    def drop(self, job: Job) -> None:
        """Take a job out of its queue."""
        queue = self.queues[job.client]
        queue.remove(job)
        if not queue:
            del self.queues[job.client]


class Jobs:
    """All jobs of a server, and the threads that work on them.

    Parameters
    ----------
    work : callable (request, progress) -> Answer
        Does what a request asks. What its progress raises, it must let through.
    patience_s : float
        After how long without a question a client has gone.
    """

    def __init__(self, work: Work, *, patience_s: float = PATIENCE_S) -> None:
        self._work = work
        self._patience_s = patience_s
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._heard: dict[str, float] = {}
        self._changed = Condition()
        self._closing = False
        self._lanes = {name: Lane() for name in ("device", "imagej")}
        self._threads = [
            Thread(target=self._run, args=(lane,), name=name, daemon=True)
            for name, lane in self._lanes.items()
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, name: str, request: Request) -> Job:
        """Queue a request; of a name that is known, give the job that there is.

        Raises
        ------
        InputError
            ``E_JOB_NAME``.
        FrmError
            ``E_SERVER_STOPS``.
        """
        check_name(name)
        with self._changed:
            self._hear(name)
            if name not in self._jobs:
                if self._closing:
                    raise _stops()
                self._jobs[name] = job = Job(name, request)
                self._lane(job).put(job)
                self._forget_oldest()
                self._changed.notify_all()
            return self._jobs[name]

    def knows(self, name: str) -> bool:
        """Whether there is a job of this name."""
        with self._changed:
            return name in self._jobs

    def find(self, name: str) -> Job:
        """Give a job, and note that its client is there.

        Raises
        ------
        InputError
            ``E_JOB_UNKNOWN``.
        """
        with self._changed:
            self._hear(name)
            if name not in self._jobs:
                raise InputError(
                    "E_JOB_UNKNOWN",
                    f"there is no job {name!r}: it was never asked for here, or the "
                    "server has been started again since",
                    "ask again, as for a new job",
                )
            return self._jobs[name]

    def cancel(self, name: str, reason: str = "its client cancelled it") -> Job:
        """Cancel a job: at once while it waits, between two windows while it runs.

        Raises
        ------
        InputError
            ``E_JOB_UNKNOWN``.
        """
        job = self.find(name)
        with self._changed:
            self._cancel(job, reason)
        return job

    def cancel_abandoned(self) -> None:
        """Cancel the jobs of clients that ask no more."""
        limit = time.monotonic() - self._patience_s
        with self._changed:
            for job in self._unfinished():
                if self._heard[job.client] < limit:
                    reason = f"nobody asked after it for {self._patience_s:g} s"
                    self._cancel(job, reason)

    def counts(self) -> dict[str, int]:
        """Say how many jobs wait, run and are done."""
        with self._changed:
            states = [job.state for job in self._jobs.values()]
        return {state: states.count(state) for state in ("waiting", "running", "done")}

    @property
    def busy(self) -> bool:
        """Whether a job waits or runs."""
        with self._changed:
            return bool(self._unfinished())

    def close(self, reason: str = "the server was stopped") -> None:
        """Cancel all jobs and wait for those that run."""
        with self._changed:
            self._closing = True
            for job in self._unfinished():
                self._cancel(job, reason)
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self, lane: Lane) -> None:
        """Work on the jobs of one lane, one after another."""
        while True:
            with self._changed:
                while (job := lane.take()) is None:
                    if self._closing:
                        return
                    self._changed.wait()
                job.state = "running"
            answer = self._perform(job)
            with self._changed:
                self._finish(job, answer)

    def _perform(self, job: Job) -> Answer:
        def progress(done: int, total: int) -> None:
            job.done, job.total = done, total
            if job.cancelled:
                raise Cancelled

        _log.info("%s: %s begins", job.name, job.request.action)
        try:
            return self._work(job.request, progress)
        except Cancelled:
            return _cancelled(job)
        except BaseException as error:  # the lane lives on, whatever a library raises
            _log.exception("%s failed", job.name)
            return answer_of(error)

    def _finish(self, job: Job, answer: Answer) -> None:
        job.answer, job.state = answer, "done"
        level = logging.INFO if answer.status == "ok" else logging.ERROR
        if answer.code == "E_CANCELLED":
            level = logging.WARNING
        _log.log(level, "%s: %s", job.name, answer.line)

    def _cancel(self, job: Job, reason: str) -> None:
        if job.state == "done" or job.cancelled:
            return
        job.cancelled = reason
        if job.state == "waiting":
            self._lane(job).drop(job)
            self._finish(job, _cancelled(job))

    def _lane(self, job: Job) -> Lane:
        return self._lanes[LANES.get(job.request.action, "imagej")]

    def _hear(self, name: str) -> None:
        self._heard[name.rpartition("-")[0]] = time.monotonic()

    def _unfinished(self) -> list[Job]:
        return [job for job in self._jobs.values() if job.state != "done"]

    def _forget_oldest(self) -> None:
        done = [name for name, job in self._jobs.items() if job.state == "done"]
        for name in done[: max(0, len(done) - KEPT)]:
            del self._jobs[name]


def _cancelled(job: Job) -> Answer:
    message = f"it was cancelled: {job.cancelled}; nothing half-written was left"
    return Answer("error", "E_CANCELLED", message, "ask again")


def _stops() -> FrmError:
    return FrmError("E_SERVER_STOPS", "the server is being stopped", "ask again")
