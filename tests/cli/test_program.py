"""The program itself: help, version, mistyped commands."""

from __future__ import annotations

import itertools

import pytest

import frm_bridge
from frm_bridge.doors.request import NAMES

COMMANDS = [
    "demo",
    "pairs",
    "train",
    "split",
    "predict",
    "analyze",
    "compare",
    "verdict",
    "models list",
    "models inspect",
    "bench",
    "doctor",
    "install-fiji",
    "serve",
    "stop",
    "status",
    "presets",
    "exec",
]
WIDTH = 80


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command, frm):
    ended = frm(*command.split(), "--help")
    assert (ended.status, ended.err) == (0, "")
    assert "For example:" in ended.out
    assert f" frm-bridge {command}" in ended.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_lines_of_a_help_are_full_at_80_columns_and_examples_are_whole(
    command, frm, monkeypatch
):
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    text = frm(*command.split(), "--help").out
    lines = [line.rstrip() for line in text.partition("\u256d")[0].splitlines()]
    pairs = list(itertools.pairwise(lines))
    for line, after in pairs:
        if line and after and not after.startswith("  ") and "frm-bridge" not in line:
            assert len(line) + 1 + len(after.split()[0]) > WIDTH - 2, (line, after)
    broken = [after for line, after in pairs if "     frm-bridge" in line and after]
    assert all(after.startswith("     ") for after in broken)


def test_the_help_of_exec_names_what_a_request_can_say(frm):
    text = frm("exec", "--help").out
    own = {"schema", "job", "door", "input_title", "truth_title"}
    assert [name for name in NAMES if name not in text and name not in own] == []


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command_and_where_to_start(flag, frm):
    ended = frm(flag)
    assert ended.status == 0
    assert all(f" {command.split()[0]} " in ended.out for command in COMMANDS)
    assert "frm-bridge demo" in ended.out


@pytest.mark.parametrize(
    "command",
    [
        "demo",
        "train",
        "split",
        "predict",
        "analyze",
        "compare",
        "verdict",
        "install-fiji",
    ],
)
def test_every_command_that_writes_can_overwrite(command, frm):
    assert "--overwrite" in frm(command, "--help").out


def test_version_is_the_packages(frm):
    ended = frm("--version")
    assert (ended.status, ended.out) == (0, f"frm-bridge {frm_bridge.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("predikt", "predikt"),
        ("predict --overwritten", "--overwritten"),
        ("predict", "model"),
        ("predict model.onnx", "images"),
        ("predict model.onnx image.tif", "--output"),
        ("predict model.onnx image.tif -o out --window wide", "--window"),
        ("models inspekt", "inspekt"),
    ],
)
def test_a_mistyped_command_line_ends_with_2_and_no_traceback(arguments, said, frm):
    ended = frm(*arguments.split())
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_an_interrupt_ends_with_130_and_one_line(frm, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("frm_bridge.models.registry.list_models", interrupt)
    ended = frm("models", "list")
    assert (ended.status, ended.out) == (130, "")
    assert ended.err == "stopped; no half-written result was left behind\n"
