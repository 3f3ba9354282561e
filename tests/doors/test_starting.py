"""A server found, started, replaced and stopped; and what is none."""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
import pytest

import frm_bridge
from frm_bridge.doors import starting as module
from frm_bridge.doors.lock import is_served
from frm_bridge.doors.runtimefile import (
    PROTOCOL,
    ServerRecord,
    read_record,
    write_record,
)
from frm_bridge.doors.starting import ask, find_server, start_server, stop_server
from frm_bridge.errors import EnvironmentProblem, FrmError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Serving = Callable[..., Any]

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
OLD = "import frm_bridge; frm_bridge.__version__ = '0.0.9'"
OTHER_PROTOCOL = "from frm_bridge.doors import runtimefile; runtimefile.PROTOCOL = 0"


@pytest.fixture(autouse=True)
def ended(home: Path) -> Iterator[None]:
    yield
    if home.is_dir():
        stop_server()


@pytest.fixture
def record() -> ServerRecord:
    return ServerRecord(
        url="http://127.0.0.1:1",
        token="t",  # noqa: S106
        pid=4_000_000,
        host=platform.node(),
        version=frm_bridge.__version__,
        protocol=PROTOCOL,
        started="2026-11-23T19:21:48+00:00",
    )


@pytest.fixture
def stranger() -> Iterator[Callable[[int, bytes], str]]:
    """A program that got the port of a server that crashed; it answers anything."""
    answers: list[tuple[int, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answers[-1]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()

        def answering(status: int, body: bytes) -> str:
            answers.append((status, body))
            return f"http://127.0.0.1:{server.server_port}"

        yield answering
        server.shutdown()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "127.0.0.1",
        "",
        "http://[::1",
    ],
)
def test_an_address_where_none_listens_is_no_server(
    record: ServerRecord, url: str
) -> None:
    lost = replace(record, url=url)
    with pytest.raises(EnvironmentProblem) as caught:
        ask(lost, "/ping")
    assert caught.value.code == "E_SERVER_GONE"
    assert "the next call starts a new one" in caught.value.fix
    write_record(lost)
    assert find_server() is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>It works!</html>"),
        (200, b"[1, 2]"),
        (200, b"null"),
        (200, b"\xff"),
        (200, b'{"pid": 1}'),
        (200, b'{"pid": 4000000, "ends": true}'),
        (404, b'{"detail": "Not Found"}'),
        (404, b"[]"),
        (500, b""),
    ],
)
def test_another_program_on_its_port_is_no_server(
    record: ServerRecord,
    stranger: Callable[[int, bytes], str],
    status: int,
    body: bytes,
) -> None:
    lost = replace(record, url=stranger(status, body))
    write_record(lost)
    assert find_server() is None
    if not body.startswith(b'{"pid"'):
        with pytest.raises(EnvironmentProblem) as caught:
            ask(lost, "/ping")
        assert caught.value.code == "E_SERVER_GONE"


def test_one_that_speaks_no_http_is_no_server(record: ServerRecord) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]

        def greet() -> None:
            line, _ = listening.accept()
            with line:
                line.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
                line.recv(10_000)

        greeting = Thread(target=greet)
        greeting.start()
        write_record(replace(record, url=f"http://127.0.0.1:{port}"))
        assert find_server() is None
        greeting.join()


def test_the_token_does_not_go_to_a_port_of_another_machines_record(
    record: ServerRecord, stranger: Callable[[int, bytes], str]
) -> None:
    """On a cluster that port may belong to anybody here."""
    here = replace(record, url=stranger(200, b'{"pid": 4000000}'))
    write_record(here)
    assert find_server() == here
    write_record(replace(here, host="node-17"))
    assert find_server() is None


def test_what_the_server_refuses_is_raised_as_it_says(serving: Serving) -> None:
    served = serving()
    with pytest.raises(FrmError) as caught:
        ask(served.record, "/status", {"job": "py-1"})
    assert caught.value.code == "E_JOB_UNKNOWN"
    with pytest.raises(FrmError) as caught:
        ask(replace(served.record, token="x"), "/ping")  # noqa: S106
    assert (caught.value.code, caught.value.fix) == ("E_TOKEN", "read server.txt again")


def test_it_is_started_found_again_and_stopped() -> None:
    assert find_server() is None
    assert stop_server() is None
    first = start_server()
    assert start_server() == first == find_server() == read_record()
    process = psutil.Process(first.pid)
    assert process.cwd() == str(module.home())
    if sys.platform != "win32":
        assert os.getsid(first.pid) == first.pid  # outlives this terminal
    assert stop_server() == first
    psutil.wait_procs([process], timeout=60)
    assert not psutil.pid_exists(first.pid)  # and no zombie of ours
    assert stop_server() is None
    assert read_record() is None


def test_two_starts_at_once_give_one_server() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: start_server(), range(4)))
    assert len(set(found)) == 1
    assert find_server() == found[0]


@posix
def test_a_start_that_was_too_slow_serves_nobody_later(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, begun = tmp_path / "python", tmp_path / "begun"
    python.write_text(
        f'#!/bin/sh\ntouch "{begun}"\nsleep 2\nexec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    before = psutil.Process().children()
    with monkeypatch.context() as patch, ThreadPoolExecutor(1) as pool:
        patch.setattr(sys, "executable", str(python))
        starting = pool.submit(start_server)
        while not begun.exists():
            time.sleep(0.01)
        (slow,) = set(psutil.Process().children()) - set(before)
        patch.undo()
        quick = serving()
        assert starting.result() == quick.record
    quick.end()
    psutil.wait_procs([slow], timeout=60)
    assert not slow.is_running()
    assert not is_served()


def test_a_record_that_a_crash_left_is_replaced(record: ServerRecord) -> None:
    write_record(record)
    assert find_server() is None
    found = start_server()
    assert found != record
    assert read_record() == found


@pytest.mark.parametrize("before", [OLD, OTHER_PROTOCOL])
def test_an_idle_server_of_another_version_is_replaced(
    serving: Serving, before: str
) -> None:
    old = serving(before=before)
    assert find_server() == old.record
    new = start_server()
    assert old.process.wait(60) == 0
    assert (new.version, new.protocol) == (frm_bridge.__version__, PROTOCOL)
    assert find_server() == new


def test_a_busy_server_of_another_version_is_not(
    serving: Serving, large_image: Path, make_model: Callable[..., Path]
) -> None:
    old = serving(before=OLD)
    slow = {"action": "predict", "model": str(make_model()), "device": "cpu"}
    paths = {"input": str(large_image), "output": str(large_image) + ".tif"}
    old.post("/submit", **slow, **paths, window=16, job="py-1")
    with pytest.raises(EnvironmentProblem) as caught:
        start_server()
    assert caught.value.code == "E_SERVER_VERSION"
    assert "is frm-bridge 0.0.9 with protocol 1" in caught.value.message
    assert "it has 1 jobs to do" in caught.value.message
    assert "frm-bridge stop" in caught.value.fix
    assert find_server() == old.record
    old.post("/cancel", job="py-1")
    old.answer("py-1")
    assert start_server() != old.record


def test_the_next_start_waits_for_one_that_is_ending(
    serving: Serving, image: Path, wait_until: Callable[..., Any]
) -> None:
    """A shipped script that runs cannot be interrupted: its server ends after it."""
    ending = serving()
    output = image.with_name("measured")
    request = {"action": "analyze", "workflow": "nuclei", "input": str(image)}
    ending.post("/submit", **request, output=str(output))
    wait_until(lambda: list(output.parent.glob(".measured.*.partial/plane.tif")))
    ending.post("/stop")
    wait_until(lambda: find_server() is None)
    assert start_server().pid != ending.process.pid
    assert ending.process.wait(60) == 0
    assert (output / "result.json").is_file()
    assert not list(output.parent.glob(".*"))


def test_why_it_does_not_start_is_said_in_its_own_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = ["--port", str(taken.getsockname()[1])]
        with pytest.raises(EnvironmentProblem) as caught:
            start_server(options)
    assert caught.value.code == "E_PORT_TAKEN"
    assert caught.value.fix == "leave --port away, and the system takes a free one"


@posix
@pytest.mark.parametrize(
    ("code", "said"),
    [("exit 3", "it says nothing"), ("echo Bus error\nexit 3", ": Bus error")],
)
def test_a_python_that_crashes_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{code}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(EnvironmentProblem) as caught:
        start_server()
    assert caught.value.code == "E_SERVER_START"
    assert caught.value.message.endswith(said)
    assert f"{python} -m frm_bridge.cli serve" in caught.value.fix


@posix
def test_one_that_hangs_is_told_with_its_process(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serving()
    monkeypatch.setattr(module, "ask", partial(ask, limit_s=0.2))
    monkeypatch.setattr(module, "_MOMENT_S", 0.2)
    served.process.send_signal(signal.SIGSTOP)
    with pytest.raises(EnvironmentProblem) as caught:
        stop_server()
    assert caught.value.code == "E_SERVER_SILENT"
    assert f"process {served.process.pid}" in caught.value.message + caught.value.fix
    served.process.kill()


def test_a_server_may_listen_where_it_is_told_to() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = start_server(["--port", str(port), "--idle-minutes", "2"])
    assert urlsplit(found.url).port == port
    assert ask(found, "/ping")["ends_after_idle_s"] == 120


def test_a_record_that_is_no_record_is_replaced(home: Path) -> None:
    home.mkdir()
    for content in (b"", b"\xff\x00", json.dumps({"url": "x"}).encode()):
        (home / "server.txt").write_bytes(content)
        assert find_server() is None
    assert find_server() != start_server()
