"""Put the FRM commands into the folder of a Fiji, or of a plain ImageJ: never both."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.doors.wrappers import write_wrappers
from frm_bridge.errors import OutputError
from frm_bridge.imagej.gateway import check_fiji_folder
from frm_bridge.imagej.workflows import menu_scripts
from frm_bridge.outputs import make_folder, write_text
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

WRAPPERS = Path("plugins") / "FRM"
SCRIPTS = Path("scripts") / "Plugins" / "FRM"
LIBRARY = Path("jars") / "Lib" / "frm"
CONFIGURATION = "frm.txt"


def install_scripts(folder: Path, *, python: Path | None = None) -> list[Path]:
    """Put the FRM commands into a Fiji: Jython scripts, with the code that they share.

    Parameters
    ----------
    folder : Path
        The one with ``jars`` and ``plugins`` in it.
    python : Path, optional
        The interpreter that FRM Compare and FRM Split start; by default the one that
        runs now.

    Returns
    -------
    list of Path
        What was written: the commands, the shared code, and last the file with the
        interpreter's path.

    Raises
    ------
    InputError
        ``E_FIJI_FOLDER``.
    OutputError
        ``E_COMMANDS_TWICE`` where the commands for plain ImageJ are installed.
    """
    folder = check_fiji_folder(folder)
    _refuse(folder / WRAPPERS, "*.ijm", "the commands for plain ImageJ")
    scripts = menu_scripts()
    modules = sorted((shipped_folder("fiji_scripts") / "lib" / "frm").glob("*.py"))
    return [
        *_copy(scripts, folder / SCRIPTS),
        *_copy(modules, folder / LIBRARY),
        _configure(folder / SCRIPTS, python),
    ]


def install_wrappers(folder: Path, *, python: Path | None = None) -> list[Path]:
    """Put the FRM commands into the folder of a plain ImageJ.

    Parameters
    ----------
    folder : Path
        The one with ``plugins`` in it.
    python : Path, optional
        The interpreter that the commands start; by default the one that runs now.

    Returns
    -------
    list of Path
        What was written: the commands, and last the file with the interpreter's path.

    Raises
    ------
    OutputError
        ``E_COMMANDS_TWICE`` where the commands for Fiji are installed.
    """
    _refuse(folder / SCRIPTS, "*.py", "the commands for Fiji")
    commands = folder / WRAPPERS
    return [*write_wrappers(commands), _configure(commands, python)]


def _refuse(folder: Path, pattern: str, what: str) -> None:
    """Refuse to install a second form: two commands of one name, and one is called."""
    found = sorted(folder.glob(f"FRM_{pattern}"))
    if found:
        raise OutputError(
            "E_COMMANDS_TWICE",
            f"{folder} has {what} already ({found[0].name} and {len(found) - 1} more)",
            f"remove {folder} first, or leave it at that",
        )


def _copy(files: Iterable[Path], folder: Path) -> list[Path]:
    make_folder(folder)
    written = []
    for file in files:
        text = file.read_text(encoding="utf-8")
        write_text(folder / file.name, text, overwrite=True)
        written.append(folder / file.name)
    return written


def _configure(folder: Path, python: Path | None) -> Path:
    """Write which Python the commands start."""
    path = folder / CONFIGURATION
    write_text(path, f"{python or sys.executable}\n", overwrite=True)
    return path
