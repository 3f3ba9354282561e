"""One server for each user: the lock, and whom it is waited for."""

from __future__ import annotations

import platform
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from frm_bridge.doors import lock as module
from frm_bridge.doors.lock import AlreadyServed, is_served, only_server
from frm_bridge.doors.runtimefile import ServerRecord, write_record
from frm_bridge.errors import EnvironmentProblem

if TYPE_CHECKING:
    from pathlib import Path

RECORD = ServerRecord(
    url="http://127.0.0.1:1",
    token="t",  # noqa: S106
    pid=4_000_000,
    host=platform.node(),
    version="0.1.0",
    protocol=1,
    started="2026-11-23T19:21:48+00:00",
)


def test_the_lock_tells_whether_one_lives(home: Path) -> None:
    assert not is_served()
    with only_server(lambda: False):
        assert is_served()
    assert not is_served()


def test_it_is_given_back_after_a_failure(home: Path) -> None:
    with pytest.raises(ZeroDivisionError), only_server(lambda: False):
        raise ZeroDivisionError
    assert not is_served()


def test_another_that_answers_is_found(home: Path) -> None:
    with (
        only_server(lambda: False),
        pytest.raises(AlreadyServed),
        only_server(lambda: True),
    ):
        pass


def test_another_that_is_ending_is_waited_for(home: Path) -> None:
    asked, ending = threading.Event(), threading.Event()

    def hold() -> None:
        with only_server(lambda: False):
            ending.set()
            asked.wait(60)

    other = threading.Thread(target=hold)
    other.start()
    assert ending.wait(60)
    with only_server(lambda: bool(asked.set())):
        assert is_served()
    other.join()


@pytest.mark.parametrize("recorded", [True, False])
def test_another_that_neither_answers_nor_ends_is_told_with_its_process(
    home: Path, monkeypatch: pytest.MonkeyPatch, recorded: bool
) -> None:
    monkeypatch.setattr(module, "TURN_LIMIT_S", 0.0)
    if recorded:
        write_record(RECORD)
    with (
        only_server(lambda: False),
        pytest.raises(EnvironmentProblem) as caught,
        only_server(lambda: False),
    ):
        pass
    assert caught.value.code == "E_SERVER_SILENT"
    assert ("process 4000000" in caught.value.message) is recorded
    assert "end" in caught.value.fix


def test_one_of_another_machine_with_the_same_folder_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RENAMED_S", 0.0)
    write_record(replace(RECORD, host="node-17"))
    with (
        only_server(lambda: False),
        pytest.raises(EnvironmentProblem) as caught,
        only_server(lambda: False),
    ):
        pass
    assert caught.value.code == "E_SERVER_ELSEWHERE"
    assert "runs on node-17" in caught.value.message
    assert "FRM_BRIDGE_HOME" in caught.value.fix


def test_a_folder_that_may_not_be_written_to_is_explained(
    read_only_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRM_BRIDGE_HOME", str(read_only_folder))
    with pytest.raises(EnvironmentProblem) as caught, only_server(lambda: False):
        pass
    assert caught.value.code == "E_HOME"
    assert str(read_only_folder) in caught.value.message
