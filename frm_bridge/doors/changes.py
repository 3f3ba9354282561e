"""Changes to somebody's folder, which happen all or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from frm_bridge.outputs import make_folder, replacing, translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Changes:
    """Files written and removed within a ``with``; an exception undoes them all.

    Attributes
    ----------
    made : list of Path
        The folders that were made, each after the one it lies in.
    """

    def __init__(self) -> None:
        self.made: list[Path] = []
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Keep what was done, or undo it after an exception, Ctrl-C too."""
        if kind is None:
            return
        for undo in reversed(self._undo):
            with suppress(OSError):  # the first error matters more
                undo()

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, and make its folder.

        Raises
        ------
        OutputError
            As `frm_bridge.outputs.replacing`.
        """
        with translated_os_errors(path):
            missing = [folder for folder in path.parents if not folder.exists()]
        for folder in reversed(missing):
            make_folder(folder)
            self.made.append(folder)
            self._undo.append(folder.rmdir)
        self._undo.append(_restoring(path))
        with replacing(path, overwrite=True) as partial:
            partial.write_bytes(content)

    def remove(self, path: Path) -> None:
        """Remove a file.

        Raises
        ------
        OutputError
            ``E_OUTPUT_READ_ONLY``.
        """
        with translated_os_errors(path):
            restore = _restoring(path)
            path.unlink()
        self._undo.append(restore)

    def remove_folder(self, path: Path) -> None:
        """Remove a folder if nothing is in it.

        Raises
        ------
        OutputError
            ``E_OUTPUT_READ_ONLY``.
        """
        with translated_os_errors(path):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
                self._undo.append(path.mkdir)


def _restoring(path: Path) -> Callable[[], object]:
    """Give what puts a file back as it is now, or removes it where there is none."""
    if not path.is_file():
        return lambda: path.unlink(missing_ok=True)
    content, state = path.read_bytes(), path.stat()

    def restore() -> None:
        with replacing(path, overwrite=True) as partial:  # the disk may be full
            partial.write_bytes(content)
            partial.chmod(state.st_mode)
            os.utime(partial, ns=(state.st_atime_ns, state.st_mtime_ns))

    return restore
