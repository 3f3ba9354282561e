"""Jobs: turns, progress, cancelling, clients that go; the work is a function here."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from frm_bridge.doors import jobs as module
from frm_bridge.doors.answer import Answer
from frm_bridge.doors.job import Cancelled, Job
from frm_bridge.doors.jobs import Jobs
from frm_bridge.doors.request import Action, Request
from frm_bridge.errors import FrmError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT_S = 60.0


def a_request(name: str = "a", action: Action = "predict") -> Request:
    others = {"workflow": "nuclei"} if action == "analyze" else {"model": "m"}
    return Request(action, Path("/in.tif"), Path(f"/{name}.tif"), **others)


class Bench:
    """Work that goes on when it is let, and notes what it did."""

    def __init__(self) -> None:
        self.now = 0.0
        self.goes_on = threading.Event()
        self.begun = threading.Semaphore(0)
        self.order: list[str] = []
        self.jobs = Jobs(self.work, patience_s=10, clock=lambda: self.now)

    def work(self, request: Request, progress: Callable[[int, int], None]) -> Answer:
        self.order.append(request.output.stem)
        self.begun.release()
        while not self.goes_on.wait(0.005):
            progress(0, 2)
        progress(2, 2)
        return Answer("ok", outputs=(request.output,))

    def ask(self, name: str, action: Action = "predict") -> Job:
        return self.jobs.submit(name, a_request(name, action))

    def wait_for_begin(self) -> None:
        assert self.begun.acquire(timeout=LIMIT_S)

    def finish(self) -> None:
        """Let everything end, and wait for it."""
        self.goes_on.set()
        ended = threading.Event()
        while self.jobs.busy:
            ended.wait(0.005)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.goes_on.set()
    made.jobs.close()


def test_200_in_a_burst_run_one_at_a_time_in_order_and_none_is_lost(
    bench: Bench,
) -> None:
    names = [f"a-{number}" for number in range(200)]
    asked = [bench.ask(name) for name in names]
    other = bench.ask("b-1")
    bench.finish()
    assert [job.answer and job.answer.line for job in asked] == [
        f"OK {Path(f'/{name}.tif')}" for name in names
    ]
    assert bench.order == ["a-0", "b-1", *names[1:]]
    assert other.state == "done"
    assert bench.jobs.counts() == {"waiting": 0, "running": 0, "done": 201}


def test_imagej_works_beside_a_prediction(bench: Bench) -> None:
    bench.ask("a-1")
    bench.wait_for_begin()
    bench.ask("a-2", "analyze")
    bench.ask("a-3", "analyze")
    bench.wait_for_begin()
    assert bench.jobs.counts() == {"waiting": 1, "running": 2, "done": 0}
    bench.finish()
    assert bench.order == ["a-1", "a-2", "a-3"]


def test_the_same_request_again_is_the_same_job(bench: Bench) -> None:
    first = bench.ask("a-1")
    bench.wait_for_begin()
    assert bench.ask("a-1") is first
    bench.finish()
    assert bench.ask("a-1") is first
    assert bench.order == ["a-1"]


def test_another_request_of_the_same_name_is_refused(bench: Bench) -> None:
    bench.ask("a-1")
    with pytest.raises(InputError, match="asked for already, with another") as caught:
        bench.jobs.submit("a-1", a_request("b"))
    assert caught.value.code == "E_JOB_NAME"


@pytest.mark.parametrize("name", ["../a", "", "x" * 10_000])
def test_no_name_is_no_job(bench: Bench, name: str) -> None:
    for ask in (bench.jobs.find, bench.jobs.cancel):
        with pytest.raises(InputError) as caught:
            ask(name)
        assert caught.value.code == "E_JOB_NAME"
        assert len(caught.value.message) < 200


def test_an_unknown_job_is_an_error_that_says_why(bench: Bench) -> None:
    for ask in (bench.jobs.find, bench.jobs.cancel):
        with pytest.raises(InputError, match="started again since") as caught:
            ask("a-1")
        assert caught.value.code == "E_JOB_UNKNOWN"


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_step(
    bench: Bench,
) -> None:
    running = bench.ask("a-1")
    bench.wait_for_begin()
    waiting, last = bench.ask("a-2"), bench.ask("a-3")
    bench.jobs.cancel("a-2")
    assert waiting.answer is not None
    assert waiting.answer.line.startswith("ERR E_CANCELLED it was cancelled: its clie")
    bench.jobs.cancel("a-1")
    bench.jobs.cancel("a-1")
    bench.wait_for_begin()
    assert running.answer is not None
    assert running.answer.code == "E_CANCELLED"
    bench.finish()
    assert last.answer is not None
    assert last.answer.status == "ok"
    assert bench.jobs.cancel("a-3").answer is last.answer
    assert bench.order == ["a-1", "a-3"]


def test_a_client_that_asks_no_more_is_gone_with_all_its_jobs(bench: Bench) -> None:
    gone = [bench.ask("a-1"), bench.ask("a-2")]
    bench.wait_for_begin()
    for _ in range(3):
        bench.now += 4
        if bench.now > 4:
            bench.jobs.submit("b-1", a_request("b-1"))
        bench.jobs.cancel_abandoned()
    bench.wait_for_begin()  # the other client's
    for job in gone:
        assert job.answer is not None
        assert job.answer.code == "E_CANCELLED"
        assert "nobody asked after it for 10 s" in job.answer.message
    assert not bench.jobs.find("b-1").cancelled


def test_a_client_that_asks_after_its_first_job_keeps_all_of_them(bench: Bench) -> None:
    asked = [bench.ask(f"a-{number}") for number in range(200)]
    for _ in range(50):
        bench.now += 4
        bench.jobs.find("a-0")
        bench.jobs.cancel_abandoned()
    bench.finish()
    assert {job.answer and job.answer.status for job in asked} == {"ok"}


def test_who_asks_after_a_job_that_there_is_not_keeps_none(bench: Bench) -> None:
    job = bench.ask("a-1")
    for _ in range(4):
        bench.now += 4
        with pytest.raises(InputError):
            bench.jobs.find("a-2")
        bench.jobs.cancel_abandoned()
    assert job.cancelled


def test_while_the_machine_sleeps_nobody_is_gone(bench: Bench) -> None:
    job = bench.ask("a-1")
    for asleep_s in (3600.0, 4.0, 4.0):
        bench.now += asleep_s
        bench.jobs.cancel_abandoned()
    assert not job.cancelled
    bench.now += 4
    bench.jobs.cancel_abandoned()
    assert job.cancelled


def test_a_server_that_stops_cancels_all_and_takes_no_more(bench: Bench) -> None:
    asked = [bench.ask("a-1"), bench.ask("a-2"), bench.ask("b-1", "analyze")]
    bench.wait_for_begin()
    bench.jobs.close()
    for job in asked:
        assert job.answer is not None
        assert job.answer.code == "E_CANCELLED"
        assert "the server was stopped" in job.answer.message
    assert bench.ask("a-1") is asked[0]
    with pytest.raises(FrmError) as caught:
        bench.ask("a-4")
    assert caught.value.code == "E_SERVER_STOPS"
    assert not bench.jobs.busy


def test_a_server_that_retires_does_so_without_a_job_alone(bench: Bench) -> None:
    bench.ask("a-1")
    assert not bench.jobs.retire()
    bench.ask("a-2")
    bench.finish()
    assert bench.jobs.retire()
    with pytest.raises(FrmError, match="just ending") as caught:
        bench.ask("a-3")
    assert caught.value.code == "E_SERVER_STOPS"
    assert bench.jobs.find("a-2").state == "done"


@pytest.mark.parametrize("error", [ZeroDivisionError("no"), SystemExit(3), Cancelled()])
def test_whatever_a_library_raises_the_next_job_runs(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def work(request: Request, progress: object) -> Answer:
        if request.output.stem == "a-1":
            raise error
        return Answer("ok", outputs=(request.output,) * (request.output.stem != "a-2"))

    jobs = Jobs(work)
    with caplog.at_level(logging.INFO, "frm_bridge"):
        asked = [jobs.submit(name, a_request(name)) for name in ("a-1", "a-2", "a-3")]
        while jobs.busy:
            threading.Event().wait(0.005)
    jobs.close()
    codes = [job.answer.code for job in asked if job.answer]
    first = "E_CANCELLED" if isinstance(error, Cancelled) else "E_INTERNAL"
    assert codes == [first, "E_INTERNAL", ""]  # the second answer has no output
    assert "a-3: OK" in caplog.text


def test_old_answers_and_their_clients_are_forgotten_but_no_job_that_waits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 10)
    first = bench.ask("first-1")
    bench.wait_for_begin()
    for number in range(40):
        bench.ask(f"client{number}-1")
        bench.jobs.cancel(f"client{number}-1")
    assert bench.jobs.counts() == {"waiting": 0, "running": 1, "done": 11}
    assert bench.jobs.find("first-1") is first
    assert bench.jobs.find("client39-1").state == "done"
    with pytest.raises(InputError, match="10 others have ended"):
        bench.jobs.find("client0-1")
    assert len(bench.jobs._heard) < 15


def test_many_threads_may_ask_at_once(bench: Bench) -> None:
    bench.goes_on.set()

    def ask(client: int) -> None:
        for number in range(50):
            bench.ask(f"c{client}-{number}")

    threads = [threading.Thread(target=ask, args=(client,)) for client in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.finish()
    assert len(set(bench.order)) == len(bench.order) == 400
    for client in range(8):
        own = [name for name in bench.order if name.startswith(f"c{client}-")]
        assert own == [f"c{client}-{number}" for number in range(50)]
