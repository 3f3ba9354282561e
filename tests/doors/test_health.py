"""What a check says of the server and of the folders with the commands."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import frm_bridge
from frm_bridge.doors import install
from frm_bridge.doors.health import folder_findings, server_findings
from frm_bridge.doors.runtimefile import (
    ServerRecord,
    lock_path,
    log_path,
    read_record,
    record_path,
    start_log_path,
    write_record,
)
from frm_bridge.doors.starting import stop_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VERSION = frm_bridge.__version__
STALE = ServerRecord(
    url="http://127.0.0.1:9",
    token="secret",  # noqa: S106
    pid=12345,
    host=platform.node(),
    version=VERSION,
    protocol=1,
    started="2025-01-01T00:00:00+00:00",
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of each test's own."""
    monkeypatch.setenv("FRM_BRIDGE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def start() -> Iterator[Callable[[], ServerRecord]]:
    """Start a server, as ImageJ does; it ends with the test."""

    def run() -> ServerRecord:
        program = [sys.executable, "-m", "frm_bridge.cli", "serve", "--detach"]
        package = str(Path(frm_bridge.__file__).parents[1])
        subprocess.run(program, env=os.environ | {"PYTHONPATH": package}, check=True)
        record = read_record()
        assert record is not None
        return record

    yield run
    stop_server()


def told() -> dict[str, tuple[str, str, str]]:
    findings = list(server_findings())
    found = {each.part: (each.state, each.found, each.fix) for each in findings}
    assert not any("secret" in found for _, found, _ in found.values())
    return found


def test_without_a_server_the_next_call_starts_one() -> None:
    found = ("missing", "none runs; the next call starts one", "")
    assert told() == {"server": found}


def test_a_server_that_runs_is_told_without_its_token(
    start: Callable[[], ServerRecord],
) -> None:
    server = start()
    found = told()
    state, text, fix = found["server"]
    assert (state, fix) == ("ok", "")
    for part in (server.url, f"process {server.pid}", f"version {VERSION}"):
        assert part in text
    assert server.token not in str(found)
    assert found["run-time file"] == ("ok", f"{record_path()}, for you alone", "")


def test_a_server_of_another_version_or_protocol_is_a_fault(
    start: Callable[[], ServerRecord],
) -> None:
    server = start()
    for other in (replace(server, version="0.0.9"), replace(server, protocol=9)):
        write_record(other)
        state, text, fix = told()["server"]
        assert state == "fault"
        assert f"is frm-bridge {other.version} with protocol {other.protocol}" in text
        assert fix.startswith("frm-bridge stop")
    write_record(server)


def test_a_record_that_a_crash_left_is_told() -> None:
    write_record(STALE)
    state, text, _ = told()["server"]
    assert state == "missing"
    assert f"{record_path()} is left of process 12345" in text
    write_record(replace(STALE, host="elsewhere"))
    state, text, _ = told()["server"]
    assert state == "missing"
    assert text.startswith(f"none runs here; {record_path()} is that of elsewhere")


def test_a_server_that_lives_and_does_not_answer_is_a_fault() -> None:
    from filelock import FileLock

    write_record(STALE)
    with FileLock(lock_path()):
        state, text, fix = told()["server"]
    assert (state, text) == (
        "fault",
        "process 12345 holds http://127.0.0.1:9, but does not answer",
    )
    assert fix.startswith("end the process 12345")


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_record_that_others_can_read_is_a_fault(mode: int) -> None:
    write_record(STALE)
    record_path().chmod(mode)
    state, text, fix = told()["run-time file"]
    assert state == "fault"
    assert f"(mode {mode:04o}, expected 0600)" in text
    assert fix.startswith("frm-bridge stop")


def test_the_last_error_of_the_log_is_noted(home: Path) -> None:
    home.mkdir()
    log_path().write_text("2025-01-01T00:00:00 INFO serves ERROR no\n")
    assert "last error" not in told()
    with log_path().open("a", encoding="utf-8") as log:
        log.write("2025-01-02T00:00:00 ERROR first\n")
        log.write("2025-01-03T00:00:00 ERROR the lést\nTraceback\n")
        log.write("2025-01-04T00:00:00 INFO ended\n")
    state, text, fix = told()["last error"]
    assert (state, fix) == ("note", "")
    assert text == f"2025-01-03T00:00:00 the lést ({log_path()})"


def test_a_start_that_failed_is_noted_until_a_server_runs(
    home: Path, start: Callable[[], ServerRecord]
) -> None:
    home.mkdir()
    start_log_path().write_text("error: E_PORT_TAKEN port 80\nfix: leave it\n")
    text = f"E_PORT_TAKEN port 80 ({start_log_path()})"
    assert told()["last start"] == ("note", text, "")
    start_log_path().write_text("Traceback\nImportError: no starlette\n")
    assert told()["last start"][1].startswith("ImportError: no starlette")
    start()
    assert "last start" not in told()
    start_log_path().write_text("error: E_PORT_TAKEN port 80\n")
    assert "last start" not in told()


def folders(fiji: Path | None = None) -> list[tuple[str, str, str]]:
    return [(each.state, each.found, each.fix) for each in folder_findings(fiji)]


def test_each_folder_with_the_commands_has_a_line(
    lay_out: Callable[[str, Path], Path], tmp_path: Path
) -> None:
    assert folders() == []
    fiji = lay_out("fiji", tmp_path / "a = é")
    imagej = lay_out("imagej", tmp_path / "b")
    other = lay_out("fiji", tmp_path / "c")
    counts = [len(install(each).files) - 1 for each in (fiji, imagej)]
    expected = [
        ("ok", f"{name}: {count} files of {VERSION}, which call {sys.executable}", "")
        for name, count in zip(
            (f"Fiji {fiji}", f"plain ImageJ {imagej}"), counts, strict=True
        )
    ]
    assert folders() == expected
    assert folders(fiji / "plugins") == expected
    line = f'frm-bridge install-fiji "{other}"'
    missing = ("missing", f"the Fiji {other} has no FRM commands", line)
    assert folders(other) == [*expected, missing]


def test_a_folder_at_fault_or_gone_is_told_with_its_fix(
    lay_out: Callable[[str, Path], Path], tmp_path: Path
) -> None:
    fiji = lay_out("fiji", tmp_path / "Fiji")
    install(fiji)
    script = fiji / "scripts/Plugins/FRM/FRM_Nuclei.py"
    script.unlink()
    start = f"Fiji {fiji}: scripts/Plugins/FRM/FRM_Nuclei.py is missing"
    line = f'frm-bridge install-fiji "{fiji}"'
    assert folders() == [("fault", start, line)]
    script.with_name("FRM_Split.py").unlink()
    assert folders() == [("fault", f"{start}; and 1 more", f"{line} --check")]
    shutil.rmtree(fiji / "jars")
    ((state, text, _),) = folders()
    assert state == "fault"
    assert text.startswith(f"{fiji} is neither a Fiji nor an ImageJ")
    shutil.rmtree(fiji)
    fix = f"to forget it: {line} --uninstall"
    assert folders() == [("missing", f"{fiji} is gone", fix)]
