"""Jobs that wait for their turn, run, and are asked after.

Clients, each an ImageJ or a Python, take turns, so that one that asks for 200 things
does not keep another waiting. Predictions run one at a time, since they share one
device; ImageJ's work runs beside them, one at a time too, since a process holds one
Java.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from threading import Condition, Thread
from typing import TYPE_CHECKING

from frm_bridge.doors.answer import Answer, answer_of
from frm_bridge.doors.job import Cancelled, Job, check_name, client_of
from frm_bridge.doors.lane import Lane
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


class Jobs:
    """All jobs of a server, and the threads that work on them.

    Parameters
    ----------
    work : callable (request, progress) -> Answer
        Does what a request asks. What its progress raises, it must let through.
    patience_s : float
        After how long without a question a client has gone.
    clock : callable
        Gives the time in s.

    Attributes
    ----------
    told : callable
        Called whenever a job has ended, from any thread.
    """

    def __init__(
        self,
        work: Work,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work = work
        self._patience_s = patience_s
        self._clock = clock
        self._looked = clock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._heard: dict[str, float] = {}
        self._changed = Condition()
        self._closing = False
        self.told: Callable[[], None] = lambda: None
        self._lanes = {name: Lane() for name in ("device", "imagej")}
        self._threads = [
            Thread(target=self._run, args=(lane,), name=name, daemon=True)
            for name, lane in self._lanes.items()
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, name: str, request: Request) -> Job:
        """Queue a request; one that comes again gives the job that there is.

        Raises
        ------
        InputError
            ``E_JOB_NAME``, also of a name that another request has.
        FrmError
            ``E_SERVER_STOPS``.
        """
        check_name(name)
        with self._changed:
            if name not in self._jobs:
                if self._closing:
                    raise _stops()
                self._jobs[name] = job = Job(name, request)
                self._lane(job).put(job)
                self._forget_oldest()
                self._changed.notify_all()
            elif self._jobs[name].request != request:
                raise _taken(name)
            self._hear(name)
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
            ``E_JOB_UNKNOWN``, ``E_JOB_NAME``.
        """
        check_name(name)
        with self._changed:
            if name not in self._jobs:
                raise InputError(
                    "E_JOB_UNKNOWN",
                    f"there is no job {name!r}: it was never asked for here, or the "
                    f"server was started again since, or {KEPT} others have ended",
                    "ask again, as for a new job",
                )
            self._hear(name)
            return self._jobs[name]

    def cancel(self, name: str, reason: str = "its client cancelled it") -> Job:
        """Cancel a job: at once while it waits, between two windows while it runs.

        What cannot be interrupted, as an ImageJ script that is shipped, ends first, and
        its answer stands.

        Raises
        ------
        InputError
            ``E_JOB_UNKNOWN``, ``E_JOB_NAME``.
        """
        job = self.find(name)
        with self._changed:
            self._cancel(job, reason)
        return job

    def cancel_abandoned(self) -> None:
        """Cancel the jobs of clients that ask no more; to be called often.

        NB: where it was not called for long, this machine slept, or had no time for
        this process: nobody could be heard, and all get their time once more.
        """
        with self._changed:
            now, before = self._clock(), self._looked
            self._looked = now
            if now - before > self._patience_s / 2:
                self._heard = dict.fromkeys(self._heard, now)
            for job in self._unfinished():
                if self._heard[job.client] < now - self._patience_s:
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

    @property
    def ending(self) -> bool:
        """Whether no more jobs are taken."""
        return self._closing

    def retire(self) -> bool:
        """Take no more jobs, if there is none to do; give whether that is so."""
        with self._changed:
            self._closing = self._closing or not self._unfinished()
            return self._closing

    def stop(self, reason: str = "the server was stopped") -> None:
        """Cancel all jobs, and take no more."""
        with self._changed:
            self._closing = True
            for job in self._unfinished():
                self._cancel(job, reason)
            self._changed.notify_all()

    def close(self) -> None:
        """Cancel all jobs and wait for those that run."""
        self.stop()
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
            answer = self._work(job.request, progress)
            _log_end(job, answer)
            return answer
        except Cancelled:
            answer = _cancelled(job)
        except BaseException as error:  # the lane lives on, whatever a library raises
            _log.exception("%s failed", job.name)
            answer = answer_of(error)
        _log_end(job, answer)
        return answer

    def _finish(self, job: Job, answer: Answer) -> None:
        job.answer, job.state = answer, "done"
        self.told()

    def _cancel(self, job: Job, reason: str) -> None:
        if job.state == "done" or job.cancelled:
            return
        job.cancelled = reason
        if job.state == "waiting":
            self._lane(job).drop(job)
            self._finish(job, answer := _cancelled(job))
            _log_end(job, answer)

    def _lane(self, job: Job) -> Lane:
        return self._lanes[LANES.get(job.request.action, "imagej")]

    def _hear(self, name: str) -> None:
        self._heard[client_of(name)] = self._clock()

    def _unfinished(self) -> list[Job]:
        return [job for job in self._jobs.values() if job.state != "done"]

    def _forget_oldest(self) -> None:
        done = [name for name, job in self._jobs.items() if job.state == "done"]
        if len(done) <= KEPT:
            return
        for name in done[: len(done) - KEPT]:
            del self._jobs[name]
        clients = {job.client for job in self._jobs.values()}
        self._heard = {name: at for name, at in self._heard.items() if name in clients}


def _log_end(job: Job, answer: Answer) -> None:
    level = logging.INFO if answer.status == "ok" else logging.ERROR
    if answer.code == "E_CANCELLED":
        level = logging.WARNING
    _log.log(level, "%s: %s", job.name, answer.line)


def _cancelled(job: Job) -> Answer:
    message = f"it was cancelled: {job.cancelled}; nothing half-written was left"
    return Answer("error", "E_CANCELLED", message, "ask again")


def _taken(name: str) -> InputError:
    return InputError(
        "E_JOB_NAME",
        f"the job {name} was asked for already, with another request",
        "give each request a name of its own",
    )


def _stops() -> FrmError:
    return FrmError(
        "E_SERVER_STOPS",
        "the server is just ending",
        "ask again: the next call starts a new one",
    )
