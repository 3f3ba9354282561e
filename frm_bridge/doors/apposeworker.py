"""The worker of Appose: it predicts pixels in memory that another program shares.

A program with Appose (a script in a Fiji, a plugin, Python) starts this Python once and
gives it tasks; models stay open between them::

    at the start    from frm_bridge.doors import apposeworker as frm
                    frm.prepare()
    then            frm.predict(task, image, "nuclei-brightfield")

A task that fails says ``CODE message | fix``; one that is cancelled ends at the next
window. Either way the script ends there, and nothing half-written is left.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import time
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from frm_bridge.doors.answer import Answer, answer_of
from frm_bridge.doors.job import STEPS, Cancelled
from frm_bridge.doors.jobs import LANES
from frm_bridge.doors.perform import perform as perform_request
from frm_bridge.doors.reading import parse_json
from frm_bridge.doors.request import check_absolute
from frm_bridge.doors.sharedpixels import shared_output, shared_pixels
from frm_bridge.doors.wording import Wording
from frm_bridge.errors import FrmError, InputError
from frm_bridge.images import check_pixel_size
from frm_bridge.prediction.arrays import (
    ArrayImage,
    ArrayReport,
    predict_into,
)
from frm_bridge.prediction.layout import OutputType, output_dtype, output_unit
from frm_bridge.prediction.matching import Matching
from frm_bridge.prediction.runtime import runtime_version
from frm_bridge.prediction.sessions import OpenModels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from frm_bridge.prediction.loaded import LoadedModel
    from frm_bridge.prediction.providers import Device

_log = logging.getLogger(__name__)
_models = OpenModels()
_WORDS = Wording("appose", "predict")
# Tasks run in threads of their own, but there is one device, and one ImageJ.
_device, _imagej = Lock(), Lock()
_LOOK_S = 0.05  # how often a task that waits looks whether it was cancelled


class Task(Protocol):
    """What a script knows as ``task``."""

    outputs: dict[str, Any]
    cancel_requested: bool

    def update(
        self,
        message: str | None = None,
        current: int | None = None,
        maximum: int | None = None,
    ) -> None:
        """Tell how far it is."""

    def cancel(self) -> None:
        """Say that it was cancelled."""

    def fail(self, error: str | None = None) -> None:
        """Say that it failed."""


class Ended(BaseException):
    """Ends the script of a task that was cancelled, or that said why it failed."""


def prepare() -> None:
    """Get ready, before the first task: to be called in Appose's ``init``.

    Loads what predicting needs (numpy hangs when a task loads it on Windows, Appose's
    issue 23), and leaves standard output to Appose: what Java or a library prints goes
    to standard error, which is Appose's ``errorLines``.
    """
    if os.environ.get("FRM_BRIDGE_DEBUG"):
        logging.basicConfig(level=logging.DEBUG)
    with contextlib.suppress(FrmError):  # a task will say it, where it can be heard
        runtime_version()
    sys.stdout.flush()
    protocol = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(protocol, "w", encoding=sys.stdout.encoding)


def predict(
    task: Task,
    image: Any,
    model: str | Path,
    *,
    dtype: OutputType = "auto",
    window: int | None = None,
    device: Device = "auto",
    require_gpu: bool = False,
    pixel_size_um: float | None = None,
    match_scale: bool = False,
    match_intensity: bool = False,
    force: bool = False,
    title: str = "the image",
) -> None:
    """Predict planes in shared memory, into new shared memory.

    Parameters
    ----------
    task : Task
        The script's own. Its outputs become ``prediction``, an ``appose.NDArray`` of
        the image's shape, and the fields of an `Answer`. The memory is the caller's to
        unlink: in Java ``prediction.shm().unlinkOnClose(true)`` before its ``close()``.
    image : appose.NDArray or array, (height, width) or (planes, height, width)
        Transmitted light in grey levels, of any real dtype. In Java the shape is
        ``new Shape(C_ORDER, height, width)`` or ``new Shape(F_ORDER, width, height)``.
    model : str or Path
        A file, or the name of a shipped model.
    dtype, window, device, require_gpu
        As for `predict_file`.
    pixel_size_um : float, optional
        Of the image, to compare with the model's. 0 is none.
    match_scale, match_intensity : bool
        Bring the image to the model's pixel size, and its grey levels to the training
        fields'; the prediction has the image's own shape all the same.
    force : bool
        Predict also what is too unlike the training fields.
    title : str
        The image's, for messages.
    """
    started = time.perf_counter()
    with _telling(task), _turn(task, "predict"):
        check_pixel_size(pixel_size_um or None)
        source = ArrayImage(
            shared_pixels(image), name=title, pixel_size_um=pixel_size_um or None
        )
        how: dict[str, Any] = {
            "window": _whole(window),
            "force": force,
            "progress": _progress(task, "predict"),
            "matching": Matching.asked(
                match_scale=match_scale, match_intensity=match_intensity
            ),
        }
        task.update(f"opening {model}")
        loaded = _models.get(model, device=device, require_gpu=require_gpu)
        kind = output_dtype(dtype, output_unit([loaded]))
        task.update(f"predicting {title}")
        with shared_output(kind, source.info.shape) as prediction:
            report = predict_into(source, loaded, prediction.ndarray(), **how)
        answer = _answer(report, loaded, time.perf_counter() - started)
        task.outputs.update(answer.as_json(), prediction=prediction)


def perform(task: Task, request: Mapping[str, Any]) -> None:
    """Do what a request of files asks: predict, analyze, compare or split.

    Parameters
    ----------
    task : Task
        The script's own. Its outputs become the fields of an `Answer`.
    request : mapping
        With the fields of a `Request`, in types that JSON has; with whole paths.
    """
    with _telling(task):
        asked = parse_json(json.dumps(request, default=str))
        check_absolute(asked)
        with _turn(task, asked.action):
            answer = perform_request(
                asked, progress=_progress(task, asked.action), models=_models
            )
        if answer.status == "error":
            _fail(task, answer)
        task.outputs.update(answer.as_json())


@contextlib.contextmanager
def _telling(task: Task) -> Iterator[None]:
    """Say how it ended, where it did not end well; then end the script."""
    try:
        yield
    except Cancelled:
        task.cancel()
        raise Ended from None
    except Exception as error:
        _log.debug("a task failed", exc_info=True)
        _fail(task, _WORDS.answer(answer_of(error)))


def _fail(task: Task, answer: Answer) -> NoReturn:
    text = answer.line.removeprefix("ERR ")
    task.fail(text)
    raise Ended(text)


@contextlib.contextmanager
def _turn(task: Task, action: str) -> Iterator[None]:
    """Wait until no other task does the like."""
    lane = _device if LANES.get(action) == "device" else _imagej
    if not lane.acquire(blocking=False):
        task.update("waiting for its turn")
        while not lane.acquire(timeout=_LOOK_S):
            _end_if_cancelled(task)
    try:
        _end_if_cancelled(task)
        yield
    finally:
        lane.release()


def _end_if_cancelled(task: Task) -> None:
    if task.cancel_requested:
        raise Cancelled


def _progress(task: Task, action: str) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        _end_if_cancelled(task)
        if action in STEPS and total:
            task.update(STEPS[action].format(done, total), done, total)

    return tell


def _whole(window: int | None) -> int | None:
    """Refuse a window that is no whole number, as 256.0 from Java."""
    if window is not None and type(window) is not int:
        raise InputError(
            "E_WINDOW", f"window is {window!r}; expected a whole number", "give an int"
        )
    return window


def _answer(report: ArrayReport, model: LoadedModel, seconds: float) -> Answer:
    answer = Answer(
        "ok",
        provider=model.provider,
        seconds=round(seconds, 3),
        windows=report.windows,
        model_sha256=(model.sha256,),
        warnings=report.warnings,
    )
    return _WORDS.answer(answer)
