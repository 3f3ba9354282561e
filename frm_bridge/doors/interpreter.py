"""The Python that ImageJ calls: whether it has frm_bridge, and of which version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from frm_bridge import __version__
from frm_bridge.errors import EnvironmentProblem

# How ImageJ calls it too; -P: whatever lies in the current folder is not imported.
MODULE = ("-P", "-m", "frm_bridge.cli")
_LONGEST_S = 60


def this_python() -> Path:
    """Give the interpreter that runs now."""
    return Path(sys.executable)


def ask_version(python: Path) -> str:
    """Let an interpreter say which frm_bridge it has.

    Parameters
    ----------
    python : Path
        Its program.

    Returns
    -------
    str
        As ``0.1.0``.

    Raises
    ------
    EnvironmentProblem
        ``E_PYTHON`` where it does not run, or has no frm_bridge.
    """
    fix = "name a Python that has frm_bridge by --python, as FOLDER/bin/python"
    if not python.is_file():
        raise EnvironmentProblem("E_PYTHON", f"there is no program {python}", fix)
    try:
        done = subprocess.run(  # noqa: S603 - the user's own choice
            [str(python), *MODULE, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentProblem("E_PYTHON", f"{python}: {error}", fix) from error
    said = done.stdout.decode(errors="replace").strip().splitlines() or ["nothing"]
    name, _, version = said[-1].partition(" ")
    if done.returncode or name != "frm-bridge":
        raise EnvironmentProblem(
            "E_PYTHON", f"{python} has no frm_bridge; it says: {said[-1]}", fix
        )
    return version


def check_interpreter(python: Path) -> None:
    """Refuse an interpreter that has no frm_bridge, or another than this one.

    Raises
    ------
    EnvironmentProblem
        ``E_PYTHON``.
    """
    version = ask_version(python)
    if version != __version__:
        raise EnvironmentProblem(
            "E_PYTHON",
            f"{python} has frm_bridge {version}; this one is {__version__}",
            f"install by that one: {python} -m frm_bridge.cli install-fiji",
        )
