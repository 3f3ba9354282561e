"""Do what a request asks, and answer."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any, cast, get_args

from frm_bridge.doors.answer import Answer, answer_of
from frm_bridge.doors.wording import worded
from frm_bridge.errors import FrmError, InputError
from frm_bridge.imagej.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from frm_bridge.doors.request import Request
    from frm_bridge.imagej import Workflow
    from frm_bridge.prediction.sessions import OpenModels

    Progress = Callable[[int, int], None]

_log = logging.getLogger(__name__)

_OF_SPLIT = {
    "tile": Parameter("tile", int, 256, minimum=16),
    "input_suffix": Parameter("input_suffix", str, ""),
    "target_suffix": Parameter("target_suffix", str, ""),
}


def perform(
    request: Request,
    *,
    progress: Progress | None = None,
    models: OpenModels | None = None,
) -> Answer:
    """Do what a request asks.

    Parameters
    ----------
    request : Request
        What to do.
    progress : callable (done, total), optional
        Windows of a prediction, workflow runs of a comparison, pairs of a split.
    models : OpenModels, optional
        Those that are open already; without, each prediction opens its own.

    Returns
    -------
    Answer
        Of a failure, too: this function raises nothing but what stops a program. In
        the words of the request's door.
    """
    actions: dict[str, Callable[[Request, Progress | None], dict[str, Any]]] = {
        "predict": partial(_predict, models=models),
        "analyze": _analyze,
        "compare": _compare,
        "split": _split,
    }
    started = time.perf_counter()
    try:
        facts = actions[request.action](request, progress)
        # Whoever asked may be in another folder by the time they read it.
        facts["outputs"] = tuple(path.absolute() for path in facts["outputs"])
    except Exception as error:
        _log.debug("%s failed", request.action, exc_info=True)
        return worded(answer_of(error, seconds=_since(started)), request)
    return worded(Answer("ok", seconds=_since(started), **facts), request)


class Steps:
    """Progress that is told again while nothing ends: it may stop the work."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._last = (0, 0)

    def __call__(self, done: int, total: int) -> None:
        """Tell how far the work is."""
        self._last = (done, total)
        self.again()

    def again(self) -> None:
        """Tell it again."""
        if self._progress is not None:
            self._progress(*self._last)


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)


def _predict(
    request: Request, progress: Progress | None, *, models: OpenModels | None
) -> dict[str, Any]:
    from frm_bridge.models.registry import find_models
    from frm_bridge.prediction.engine import predict_file
    from frm_bridge.prediction.matching import Matching
    from frm_bridge.prediction.providers import Device

    devices = get_args(Device)
    device = cast("Device", request.device)
    if device not in devices:
        raise InputError(
            "E_OPTION",
            f"device is {request.device!r}; expected one of {', '.join(devices)}",
            "for example device=auto",
        )
    opening: dict[str, Any] = {"device": device, "require_gpu": request.require_gpu}
    named = find_models(request.model)
    report = predict_file(
        request.input,
        named if models is None else [models.get(each, **opening) for each in named],
        request.output,
        channel=request.channel,
        window=request.window or None,
        overwrite=request.overwrite,
        force=request.force,
        progress=progress,
        matching=Matching.asked(
            match_scale=request.match_scale,
            match_intensity=request.match_intensity,
            pixel_size_um=request.pixel_size_um or None,
        ),
        **opening,
    )
    what = f"{', '.join(report.model_names)} on {report.provider}"
    windows = f"{report.windows} window{'s' if report.windows > 1 else ''}"
    done = f"{what}: {windows} in {report.seconds:.1f} s"
    return {
        "outputs": (report.output,),
        "provider": report.provider,
        "windows": report.windows,
        "model_sha256": report.model_sha256,
        "warnings": report.warnings,
        "message": "; ".join([done, *report.matching]),
    }


def _analyze(request: Request, progress: Progress | None) -> dict[str, Any]:
    from frm_bridge.imagej.workers import Job, default_time_limit, run_workflows

    workflow = _workflow(request)
    options = {
        "pixel_size_um": request.pixel_size_um or None,
        "channel": request.channel,
        "overwrite": request.overwrite,
    }
    job = Job(workflow, request.input, request.output, options)
    # One's own script may hang: it runs where it can be ended.
    (result,) = run_workflows(
        [job],
        time_limit_s=default_time_limit(workflow),
        while_waiting=Steps(progress).again,
    )
    if isinstance(result, FrmError):
        raise result
    return {
        "outputs": (result.output, *result.files.values()),
        "provider": f"ImageJ {result.imagej_version}",
        "warnings": result.warnings,
    }


def _compare(request: Request, progress: Progress | None) -> dict[str, Any]:
    from frm_bridge.comparison import DEFAULT_MIN_IOU, compare
    from frm_bridge.comparison.folder import RECORD, TABLES
    from frm_bridge.imagej.workers import default_time_limit
    from frm_bridge.reporting import write_report

    workflow, steps = _workflow(request), Steps(progress)
    result = compare(
        str(request.truth),
        request.input,
        workflow,
        request.output,
        time_limit_s=default_time_limit(workflow),
        min_iou=DEFAULT_MIN_IOU if request.min_iou is None else request.min_iou,
        pixel_size_um=request.pixel_size_um or None,
        overwrite=request.overwrite,
        progress=steps,
        while_waiting=steps.again,
        report=write_report,
    )
    files = [request.output / name for name in ("report.html", *TABLES, RECORD)]
    return {
        "outputs": tuple(file for file in files if file.is_file()),
        "warnings": tuple(result.warnings),
        "message": result.sentence(),
    }


def _split(request: Request, progress: Progress | None) -> dict[str, Any]:
    from frm_bridge.imagej.parameters import check_values
    from frm_bridge.training.pairs import find_pairs
    from frm_bridge.training.subimages import split_images

    values = check_values(_OF_SPLIT, _read_texts(_OF_SPLIT, request.parameters))
    found = find_pairs(
        request.input,
        str(request.truth),
        input_suffix=str(values["input_suffix"]),
        target_suffix=str(values["target_suffix"]),
    )
    made = split_images(
        found,
        request.output,
        tile=int(values["tile"]),
        overwrite=request.overwrite,
        progress=progress,
    )
    return {
        "outputs": (made.table,),
        "warnings": (made.remainder,) if made.remainder else (),
        "message": f"{len(made.pairs)} pairs of sub-images",
    }


def _workflow(request: Request) -> Workflow:
    """Find the workflow; a text among its parameters is read as the declared type."""
    from frm_bridge.imagej import find_workflow

    workflow = find_workflow(request.workflow)
    return workflow.with_parameters(
        **_read_texts(workflow.declared, request.parameters)
    )


def _read_texts(
    declared: Mapping[str, Parameter], given: Mapping[str, object]
) -> dict[str, Any]:
    """Read what is said in words as the declared types."""
    return {
        name: declared[name].read(value)
        if isinstance(value, str) and name in declared
        else value
        for name, value in given.items()
    }
