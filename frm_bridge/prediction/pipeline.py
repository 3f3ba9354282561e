"""Read, compute, write: three stages at once, in bounded memory, in order.

::

    reader thread ──(2 at most)──> calling thread ──(2 at most)──> writer thread

An exception in any stage, or an interrupt, cancels what waits in the others and
reaches the caller; both threads have ended by then.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Task = TypeVar("Task")
Read = TypeVar("Read")
Computed = TypeVar("Computed")

DEPTH = 2


def run_pipeline(
    tasks: Iterable[Task],
    *,
    read: Callable[[Task], Read],
    compute: Callable[[Task, Read], Computed],
    write: Callable[[Task, Computed], None],
    done: Callable[[], None],
) -> None:
    """Put every task through three stages, each in the order of the tasks.

    Parameters
    ----------
    tasks : iterable
        Taken one by one, as room comes free.
    read : callable
        Task to its input; runs in a thread of its own.
    compute : callable
        Task and input to output; runs in the calling thread.
    write : callable
        Task and output; runs in a thread of its own.
    done : callable
        Called in the calling thread when a task has been written.
    """
    waiting = iter(tasks)
    coming: deque[tuple[Task, Future[Read]]] = deque()
    leaving: deque[Future[None]] = deque()
    with (
        ThreadPoolExecutor(1, "frm-read") as reader,
        ThreadPoolExecutor(1, "frm-write") as writer,
    ):
        try:
            for task in islice(waiting, DEPTH):
                coming.append((task, reader.submit(read, task)))
            while coming:
                task, reading = coming.popleft()
                pixels = reading.result()
                for following in islice(waiting, 1):
                    coming.append((following, reader.submit(read, following)))
                output = compute(task, pixels)
                if len(leaving) == DEPTH:
                    leaving.popleft().result()
                    done()
                leaving.append(writer.submit(write, task, output))
            while leaving:
                leaving.popleft().result()
                done()
        finally:
            reader.shutdown(cancel_futures=True)
            writer.shutdown(cancel_futures=True)
