"""Many workflow runs: one after another here, or in processes that can be stopped.

A macro that hangs cannot be stopped within its Java machine, and a process holds only
one: a time limit, or more runs than one at a time, need processes of their own.
"""

from __future__ import annotations

import os
from concurrent.futures import TimeoutError as TookTooLong
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for_end
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from frm_bridge.errors import FrmError, InputError, WorkflowError
from frm_bridge.imagej.gateway import start_imagej
from frm_bridge.imagej.runner import WorkflowResult, run_workflow
from frm_bridge.outputs import remove_partials

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from pebble import ProcessFuture

    from frm_bridge.imagej.handover import Source
    from frm_bridge.imagej.workflows import Workflow

OWN_TIME_LIMIT_S = 600.0  # of a run of a script that is not shipped
_PAUSE_S = 0.2  # between two times that whoever waits is heard
_MEMORY_PERCENT = 50  # of the machine's, for all Java machines together


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a workflow.

    Attributes
    ----------
    workflow : Workflow
        Script and parameters.
    image : Path or tuple of Source
        What is measured.
    output : Path
        Folder of the results.
    options : mapping
        The other arguments of `run_workflow`: ``channel``, ``plane``...
    """

    workflow: Workflow
    image: Path | tuple[Source, ...]
    output: Path
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The image, for people."""
        first = self.image if isinstance(self.image, Path) else self.image[0].image
        return str(first)

    def run(self) -> WorkflowResult:
        """Run it in this process."""
        return run_workflow(self.workflow, self.image, self.output, **self.options)


def run_workflows(
    jobs: Sequence[Job],
    *,
    workers: int = 1,
    time_limit_s: float | None = None,
    while_waiting: Callable[[], None] | None = None,
) -> Generator[WorkflowResult | FrmError]:
    """Run workflows, and give each result, or what went wrong, in the jobs' order.

    Parameters
    ----------
    jobs : sequence of Job
        All of one Fiji, or all of the embedded ImageJ.
    workers : int
        Java machines that run at a time, each in a process of its own. The results do
        not depend on their number.
    time_limit_s : float, optional
        A run that takes longer is ended. With a limit, one worker is a process, too.
    while_waiting : callable, optional
        Called again and again while a process works; what it raises ends them all. (A
        run in this process is waited for.)

    Yields
    ------
    WorkflowResult or FrmError
        ``E_WORKFLOW_TIMEOUT`` for a run past its limit; the others go on.

    Raises
    ------
    InputError
        ``E_OPTION``.
    """
    _check(workers, time_limit_s)
    return (
        _here(jobs)
        if workers == 1 and time_limit_s is None
        else _there(
            jobs,
            min(workers, max(len(jobs), 1)),
            time_limit_s,
            while_waiting or (lambda: None),
        )
    )


def default_time_limit(workflow: Workflow) -> float | None:
    """Give the time limit of a run, in s: none for the shipped scripts, which end."""
    return None if workflow.is_shipped else OWN_TIME_LIMIT_S


def _check(workers: int, time_limit_s: float | None) -> None:
    if workers < 1:
        raise InputError("E_OPTION", f"{workers} workers; expected 1 or more", "give 1")
    if time_limit_s is not None and not time_limit_s > 0:
        raise InputError(
            "E_OPTION",
            f"a time limit of {time_limit_s:g} s; expected more than 0",
            "give seconds, or no limit",
        )


def _here(jobs: Sequence[Job]) -> Generator[WorkflowResult | FrmError]:
    for job in jobs:
        try:
            result: WorkflowResult | FrmError = job.run()
        except FrmError as error:
            result = error
        yield result


def _there(
    jobs: Sequence[Job],
    workers: int,
    time_limit_s: float | None,
    while_waiting: Callable[[], None],
) -> Generator[WorkflowResult | FrmError]:
    from pebble import ProcessPool

    missing = _missing_folders(jobs)
    pool = ProcessPool(
        max_workers=workers,
        # NB: a forked JVM hangs.
        context=get_context("spawn"),
        initializer=_start,
        initargs=(jobs[0].options.get("fiji") if jobs else None, workers),
    )
    unfinished = set(range(len(jobs)))
    try:
        futures = [pool.schedule(job.run, timeout=time_limit_s) for job in jobs]
        for number, (job, future) in enumerate(zip(jobs, futures, strict=True)):
            while not wait([future], timeout=_PAUSE_S).done:
                while_waiting()
            outcome = _outcome(job, future, time_limit_s)
            unfinished.discard(number)
            if isinstance(outcome, FrmError):
                _clean([job], missing)
            yield outcome
    finally:
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()
        _clean([jobs[number] for number in unfinished], missing)


def _start(fiji: Path | None, workers: int) -> None:
    """Start ImageJ before the clock runs; what fails here, fails again in the run."""
    Thread(target=_end_with_parent, daemon=True).start()
    with suppress(FrmError):
        start_imagej(fiji=fiji, memory_percent=_MEMORY_PERCENT // workers or 1)


def _end_with_parent() -> None:
    """End when the program was killed that wants the result: a macro may hang."""
    parent = parent_process()
    if parent is not None:
        wait_for_end([parent.sentinel])
        os._exit(1)


def _outcome(
    job: Job, future: ProcessFuture[WorkflowResult], time_limit_s: float | None
) -> WorkflowResult | FrmError:
    from pebble import ProcessExpired

    try:
        result: WorkflowResult = future.result()
    except FrmError as error:
        return error
    except TookTooLong:
        return WorkflowError(
            "E_WORKFLOW_TIMEOUT",
            f"{job.name}: the workflow {job.workflow.name} was stopped after "
            f"{time_limit_s:g} s, the time limit of a run",
            "look for a loop without end, or for a question that the script asks; if "
            "the image needs longer, give more with --time-limit",
        )
    except ProcessExpired as error:
        return WorkflowError(
            "E_WORKFLOW_FAILED",
            f"{job.name}: the process that ran the workflow {job.workflow.name} ended "
            f"by itself (exit status {error.exitcode})",
            "it may have run out of memory: try fewer --jobs, or a smaller image",
        )
    return result


def _missing_folders(jobs: Sequence[Job]) -> list[Path]:
    """Give the folders that the runs will have to make, the innermost first."""
    places = {place for job in jobs for place in job.output.parents}
    missing = (place for place in places if not place.exists())
    return sorted(missing, key=lambda place: -len(place.parts))


def _clean(jobs: Sequence[Job], missing: Sequence[Path]) -> None:
    """Remove what a run that was ended had no time to remove."""
    for job in jobs:
        with suppress(OSError):
            remove_partials(job.output.parent, os.getpid(), of=job.output)
    for folder in missing:
        with suppress(OSError):  # results lie there, or it was never made
            folder.rmdir()
