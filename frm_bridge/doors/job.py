"""A job: a request on its way, how far it is, and its answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from frm_bridge.doors.answer import Answer
    from frm_bridge.doors.request import Request

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
STEPS = {
    "predict": "window {} of {}",
    "split": "pair {} of {}",
    "compare": "run {} of {}",
}


class Cancelled(BaseException):
    """Ends the work on a job.

    NB: not an `Exception`, so that nothing on the way up takes it for the fault of one
    image and goes on with the next.
    """


@dataclass(slots=True)
class Job:
    """A request on its way.

    Attributes
    ----------
    name : str
        What its client calls it.
    request : Request
        What is asked for.
    state : {"waiting", "running", "done"}
        Where it is.
    done, total : int
        Progress of the work; 0 of 0 before it is known.
    answer : Answer or None
        Once it is done.
    cancelled : str
        Why it was cancelled, if it was.
    """

    name: str
    request: Request
    state: Literal["waiting", "running", "done"] = "waiting"
    done: int = 0
    total: int = 0
    answer: Answer | None = None
    cancelled: str = ""

    @property
    def client(self) -> str:
        """Who asks."""
        return client_of(self.name)

    @property
    def text(self) -> str:
        """What it is at, for a status line."""
        if self.state != "running":
            return "done" if self.state == "done" else "waiting for its turn"
        if self.cancelled:
            return "cancelling"
        step = STEPS.get(self.request.action)
        return step.format(self.done, self.total) if step and self.total else "working"

    @property
    def lines(self) -> list[str]:
        """How it is, for a macro: ``RUN done total text``, or the answer's lines."""
        if self.answer is not None:
            return self.answer.lines
        return [f"RUN {self.done} {self.total} {self.text}"]

    def as_json(self) -> dict[str, Any]:
        """How it is, for a program."""
        return {
            "job": self.name,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "text": self.text,
            "answer": self.answer and self.answer.as_json(),
        }


def client_of(name: str) -> str:
    """Give whose job it is: what stands before the last ``-``, or all of a name."""
    return name.rpartition("-")[0] or name


def check_name(name: str) -> None:
    """Refuse what could be no job's name, or could lead out of the folder of requests.

    Raises
    ------
    InputError
        ``E_JOB_NAME``.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            "E_JOB_NAME",
            f"{name[:80]!r} is no name of a job",
            "take up to 64 letters, digits, - and _",
        )
