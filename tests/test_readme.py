"""The commands of README.md, run as they are written there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import frm_bridge
from frm_bridge.cli import main
from frm_bridge.doors.runtimefile import VARIABLE
from frm_bridge.doors.starting import stop_server
from frm_bridge.images import open_image, write_plane
from frm_bridge.models.card import read_card
from frm_bridge.models.registry import find_model
from frm_bridge.shipped import shipped_folder

README = Path(frm_bridge.__file__).parent.parent / "README.md"
# A training as the README starts it takes an hour, so that it is cut short here.
SHORT = ["--epochs", "1", "--steps", "1", "--batch", "1", "--patch", "32"]


def blocks(language: str) -> list[str]:
    return re.findall(
        rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.S
    )


@pytest.fixture
def users_folder(tmp_path, monkeypatch):
    """The folders that the README speaks of, with crops of the sample field."""
    sample = shipped_folder("models") / "nuclei-brightfield" / "sample"
    for kind, name in (("input", "brightfield"), ("target", "dapi")):
        (source,) = (sample / kind).glob("*.png")
        with open_image(source) as image:
            for position in range(1, 5):
                window = image.read_window(0, 300 * position, 500, 160, 144)
                path = tmp_path / name / f"exp1_p{position:04d}_t00001.tif"
                write_plane(path, window)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "home"))
    yield tmp_path
    stop_server()


def test_commands_of_the_readme_run(users_folder, capsys):
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) > 8
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "frm-bridge"
        if arguments[0] == "train":
            arguments += SHORT
        status = main(arguments)
        assert status == 0, f"{command}\n{capsys.readouterr().err}"
    assert (users_folder / "compared" / "report.html").is_file()


def test_python_of_the_readme_runs(users_folder, capsys):
    for block in blocks("python"):
        exec(compile(block, str(README), "exec"), {})  # noqa: S102 - our own README
    provider, count, outputs = capsys.readouterr().out.splitlines()
    assert provider.split()[0].endswith("ExecutionProvider")
    assert int(count.split()[0]) >= 0
    assert "again-measured" in outputs


def test_readme_names_every_command():
    text = README.read_text(encoding="utf-8")
    for name in [
        "demo",
        "pairs",
        "train",
        "split",
        "predict",
        "analyze",
        "compare",
        "verdict",
        "scale-sweep",
        "models",
        "bench",
        "doctor",
        "install-fiji",
        "status",
        "stop",
    ]:
        assert f"frm-bridge {name}" in text or f"make {name}" in text


def test_scores_in_the_readme_are_those_in_the_models_card():
    card = read_card(find_model("nuclei-brightfield"))
    text = README.read_text(encoding="utf-8")
    assert len(card.evaluation["fields"]) == 7
    for field in card.evaluation["fields"]:
        row = f"| {field['name']} | {field['pcc']:.3f} | {field['f1']:.2f} |"
        assert row in text
        assert field["name"].split("_t")[0] in card.training["groups"]["test"]
