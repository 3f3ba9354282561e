"""What a real server answers, to macros and to programs."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import tifffile

import frm_bridge
from frm_bridge.doors.runtimefile import PROTOCOL
from frm_bridge.models.card import file_sha256

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_macro_asks_in_lines_each_of_them_twice(
    served: Any, prediction: dict[str, Any]
) -> None:
    assert served.get("/ping") == [f"OK frm-bridge {frm_bridge.__version__}"]
    path = served.put("ij-1", prediction)
    assert served.get("/submit", "ij-1") == ["OK ij-1"]
    assert not path.exists()
    assert served.lines("ij-1")[-1:] == [f"OK {prediction['output']}"]
    assert served.get("/submit", "ij-1") == ["OK ij-1"]
    assert served.get("/cancel", "ij-1") == ["OK ij-1"]
    assert served.get("/status", "ij-1")[-1:] == [f"OK {prediction['output']}"]
    assert tifffile.imread(prediction["output"]).shape == (48, 64)


def test_a_program_asks_in_json(served: Any, prediction: dict[str, Any]) -> None:
    job = served.post("/submit", **prediction)["job"]
    assert re.fullmatch(r"[0-9a-f]{12}-1", job)
    answer = served.answer(job)
    assert (answer["status"], answer["code"]) == ("ok", "")
    assert answer["outputs"] == [prediction["output"]]
    assert answer["provider"] == "CPUExecutionProvider"
    assert served.post("/status", job=job) == {
        "job": job,
        "state": "done",
        "done": 1,
        "total": 1,
        "text": "done",
        "answer": answer,
    }
    named = prediction | {"job": "py-1", "overwrite": True}
    assert served.post("/submit", **named) == {"job": "py-1"}
    assert served.post("/submit", **named) == {"job": "py-1"}
    assert served.answer("py-1")["status"] == "ok"


def test_ping_tells_a_program_of_the_server_and_no_token(served: Any) -> None:
    facts = served.post("/ping")
    assert {name: facts[name] for name in ("status", "version", "protocol", "pid")} == {
        "status": "ok",
        "version": frm_bridge.__version__,
        "protocol": PROTOCOL,
        "pid": served.process.pid,
    }
    assert facts["jobs"].keys() == {"waiting", "running", "done"}
    assert facts["idle_s"] <= facts["uptime_s"] < facts["ends_after_idle_s"] == 1200
    assert served.record.token not in json.dumps(facts)


def test_an_error_reaches_both_in_their_form(
    served: Any, prediction: dict[str, Any]
) -> None:
    wrong = prediction | {"model": "/no/model.onnx"}
    served.put("ij-2", wrong)
    assert served.get("/submit", "ij-2") == ["OK ij-2"]
    (line,) = served.lines("ij-2")
    assert line.startswith("ERR E_MODEL_MISSING /no/model.onnx is neither a file nor")
    assert " | give the path of an .onnx file" in line
    answer = served.answer(served.post("/submit", **wrong)["job"])
    assert (answer["status"], answer["code"]) == ("error", "E_MODEL_MISSING")
    assert answer["fix"].startswith("give the path of an .onnx file")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("action=dance\ninput=/a\noutput=/b", "action is 'dance'"),
        ("action=predict\nmodel=m\ninput=a.tif\noutput=/b", "input is a.tif; a whole"),
        ("action=predict\nmodel=m\ninput=/a\noutput=../b", "output is ../b; a whole"),
        (
            "action=predict\nmodel=/a/x.onnx,y.onnx\ninput=/a\noutput=/b",
            "model is y.onnx; a whole",
        ),
        ("action=analyze\nworkflow=own.py\ninput=/a\noutput=/b", "workflow is own.py"),
        (
            "action=analyze\nworkflow=line_profile\nroi_file=a.roi\ninput=/a\noutput=/b",
            "roi_file is a.roi; a whole",
        ),
        (b"\xff\xfe\x00", "is not of the form name=value"),
        ("", "it does not say action, input, output"),
    ],
)
def test_a_request_that_cannot_be_read_is_told_twice_and_begins_nothing(
    served: Any, content: str | bytes, said: str
) -> None:
    before = served.post("/ping")["jobs"]
    path = served.put("ij-3", content)
    (line,) = served.get("/submit", "ij-3")
    assert line.startswith("ERR E_REQUEST ")
    assert said in line
    assert served.get("/submit", "ij-3") == [line]
    assert served.get("/status", "ij-3")[0].startswith("ERR E_JOB_UNKNOWN ")
    assert served.post("/ping")["jobs"] == before
    path.unlink()


def test_a_name_that_has_another_request_is_refused(
    served: Any, prediction: dict[str, Any]
) -> None:
    """The answer of the first would pass for that of the second."""
    served.post("/submit", **prediction, job="ij-4")
    served.answer("ij-4")
    other = prediction | {"input": "/other.tif", "job": "ij-4"}
    refusal = served.post("/submit", **other)
    assert refusal["code"] == "E_JOB_NAME"
    path = served.put("ij-4", other)
    assert served.get("/submit", "ij-4")[0].startswith("ERR E_JOB_NAME the job ij-4")
    path.unlink()


@pytest.mark.parametrize("page", ["/status", "/cancel"])
def test_a_job_that_there_is_not(served: Any, page: str) -> None:
    for job, code in (("ij-0", "E_JOB_UNKNOWN"), ("../x", "E_JOB_NAME")):
        assert served.get(page, job)[0].startswith(f"ERR {code} ")
        assert served.post(page, job=job)["code"] == code


def test_nothing_but_the_inbox_is_looked_into(
    served: Any,
    prediction: dict[str, Any],
    tmp_path: Path,
    listing: Callable[[Path], Any],
) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in prediction.items())
    (served.home / "outside.txt").write_text(lines)
    (tmp_path / "outside.txt").write_text(lines)
    before = listing(served.home), listing(tmp_path)
    for job in ("../outside", "..%2Foutside", str(tmp_path / "outside"), "outside.txt"):
        assert served.get("/submit", job)[0].startswith("ERR E_JOB_NAME ")
    assert served.get("/submit", "outside")[0].startswith("ERR E_REQUEST there is no")
    if sys.platform != "win32":
        link = served.home / "requests" / "ij-5.txt"
        link.symlink_to(tmp_path / "outside.txt")
        assert served.get("/submit", "ij-5")[0].startswith("ERR E_REQUEST there is no")
        link.unlink()
    assert (listing(served.home), listing(tmp_path)) == before
    (served.home / "outside.txt").unlink()


def test_only_what_a_request_names_is_written(
    served: Any,
    prediction: dict[str, Any],
    tmp_path: Path,
    listing: Callable[[Path], Any],
) -> None:
    model = tmp_path / "model.onnx"
    shutil.copy(prediction["model"], model)
    before, home = listing(tmp_path), set(listing(served.home))
    job = served.post("/submit", **prediction | {"model": str(model)})["job"]
    assert served.answer(job)["status"] == "ok"
    after = listing(tmp_path)
    assert after.keys() - before.keys() == {"results", "results/prédit.tif"}
    assert {name: after[name] for name in before} == before
    assert set(listing(served.home)) == home


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "E_REQUEST"),
        (b"not JSON", "E_REQUEST"),
        (b"[]", "E_REQUEST"),
        (b"null", "E_REQUEST"),
        (b"[" * 100_000, "E_REQUEST"),
        (b'{"job": ' + b"9" * 5000 + b"}", "E_REQUEST"),
        ('{"action": "predict", "input": "é"}'.encode("latin-1"), "E_REQUEST"),
        (b'{"a": "' + b"x" * 2**20 + b'"}', "E_REQUEST"),
        (b"x" * 2**24, "E_REQUEST"),
    ],
    ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else "",
)
@pytest.mark.parametrize("page", ["/submit", "/status", "/cancel"])
def test_a_body_that_is_no_request_is_refused_in_json(
    served: Any, page: str, body: bytes, code: str
) -> None:
    bearer = f"Bearer {served.record.token}"
    status, text = served.request("POST", page, body, Authorization=bearer)
    refusal = json.loads(text)
    assert (status, refusal["status"], refusal["code"]) == (400, "error", code)
    assert refusal["message"]
    assert refusal["fix"]
    assert len(text) < 1000


def test_paths_that_are_none_are_refused(
    served: Any, prediction: dict[str, Any]
) -> None:
    for path in ("a.tif", "", "/a\nOK /b", "/a\0b", "/\ud800", "~x/a.tif", "C:\\a.tif"):
        refusal = served.post("/submit", **prediction | {"output": path})
        assert refusal.get("code") == "E_REQUEST", path


def test_an_unknown_page_is_answered_like_any_other(served: Any) -> None:
    bearer = {"Authorization": f"Bearer {served.record.token}"}
    for page in ("/", "/submit/", "/favicon.ico", "/status/x"):
        assert served.get(page)[0].startswith("ERR E_PAGE there is no page GET /")
        status, text = served.request("POST", page, "{}", **bearer)
        assert (status, json.loads(text)["code"]) == (404, "E_PAGE")
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        page = f"/ping?token={served.record.token}"
        status, text = served.request(method, page, "{}")
        assert (status, json.loads(text)["code"]) == (404, "E_PAGE")


@pytest.mark.skipif(sys.platform != "linux", reason="others keep names in Unicode")
def test_a_name_that_is_no_utf_8_is_predicted_and_named(
    served: Any, prediction: dict[str, Any], image: Path, tmp_path: Path
) -> None:
    source = os.fsdecode(os.fsencode(tmp_path) + b"/latin-\xe9.tif")
    shutil.copy(image, source)
    output = source.replace("latin", "out")
    job = served.post("/submit", **prediction | {"input": source, "output": output})
    assert served.answer(job["job"])["outputs"] == [output]
    assert os.path.isfile(output)
    assert served.get("/status", job["job"])[-1:] == [f"OK {output}"]


def test_a_connection_may_be_kept(served: Any) -> None:
    connection = HTTPConnection(urlsplit(served.record.url).netloc, timeout=60)
    for page in ("/ping", "/status", "/other", "/ping"):
        connection.request("GET", f"{page}?token={served.record.token}&job=ij-0")
        response = connection.getresponse()
        assert response.status == 200
        assert response.read()
        sock = connection.sock
    assert connection.sock is sock
    connection.close()


def test_200_requests_in_a_burst_are_answered_in_order_and_another_client_is_next(
    served: Any, prediction: dict[str, Any], slow: dict[str, Any], tmp_path: Path
) -> None:
    served.post("/submit", **slow, job="first-1")
    served.wait_for_windows("first-1")
    names = [f"many-{number}" for number in range(200)]
    for name in names:
        output = str(tmp_path / f"{name}.tif")
        assert served.post("/submit", **prediction | {"output": output}, job=name)
    served.post("/submit", **prediction, job="other-1")
    assert served.post("/ping")["jobs"]["waiting"] == 201
    served.get("/cancel", "first-1")
    answers = [served.answer(name) for name in names]
    assert [answer["outputs"] for answer in answers] == [
        [str(tmp_path / f"{name}.tif")] for name in names
    ]
    begun = re.findall(r" ((?:many|other)-\d+): predict begins", served.log())
    assert begun[:3] == ["many-0", "other-1", "many-1"]
    assert [name for name in begun if name != "other-1"] == names
    pixels = {tifffile.imread(answer["outputs"][0]).tobytes() for answer in answers}
    assert len(pixels) == 1


def test_a_prediction_is_cancelled_between_two_windows_and_leaves_nothing(
    served: Any, slow: dict[str, Any], tmp_path: Path, listing: Callable[[Path], Any]
) -> None:
    before = listing(tmp_path)
    output = tmp_path / "new" / "folder" / "slow.tif"
    served.put("ij-6", slow | {"output": output})
    served.get("/submit", "ij-6")
    served.wait_for_windows("ij-6")
    (line,) = served.get("/status", "ij-6")
    assert re.fullmatch(r"RUN \d+ (\d+) window \d+ of \1", line)
    assert listing(tmp_path) != before
    assert served.get("/cancel", "ij-6") == ["OK ij-6"]
    assert served.lines("ij-6")[0].startswith("ERR E_CANCELLED it was cancelled: ")
    assert listing(tmp_path) == before


def test_a_waiting_job_is_cancelled_before_it_begins(
    served: Any, slow: dict[str, Any], prediction: dict[str, Any], tmp_path: Path
) -> None:
    served.post("/submit", **slow, job="py-2")
    served.wait_for_windows("py-2")
    served.post("/submit", **prediction, job="py-3")
    assert served.get("/status", "py-3") == ["RUN 0 0 waiting for its turn"]
    cancelled = served.post("/cancel", job="py-3")
    assert (cancelled["state"], cancelled["answer"]["code"]) == ("done", "E_CANCELLED")
    served.post("/cancel", job="py-2")
    served.answer("py-2")
    assert not list(tmp_path.rglob("*pr*dit*"))


def test_an_image_that_vanishes_while_its_job_waits_is_told(
    served: Any, slow: dict[str, Any], prediction: dict[str, Any], image: Path
) -> None:
    served.post("/submit", **slow, job="py-4")
    served.wait_for_windows("py-4")
    served.post("/submit", **prediction, job="py-5")
    image.unlink()
    served.post("/cancel", job="py-4")
    answer = served.answer("py-5")
    assert answer["code"] == "E_IMAGE_MISSING"
    assert str(image) in answer["message"]


def test_a_folder_that_vanishes_in_the_middle_is_told(
    served: Any, slow: dict[str, Any], tmp_path: Path
) -> None:
    """A stick that is pulled out, a share that is gone."""
    folder = tmp_path / "stick"
    folder.mkdir()
    smaller = tmp_path / "smaller.tif"
    tifffile.imwrite(smaller, tifffile.imread(slow["input"])[:256, :256])
    paths = {"input": str(smaller), "output": str(folder / "out.tif")}
    served.post("/submit", **slow | paths, job="py-6")
    served.wait_for_windows("py-6")
    shutil.rmtree(folder)
    answer = served.answer("py-6")
    assert answer["code"] == "E_OUTPUT_FOLDER"
    assert "has gone in the meantime" in answer["message"]


def test_a_broken_model_is_told(
    served: Any, prediction: dict[str, Any], tmp_path: Path
) -> None:
    noise = tmp_path / "noise.onnx"
    noise.write_bytes(np.random.default_rng(0).bytes(5000))
    job = served.post("/submit", **prediction | {"model": str(noise)})["job"]
    answer = served.answer(job)
    assert answer["code"] == "E_MODEL_FORMAT"
    assert str(noise) in answer["message"]


def test_a_model_that_was_replaced_while_it_is_warm_is_opened_anew(
    served: Any,
    prediction: dict[str, Any],
    make_model: Callable[..., Path],
    image: Path,
) -> None:
    model = image.with_name("model.onnx")
    shutil.copy2(make_model(), model)
    asked = prediction | {"model": str(model), "overwrite": True}
    first = served.answer(served.post("/submit", **asked)["job"])
    assert served.post("/ping")["models"][-1] == "random"
    # Another model of the same size, and with the same time of change.
    state = model.stat()
    other = image.with_name("other.onnx")
    shutil.copy2(make_model(name="rondam"), other)
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    os.replace(other, model)
    assert model.stat().st_size == state.st_size
    second = served.answer(served.post("/submit", **asked)["job"])
    assert second["model_sha256"] == [file_sha256(model)] != first["model_sha256"]
    assert served.post("/ping")["models"][-1] == "rondam"
    model.unlink()
    third = served.answer(served.post("/submit", **asked)["job"])
    assert third["code"] == "E_MODEL_MISSING"


def test_an_analysis_is_answered_with_its_files(
    served: Any, tmp_path: Path, write_tiff: Callable[..., Path]
) -> None:
    pixels = np.full((64, 64), 10, np.uint8)
    pixels[20:40, 20:40] = 200
    output = tmp_path / "mesuré"
    served.put(
        "ij-7",
        {
            "action": "analyze",
            "workflow": "nuclei",
            "input": write_tiff("stain µ", pixels),
            "output": output,
            "min_area": "60",
        },
    )
    assert served.get("/submit", "ij-7") == ["OK ij-7"]
    lines = served.lines("ij-7")
    assert lines[-1] == f"OK {output}"
    assert f"FILE {output / 'objects.csv'}" in lines
    assert (output / "result.json").is_file()


def test_the_log_tells_of_jobs_and_of_no_token(served: Any) -> None:
    served.get("/ping")
    served.get("/nothing")
    assert "predict begins" in served.log()
    assert served.record.token not in served.log()
