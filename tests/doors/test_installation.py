"""Installing the FRM commands: one form or the other, and which Python they start."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from frm_bridge.doors import install_scripts, install_wrappers
from frm_bridge.errors import InputError, OutputError
from frm_bridge.imagej.workflows import request_scripts, shipped_scripts
from frm_bridge.shipped import shipped_folder

COMMANDS = {**shipped_scripts(), **request_scripts()}


@pytest.fixture
def fiji(tmp_path: Path) -> Path:
    """A folder that looks like a Fiji."""
    for name in ("jars", "plugins"):
        (tmp_path / "Fiji é" / name).mkdir(parents=True)
    return tmp_path / "Fiji é"


def test_wrappers_are_the_commands_and_which_python_they_start(tmp_path: Path) -> None:
    folder = tmp_path / "ImageJ é"
    written = install_wrappers(folder)
    assert {path.parent for path in written} == {folder / "plugins" / "FRM"}
    assert written[-1].name == "frm.txt"
    assert written[-1].read_text() == f"{sys.executable}\n"
    assert len(written) == len(COMMANDS) + 1
    assert install_wrappers(folder, python=Path("/other/python")) == written
    assert written[-1].read_text() == "/other/python\n"


def test_scripts_are_the_commands_their_library_and_which_python_they_start(
    fiji: Path,
) -> None:
    written = install_scripts(fiji)
    assert written[-1] == fiji / "scripts/Plugins/FRM/frm.txt"
    assert written[-1].read_text() == f"{sys.executable}\n"
    for name in ("Plugins", "lib"):
        source = shipped_folder("fiji_scripts") / name
        target = fiji / ("scripts/Plugins" if name == "Plugins" else "jars/Lib")
        files = {path.relative_to(source) for path in source.rglob("*.py")}
        assert {path.relative_to(target) for path in target.rglob("*.py")} == files
        for file in files:
            assert (target / file).read_bytes() == (source / file).read_bytes()
    assert install_scripts(fiji, python=Path("/other/python")) == written
    assert written[-1].read_text() == "/other/python\n"


def test_the_two_forms_are_never_installed_together(fiji: Path) -> None:
    install_scripts(fiji)
    with pytest.raises(OutputError, match=r"has the commands for Fiji already") as one:
        install_wrappers(fiji)
    assert not (fiji / "plugins" / "FRM").exists()
    other = fiji.with_name("other")
    (other / "jars").mkdir(parents=True)
    install_wrappers(other)
    with pytest.raises(OutputError, match=r"for plain ImageJ already") as two:
        install_scripts(other)
    assert not (other / "scripts").exists()
    assert {one.value.code, two.value.code} == {"E_COMMANDS_TWICE"}


def test_scripts_are_for_a_fiji_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        install_scripts(tmp_path)
    assert caught.value.code == "E_FIJI_FOLDER"
    assert not list(tmp_path.iterdir())
