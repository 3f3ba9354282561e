"""Jobs that wait for one thing, and whose turn it is."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frm_bridge.doors.job import Job


@dataclass(slots=True)
class Lane:
    """What can run one at a time: for each client a queue, and they take turns."""

    queues: OrderedDict[str, deque[Job]] = field(default_factory=OrderedDict)
    served: str = ""  # the client that had the last turn

    def put(self, job: Job) -> None:
        """Queue a job behind those of its client."""
        self.queues.setdefault(job.client, deque()).append(job)

    def take(self) -> Job | None:
        """Give the next job, and let its client wait for the next turn."""
        if not self.queues:
            return None
        if self.served in self.queues:  # it may have asked again before the others
            self.queues.move_to_end(self.served)
        self.served = next(iter(self.queues))
        job = self.queues[self.served][0]
        self.drop(job)
        return job

    def drop(self, job: Job) -> None:
        """Take a job out of its queue."""
        queue = self.queues[job.client]
        queue.remove(job)
        if not queue:
            del self.queues[job.client]
