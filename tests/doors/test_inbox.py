"""Requests that macros write: what is taken, what is not, and what is left alone."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from frm_bridge.doors import inbox as module
from frm_bridge.doors.inbox import clear_requests, has_request, taken_request
from frm_bridge.doors.runtimefile import inbox
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINES = "action=predict\nmodel=nuclei-brightfield\ninput={}\noutput={}\n"


def write(name: str, text: str | bytes) -> Path:
    path = inbox() / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.fixture
def text(home: Path, tmp_path: Path) -> str:
    return LINES.format(tmp_path / "données à 10 µm.tif", tmp_path / "o=ut.tif")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_macros_lines_are_a_request_in_any_encoding(
    text: str, tmp_path: Path, encoding: str, end: str
) -> None:
    path = write("a-1.txt", text.replace("\n", end).encode(encoding))
    assert has_request("a-1")
    with taken_request("a-1") as request:
        assert request.input == tmp_path / "données à 10 µm.tif"
        assert request.output == tmp_path / "o=ut.tif"
        assert path.exists()
    assert not path.exists()
    assert not has_request("a-1")


def test_json_is_a_request_too(tmp_path: Path, home: Path) -> None:
    write(
        "a-1.json",
        f'{{"action": "analyze", "workflow": "nuclei", "input": "{tmp_path / "é"}", '
        f'"output": "{tmp_path / "o"}", "job": "a-1"}}',
    )
    with taken_request("a-1") as request:
        assert request.input == tmp_path / "é"


def test_a_request_that_is_not_taken_over_stays_for_the_second_asking(
    text: str,
) -> None:
    """ImageJ sends each GET twice, and shows what the second one gives."""
    path = write("a-1.txt", text + "colour=blue\n")
    for _ in range(2):
        with (
            pytest.raises(InputError, match="predict has no colour"),
            taken_request("a-1"),
        ):
            pass
    write("a-2.txt", text)
    with pytest.raises(ZeroDivisionError), taken_request("a-2"):
        raise ZeroDivisionError
    assert path.exists()
    assert has_request("a-2")


def test_no_request_says_where_one_was_expected(home: Path) -> None:
    with (
        pytest.raises(InputError, match="no request of the job a-1") as caught,
        taken_request("a-1"),
    ):
        pass
    assert caught.value.code == "E_REQUEST"
    assert str(home / "requests" / "a-1.txt") in caught.value.fix


@pytest.mark.parametrize("name", ["../a-1", "../../a-1", "..", "/a-1", "a-1.txt", ""])
def test_a_name_that_leads_out_of_the_folder_is_refused(
    text: str, home: Path, listing: Callable[[Path], Any], name: str
) -> None:
    write("../a-1.txt", text)
    write("../../a-1.txt", text)
    before = listing(home.parent)
    with pytest.raises(InputError) as caught, taken_request(name):
        pass
    assert caught.value.code == "E_JOB_NAME"
    assert listing(home.parent) == before


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_and_what_is_no_file_are_no_requests(text: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(text)
    (inbox() / "a-1.txt").symlink_to(secret)
    (inbox() / "a-2.txt").mkdir()
    os.mkfifo(inbox() / "a-3.txt")
    for name in ("a-1", "a-2", "a-3"):
        assert not has_request(name)
        with (
            pytest.raises(InputError, match="there is no request"),
            taken_request(name),
        ):
            pass
    assert secret.read_text() == text


def test_what_is_no_text_and_what_is_too_long_is_refused(text: str) -> None:
    write("a-1.txt", bytes(range(256)))
    write("a-2.txt", text + "x=" + "y" * 2**20)
    write("a-3.txt", b"")
    write("a-4.json", b"[" * 100_000)
    for name, said in (
        ("a-1", "is not of the form name=value"),
        ("a-2", "longer than 1,048,576 bytes"),
        ("a-3", "does not say action"),
        ("a-4", "it is no JSON"),
    ):
        with pytest.raises(InputError, match=said) as caught, taken_request(name):
            pass
        assert caught.value.code == "E_REQUEST"


def test_a_request_with_a_path_from_somewhere_is_refused(text: str) -> None:
    write("a-1.txt", text.replace("input=/", "input="))
    with (
        pytest.raises(InputError, match="a whole path was expected"),
        taken_request("a-1"),
    ):
        pass


def test_only_requests_that_nobody_comes_back_for_are_cleared(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client may write its request while the server is only starting."""
    new, old = write("a-1.txt", text), write("a-2.json", "{}")
    other = write("mine.tif", b"an image that someone put there")
    for path in (old, other):
        os.utime(path, (0, 0))
    clear_requests()
    assert sorted(inbox().iterdir()) == [new, other]
    monkeypatch.setattr(module, "_STALE_S", -1)
    clear_requests()
    assert list(inbox().iterdir()) == [other]
