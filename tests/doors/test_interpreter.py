"""Whether a Python has frm_bridge: asked as ImageJ will call it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import frm_bridge
from frm_bridge.doors.interpreter import ask_version, check_interpreter
from frm_bridge.errors import EnvironmentProblem


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program to be written."""
    return tmp_path / "bin é" / "python"


def say(program: Path, text: str, status: int = 0) -> Path:
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\necho '{text}'\nexit {status}\n")
    program.chmod(0o755)
    return program


def test_this_python_has_this_version() -> None:
    assert ask_version(Path(sys.executable)) == frm_bridge.__version__
    check_interpreter(Path(sys.executable))


@pytest.mark.skipif(sys.platform == "win32", reason="programs are shell scripts here")
@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("No module named frm_bridge", 1, "it says: No module named frm_bridge"),
        ("Unknown option: -P", 2, "it says: Unknown option: -P"),
        ("", 0, "it says: nothing"),
        ("Python 3.11.7", 0, "it says: Python 3.11.7"),
        ("frm-bridge 0.1.0", 1, "has no frm_bridge"),
    ],
)
def test_a_python_without_frm_bridge_is_told_by_its_last_words(
    text: str, status: int, said: str, program: Path
) -> None:
    with pytest.raises(EnvironmentProblem, match=said) as caught:
        ask_version(say(program, text, status))
    assert caught.value.code == "E_PYTHON"
    assert str(program) in caught.value.message


def test_what_is_no_program_is_told(program: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="there is no program"):
        ask_version(program)
    with pytest.raises(EnvironmentProblem, match="there is no program"):
        ask_version(program.parent.parent)
    program.parent.mkdir()
    program.write_text("no program")
    with pytest.raises(EnvironmentProblem, match="Permission denied"):
        ask_version(program)


@pytest.mark.skipif(sys.platform == "win32", reason="programs are shell scripts here")
def test_a_python_with_another_version_is_to_install_its_own(program: Path) -> None:
    other = say(program, "frm-bridge 99.1")
    assert ask_version(other) == "99.1"
    with pytest.raises(
        EnvironmentProblem, match=r"has frm_bridge 99\.1; this one"
    ) as e:
        check_interpreter(other)
    assert f"{other} -m frm_bridge.cli install-fiji" in e.value.fix


@pytest.mark.skipif(sys.platform == "win32", reason="programs are shell scripts here")
def test_a_python_that_never_answers_is_told(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frm_bridge.doors.interpreter._LONGEST_S", 0.2)
    say(program, "")
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(EnvironmentProblem, match=r"timed out after 0\.2 seconds"):
        ask_version(program)
