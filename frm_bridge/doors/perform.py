"""Do what a request asks, and answer."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, cast, get_args

from frm_bridge.doors.answer import Answer, answer_of
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from frm_bridge.doors.request import Request
    from frm_bridge.imagej import Workflow

    Progress = Callable[[int, int], None]

_log = logging.getLogger(__name__)


def perform(request: Request, *, progress: Progress | None = None) -> Answer:
    """Do what a request asks.

    Parameters
    ----------
    request : Request
        What to do.
    progress : callable (done, total), optional
        Windows of a prediction, workflow runs of a comparison.

    Returns
    -------
    Answer
        Of a failure, too: this function raises nothing but what stops a program.
    """
    actions = {"predict": _predict, "analyze": _analyze, "compare": _compare}
    started = time.perf_counter()
    try:
        facts = actions[request.action](request, progress)
    except Exception as error:
        _log.debug("%s failed", request.action, exc_info=True)
        return answer_of(error, seconds=_since(started))
    return Answer("ok", seconds=_since(started), **facts)


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)


def _predict(request: Request, progress: Progress | None) -> dict[str, Any]:
    from frm_bridge.prediction.engine import predict_file
    from frm_bridge.prediction.providers import Device

    devices = get_args(Device)
    device = cast("Device", request.device)
    if device not in devices:
        raise InputError(
            "E_OPTION",
            f"device is {request.device!r}; expected one of {', '.join(devices)}",
            "for example device=auto",
        )
    report = predict_file(
        request.input,
        request.model,
        request.output,
        window=request.window,
        device=device,
        require_gpu=request.require_gpu,
        overwrite=request.overwrite,
        progress=progress,
    )
    return {
        "outputs": (report.output,),
        "provider": report.provider,
        "windows": report.windows,
        "model_sha256": report.model_sha256,
        "warnings": report.warnings,
    }


def _analyze(request: Request, progress: Progress | None) -> dict[str, Any]:
    from frm_bridge.imagej import run_workflow

    result = run_workflow(
        _workflow(request), request.input, request.output, overwrite=request.overwrite
    )
    return {
        "outputs": (result.output, *result.files.values()),
        "provider": f"ImageJ {result.imagej_version}",
        "warnings": result.warnings,
    }


def _compare(request: Request, progress: Progress | None) -> dict[str, Any]:
    from frm_bridge.comparison import compare
    from frm_bridge.reporting import write_report

    result = compare(
        str(request.truth),
        request.input,
        _workflow(request),
        request.output,
        overwrite=request.overwrite,
        progress=progress,
        report=write_report,
    )
    names = ("report.html", "objects.csv", "fields.csv", "comparison.json")
    return {
        "outputs": tuple(request.output / name for name in names),
        "warnings": tuple(result.warnings),
    }


def _workflow(request: Request) -> Workflow:
    """Find the workflow; a text among its parameters is read as the declared type."""
    from frm_bridge.imagej import find_workflow

    workflow = find_workflow(request.workflow)
    declared = workflow.declared
    values: dict[str, Any] = {
        name: declared[name].read(value)
        if isinstance(value, str) and name in declared
        else value
        for name, value in request.parameters.items()
    }
    return workflow.with_parameters(**values)
