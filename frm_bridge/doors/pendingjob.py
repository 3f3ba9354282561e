"""A request on its way, as the client that sent it sees it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from frm_bridge.doors.answer import Answer, answer_of
from frm_bridge.doors.starting import ask
from frm_bridge.errors import EnvironmentProblem, FrmError

if TYPE_CHECKING:
    from collections.abc import Callable

    from frm_bridge.doors.request import Request
    from frm_bridge.doors.runtimefile import ServerRecord

    Progress = Callable[[int, int], None]

# Another server may have got the port, or begun anew in the meantime.
GONE = frozenset({"E_SERVER_GONE", "E_SERVER_STOPS", "E_TOKEN", "E_JOB_UNKNOWN"})
_HELD_S = 0.2  # how long the server holds a question, unless the job ends
_ANSWER_LIMIT_S = 30.0  # a server that loads a library from a slow disk is not gone


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How far a job is.

    Attributes
    ----------
    state : {"waiting", "running", "done"}
        Where it is.
    done, total : int
        Windows of a prediction, workflow runs of a comparison, pairs of a split; 0 of
        0 before it is known.
    text : str
        What it is at, for a reader.
    """

    state: Literal["waiting", "running", "done"]
    done: int
    total: int
    text: str


class PendingJob:
    """A request on its way; made by `Client.submit`.

    Attributes
    ----------
    name : str
        What client and server call it.
    request : Request
        What was asked for.
    """

    def __init__(self, name: str, request: Request, server: ServerRecord) -> None:
        self.name = name
        self.request = request
        self._server = server
        self._answer: Answer | None = None
        self._seen = JobStatus("waiting", 0, 0, "waiting for its turn")

    @property
    def status(self) -> JobStatus:
        """How far it is: asks the server, which thereby knows that someone waits."""
        if self._answer is None:
            self._ask("/status")
        return self._seen

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self.status.state == "done"

    @property
    def answer(self) -> Answer | None:
        """What came out, as far as it was heard here: this does not ask."""
        return self._answer

    def wait(self, progress: Progress | None = None) -> Answer:
        """Wait for the answer. Whatever ends the waiting, as Ctrl-C, cancels the job.

        Parameters
        ----------
        progress : callable (done, total), optional
            As of `JobStatus`; called when they change. What it raises cancels the job.

        Returns
        -------
        Answer
            With the files that were written, and warnings.

        Raises
        ------
        FrmError
            What the server says went wrong; ``E_CANCELLED``; ``E_SERVER_GONE`` when it
            ended in the midst.
        """
        try:
            answer = self._followed(progress or (lambda done, total: None))
        except BaseException:
            self.cancel()
            raise
        if answer.status == "error":
            raise FrmError(answer.code, answer.message, answer.fix)
        return answer

    def cancel(self) -> None:
        """Cancel it: at once while it waits, between two windows while it runs.

        `wait` then raises ``E_CANCELLED``, unless it was done already.
        """
        if self._answer is None:
            self._ask("/cancel")

    def __repr__(self) -> str:
        answer, request = self._answer, self.request
        if answer is None:
            state = f"{self._seen.text} when last asked"
        else:
            state = "done" if answer.status == "ok" else f"failed: {answer.code}"
        named = request.input_title or request.input.name
        return f"<{request.action} of {named} ({self.name}): {state}>"

    def _followed(self, progress: Progress) -> Answer:
        told = (0, 0)
        while True:
            if (step := (self._seen.done, self._seen.total)) != told:
                progress(*step)
                told = step
            if self._answer is not None:
                return self._answer
            self._ask("/status", wait_s=_HELD_S)

    def _ask(self, page: str, **more: object) -> None:
        """Ask the server about it, and keep what it says."""
        body = {"job": self.name, **more}
        try:
            said = ask(self._server, page, body, limit_s=_ANSWER_LIMIT_S)
        except FrmError as error:
            said = asdict(JobStatus("done", 0, 0, "done"))
            said["answer"] = answer_of(self._explained(error)).as_json()
        if self._answer is not None:  # another thread was quicker
            return
        self._seen = JobStatus(said["state"], said["done"], said["total"], said["text"])
        if said["answer"] is not None:
            self._answer = Answer.from_json(said["answer"])

    def _explained(self, error: FrmError) -> FrmError:
        """Say it where the server that had the job is no more."""
        if error.code not in GONE:
            return error
        return EnvironmentProblem(
            "E_SERVER_GONE",
            f"the server, process {self._server.pid}, answers no more, and this was "
            f"not done: {self.request.action} of "
            f"{self.request.input_title or self.request.input}",
            "ask again: the next call starts a new one",
        )
