"""What the doors cost: a call over the bare prediction, a start, a hundred calls."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from frm_bridge import __version__
from frm_bridge.doors.apposebenchmark import running_worker, write_blur
from frm_bridge.doors.client import connect
from frm_bridge.doors.doorcalls import (
    REST_S,
    BenchModel,
    Field,
    by_appose,
    doors_of,
    make_field,
    run_program,
    seconds,
    take_turns,
)
from frm_bridge.doors.doorspeed import DoorsSpeed, FirstRow, Growth
from frm_bridge.doors.imagejcaller import calling_imagej
from frm_bridge.doors.runtimefile import VARIABLE
from frm_bridge.doors.starting import start_server, stop_server
from frm_bridge.errors import EnvironmentProblem
from frm_bridge.models.registry import find_model
from frm_bridge.prediction import open_model, predict_image
from frm_bridge.prediction.providers import available_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from frm_bridge.doors.imagejcaller import ImageJCaller
    from frm_bridge.prediction.providers import Device

    Call = Callable[[], float]  # gives its seconds


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """What the doors are measured with.

    Attributes
    ----------
    model : str or Path
        Beside a network that costs next to nothing.
    device : {"auto", "cuda", "openvino", "cpu"}
        For that model.
    side, small_side : int
        Of the square images, in px.
    rounds, few_rounds : int
        With the cheap network, and of what takes seconds.
    warm_calls, calls : int
        Before the server's memory is looked at, and when it is looked at again.
    """

    model: str | Path = "nuclei-brightfield"
    device: Device = "auto"
    side: int = 2048
    small_side: int = 512
    rounds: int = 20
    few_rounds: int = 5
    warm_calls: int = 10
    calls: int = 100


def measure_doors(
    settings: DoorSettings | None = None,
    *,
    progress: Callable[[str], None] | None = None,
) -> DoorsSpeed:
    """Time all doors, with a server and an ImageJ of their own.

    Parameters
    ----------
    settings : DoorSettings, optional
        With what.
    progress : callable, optional
        Told what is being measured.
    """
    settings, say = settings or DoorSettings(), progress or (lambda _: None)
    machine = _machine()
    with ExitStack() as stack:
        place = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(place))
        stack.enter_context(_own_home(folder / "home"))
        large = make_field(folder / "large.tif", settings.side)
        small = make_field(folder / "small.tif", settings.small_side)
        imagej, missing = _start_imagej(stack, folder / "imagej", [large, small])
        cheap, real = _open_models(stack, folder, settings)
        say("a server's start")
        start_s, detach_s = _time_starts(settings.few_rounds)
        say("first calls")
        first = _time_first(small, real, imagej) + _time_first(large, real, imagej)
        say("warm calls")
        doors = doors_of(large, cheap, imagej, settings.few_rounds)
        with running_worker() as worker:
            doors.append(by_appose(worker, large, cheap))
            warm = [(cheap.title, take_turns(doors, large, cheap))]
        # NB: without Appose, whose worker predicts on the CPU here.
        doors = doors_of(large, real, imagej, settings.few_rounds)
        warm.append((real.title, take_turns(doors, large, real)))
        say(f"{settings.calls} calls")
        growth = _measure_growth(large, cheap, settings)
    return DoorsSpeed(
        machine=machine,
        side=settings.side,
        warm=tuple(warm),
        start_s=start_s,
        detach_s=detach_s,
        first=tuple(first),
        growth=growth,
        missing=missing,
    )


def _machine() -> str:
    """Say where it is measured, and whether others work there."""
    load = getattr(os, "getloadavg", lambda: (float("nan"),))()[0]
    return (
        f"frm-bridge {__version__} on {platform.system()} {platform.machine()}, "
        f"{available_cores()} core(s), load average before: {load:.1f}"
    )


@contextmanager
def _own_home(folder: Path) -> Iterator[None]:
    """Leave the user's server alone, and leave none behind."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(folder)
    try:
        yield
    finally:
        stop_server()
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before


def _start_imagej(
    stack: ExitStack, folder: Path, fields: Sequence[Field]
) -> tuple[ImageJCaller | None, tuple[str, ...]]:
    """Start an ImageJ, or say why there is none."""
    folder.mkdir()
    starting = calling_imagej(folder, [each.path for each in fields], rest_s=REST_S)
    try:
        return stack.enter_context(starting), ()
    except EnvironmentProblem as problem:
        return None, (f"macro lines: {problem.message}; {problem.fix}",)


def _open_models(
    stack: ExitStack, folder: Path, settings: DoorSettings
) -> tuple[BenchModel, BenchModel]:
    """Open a network that costs next to nothing, and the model."""
    blur = open_model(write_blur(folder / "blur.onnx"), device="cpu")
    real = open_model(find_model(settings.model), device=settings.device)
    return (
        BenchModel(stack.enter_context(blur), "cpu", settings.rounds),
        BenchModel(stack.enter_context(real), settings.device, settings.few_rounds),
    )


def _time_starts(rounds: int) -> tuple[float, float]:
    """Time ``serve`` until /ping answers, and ``serve --detach`` until it ends."""
    starts: list[float] = []
    detached: list[float] = []
    for _ in range(rounds):
        for times, start in ((starts, start_server), (detached, _detach)):
            stop_server()
            times.append(seconds(start))
    return statistics.median(starts), statistics.median(detached)


def _detach() -> None:
    run_program("serve", "--detach", "--ij")


def _time_first(
    field: Field, model: BenchModel, imagej: ImageJCaller | None
) -> list[FirstRow]:
    """Time the first answer of a server that has to be started."""
    bare_s = statistics.median(
        seconds(lambda: predict_image(field.pixels, model.loaded, force=True))
        for _ in range(4)
    )
    rows = []
    for door in doors_of(field, model, imagej, 1)[: 1 if imagej is None else 2]:
        stop_server()
        rows.append(FirstRow(door.name, len(field.pixels), door.call(), bare_s))
    return rows


def _measure_growth(field: Field, model: BenchModel, settings: DoorSettings) -> Growth:
    """Look at the server's process after some calls, and after many."""
    process = psutil.Process(start_server().pid)
    output, looks = field.path.parent / "o.tif", []
    with connect() as frm:
        for number in range(1, settings.calls + 1):
            path = model.loaded.path
            frm.predict(field.path, path, output, device="cpu", overwrite=True)
            if number in (settings.warm_calls, settings.calls):
                looks.append(_look(process))
    (memory, files, threads), (memory_then, files_then, threads_then) = looks
    return Growth(
        calls=settings.calls,
        after=settings.warm_calls,
        memory=memory_then / memory,
        files=files_then - files,
        threads=threads_then - threads,
    )


def _look(process: psutil.Process) -> tuple[int, int, int]:
    """Give resident bytes, open files with sockets, and threads."""
    if sys.platform == "win32":
        files = process.num_handles()
    else:
        files = process.num_fds()
    return process.memory_info().rss, files, process.num_threads()
