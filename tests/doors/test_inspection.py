"""What a check says of an install, and that its fixes are fixes."""

from __future__ import annotations

import hashlib
import re
import sys
from typing import TYPE_CHECKING

import pytest

import frm_bridge
from frm_bridge.doors import install
from frm_bridge.doors.inspection import check

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from frm_bridge.doors.findings import Finding

VERSION = frm_bridge.__version__


@pytest.fixture
def fiji(lay_out: Callable[[str, Path], Path], tmp_path: Path) -> Path:
    """A Fiji with the commands."""
    folder = lay_out("fiji", tmp_path / "Fiji é")
    install(folder)
    return folder


def faults(folder: Path) -> list[Finding]:
    return [finding for finding in check(folder) if finding.state == "fault"]


@pytest.mark.parametrize("form", ["fiji", "imagej"])
def test_a_whole_install_has_no_fault_and_each_file_is_told(
    form: str, lay_out: Callable[[str, Path], Path], tmp_path: Path
) -> None:
    folder = lay_out(form, tmp_path / "à b")
    done = install(folder)
    findings = check(folder)
    assert {finding.state for finding in findings} == {"ok"}
    assert {finding.fix for finding in findings} == {""}
    told = [finding.found for finding in findings if finding.part == "file"]
    assert told == [
        f"{path.relative_to(folder).as_posix()} is that of {VERSION}"
        for path in done.files[:-1]
    ]
    others = [finding.part for finding in findings if finding.part != "file"]
    assert others == ["version", "Python"] + ["Jython"] * (form == "fiji")


def test_a_folder_without_the_commands_is_told(
    lay_out: Callable[[str, Path], Path], tmp_path: Path
) -> None:
    (fault,) = faults(lay_out("imagej", tmp_path / "ImageJ"))
    assert fault.found.endswith("has no FRM commands")
    assert fault.fix == f'frm-bridge install-fiji "{tmp_path / "ImageJ"}"'


def test_files_that_are_missing_or_changed_are_told_with_their_fix(fiji: Path) -> None:
    (fiji / "jars/Lib/frm/tune.py").unlink()
    (fiji / "scripts/Plugins/FRM/FRM_Tune.py").write_text("my own")
    changed, missing = faults(fiji)
    assert changed.found.startswith("scripts/Plugins/FRM/FRM_Tune.py was changed")
    assert changed.fix.endswith(f'install-fiji "{fiji}" --overwrite')
    assert missing.found == "jars/Lib/frm/tune.py is missing"
    install(fiji, overwrite=True)
    assert faults(fiji) == []


@pytest.mark.parametrize("version", ["0.0.9", ""])
def test_an_older_install_is_told_with_its_fix(version: str, fiji: Path) -> None:
    record = fiji / "scripts/Plugins/FRM/frm.txt"
    script = fiji / "scripts/Plugins/FRM/FRM_Tune.py"
    if version:
        text = record.read_text().replace(f"version={VERSION}", f"version={version}")
        old = hashlib.sha256(b"older").hexdigest()
        text = re.sub(r"(FRM_Tune.py)=.*", rf"\1={old}", text)
        text += f"file jars/Lib/frm/gone.py={old}\nfile jars/Lib/frm/never.py={old}\n"
        (fiji / "jars/Lib/frm/gone.py").write_text("older")
        record.write_text(text)
    else:
        record.write_text(f"{sys.executable}\n")
    script.write_text("older")
    told = faults(fiji)
    assert len(told) == (3 if version else 2)
    assert told[0].part == "version"
    assert f"frm_bridge {version or 'before 0.1'}; this is {VERSION}" in told[0].found
    assert told[1].found == "scripts/Plugins/FRM/FRM_Tune.py is of another version"
    if version:
        assert told[2].found == "jars/Lib/frm/gone.py is no longer a part of frm_bridge"
    assert {fault.fix for fault in told} == {f'frm-bridge install-fiji "{fiji}"'}
    install(fiji)
    assert faults(fiji) == []


@pytest.mark.skipif(sys.platform == "win32", reason="programs are shell scripts here")
@pytest.mark.parametrize(
    ("program", "said", "fix"),
    [
        (None, "there is no program", "frm-bridge install-fiji"),
        (
            "echo frm-bridge 99.1",
            "has frm_bridge 99.1; the",
            '"{python}" -m frm_bridge',
        ),
        ("echo broken; exit 1", "it says: broken", "frm-bridge install-fiji"),
    ],
)
def test_a_python_that_went_away_or_changed_is_told(
    program: str | None, said: str, fix: str, fiji: Path, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    if program:
        python.write_text(f"#!/bin/sh\n{program}\n")
        python.chmod(0o755)
    record = fiji / "scripts/Plugins/FRM/frm.txt"
    record.write_text(record.read_text().replace(sys.executable, str(python)))
    (fault,) = faults(fiji)
    assert said in fault.found
    assert fault.fix.startswith(fix.format(python=python))


def test_a_fiji_without_jython_and_both_forms_are_told(fiji: Path) -> None:
    (fiji / "jars/scripting-jython-1.0.1.jar").unlink()
    (fault,) = faults(fiji)
    assert "has no scripting-jython" in fault.found
    assert "Help > Update" in fault.fix
    (fiji / "plugins/FRM").mkdir()
    (fiji / "plugins/FRM/FRM_Split.ijm").write_text("")
    (fault,) = faults(fiji)
    assert "has the commands for a plain ImageJ" in fault.found
    assert fault.fix.startswith(f"delete {fiji / 'plugins/FRM'}")
