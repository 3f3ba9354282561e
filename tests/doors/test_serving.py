"""A server's life in a process of its own: begun, disturbed, killed, ended."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import psutil
import pytest
import tifffile

from frm_bridge.doors.lock import is_served
from frm_bridge.doors.runtimefile import read_record
from frm_bridge.doors.serving import ServerSettings
from frm_bridge.doors.starting import find_server
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Serving = Callable[..., Any]
    Listing = Callable[[Path], dict[str, str]]

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder with a result of old, which nothing here is to touch."""
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "old.tif").write_bytes(b"old")
    return folder


def in_its_midst(served: Any, request: dict[str, Any], folder: Path) -> None:
    """Wait until a prediction has written something."""
    served.post("/submit", **request, job="py-1")
    served.wait_for_windows("py-1")
    assert list(folder.glob(".*.partial*"))


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_order_also_in_the_middle_of_a_prediction(
    serving: Serving,
    slow: dict[str, Any],
    results: Path,
    listing: Listing,
    number: int,
) -> None:
    before = listing(results)
    served = serving()
    in_its_midst(served, slow, results)
    assert served.end(number) == 0
    assert listing(results) == before
    assert not is_served()
    assert not {"server.txt", "running.txt"} & set(listing(served.home))
    assert "py-1: ERR E_CANCELLED it was cancelled: the server was" in served.log()


@pytest.mark.parametrize("form", ["text", "json"])
def test_stop_ends_it_in_order_while_it_is_busy(
    serving: Serving,
    slow: dict[str, Any],
    results: Path,
    listing: Listing,
    form: str,
) -> None:
    before = listing(results)
    served = serving()
    in_its_midst(served, slow, results)
    if form == "text":
        assert served.get("/stop") == ["OK"]  # twice, as ImageJ asks
    else:
        assert served.post("/stop") == {"status": "ok"}
    assert served.process.wait(60) == 0
    assert listing(results) == before
    assert read_record() is None


@posix
def test_killed_in_a_prediction_it_leaves_no_result_and_the_next_start_tidies_up(
    serving: Serving,
    slow: dict[str, Any],
    prediction: dict[str, Any],
    results: Path,
    listing: Listing,
) -> None:
    before = listing(results)
    killed = serving()
    in_its_midst(killed, slow, results)
    mine = results / ".other.tif"
    mine.write_text("")
    killed.end(signal.SIGKILL)
    assert not (results / "prédit.tif").exists()
    assert list(results.glob(".*.partial*"))
    stale = read_record()
    assert stale == killed.record
    assert find_server() is None
    assert not is_served()

    served = serving()
    assert f"process {killed.process.pid} was killed" in served.log()
    mine.unlink()
    assert listing(results) == before
    found = find_server()
    assert found == served.record != stale
    assert served.answer(served.post("/submit", **prediction)["job"])["status"] == "ok"


@posix
def test_killed_in_an_analysis_it_leaves_no_result_and_the_next_start_tidies_up(
    serving: Serving,
    large_image: Path,
    results: Path,
    listing: Listing,
    wait_until: Callable[..., Any],
) -> None:
    before = listing(results)
    killed = serving()
    request = {"action": "analyze", "workflow": "nuclei", "input": str(large_image)}
    killed.post("/submit", **request, output=str(results / "measured"))
    wait_until(lambda: list(results.glob(".measured.*.partial/plane.tif")))
    killed.end(signal.SIGKILL)
    assert not (results / "measured").exists()
    assert listing(results) != before
    serving()
    wait_until(lambda: listing(results) == before)


@posix
def test_killed_in_a_script_of_ones_own_it_leaves_no_process_behind(
    serving: Serving,
    image: Path,
    results: Path,
    listing: Listing,
    wait_until: Callable[..., Any],
) -> None:
    before = listing(results)
    script, begun = image.with_name("endless.ijm"), image.with_name("begun")
    script.write_text(f'File.saveString("", "{begun}"); while (true) wait(10);')
    killed = serving()
    request = {"action": "analyze", "workflow": str(script), "input": str(image)}
    job = killed.post("/submit", **request, output=str(results / "measured"))["job"]
    wait_until(lambda: killed.post("/status", job=job) and begun.exists())
    children = psutil.Process(killed.process.pid).children(recursive=True)
    assert children
    killed.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []
    serving()
    wait_until(lambda: listing(results) == before)


def test_an_idle_server_ends_by_itself_but_not_while_a_job_runs(
    serving: Serving, slow: dict[str, Any], results: Path
) -> None:
    served = serving(idle_s=2.0, patience_s=60.0)
    served.post("/submit", **slow | {"window": 512})
    assert served.process.wait(60) == 0
    assert (results / "prédit.tif").exists()
    assert "nobody asked for 2 s" in served.log()
    assert read_record() is None


def test_a_client_that_asks_no_more_is_gone_and_its_prediction_with_it(
    serving: Serving,
    slow: dict[str, Any],
    results: Path,
    listing: Listing,
    wait_until: Callable[..., Any],
) -> None:
    before = listing(results)
    served = serving(patience_s=1.0)
    in_its_midst(served, slow, results)
    wait_until(lambda: listing(results) == before)
    answer = served.answer("py-1")
    assert answer["code"] == "E_CANCELLED"
    assert "nobody asked after it for 1 s" in answer["message"]
    assert find_server() == served.record


@posix
def test_after_the_machine_slept_the_jobs_go_on(
    serving: Serving, slow: dict[str, Any], results: Path
) -> None:
    served = serving(patience_s=1.0)
    in_its_midst(served, slow, results)
    served.process.send_signal(signal.SIGSTOP)
    time.sleep(2)
    served.process.send_signal(signal.SIGCONT)
    time.sleep(0.5)
    assert served.post("/status", job="py-1")["text"].startswith("window ")
    served.post("/cancel", job="py-1")


@pytest.mark.parametrize("fault", ["removed", "garbage", "moved", "all removed"])
def test_its_record_is_written_again_when_someone_tidied_up(
    serving: Serving, fault: str, wait_until: Callable[..., Any]
) -> None:
    served = serving()
    path = served.home / "server.txt"
    if fault == "removed":
        path.unlink()
    elif fault == "garbage":
        path.write_bytes(b"\xff\x00 garbage")
    elif fault == "moved":  # a laptop whose name hangs on its network
        path.write_text(path.read_text().replace("\nhost=", "\nhost=old-"))
    else:
        shutil.rmtree(served.home)
    wait_until(lambda: read_record() == served.record)
    assert find_server() == served.record
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_that_cannot_be_found_any_more_ends(serving: Serving) -> None:
    served = serving()
    path = served.home / "server.txt"
    path.write_text(path.read_text().replace("\npid=", "\npid=9"))
    other = path.read_text()
    assert served.process.wait(60) == 0
    assert path.read_text() == other
    assert "this one ends" in served.log()


def test_a_port_that_is_taken_is_an_error_that_names_it(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "frm_bridge.cli", "serve", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f"error: E_PORT_TAKEN port {port} of 127.0.0.1 cannot"
    )
    assert "fix: leave --port away" in done.stderr
    assert not (home / "server.txt").exists()
    assert not is_served()


def test_a_port_of_ones_own_is_free_again_at_once(serving: Serving) -> None:
    first = serving()
    port = urlsplit(first.record.url).port
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/ping")
        connection.getresponse().read()
        first.end()  # who hangs up first keeps the port for a minute
    second = serving("--port", str(port))
    assert second.record.url == first.record.url
    assert second.record.token != first.record.token


def test_a_second_one_finds_the_first_and_ends(serving: Serving) -> None:
    first = serving()
    done = subprocess.run(
        [sys.executable, "-m", "frm_bridge.cli", "serve"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "a server of yours runs already" in done.stdout
    assert find_server() == first.record


def test_a_full_disk_is_told_and_keeps_what_was_there(
    serving: Serving, prediction: dict[str, Any], results: Path, listing: Listing
) -> None:
    pytest.importorskip("resource", reason="Windows has no such limit")
    before = listing(results)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2**15, 2**15))"
    served = serving(before=limit)
    large = results.with_name("256.tif")
    tifffile.imwrite(large, np.random.default_rng(0).integers(0, 999, (256, 256), "u2"))
    answers = [
        served.answer(served.post("/submit", **prediction | fields)["job"])
        for fields in (
            {"input": str(large)},
            {
                "input": str(large),
                "output": str(results / "old.tif"),
                "overwrite": True,
            },
        )
    ]
    for answer in answers:
        assert answer["code"] == "E_DISK_FULL"
        assert "nothing was left behind" in answer["fix"]
    assert listing(results) == before
    small = served.answer(served.post("/submit", **prediction)["job"])
    assert small["status"] == "ok"


def test_a_folder_that_may_not_be_written_to_is_told(
    serving: Serving,
    prediction: dict[str, Any],
    code_to_obey_modes: str,
    results: Path,
) -> None:
    if not code_to_obey_modes:
        pytest.skip("who ignores modes does so here")
    served = serving(before=code_to_obey_modes)
    results.chmod(0o555)
    analysis = {"action": "analyze", "workflow": "nuclei", "input": prediction["input"]}
    for request in (prediction, analysis | {"output": str(results / "measured")}):
        answer = served.answer(served.post("/submit", **request)["job"])
        assert answer["code"] == "E_OUTPUT_READ_ONLY"
        assert str(results) in answer["message"]
        assert answer["fix"] == "choose a folder that you may write to"
    results.chmod(0o755)
    assert os.listdir(results) == ["old.tif"]


def test_100_warm_calls_leak_neither_files_nor_threads_nor_memory(
    serving: Serving, prediction: dict[str, Any], wait_until: Callable[..., Any]
) -> None:
    served = serving()
    process = psutil.Process(served.process.pid)
    again = prediction | {"overwrite": True}

    def call(count: int) -> None:
        for _ in range(count):
            assert served.answer(served.post("/submit", **again)["job"])["code"] == ""

    def state() -> tuple[int, int, int]:
        wait_until(lambda: len(process.net_connections()) == 1)
        files = process.num_fds() if hasattr(process, "num_fds") else 0
        return files, process.num_threads(), process.memory_info().rss

    call(20)
    before = state()
    call(100)
    after = state()
    assert after[:2] == before[:2]
    assert after[2] - before[2] < 10e6


def test_jobs_done_are_written_into_the_log_without_token_or_line_ends(
    serving: Serving, prediction: dict[str, Any]
) -> None:
    served = serving()
    wrong = prediction | {"model": "/no/such\u2028model"}
    for request in (prediction, wrong):
        served.answer(served.post("/submit", **request)["job"])
    served.get("/status", "py-0")
    served.end()
    lines = (served.home / "server.log").read_text(encoding="utf-8").split("\n")
    assert [line[20:].split()[0] for line in lines if line] == [
        *("INFO", "INFO", "INFO", "INFO", "ERROR", "INFO"),
    ]
    assert served.record.token not in served.log()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"port": -1}, "the port is -1"),
        ({"port": 65536}, "the port is 65536"),
        ({"idle_s": 0.0}, "end after 0 s"),
        ({"idle_s": float("nan")}, "end after nan s"),
        ({"idle_s": float("inf")}, "end after inf s"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        ServerSettings(**options)
    assert caught.value.code == "E_OPTION"
