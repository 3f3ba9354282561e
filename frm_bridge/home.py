"""The folder that frm_bridge keeps for a user.

::

    ~/.frm_bridge           or the folder that FRM_BRIDGE_HOME names
    ├── models/             NAME/VERSION/: the models that were installed
    ├── packages/           SHA-256/: packages that were given as a zip, unpacked
    ├── folders.txt         where the FRM commands were installed
    └── server.txt ...      of the server: see doors.runtimefile
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.errors import EnvironmentProblem, InputError
from frm_bridge.outputs import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "FRM_BRIDGE_HOME"
FOLDERS = "folders.txt"
FOLDER_MARK = "folder "


def home() -> Path:
    """Give the folder, and make it, for its owner alone.

    Raises
    ------
    InputError, EnvironmentProblem
        ``E_HOME``.
    """
    with explained():
        folder = home_path()
        if not folder.is_dir():
            make_folder(folder)
            folder.chmod(0o700)
    return folder


def home_path() -> Path:
    """Give the folder, which need not be there.

    Raises
    ------
    InputError, EnvironmentProblem
        ``E_HOME``.
    """
    named = os.environ.get(VARIABLE)
    # NB: Java's side reads the variable as it is: no ~, and another current folder.
    if named and not Path(named).is_absolute():
        raise InputError(
            "E_HOME",
            f"{VARIABLE} is {named}; a whole path was expected",
            "name a folder from the root on, or leave the variable away",
        )
    with explained():
        return Path(named) if named else Path.home() / ".frm_bridge"


def installed_folders() -> dict[Path, str]:
    """Give the folders that this user installed the commands into, and their forms.

    ``fiji`` and ``imagej`` are the forms.
    """
    path = home_path() / FOLDERS
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8", errors="replace")
    # NB: a folder's name may have a =, a form has none: the last one parts them.
    lines = (line.rpartition("=") for line in text.splitlines())
    return {
        Path(name.removeprefix(FOLDER_MARK)): form
        for name, _, form in lines
        if name.startswith(FOLDER_MARK)
    }


@contextmanager
def explained() -> Iterator[None]:
    """Explain what the system does not allow in this folder.

    Raises
    ------
    EnvironmentProblem
        ``E_HOME``.
    """
    try:
        yield
    # NB: a disk without locks raises NotImplementedError, a user without a home
    # RuntimeError.
    except (OSError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, EnvironmentProblem):
            raise
        named = os.environ.get(VARIABLE) or "~/.frm_bridge"
        raise EnvironmentProblem(
            "E_HOME",
            f"{named}, the folder of frm_bridge, cannot be used: "
            f"{getattr(error, 'message', error)}",
            f"let {VARIABLE} name a folder of your own on a disk of this machine, in "
            "the environment that ImageJ starts in, too",
        ) from error
