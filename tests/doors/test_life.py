"""What ends a server, and what does not; its jobs are functions here."""

from __future__ import annotations

import platform
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from frm_bridge.doors import life as module
from frm_bridge.doors.answer import Answer
from frm_bridge.doors.jobs import Jobs
from frm_bridge.doors.life import Life
from frm_bridge.doors.request import Request
from frm_bridge.doors.runtimefile import (
    ServerRecord,
    read_record,
    record_path,
    write_record,
)
from frm_bridge.errors import FrmError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REQUEST = Request("predict", Path("/in.tif"), Path("/out.tif"), model="m")
LIMIT_S = 60.0


@pytest.fixture
def record(home: Path) -> ServerRecord:
    return ServerRecord(
        url="http://127.0.0.1:1",
        token="t",  # noqa: S106
        pid=17,
        host=platform.node(),
        version="0.1.0",
        protocol=1,
        started="2026-11-23T19:21:48+00:00",
    )


class Watched:
    """A life that is watched in a thread, with work that ends when it is let."""

    def __init__(self, record: ServerRecord, **settings: float) -> None:
        self.goes_on, self.stopped = threading.Event(), threading.Event()
        self.jobs = Jobs(self.work)
        self.life = Life(record, **{"idle_s": 1e6, "patience_s": 0.08} | settings)
        self.thread = threading.Thread(
            target=self.life.watch, args=(self.jobs, self.stopped.set)
        )
        self.thread.start()

    def work(self, request: Request, progress: Any) -> Answer:
        self.goes_on.wait(LIMIT_S)
        return Answer("ok", outputs=(request.output,))

    def end(self) -> None:
        self.goes_on.set()
        self.life.end()
        self.thread.join()
        self.jobs.close()


@pytest.fixture
def watched(record: ServerRecord) -> Iterator[Watched]:
    write_record(record)
    made = Watched(record)
    yield made
    made.end()


def test_it_is_stopped_when_it_is_told_to_end_and_was_told_twice(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TWIN_S", 1.0)
    assert not watched.stopped.wait(0.1)
    watched.life.end()
    assert not watched.stopped.wait(0.1)
    assert watched.life.facts(watched.jobs)["ends"]
    with pytest.raises(FrmError, match="just ending"):
        watched.jobs.submit("a-1", REQUEST)
    assert watched.stopped.wait(LIMIT_S)


def test_it_is_stopped_when_it_is_idle_and_no_job_is_left(record: ServerRecord) -> None:
    write_record(record)
    idle = Watched(record, idle_s=0.1)
    idle.jobs.submit("a-1", REQUEST)
    assert not idle.stopped.wait(0.5)
    idle.goes_on.set()
    assert idle.stopped.wait(LIMIT_S)
    idle.end()


def test_it_is_stopped_when_it_cannot_watch_itself(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would neither end by itself nor when it is asked to."""

    def fail() -> None:
        raise MemoryError

    monkeypatch.setattr(watched.jobs, "cancel_abandoned", fail)
    assert watched.stopped.wait(LIMIT_S)


def test_a_folder_that_cannot_be_written_to_does_not_stop_it(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Semaphore(0)

    def fail(_: ServerRecord) -> None:
        tried.release()
        raise PermissionError

    monkeypatch.setattr(module, "write_record", fail)
    module.remove_record(watched.life.record)
    for _ in range(3):
        assert tried.acquire(timeout=LIMIT_S)
    assert not watched.stopped.is_set()


def test_a_laptop_that_has_another_name_in_another_network_is_found_again(
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    wait_until: Callable[..., Any],
) -> None:
    monkeypatch.setattr(platform, "node", lambda: "laptop.elsewhere")
    wait_until(lambda: "laptop.elsewhere" in record_path().read_text())
    assert read_record() == watched.life.record


def test_the_facts_say_when_it_will_end(watched: Watched) -> None:
    watched.jobs.submit("a-1", REQUEST)
    facts = watched.life.facts(watched.jobs)
    assert facts["pid"] == 17
    assert facts["ends_after_idle_s"] == 1e6
    assert facts["jobs"]["done"] == 0
    assert not facts["ends"]
    assert facts["models"] == []
