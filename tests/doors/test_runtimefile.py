"""The folder of a user's server, and the file that says how to reach it."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from frm_bridge.doors import runtimefile
from frm_bridge.doors.runtimefile import (
    VARIABLE,
    ServerRecord,
    read_record,
    record_path,
    remove_record,
    write_private,
    write_record,
)
from frm_bridge.errors import FrmError

if TYPE_CHECKING:
    from pathlib import Path

RECORD = ServerRecord(
    url="http://127.0.0.1:40000",
    token="a=b-_c",  # noqa: S106
    pid=17,
    host="labor é",
    version="0.1.0",
    protocol=1,
    started="2026-11-23T19:21:48+00:00",
)
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_record_comes_back_and_is_in_the_folder_that_the_variable_names(
    home: Path,
) -> None:
    write_record(RECORD)
    assert record_path() == home / "server.txt"
    assert read_record() == RECORD


def test_without_the_variable_the_folder_is_in_the_users_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for value in ("", None):
        if value is None:
            monkeypatch.delenv(VARIABLE)
        else:
            monkeypatch.setenv(VARIABLE, value)
        assert runtimefile.home() == tmp_path / ".frm_bridge"


@posix
def test_only_its_user_may_look_into_the_folder_and_the_record(home: Path) -> None:
    before = os.umask(0)
    try:
        write_record(RECORD)
    finally:
        os.umask(before)
    assert mode(home) == 0o700
    assert mode(home / "server.txt") == 0o600


@posix
def test_a_private_file_is_at_no_time_open_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the system sees it, at every call that makes, opens or renames a file."""
    seen: list[int] = []

    def look(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in {"open", "os.rename", "os.chmod"}:
            seen.extend(mode(path) for path in tmp_path.iterdir())

    watching = True
    sys.addaudithook(look)
    (tmp_path / "server.txt").touch(0o600)
    before = os.umask(0)
    try:
        write_private(tmp_path / "server.txt", {"token": "secret"})
    finally:
        os.umask(before)
        watching = False
    assert len(seen) > 1
    assert set(seen) == {0o600}
    assert [path.name for path in tmp_path.iterdir()] == ["server.txt"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe garbage \x80",
        b"url=http://127.0.0.1:1\n",
        b"url=u\ntoken=t\npid=many\nhost=h\nversion=v\nprotocol=1\nstarted=s\n",
    ],
)
def test_a_broken_record_is_none(home: Path, content: bytes) -> None:
    runtimefile.home()
    (home / "server.txt").write_bytes(content)
    assert read_record() is None


def test_no_record_and_a_folder_in_its_place_are_none(home: Path) -> None:
    assert read_record() is None
    (home / "server.txt").mkdir()
    assert read_record() is None


def test_a_server_removes_its_own_record_alone(home: Path) -> None:
    write_record(RECORD)
    remove_record(replace(RECORD, pid=18))
    assert read_record() == RECORD
    remove_record(RECORD)
    remove_record(RECORD)
    assert list(home.iterdir()) == []


def test_a_record_is_printed_without_its_token() -> None:
    assert RECORD.token not in repr(RECORD) + str(RECORD)


@pytest.mark.parametrize("named", ["frm", "~/frm", "./frm"])
def test_a_folder_that_others_would_look_for_elsewhere_is_refused(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, named)
    for ask in (runtimefile.home, read_record):
        with pytest.raises(FrmError, match=f"is {named}; a whole path") as caught:
            ask()
        assert caught.value.code == "E_HOME"


def test_a_folder_that_cannot_be_made_is_explained(
    read_only_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for place in (read_only_folder / "frm", tmp_path / "file"):
        monkeypatch.setenv(VARIABLE, str(place))
        with pytest.raises(FrmError) as caught:
            runtimefile.home()
        assert caught.value.code == "E_HOME"
        assert str(place) in caught.value.message
        assert VARIABLE in caught.value.fix
