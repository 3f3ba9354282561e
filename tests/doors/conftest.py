"""Servers in processes of their own, ImageJs with the FRM commands, a fast model."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest
import tifffile

import frm_bridge
from frm_bridge.doors import install, uninstall
from frm_bridge.doors.apposebenchmark import write_blur
from frm_bridge.doors.runtimefile import VARIABLE, ServerRecord, read_record
from frm_bridge.doors.starting import stop_server
from frm_bridge.imagej.jars import imagej_jar
from frm_bridge.imagej.java import check_java

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = str(Path(frm_bridge.__file__).parents[1])
LONGEST_S = 90
LIMIT_S = 60.0  # of whatever is waited for; the tests do not measure time

# What the command line does, with settings that it does not have.
SERVE = """
import json, sys
settings = json.loads(sys.argv[1])
exec(settings.pop("before", ""))
from frm_bridge.cli.stopping import stoppable
from frm_bridge.doors.serving import ServerSettings, serve
with stoppable():
    try:
        serve(ServerSettings(**settings), listening=print)
    except KeyboardInterrupt:
        pass
"""


def _wait_until(happened: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    """Give what a question gives, as soon as that is true."""
    until = time.monotonic() + limit_s
    while not (answer := happened()):
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.01)
    return answer


@dataclass(frozen=True)
class Served:
    """A server's process, and questions to it."""

    home: Path
    process: subprocess.Popen[bytes]
    record: ServerRecord

    def request(
        self, method: str, page: str, body: Any = None, **headers: str
    ) -> tuple[int, str]:
        """Send anything, and give status and text."""
        connection = HTTPConnection(urlsplit(self.record.url).netloc, timeout=LIMIT_S)
        try:
            connection.request(method, page, body, headers)
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", "surrogateescape")
        finally:
            connection.close()

    def get(self, page: str, job: str = "") -> list[str]:
        """Ask as a macro does, twice; give the lines of the second answer."""
        query = urlencode({"token": self.record.token, "job": job})
        for _ in range(2):
            status, text = self.request("GET", f"{page}?{query}")
            assert status == 200
        return text.splitlines()

    def post(self, page: str, **content: Any) -> dict[str, Any]:
        """Ask as a program does."""
        token = {"Authorization": f"Bearer {self.record.token}"}
        _, text = self.request("POST", page, json.dumps(content), **token)
        return dict(json.loads(text))

    def put(self, job: str, content: str | bytes | dict[str, Any]) -> Path:
        """Write a request as a macro does."""
        folder = self.home / "requests"
        folder.mkdir(exist_ok=True)
        if isinstance(content, dict):
            content = "".join(f"{name}={value}\n" for name, value in content.items())
        path = folder / f"{job}.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def lines(self, job: str) -> list[str]:
        """Wait for a macro's answer."""

        def answered() -> list[str] | None:
            lines = self.get("/status", job)
            return None if lines[0].startswith("RUN ") else lines

        return list(_wait_until(answered))

    def answer(self, job: str) -> dict[str, Any]:
        """Wait for a program's answer."""
        asked = lambda: self.post("/status", job=job)["answer"]  # noqa: E731
        return dict(_wait_until(asked))

    def wait_for_windows(self, job: str) -> None:
        """Wait until a prediction is in its midst."""

        def begun() -> int:
            status = self.post("/status", job=job)
            assert status["state"] != "done", status
            return int(status["done"])

        _wait_until(begun)

    def log(self) -> str:
        """Give what it wrote into its log, and printed."""
        files = [self.home / "server.log", self.home.parent / "printed.txt"]
        return "".join(file.read_text() for file in files if file.is_file())

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal, and give its exit status."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT_S)


def start(home: Path, *words: str, **settings: Any) -> Served:
    """Start a server by the command line, or with settings that this does not have.

    ``before`` is code that its process runs first.
    """
    command = ["-m", "frm_bridge.cli", "serve", *words]
    if settings:
        command = ["-c", SERVE, json.dumps(settings)]
    with (home.parent / "printed.txt").open("ab") as printed:
        process = subprocess.Popen(
            [sys.executable, "-P", *command],
            env=os.environ | {"PYTHONPATH": PACKAGE, VARIABLE: str(home)},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
        )

    def record() -> ServerRecord | None:
        assert process.poll() is None, (home.parent / "printed.txt").read_text()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, str(home))
            found = read_record()
        return found if found and found.pid == process.pid else None

    try:
        return Served(home, process, _wait_until(record))
    except BaseException:
        process.kill()
        process.wait()
        raise


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Any]:
    """Wait for a question's answer to be true, and give it."""
    return _wait_until


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server's folder, also of what this process starts."""
    folder = tmp_path / "maison à côté" / "frm"
    folder.parent.mkdir()
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


@pytest.fixture
def serving(home: Path) -> Iterator[Callable[..., Served]]:
    """Start servers; those that still run are ended with the test."""
    started: list[Served] = []

    def begin(*words: str, **settings: Any) -> Served:
        started.append(start(home, *words, **settings))
        return started[-1]

    yield begin
    for served in started:
        served.process.kill()
        served.process.wait()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests of a module."""
    running = start(tmp_path_factory.mktemp("maison é") / "frm")
    yield running
    assert running.end() == 0


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A small field; its prediction takes no time."""
    path = tmp_path / "champ à 10 µm.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 999, (48, 64), "u2"))
    return path


@pytest.fixture
def large_image(tmp_path: Path) -> Path:
    """A field whose prediction in windows of 16 px takes many of them."""
    path = tmp_path / "large.tif"
    pixels = np.random.default_rng(0).integers(0, 999, (2048, 2048), "u2")
    tifffile.imwrite(path, pixels)
    return path


@pytest.fixture
def server_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a server that ends with the test."""
    folder = tmp_path / "home é"
    monkeypatch.setenv(VARIABLE, str(folder))
    yield folder
    stop_server()


@pytest.fixture(scope="session")
def blur(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that blurs a little, and gives counts of a camera."""
    return write_blur(tmp_path_factory.mktemp("models é µ") / "blur.onnx")


@pytest.fixture(scope="module")
def imagej(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an ImageJ with the FRM commands; they leave no trace in it."""
    folder = tmp_path_factory.mktemp("ImageJ à µ")
    (folder / "plugins").mkdir()
    shutil.copy(imagej_jar(), folder / "ij.jar")
    before = sorted(folder.rglob("*"))
    install(folder)
    yield folder
    assert uninstall(folder).kept == []
    assert sorted(folder.rglob("*")) == before


@pytest.fixture
def start_macro(
    imagej: Path, tmp_path: Path, server_home: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Let a plain ImageJ begin to run a macro, on a screen of its own."""
    started: list[subprocess.Popen[str]] = []
    java = [str(check_java().home / "bin" / "java"), f"-Dplugins.dir={imagej}"]
    java += [f"-Duser.home={tmp_path}", f"-Djava.io.tmpdir={tmp_path}"]
    java += ["-Duser.language=de", "-Duser.country=DE"]

    def start(
        macro: str, *options: str, window: bool = False, **variables: str
    ) -> subprocess.Popen[str]:
        file = tmp_path / f"macro{len(started)}.ijm"
        file.write_text(macro, encoding="latin-1")
        jar = str(imagej / "ij.jar")
        program = ["-jar", jar, "-macro" if window else "-batch", str(file)]
        started.append(
            subprocess.Popen(
                ["xvfb-run", "-a", *java, *options, *program],
                env=os.environ | {"PYTHONPATH": PACKAGE} | variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        )
        return started[-1]

    yield start
    for process in started:  # what a time-out leaves
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate()


@pytest.fixture
def run_macro(
    start_macro: Callable[..., subprocess.Popen[str]],
) -> Callable[..., str]:
    """Let a plain ImageJ run a macro, and give what it printed."""

    def run(macro: str, *options: str, window: bool = False, **variables: str) -> str:
        process = start_macro(macro, *options, window=window, **variables)
        return process.communicate(timeout=LONGEST_S)[0]

    return run


@pytest.fixture
def prediction(
    make_model: Callable[..., Path], image: Path, tmp_path: Path
) -> dict[str, Any]:
    """A request for a prediction that takes no time."""
    return {
        "action": "predict",
        "model": str(make_model()),
        "input": str(image),
        "output": str(tmp_path / "results" / "prédit.tif"),
        "device": "cpu",
    }


@pytest.fixture
def slow(prediction: dict[str, Any], large_image: Path) -> dict[str, Any]:
    """A request for one that takes long, and is cancelled in windows' time."""
    return prediction | {"input": str(large_image), "window": 16}
