"""The worker of Appose, driven by Appose itself: another process, shared memory."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from appose import NDArray
from appose.service import TaskException, TaskStatus

from frm_bridge.doors.apposebenchmark import predict_by, running_worker
from frm_bridge.models.card import read_card, write_card
from frm_bridge.prediction import predict_file, predict_image
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appose.service import Service, Task

PREDICT = "frm.predict(task, image, model, device='cpu')"
LONGEST_S = 60
SHM = Path("/dev", "shm")
needs_proc = pytest.mark.skipif(
    sys.platform != "linux", reason="looks into /proc and /dev/shm"
)


@pytest.fixture(scope="module")
def worker() -> Iterator[Service]:
    with running_worker() as service:
        yield service
    assert service.wait_for() == 0
    assert service.invalid_lines() == []


@pytest.fixture
def own_worker() -> Iterator[Service]:
    """One that a test may harm."""
    with running_worker() as service:
        yield service
        service.kill()  # a task may hang


@pytest.fixture
def share() -> Iterator[Callable[[np.ndarray], NDArray]]:
    """Put pixels into shared memory, which goes with the test."""
    made = []

    def put(pixels: np.ndarray) -> NDArray:
        shared = NDArray(str(pixels.dtype), list(pixels.shape))
        shared.ndarray()[...] = pixels
        made.append(shared)
        return shared

    yield put
    for shared in made:
        shared.shm.close()
        shared.shm.unlink()


def taken(prediction: NDArray) -> np.ndarray:
    """Copy the pixels, and let the memory go."""
    pixels = prediction.ndarray().copy()
    prediction.shm.close()
    prediction.shm.unlink()
    return pixels


def predicted(
    worker: Service, image: Any, model: str | Path, **options: Any
) -> tuple[np.ndarray, dict[str, Any]]:
    """Predict with options, and give the pixels and what else was put out."""
    inputs = {"image": image, "model": str(model), "options": options}
    script = "frm.predict(task, image, model, **{'device': 'cpu'} | options)"
    task = worker.task(script, inputs).wait_for()
    return taken(task.outputs["prediction"]), task.outputs


def failure(worker: Service, script: str, **inputs: Any) -> str:
    """Give what a task says that fails."""
    task = worker.task(script, inputs)
    with pytest.raises(TaskException):
        task.wait_for()
    assert task.status is TaskStatus.FAILED
    return task.error


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def ended(task: Task) -> Task:
    """Wait for a task that may hang."""
    task.start()
    wait_until(lambda: task.status.is_finished())
    return task


def as_file(
    pixels: np.ndarray, model: str | Path, folder: Path, **options: Any
) -> np.ndarray:
    """What predict_file makes of the same pixels."""
    tifffile.imwrite(folder / "in.tif", pixels, photometric="minisblack")
    predict_file(folder / "in.tif", model, folder / "out.tif", device="cpu", **options)
    return tifffile.imread(folder / "out.tif")


def same(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_the_shipped_model_predicts_its_sample_as_it_does_from_a_file(
    worker: Service, share: Callable[..., NDArray], tmp_path: Path
) -> None:
    name = "nuclei-brightfield"
    (sample,) = (shipped_folder("models") / name / "sample" / "input").glob("*.png")
    pixels = iio.imread(sample)[:300, :330]
    expected = as_file(pixels, name, tmp_path, window=256)
    found, outputs = predicted(worker, share(pixels), name, window=256)
    same(found, expected)
    assert found.dtype == np.float32
    assert outputs["status"] == "ok"
    assert outputs["provider"] == "CPUExecutionProvider"
    assert outputs["windows"] > 1
    assert outputs["warnings"] == []
    assert [len(each) for each in outputs["model_sha256"]] == [64]
    assert outputs["seconds"] > 0


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
def test_counts_come_back_rounded_for_pixels_of_any_real_type(
    worker: Service,
    blur: Path,
    share: Callable[..., NDArray],
    make_pixels: Callable[..., np.ndarray],
    tmp_path: Path,
    dtype: str,
) -> None:
    pixels = (make_pixels(60, 90, dtype="float64") * 200).astype(dtype)
    expected = np.rint(predict_image(pixels, blur, device="cpu")).astype(np.uint16)
    same(predicted(worker, share(pixels), blur)[0], expected)
    if dtype == "uint16":
        same(as_file(pixels, blur, tmp_path), expected)


def test_a_stack_is_predicted_plane_by_plane_with_progress_over_all_windows(
    worker: Service,
    blur: Path,
    share: Callable[..., NDArray],
    make_pixels: Callable[..., np.ndarray],
    tmp_path: Path,
) -> None:
    stack = make_pixels(3, 70, 100)
    stack[1] //= 7  # each plane has statistics of its own
    expected = as_file(stack, blur, tmp_path, window=64)
    events = []
    inputs = {"image": share(stack), "model": str(blur)}
    task = worker.task(PREDICT.replace(")", ", window=64)"), inputs)
    task.listen(lambda event: events.append((event.current, event.maximum)))
    task.wait_for()
    same(taken(task.outputs["prediction"]), expected)
    told = [event for event in events if event[1]]
    count = task.outputs["windows"]
    assert count >= 3 * 4
    assert told == [(number, count) for number in range(1, count + 1)]


def test_a_caller_may_ask_for_float32(
    worker: Service,
    blur: Path,
    share: Callable[..., NDArray],
    make_pixels: Callable[..., np.ndarray],
) -> None:
    pixels = make_pixels(40, 40)
    found, _ = predicted(worker, share(pixels), blur, dtype="float32")
    same(found, predict_image(pixels, blur, device="cpu"))


def test_a_scale_other_than_the_models_is_told_with_the_images_title(
    worker: Service,
    blur: Path,
    share: Callable[..., NDArray],
    make_pixels: Callable[..., np.ndarray],
    tmp_path: Path,
) -> None:
    scaled = Path(shutil.copy(blur, tmp_path))
    write_card(scaled, replace(read_card(blur), pixel_size_um=0.5))
    image = share(make_pixels(40, 40))
    told = {}
    for size in (None, 0, 0.5, 1.0):
        options = {"pixel_size_um": size, "title": "field 7"}
        _, outputs = predicted(worker, image, scaled, **options)
        told[size] = outputs["warnings"]
    assert told[None] == told[0] == told[0.5] == []
    (warning,) = told[1.0]
    assert warning.startswith("field 7 has 1 um per pixel")


@pytest.mark.parametrize(
    ("pixels", "options", "code"),
    [
        ((40, 40), "'nowhere.onnx'", "E_MODEL_MISSING"),
        ((12, 40), "model", "E_IMAGE_SMALL"),
        ((2, 2, 40, 40), "model", "E_IMAGE_SIZES"),
        ((40, 40), "model, window=64.0", "E_WINDOW"),
        ((40, 40), "model, window=0", "E_WINDOW"),
        ((40, 40), "model, device='tpu'", "E_DEVICE"),
        ((40, 40), "model, dtype='uint8'", "E_OUTPUT_DTYPE"),
        ((40, 40), "model, pixel_size_um=-1", "E_OPTION"),
    ],
)
def test_what_cannot_be_predicted_fails_with_code_message_and_fix(
    worker: Service,
    blur: Path,
    share: Callable[..., NDArray],
    make_pixels: Callable[..., np.ndarray],
    pixels: tuple[int, ...],
    options: str,
    code: str,
) -> None:
    image = share(make_pixels(*pixels))
    script = f"frm.predict(task, image, {options})"
    text = failure(worker, script, image=image, model=str(blur))
    assert re.fullmatch(rf"{code} .+ \| .+", text)
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("pixels", "code"),
    [
        (np.full((40, 40), 7, np.uint8), "E_IMAGE_CONSTANT"),
        (np.full((40, 40), np.nan, np.float32), "E_IMAGE_NOT_FINITE"),
        (np.ones((40, 40), np.bool_), "E_IMAGE_DTYPE"),
        ("pixels", "E_OPTION"),
    ],
)
def test_pixels_that_are_none_fail_and_the_next_task_runs(
    worker: Service,
    blur: Path,
    share: Callable[..., NDArray],
    make_pixels: Callable[..., np.ndarray],
    pixels: Any,
    code: str,
) -> None:
    image = pixels
    if isinstance(pixels, np.ndarray):
        memory = share(pixels.view(np.uint8) if pixels.dtype == bool else pixels).shm
        image = NDArray(str(pixels.dtype), list(pixels.shape), memory)
    text = failure(worker, PREDICT, image=image, model=str(blur))
    assert text.startswith(f"{code} ")
    predicted(worker, share(make_pixels(40, 40)), blur)


def test_a_script_ends_where_its_prediction_fails(
    worker: Service, tmp_path: Path
) -> None:
    script = "frm.predict(task, None, 'nowhere')\nopen(path, 'w').close()"
    failure(worker, script, path=str(tmp_path / "after"))
    answer = worker.task("'still here'").wait_for()
    assert answer.result() == "still here"
    assert not (tmp_path / "after").exists()


def test_a_script_may_predict_an_array_of_its_own(
    worker: Service, blur: Path, make_pixels: Callable[..., np.ndarray]
) -> None:
    script = (
        "import numpy as np\n"
        "frm.predict(task, np.arange(1600.0).reshape(40, 40), model, device='cpu')\n"
    )
    task = worker.task(script, {"model": str(blur)}).wait_for()
    pixels = np.arange(1600.0).reshape(40, 40)
    expected = np.rint(predict_image(pixels, blur, device="cpu")).astype(np.uint16)
    same(taken(task.outputs["prediction"]), expected)


@needs_proc
def test_more_than_shared_memory_holds_is_refused_before_it_kills_the_worker(
    own_worker: Service,
) -> None:
    script = (
        "import numpy as np\n"
        "plane = np.arange(1600.0).reshape(40, 40)\n"
        "frm.predict(task, np.broadcast_to(plane, (10**9, 40, 40)), model)\n"
    )
    task = ended(own_worker.task(script, {"model": "nuclei-brightfield"}))
    assert re.fullmatch(r"E_MEMORY /dev/shm has .+ MB free; .+ \| .+", task.error)


class Watched:
    """A task whose events are kept, and that is cancelled at one of them."""

    def __init__(self, task: Task, *, cancel_at: int | None = None) -> None:
        self.task, self.events, self._cancel_at = task, [], cancel_at
        task.listen(self._hear)

    def _hear(self, event: Any) -> None:
        self.events.append((time.monotonic(), event))
        if event.current is not None and event.current == self._cancel_at:
            self.task.cancel()

    @property
    def windows(self) -> list[tuple[float, int, int]]:
        """When it was told, how many were done, and of how many."""
        return [
            (at, each.current, each.maximum) for at, each in self.events if each.maximum
        ]


def many_windows(image: Any, model: str | Path) -> tuple[str, dict[str, Any]]:
    """A task of so many windows that its end can be awaited by nobody."""
    script = "frm.predict(task, image, model, device='cpu', window=64)"
    return script, {"image": image, "model": str(model)}


def to_file(model: Path, folder: Path) -> dict[str, Any]:
    """Ask for a prediction in windows, from a file to another."""
    return {
        "action": "predict",
        "model": str(model),
        "input": str(folder / "in.tif"),
        "output": str(folder / "out" / "asked.tif"),
        "device": "cpu",
        "window": 64,
    }


def mapped(worker: Service) -> list[str]:
    """Name the shared memory that a worker holds, also what is deleted by now."""
    text = Path(f"/proc/{worker._process.pid}/maps").read_text()
    return re.findall(rf"{SHM}/(\S+)", text)


@needs_proc
def test_cancelling_ends_a_prediction_at_the_next_window_and_leaves_no_memory(
    worker: Service,
    blur: Path,
    share: Callable[..., NDArray],
    make_pixels: Callable[..., np.ndarray],
) -> None:
    image = share(make_pixels(2000, 2000))
    earlier = {image.shm.name, *mapped(worker)}
    task = worker.task(*many_windows(image, blur))
    watched, names = Watched(task), set()

    def cancel(event: Any) -> None:
        if event.current == 2:
            names.update(mapped(worker))
            task.cancel()

    task.listen(cancel)
    with pytest.raises(TaskException):
        task.wait_for()
    assert task.status is TaskStatus.CANCELED
    assert task.outputs == {}
    _, _, count = watched.windows[0]
    assert watched.windows[-1][1] < count
    (half_written,) = names - earlier
    assert not (SHM / half_written).exists()
    wait_until(lambda: half_written not in mapped(worker))
    assert predicted(worker, share(make_pixels(40, 40)), blur)[1]["status"] == "ok"


def test_two_tasks_never_predict_at_once_and_one_that_waits_can_be_cancelled(
    worker: Service,
    blur: Path,
    share: Callable[..., NDArray],
    make_pixels: Callable[..., np.ndarray],
) -> None:
    image = share(make_pixels(400, 400))
    watched = [Watched(worker.task(*many_windows(image, blur))) for _ in range(3)]
    for each in watched:
        each.task.start()
    watched[2].task.cancel()
    for each in watched[:2]:
        each.task.wait_for()
        taken(each.task.outputs["prediction"])
    with pytest.raises(TaskException):
        watched[2].task.wait_for()
    assert watched[2].task.status is TaskStatus.CANCELED
    assert watched[2].windows == []
    one, other = sorted(each.windows for each in watched[:2])
    assert one[-1][0] <= other[0][0]
    assert len(one) == len(other) == one[0][2] > 50
    messages = [event.message for each in watched for _, event in each.events]
    assert "waiting for its turn" in messages


def test_the_second_call_opens_no_model(
    own_worker: Service,
    blur: Path,
    share: Callable[..., NDArray],
    make_pixels: Callable[..., np.ndarray],
    tmp_path: Path,
) -> None:
    tifffile.imwrite(tmp_path / "in.tif", make_pixels(40, 40))
    image = share(make_pixels(40, 40))
    first, _ = predicted(own_worker, image, blur)
    script = (
        "from frm_bridge.prediction import job, sessions\n"
        "job.open_model = sessions.open_model = None\n"
    )
    own_worker.task(script).wait_for()
    second, _ = predicted(own_worker, image, blur)
    same(second, first)
    request = to_file(blur, tmp_path)
    own_worker.task("frm.perform(task, request)", {"request": request}).wait_for()
    same(tifffile.imread(request["output"]), first)


@needs_proc
def test_a_worker_that_is_killed_is_a_crash_and_leaves_no_memory(
    own_worker: Service,
    blur: Path,
    share: Callable[..., NDArray],
    make_pixels: Callable[..., np.ndarray],
) -> None:
    image = share(make_pixels(2000, 2000))
    task = own_worker.task(*many_windows(image, blur))
    names = set()

    def kill(event: Any) -> None:
        if event.current == 1:
            names.update(mapped(own_worker))
            os.kill(own_worker._process.pid, signal.SIGKILL)

    task.listen(kill)
    with pytest.raises(TaskException):
        task.wait_for()
    assert task.status is TaskStatus.CRASHED
    (half_written,) = names - {image.shm.name}
    wait_until(lambda: not (SHM / half_written).exists())
    assert (SHM / image.shm.name).exists()  # it is the caller's


@needs_proc
def test_a_prediction_outlives_its_worker(
    blur: Path,
    share: Callable[..., NDArray],
    make_pixels: Callable[..., np.ndarray],
) -> None:
    inputs = {"image": share(make_pixels(40, 40)), "model": str(blur)}
    with running_worker() as worker:
        task = worker.task(PREDICT, inputs).wait_for()
    prediction = task.outputs["prediction"]
    assert (SHM / prediction.shm.name).exists()
    assert worker.error_lines() == []  # the resource tracker found nothing to remove
    assert taken(prediction).max() > 0


@needs_proc
def test_twenty_calls_leave_neither_memory_nor_files_nor_threads(
    own_worker: Service, blur: Path, make_pixels: Callable[..., np.ndarray]
) -> None:
    pixels = make_pixels(200, 200)

    def held() -> list[int]:
        """Count what both processes hold: memory, open files, threads."""
        process = Path("/proc", str(own_worker._process.pid))
        folders = (process / "fd", process / "task", Path("/proc/self/fd"))
        counts = [len(list(folder.iterdir())) for folder in folders]
        return [len(mapped(own_worker)), *counts]

    def settled() -> list[int]:
        """Nothing is left of the last task but what Appose's receiver holds of it."""
        own_worker.task("pass").wait_for()
        wait_until(lambda: not mapped(own_worker))
        return held()

    predict_by(own_worker, pixels, blur)
    before = settled()
    for number in range(20):
        predict_by(own_worker, pixels + number, blur)
    wait_until(lambda: settled() == before)


def test_what_a_library_prints_does_not_reach_appose(own_worker: Service) -> None:
    script = "import os\nos.write(1, b'said by a library, without a line end')\n'done'"
    assert ended(own_worker.task(script)).result() == "done"
    own_worker.close()
    own_worker.wait_for()
    assert own_worker.invalid_lines() == []
    assert any("said by a library" in line for line in own_worker.error_lines())


def test_asked_to_a_worker_tells_where_a_task_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRM_BRIDGE_DEBUG", "1")
    with running_worker() as worker:
        failure(worker, "frm.predict(task, None, 'nowhere')")
    assert any("Traceback" in line for line in worker.error_lines())


def test_a_request_predicts_from_file_to_file(
    worker: Service,
    blur: Path,
    make_pixels: Callable[..., np.ndarray],
    tmp_path: Path,
) -> None:
    pixels = make_pixels(100, 90)
    expected = as_file(pixels, blur, tmp_path, window=64)
    request = to_file(blur, tmp_path)
    task = worker.task("frm.perform(task, request)", {"request": request})
    watched = Watched(task)
    task.wait_for()
    same(tifffile.imread(tmp_path / "out" / "asked.tif"), expected)
    assert task.outputs["outputs"] == [str(tmp_path / "out" / "asked.tif")]
    assert task.outputs["provider"] == "CPUExecutionProvider"
    assert len(watched.windows) == task.outputs["windows"] > 4
    again = failure(worker, "frm.perform(task, request)", request=request)
    assert again.startswith("E_OUTPUT_EXISTS ")


def test_a_request_that_is_cancelled_leaves_no_file(
    worker: Service,
    blur: Path,
    make_pixels: Callable[..., np.ndarray],
    tmp_path: Path,
) -> None:
    tifffile.imwrite(tmp_path / "in.tif", make_pixels(2000, 2000))
    request = to_file(blur, tmp_path)
    task = worker.task("frm.perform(task, request)", {"request": request})
    Watched(task, cancel_at=2)
    with pytest.raises(TaskException):
        task.wait_for()
    assert task.status is TaskStatus.CANCELED
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        "predict",
        {"action": "predict", "inputs": 1},
        {"action": "analyze", "workflow": "nuclei", "input": "a.tif", "output": "b"},
    ],
)
def test_a_request_that_is_none_is_refused(worker: Service, asked: Any) -> None:
    text = failure(worker, "frm.perform(task, request)", request=asked)
    assert re.fullmatch(r"E_REQUEST .+ \| .+", text)


def test_a_worker_analyses_and_compares(
    own_worker: Service, data_folder: Path, tmp_path: Path
) -> None:
    image = data_folder / "mitocheck" / "xy_8bit__mitocheck_incenp_t1.tif"
    common = {"workflow": "nuclei", "input": str(image), "parameters": {"min_area": 40}}
    truth = shutil.copy(image, tmp_path / "truth.tif")
    asked = [
        {"action": "analyze", "output": str(tmp_path / "measured")},
        {
            "action": "compare",
            "output": str(tmp_path / "compared"),
            "truth": str(truth),
        },
    ]
    for each in asked:
        inputs = {"request": common | each}
        task = own_worker.task("frm.perform(task, request)", inputs).wait_for()
        assert task.outputs["status"] == "ok"
    assert (tmp_path / "measured" / "objects.csv").is_file()
    assert (tmp_path / "compared" / "report.html").is_file()
    assert task.outputs["message"]
    assert own_worker.invalid_lines() == []


def test_the_snippet_for_python_runs_as_it_stands_in_the_document(
    make_pixels: Callable[..., np.ndarray], capfd: pytest.CaptureFixture[str]
) -> None:
    document = Path(__file__).parents[2] / "docs" / "doors.md"
    appose = document.read_text(encoding="utf-8").partition("\n## Appose\n")[2]
    snippet = appose.partition("\n```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {"python": sys.executable, "pixels": make_pixels(48, 64)}
    exec(snippet, names)  # noqa: S102 - our own document
    expected = predict_image(names["pixels"], "nuclei-brightfield")
    np.testing.assert_array_equal(names["stain"], expected)
    assert "window 1 of 1\n" in capfd.readouterr().out
    assert names["worker"].wait_for() == 0
    for pipe in (names["worker"]._process.stdout, names["worker"]._process.stderr):
        pipe.close()
    for shared in (names["image"], names["prediction"]):
        assert not (SHM / shared.shm.name).exists()
