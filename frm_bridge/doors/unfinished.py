"""What a server is writing, noted so that the next one can tidy up after a crash.

A process that is killed leaves its hidden partial files where it wrote. The note names
the outputs, and the partial files say whose they are: nothing else is touched.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from frm_bridge.doors.callfolders import is_call_folder
from frm_bridge.doors.namedlines import parse_named_lines
from frm_bridge.doors.runtimefile import running_path, write_private
from frm_bridge.errors import FrmError
from frm_bridge.outputs import remove_partials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from frm_bridge.doors.request import Request

_log = logging.getLogger(__name__)


class Unfinished:
    """The outputs that this process is writing, in a file; for any thread."""

    def __init__(self) -> None:
        self._requests: list[Request] = []
        self._lock = Lock()

    @contextmanager
    def noted(self, request: Request) -> Iterator[None]:
        """Keep a request's output noted for as long as it is worked on."""
        try:
            with self._lock:
                self._requests.append(request)
                self._write()
            yield
        finally:
            with self._lock:
                self._requests.remove(request)
                self._write()

    def _write(self) -> None:
        # A full disk, or a folder that is gone: the work matters more.
        with suppress(OSError, FrmError):
            if not self._requests:
                running_path().unlink(missing_ok=True)
                return
            lines: dict[str, object] = {"pid": os.getpid()}
            for number, request in enumerate(self._requests, 1):
                lines[f"{request.action} {number}"] = request.output
            write_private(running_path(), lines)


def clear_unfinished() -> None:
    """Remove what a server that was killed left unfinished; no other may run.

    An earlier comparison that it had put aside is given back.
    """
    path = running_path()
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        noted = parse_named_lines(text)
        owner = int(noted.pop("pid"))
    except (OSError, KeyError, ValueError):
        noted = {}
    for name, output in noted.items():
        with suppress(OSError):
            for partial in _cleared(name.partition(" ")[0], Path(output), owner):
                _log.warning("removed %s: process %d was killed", partial, owner)
            # A macro removes its folder, but sees no hidden files in it.
            if is_call_folder(Path(output).parent):
                Path(output).parent.rmdir()
    path.unlink(missing_ok=True)


def _cleared(action: str, output: Path, owner: int) -> Iterator[Path]:
    yield from remove_partials(output.parent, owner, of=output)
    if action == "split":
        for side in ("input", "target"):
            yield from remove_partials(output / side, owner)
    if action == "compare":
        from frm_bridge.comparison.folder import recover

        recover(output, owner=owner)
        with suppress(OSError):  # there was an earlier one, or other files
            output.rmdir()
