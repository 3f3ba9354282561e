"""The temporary folders of the FRM commands, whose ImageJ may have been killed.

A command makes ``frm123...`` among the temporary files, for its user alone, notes in
``owner.txt`` whose it is, as ``PID@HOST``, and removes it at its end.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

_log = logging.getLogger(__name__)
_NAME = re.compile(r"frm\d+")
OWNER = "owner.txt"


def is_call_folder(folder: Path) -> bool:
    """Whether a folder has the name of one that a command makes."""
    return _NAME.fullmatch(folder.name) is not None


def clear_call_folders() -> None:
    """Remove those of this user whose ImageJ has ended on this machine."""
    if sys.platform == "win32":  # where nobody can be asked whether he lives by os.kill
        return
    # NB: Java on Linux heeds no TMPDIR.
    for place in {Path(tempfile.gettempdir()), Path("/tmp")}:  # noqa: S108
        with suppress(OSError):
            for folder in place.glob("frm*"):
                if is_call_folder(folder) and _is_left(folder):
                    shutil.rmtree(folder, ignore_errors=True)
                    _log.warning("removed %s: its ImageJ has ended", folder)


def _is_left(folder: Path) -> bool:
    """Whether it certainly belongs to nobody any more."""
    try:
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            return False
        owner, _, host = (folder / OWNER).read_text("utf-8").strip().partition("@")
        if host != socket.gethostname():
            return False
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return False
