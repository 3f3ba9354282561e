"""Messages and fixes in the words of each door, and with the titles of images."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
import tifffile
import typer

import frm_bridge
from frm_bridge.cli.program import app
from frm_bridge.doors import Request, apposeworker, perform
from frm_bridge.doors.answer import Answer
from frm_bridge.doors.request import NAMES, Action, Door
from frm_bridge.doors.wording import _KEYS, Wording, worded
from frm_bridge.imagej.parameters import parse_parameters
from frm_bridge.imagej.workflows import asked_by, request_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

DOORS = [(door, action) for door in _KEYS for action in _KEYS[door]]
# Rooms of which a door gives failures; the others speak to the command line alone.
ROOMS = ("images", "models", "prediction", "training", "imagej", "comparison", "doors")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
BEYOND = {
    "--python",
    "--port",
    "--idle-minutes",
    "--uninstall",
    "--check",
    "--shm-size",
}


def _text_of(node: ast.AST) -> str:
    """Give a text as it stands in the source, with 7 for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text_of, node.values))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return "7" if isinstance(node, ast.FormattedValue) else ""


def _spoken_texts() -> Iterator[str]:
    """Give all texts that name an option, wherever a failure may come from."""
    package = Path(frm_bridge.__file__).parent
    files = [package / "outputs.py"]
    for room in ROOMS:
        files += sorted((package / room).glob("*.py"))
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call):
                for text in map(_text_of, call.args):
                    if OPTION.search(text) and " " in text:
                        yield text


def _options(group: Any) -> set[str]:
    """Give the options of a group's own commands."""
    return {
        option
        for command in group.commands.values()
        for parameter in command.params
        for option in parameter.opts
    }


PROGRAM: Any = typer.main.get_command(app)
# No door packs, installs or imports a model.
OF_MODELS = _options(PROGRAM.commands["models"]) - _options(PROGRAM)
TEXTS = [
    text
    for text in _spoken_texts()
    if not set(OPTION.findall(text)) & (BEYOND | OF_MODELS)
]


def test_there_are_texts_to_look_at() -> None:
    assert len(TEXTS) > 30
    assert "choose another --output, or allow it with --overwrite" in TEXTS


@pytest.mark.parametrize(("door", "action"), DOORS)
def test_no_text_names_an_option_but_as_one_of_the_command_line(
    door: str, action: str
) -> None:
    options = _options(PROGRAM)
    for text in TEXTS:
        said = Wording(door, action).of(text)
        left = OPTION.findall(said)
        assert set(left) <= options, said
        assert bool(left) == (" of 'frm-bridge " in said), said
        if left:
            assert left[-1] not in said.partition(" of 'frm-bridge ")[2]


@pytest.mark.parametrize(
    ("text", "door", "action", "said"),
    [
        (
            "choose another --output, or allow it with --overwrite",
            *("macro", "predict"),
            "choose another output_folder, or allow it with overwrite=true",
        ),
        (
            "choose another --output, or allow it with --overwrite",
            *("program", "split"),
            "choose another output, or allow it with overwrite=true",
        ),
        ("allow --overwrite", "python", "compare", "allow overwrite=True"),
        ("try --device cpu", "macro", "predict", "try device=cpu"),
        ("try --device cpu", "appose", "predict", 'try device="cpu"'),
        ("give a smaller --window", "program", "predict", "give a smaller window"),
        ("--pixel-size 0.65", "macro", "compare", "pixel_size_um=0.65"),
        ("swap --truth and --prediction", "program", "compare", "swap truth and input"),
        ("--truth or --prediction", "macro", "compare", "truth or prediction"),
        ("use --tile 256", "python", "split", 'use parameters={"tile": 256}'),
        ("use --tile 256", "macro", "split", "use tile=256"),
        ("--set r=...", "program", "analyze", "r=..."),
        ("--set r=...", "macro", "compare", "parameters=[r=...]"),
        ("--set r=2", "python", "analyze", 'parameters={"r": 2}'),
        ("say --slices-are-frames", "macro", "analyze", "say slices_are_frames=true"),
        (
            "say --slices-are-frames",
            *("python", "analyze"),
            'say parameters={"slices_are_frames": True}',
        ),
        (
            "use --device cpu, --truth-channel or --jobs, or else --overwrite",
            *("program", "compare"),
            "use --device cpu, --truth-channel or --jobs of 'frm-bridge compare', "
            "or else overwrite=true",
        ),
        ("/data/a--output b -- x-y", "macro", "predict", "/data/a--output b -- x-y"),
    ],
)  # fmt: skip
def test_an_option_is_said_as_the_door_calls_it(
    text: str, door: str, action: str, said: str
) -> None:
    assert Wording(door, action).of(text) == said


def test_every_door_has_its_keys() -> None:
    assert set(_KEYS) == {*get_args(Door), "appose"}
    assert all(set(_KEYS[door]) == set(get_args(Action)) for door in get_args(Door))


def test_the_keys_of_macros_are_those_of_the_commands() -> None:
    for script in request_scripts().values():
        declared = set(parse_parameters(script.read_text(encoding="utf-8")))
        assert set(_KEYS["macro"][asked_by(script)]) == declared


def test_the_other_doors_have_the_keys_that_they_take() -> None:
    own = {"tile", "input_suffix", "target_suffix"}
    for action, keys in _KEYS["program"].items():
        assert set(keys) <= set(NAMES) | (own if action == "split" else set())
    taken = inspect.signature(apposeworker.predict).parameters
    assert set(_KEYS["appose"]["predict"]) <= set(taken)


def test_what_names_a_copy_names_its_title(tmp_path: Path) -> None:
    copy = tmp_path / "of" / "my_cells.tif"
    copy.parent.mkdir()
    copy.touch()
    place = f"not {tmp_path}/my_cells.tif or my_cells.tiff of it"
    said = f"{copy} is small; my_cells.tif, {place}"
    for source in (copy, copy.parent):
        request = Request(
            "predict", source, tmp_path / "o", model="m", input_title="my/cells: 1"
        )
        answer = worded(
            Answer("error", "E", said, str(copy), warnings=(said,)), request
        )
        assert answer.message == f"my/cells: 1 is small; my/cells: 1, {place}"
        assert answer.warnings == (answer.message,)
        assert answer.fix == "my/cells: 1"


def test_titles_of_a_pair_are_not_mixed_up(tmp_path: Path) -> None:
    one, other = tmp_path / "truth" / "a.tif", tmp_path / "prediction" / "a.tif"
    titles = {"truth_title": "a.tif", "input_title": "Prediction of a.tif"}
    request = Request(
        "compare", other, tmp_path, truth=one, workflow="nuclei", **titles
    )
    said = f"{one} and {other} differ: a.tif"
    answer = worded(Answer("error", "E", said, "x"), request)
    assert answer.message == "a.tif and Prediction of a.tif differ: a.tif"


def test_a_failure_of_a_macro_speaks_of_its_keys_and_its_image(
    make_pixels: Any, tmp_path: Path
) -> None:
    pixels: np.ndarray = make_pixels(48, 64)
    tifffile.imwrite(tmp_path / "copy.tif", pixels * 0)
    (tmp_path / "out.tif").touch()
    request: dict[str, Any] = {"model": "nuclei-brightfield", "device": "cpu"}
    request |= {"door": "macro", "input_title": "cells"}
    paths = (tmp_path / "copy.tif", tmp_path / "out.tif")
    answer = perform(Request("predict", *paths, **request))
    assert answer.fix == "choose another output_folder, or allow it with overwrite=true"
    answer = perform(Request("predict", *paths, **request, overwrite=True))
    assert (answer.code, answer.message[:5]) == ("E_IMAGE_CONSTANT", "cells")
    assert "copy.tif" not in answer.message
