"""The benchmark of the doors calls the real ones, and leaves nothing behind."""

from __future__ import annotations

import math
import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from frm_bridge.doors import benchmark, imagejcaller
from frm_bridge.doors.benchmark import DoorSettings, measure_doors
from frm_bridge.doors.doorcalls import BenchModel, doors_of, make_field
from frm_bridge.doors.doorspeed import DoorRow, DoorsSpeed, FirstRow, Growth
from frm_bridge.doors.lock import is_served
from frm_bridge.doors.runtimefile import VARIABLE
from frm_bridge.errors import WorkflowError
from frm_bridge.prediction import open_model

if TYPE_CHECKING:
    from pathlib import Path

    from frm_bridge.doors.imagejcaller import ImageJCaller

needs_screen = pytest.mark.skipif(
    shutil.which("xvfb-run") is None, reason="xvfb-run is not installed"
)
SMALL = DoorSettings(
    device="cpu",
    side=64,
    small_side=32,
    rounds=3,
    few_rounds=1,
    warm_calls=1,
    calls=3,
)
BY_PYTHON = [
    "Python client, array to array",
    "exec, a process for each call",
    "predict_file, no door",
]
APPOSE = "Appose worker, array to array"
MACRO = "macro line to result window"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


@needs_screen
def test_every_door_is_called_and_nothing_is_left(home: Path) -> None:
    said: list[str] = []
    speed = measure_doors(SMALL, progress=said.append)
    seconds = [speed.start_s, speed.detach_s, speed.growth.memory]
    for _, rows in speed.warm:
        seconds += [each for row in rows for each in (row.call_s, row.bare_s)]
    seconds += [each for row in speed.first for each in (row.seconds, row.bare_s)]
    assert min(seconds) > 0
    assert max(seconds) < math.inf
    (blur, cheap), (name, real) = speed.warm
    assert blur == "blur with CPUExecutionProvider"
    assert [row.door for row in cheap] == [MACRO, *BY_PYTHON, APPOSE]
    assert [row.rounds for row in cheap] == [3, 3, 1, 3, 3]
    assert name == "nuclei-brightfield with CPUExecutionProvider"
    assert [row.door for row in real] == [MACRO, *BY_PYTHON]
    assert [(row.side, row.door) for row in speed.first] == [
        (side, door) for side in (32, 64) for door in (MACRO, BY_PYTHON[0])
    ]
    assert speed.missing == ()
    assert said == ["a server's start", "first calls", "warm calls", "3 calls"]
    assert os.environ[VARIABLE] == str(home)
    assert not home.exists()  # a user's server was not looked for
    assert not is_served()


def test_without_a_display_macros_are_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(imagejcaller.shutil, "which", lambda _: None)
    monkeypatch.setattr(imagejcaller.sys, "platform", "linux")
    field = make_field(tmp_path / "field.tif", 32)
    with ExitStack() as stack:
        imagej, missing = benchmark._start_imagej(stack, tmp_path / "ij", [field])
        model = stack.enter_context(open_model("nuclei-brightfield", device="cpu"))
    assert [
        door.name for door in doors_of(field, BenchModel(model, "cpu", 2), imagej, 1)
    ] == BY_PYTHON
    assert missing == (
        "macro lines: there is no display for ImageJ's windows, and no xvfb-run; "
        "install xvfb",
    )


@needs_screen
def test_a_macro_line_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = make_field(tmp_path / "field.tif", 32)
    place = tmp_path / "imagej"
    place.mkdir()

    def call(imagej: ImageJCaller) -> None:
        assert imagej.predict(field.path, "model=nuclei-brightfield device=cpu") > 0
        monkeypatch.setattr(imagejcaller, "_LIMIT_S", 1)
        imagej.predict(field.path, "model=none")

    with (
        benchmark._own_home(tmp_path / "other"),
        pytest.raises(WorkflowError, match="model=none"),
        imagejcaller.calling_imagej(place, [field.path]) as imagej,
    ):
        call(imagej)


def test_the_table_tells_every_number() -> None:
    row = DoorRow("a door", call_s=0.25, bare_s=0.125, more_s=0.123, rounds=7)
    speed = DoorsSpeed(
        machine="here",
        side=2048,
        warm=(("a model", (row,)),),
        start_s=0.51,
        detach_s=0.82,
        first=(FirstRow("a door", 512, seconds=3.0, bare_s=1.25),),
        growth=Growth(calls=100, after=10, memory=1.0234, files=2, threads=-1),
    )
    words = [line.split() for line in speed.describe().splitlines()]
    assert ["a", "door", "250", "125", "123", "7"] in words
    assert ["512^2,", "a", "door", "3.00", "1.25", "1.75"] in words
    assert [line[-1] for line in words if line[:1] == ["process"]] == ["0.51", "0.82"]
    assert "memory x 1.023, open files +2, threads -1" in speed.describe()
    assert "not measured" not in speed.describe()
