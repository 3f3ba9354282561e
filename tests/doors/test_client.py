"""A Python program and a real server: arrays, files, jobs that wait, and their ends."""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import frm_bridge
from frm_bridge.doors import Request
from frm_bridge.doors import connection as connections
from frm_bridge.doors.runtimefile import VARIABLE, read_record, write_record
from frm_bridge.doors.starting import find_server, stop_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from frm_bridge.doors.client import Client

MODEL = "nuclei-brightfield"
LONGEST_S = 60


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of its own, in which no server is left."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(folder))
        yield folder
        stop_server()


@pytest.fixture
def frm() -> Iterator[Client]:
    with frm_bridge.connect() as client:
        yield client


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def field(write_tiff: Callable[..., Path], make_pixels: Callable[..., Any]) -> Path:
    return write_tiff("field", make_pixels(64, 48))


@pytest.fixture
def long(write_tiff: Callable[..., Path], make_pixels: Callable[..., Any]) -> Request:
    """What takes seconds: 100 windows."""
    image = write_tiff("long", make_pixels(512, 512))
    output = image.with_name("never.tif")
    options = {"model": MODEL, "window": 224, "device": "cpu"}
    return Request("predict", image, output, **options)  # type: ignore[arg-type]


def until(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def pid() -> int:
    record = read_record()
    assert record is not None
    return record.pid


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_client_starts_a_server_unless_it_may_not() -> None:
    stop_server()
    with pytest.raises(frm_bridge.FrmError, match="no server") as refused:
        frm_bridge.connect(start=False)
    assert refused.value.code == "E_NO_SERVER"
    assert "frm-bridge serve" in refused.value.fix
    with frm_bridge.connect() as frm:
        record = find_server()
        assert record is not None
        assert str(record.pid) in repr(frm)
        assert record.token not in repr(frm)
        frm_bridge.connect(start=False).close()
        write_record(replace(record, version="0.0.1"))
        with pytest.raises(frm_bridge.FrmError, match=r"frm-bridge 0\.0\.1"):
            frm_bridge.connect(start=False)
        write_record(record)
    assert repr(frm) == "<frm_bridge client, closed>"
    with pytest.raises(frm_bridge.FrmError, match="closed") as refused:
        frm.submit(action="predict", input="a.tif", output="b.tif", model=MODEL)
    assert refused.value.code == "E_CLIENT_CLOSED"
    assert "connect() again" in refused.value.fix


@pytest.mark.parametrize("dtype", ["uint8", "uint16", ">u2", "int32", "float64"])
@pytest.mark.parametrize("shape", [(40, 64), (1, 32, 48), (3, 32, 48)])
def test_an_array_gives_the_pixels_of_predict_file(
    frm: Client, here: Path, shape: tuple[int, ...], dtype: str
) -> None:
    pixels = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    given = frm.predict(pixels, MODEL, device="cpu")
    tifffile.imwrite("image.tif", pixels, photometric="minisblack")
    frm_bridge.predict_file("image.tif", MODEL, "expected.tif", device="cpu")
    expected = tifffile.imread("expected.tif")
    assert (given.shape, given.dtype) == (shape, expected.dtype)
    np.testing.assert_array_equal(given, expected.reshape(shape))


def test_several_models_give_channels_and_an_array_may_go_to_a_file(
    frm: Client, here: Path, make_pixels: Callable[..., Any]
) -> None:
    pixels = make_pixels(2, 32, 48)
    both = frm.predict(pixels, [MODEL, MODEL], device="cpu")
    one = frm.predict(pixels[:, ::-1][:, ::-1], MODEL, device="cpu")
    assert both.shape == (2, 2, 32, 48)
    np.testing.assert_array_equal(both, np.stack([one, one], axis=1))
    answer = frm.predict(pixels, MODEL, "one.tif", device="cpu")
    assert answer.outputs == (here / "one.tif",)
    np.testing.assert_array_equal(tifffile.imread("one.tif"), one)


@pytest.mark.parametrize(
    ("pixels", "code"),
    [
        (np.zeros((2, 3, 32, 32)), "E_IMAGE_SIZES"),
        (np.zeros((0, 32)), "E_IMAGE_SMALL"),
        (np.zeros((32, 32), bool), "E_IMAGE_DTYPE"),
        (np.zeros((32, 32)), "E_IMAGE_CONSTANT"),
        (np.eye(8), "E_IMAGE_SMALL"),
    ],
)
def test_an_array_that_is_no_image_is_refused(
    frm: Client, pixels: np.ndarray, code: str
) -> None:
    with pytest.raises(frm_bridge.FrmError) as refused:
        frm.predict(pixels, MODEL)
    assert refused.value.code == code


def test_files_are_those_of_this_programs_folder(
    frm: Client, here: Path, field: Path
) -> None:
    seen: list[tuple[int, int]] = []
    answer = frm.predict(
        "field.tif",
        MODEL,
        "out/predicted.tif",
        device="cpu",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert answer.outputs == (here / "out" / "predicted.tif",)
    assert answer.provider == "CPUExecutionProvider"
    assert seen[-1] == (answer.windows, answer.windows)
    model = frm_bridge.shipped_models()[MODEL]
    (here / "mine.onnx").write_bytes(model.read_bytes())
    pixels = frm.predict(field, "mine.onnx", device="cpu")
    np.testing.assert_array_equal(pixels, tifffile.imread("out/predicted.tif"))


def test_warnings_about_an_array_are_logged(
    frm: Client,
    write_tiff: Callable[..., Path],
    make_pixels: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    axes = {"imagej": True, "metadata": {"axes": "CYX"}}
    image = write_tiff("two", make_pixels(2, 32, 48), **axes)
    assert frm.predict(image, MODEL, device="cpu").shape == (2, 32, 48)
    assert "two.tif has 2 channels" in caplog.text
    caplog.clear()
    frm.predict(make_pixels(2, 32, 48), MODEL, device="cpu")
    assert caplog.text == ""
    one = frm.predict(image, MODEL, device="cpu", channel=2)
    assert one.shape == (32, 48)


def test_a_failure_is_the_servers(frm: Client, here: Path, field: Path) -> None:
    (here / "there.tif").write_bytes(b"precious")
    with pytest.raises(frm_bridge.FrmError) as failed:
        frm.predict(field, MODEL, "there.tif")
    assert failed.value.code == "E_OUTPUT_EXISTS"
    assert failed.value.message == f"{here / 'there.tif'} exists already"
    assert failed.value.fix == "choose another output, or allow it with overwrite=True"
    with pytest.raises(frm_bridge.FrmError) as failed:
        frm.predict(np.zeros((32, 32)), MODEL)
    assert failed.value.message.startswith("the array")
    assert "array.tif" not in failed.value.message
    with pytest.raises(frm_bridge.FrmError, match="neither a file") as failed:
        frm.predict(field, "none.onnx", "out.tif")
    assert failed.value.code == "E_MODEL_MISSING"
    with pytest.raises(frm_bridge.FrmError) as failed:
        frm.submit(action="predict", input=field, output="out.tif")
    assert failed.value.code == "E_REQUEST"
    assert left(here) == ["field.tif", "there.tif"]


def test_values_of_the_wrong_type_are_told_by_name_with_an_example(
    frm: Client, field: Path
) -> None:
    any_: Any = frm
    mistakes = {
        "model is 5;": lambda: any_.predict(field, 5),
        "output is 5;": lambda: any_.predict(field, MODEL, 5),
        "window is 'wide';": lambda: any_.predict(field, MODEL, window="wide"),
        "input is array": lambda: any_.analyze(np.eye(20), "nuclei", "o"),
        "workflow is 5;": lambda: any_.analyze(field, 5, "o"),
        "parameters is 5;": lambda: any_.analyze(field, "nuclei", "o", parameters=5),
        "truth is 5;": lambda: any_.compare(5, field, "nuclei", "o"),
        "it has no modell;": lambda: any_.submit(modell=MODEL),
    }
    for said, ask in mistakes.items():
        with pytest.raises(frm_bridge.FrmError) as caught:
            ask()
        assert (caught.value.code, said in caught.value.message) == ("E_REQUEST", True)
        name = said.split()[0]
        fix = "write model" if "modell" in said else f"for example {name}="
        assert caught.value.fix.startswith(fix)


def test_jobs_are_waited_for_in_any_order(
    frm: Client, here: Path, field: Path, long: Request
) -> None:
    common = {"action": "predict", "input": field, "model": MODEL, "device": "cpu"}
    first = frm.submit(long)
    jobs = [frm.submit(**common, output=f"out{number}.tif") for number in range(3)]
    assert jobs[2].status.state == "waiting"
    assert "waiting for its turn" in repr(jobs[2])
    until(lambda: first.status.done > 0)
    assert first.status.total == 100
    assert first.status.text.startswith("window ")
    first.cancel()
    assert jobs[2].wait().outputs == (here / "out2.tif",)
    assert repr(jobs[2]).endswith(": done>")
    assert jobs[0].wait().outputs == (here / "out0.tif",)
    assert jobs[1].done
    with pytest.raises(frm_bridge.FrmError) as cancelled:
        first.wait()
    assert cancelled.value.code == "E_CANCELLED"
    assert repr(first).endswith(": failed: E_CANCELLED>")
    assert "never.tif" not in left(here)


def test_an_open_client_asks_after_jobs_that_nobody_waits_for(
    here: Path, field: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_KEEP_ALIVE_S", 0.01)
    with frm_bridge.connect() as frm:
        options = {"input": field, "model": MODEL, "device": "cpu"}
        one = frm.submit(action="predict", output="1.tif", **options)
        two = frm.submit(action="predict", output="2.tif", **options)
        until(lambda: one.answer and two.answer)
        keeper = frm._connection._keeper
        until(lambda: keeper is None or not keeper.is_alive())
        three = frm.submit(action="predict", output="3.tif", **options)
        until(lambda: three.answer)
    assert {"1.tif", "2.tif", "3.tif"} <= set(left(here))


def test_a_signal_while_waiting_cancels_the_job(frm: Client, long: Request) -> None:
    job = frm.submit(long)

    def interrupt(done: int, total: int) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        job.wait(progress=interrupt)
    until(lambda: job.done)
    assert job.answer is not None
    assert job.answer.code == "E_CANCELLED"
    assert left(long.input.parent) == ["long.tif"]


def test_leaving_waits_for_jobs_and_says_which_failed(
    here: Path, field: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with frm_bridge.connect() as frm:
        common = {"action": "predict", "input": field, "model": MODEL, "device": "cpu"}
        good = frm.submit(**common, output="good.tif")
        frm.submit(**common, output="no.png")
    assert good.answer is not None
    assert good.answer.status == "ok"
    assert "E_OUTPUT_NAME" in caplog.text
    assert caplog.records[-1].levelno == logging.WARNING


@pytest.mark.parametrize("fault", [True, False])
def test_an_exception_and_a_close_cancel_what_is_not_done(
    fault: bool, long: Request
) -> None:
    frm = frm_bridge.connect()
    job = frm.submit(long)
    if fault:
        with pytest.raises(ZeroDivisionError), frm:
            _ = 1 / 0
    else:
        frm.close()
    until(lambda: job.done)
    assert job.answer is not None
    assert job.answer.code == "E_CANCELLED"


def test_a_server_that_dies_is_told_at_once_and_the_next_call_starts_another(
    frm: Client, here: Path, field: Path, long: Request
) -> None:
    killed = pid()
    job, waiting = frm.submit(long), frm.submit(replace(long, output=here / "2.tif"))
    until(lambda: job.status.done > 0)
    os.kill(killed, signal.SIGKILL)
    for lost in (job, waiting):
        with pytest.raises(frm_bridge.FrmError, match=str(killed)) as gone:
            lost.wait()
        assert gone.value.code == "E_SERVER_GONE"
    job.cancel()
    assert not (here / "never.tif").exists()
    answer = frm.predict(field, MODEL, "out.tif", device="cpu")
    assert answer.status == "ok"
    assert pid() != killed


def test_an_analysis_and_a_comparison_have_the_parameters_that_were_given(
    frm: Client, here: Path
) -> None:
    pixels = np.full((64, 64), 10, np.uint16)
    pixels[20:40, 20:40] = 500
    for name in ("truth", "predicted"):
        tifffile.imwrite(f"{name}.tif", pixels)
    workflow = frm_bridge.nuclei(blur_sigma_px=2.0)
    answer = frm.analyze("truth.tif", workflow, "a", parameters={"watershed": "false"})
    assert answer.outputs[0] == here / "a"
    said = json.loads((here / "a" / "result.json").read_text())
    assert said["parameters"]["blur_sigma_px"] == 2.0
    assert said["parameters"]["watershed"] is False
    roi = Path("cell.roi")
    with pytest.raises(frm_bridge.FrmError, match=str(here / roi)):
        frm.analyze("truth.tif", "profile", "p", parameters={"roi_file": roi})
    own = here / "own.py"
    own.write_text(workflow.source)
    assert frm.analyze("truth.tif", "own.py", "b").status == "ok"
    answer = frm.compare(
        "truth.tif", "predicted.tif", "nuclei", "c", min_iou=0.6, pixel_size_um=0.5
    )
    assert "1 on the truth, 1 on the prediction" in answer.message
    record = json.loads((here / "c" / "comparison.json").read_text())
    assert record["settings"]["min_iou"] == 0.6
