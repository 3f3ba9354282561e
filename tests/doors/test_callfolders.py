"""The folders of commands whose ImageJ was killed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from frm_bridge.doors.callfolders import OWNER, clear_call_folders

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="on Windows they are left to Windows"
)


def test_only_folders_of_an_imagej_that_has_ended_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen(["true"])
    ended.wait()
    here = socket.gethostname()
    owners = {
        "frm1": f"{ended.pid}@{here}",
        "frm2": f"{os.getpid()}@{here}\n",
        "frm3": f"{ended.pid}@another machine",
        "frm4": "nobody",
        "frmx": f"{ended.pid}@{here}",
    }
    for name, owner in owners.items():
        (tmp_path / name / "of").mkdir(parents=True)
        (tmp_path / name / OWNER).write_text(owner)
    (tmp_path / "frm5").mkdir()
    (tmp_path / "frm6").symlink_to(tmp_path / "frmx")
    clear_call_folders()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["frm2", "frm3", "frm4", "frm5", "frm6", "frmx"]
