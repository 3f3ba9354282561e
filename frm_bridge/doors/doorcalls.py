"""What calls a door, and how long that takes beside the bare prediction."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.doors.apposebenchmark import predict_by
from frm_bridge.doors.client import connect
from frm_bridge.doors.doorspeed import DoorRow
from frm_bridge.doors.interpreter import MODULE
from frm_bridge.images import open_image, write_plane
from frm_bridge.prediction import predict_file, predict_image
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from frm_bridge.doors.imagejcaller import ImageJCaller
    from frm_bridge.prediction.loaded import LoadedModel
    from frm_bridge.prediction.providers import Device

    Call = Callable[[], float]  # gives its seconds

_SAMPLE = "nuclei-brightfield/sample/input"
_GAIN = 16  # 8 bit to 12, as most cameras have it

REST_S = 0.05  # before each call: threads of the one before may still spin


@dataclass(frozen=True, slots=True)
class Field:
    """An image as a file and as an array."""

    path: Path
    pixels: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Door:
    """A way to call, and how often it is called."""

    name: str
    call: Call
    rounds: int


@dataclass(frozen=True, slots=True)
class BenchModel:
    """A model that is open here, on which device, and how often it is called."""

    loaded: LoadedModel
    device: Device
    rounds: int

    @property
    def title(self) -> str:
        """What it is."""
        return f"{self.loaded.card.name} with {self.loaded.provider}"

    @property
    def line(self) -> str:
        """How a macro names it."""
        return f"model=[{self.loaded.path.as_posix()}] device={self.device}"


def make_field(path: Path, side: int) -> Field:
    """Write a square of the shipped sample field, mirrored where it is too small.

    NB: a model's drift gate refuses noise.
    """
    (sample,) = (shipped_folder("models") / _SAMPLE).glob("*.png")
    with open_image(sample) as image:
        levels = image.read_plane().astype(np.uint16) * _GAIN
    wide = np.pad(
        levels, [(0, max(side - size, 0)) for size in levels.shape], "reflect"
    )
    pixels = wide[:side, :side].copy()
    write_plane(path, pixels)
    return Field(path, pixels)


def doors_of(
    field: Field, model: BenchModel, imagej: ImageJCaller | None, few_rounds: int
) -> list[Door]:
    """Give what is to be called; the server's doors first."""
    path, output, device = model.loaded.path, field.path.parent / "o.tif", model.device
    options: dict[str, Any] = {"device": device, "overwrite": True}

    def by_client() -> None:
        with connect() as frm:
            frm.predict(field.pixels, path, device=device)

    words = [f"input={field.path}", f"model={path}", f"output={output}"]
    words += [f"device={device}", "action=predict", "overwrite=true"]
    calls: list[tuple[str, Call, int]] = []
    if imagej is not None:
        call = partial(imagej.predict, field.path, model.line)
        calls.append(("macro line to result window", call, model.rounds))
    calls += [
        ("Python client, array to array", _timed(by_client), model.rounds),
        (
            "exec, a process for each call",
            _timed(lambda: run_program("exec", "--ij", *words)),
            min(few_rounds, model.rounds),
        ),
        (
            "predict_file, no door",
            _timed(lambda: predict_file(field.path, model.loaded, output, **options)),
            model.rounds,
        ),
    ]
    return [Door(*each) for each in calls]


def by_appose(worker: Any, field: Field, model: BenchModel) -> Door:
    """Give the door that shares memory with a worker that runs."""
    call = _timed(lambda: predict_by(worker, field.pixels, model.loaded.path))
    return Door("Appose worker, array to array", call, model.rounds)


def take_turns(
    doors: Sequence[Door], field: Field, model: BenchModel
) -> tuple[DoorRow, ...]:
    """Call one after another, so that a noisy moment meets all of them."""
    bare: list[float] = []
    times: dict[str, list[float]] = {door.name: [] for door in doors}
    for number in range(-1, model.rounds):  # the first round warms up
        time.sleep(REST_S)
        bare.append(
            seconds(lambda: predict_image(field.pixels, model.loaded, force=True))
        )
        for door in doors:
            if number < door.rounds:
                time.sleep(REST_S)
                times[door.name].append(door.call())
    return tuple(_row(name, taken[1:], bare[1:]) for name, taken in times.items())


def _row(name: str, taken: list[float], bare: list[float]) -> DoorRow:
    more = [call - alone for call, alone in zip(taken, bare, strict=False)]
    median = statistics.median
    return DoorRow(name, median(taken), median(bare), median(more), len(taken))


def run_program(*words: str) -> None:
    """Run ``frm-bridge`` as a process."""
    subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *MODULE, *words],
        check=True,
        capture_output=True,
    )


def _timed(action: Callable[[], object]) -> Call:
    return lambda: seconds(action)


def seconds(action: Callable[[], object]) -> float:
    """Time an action."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
