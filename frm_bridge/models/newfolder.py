"""Folders that appear whole or not at all, for their owner alone."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from frm_bridge.errors import OutputError
from frm_bridge.outputs import folder_of, owner_mark, translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``path`` that becomes ``path`` on success.

    On any exception the temporary folder is removed.

    Yields
    ------
    Path
        An empty folder.

    Raises
    ------
    OutputError
        ``E_OUTPUT_EXISTS`` where ``path`` is there by the end; else as
        `~frm_bridge.outputs.replacing`.
    """
    partial = path.with_name(f".{path.name}.{owner_mark()}.partial")
    with folder_of(path), translated_os_errors(path):
        try:
            partial.mkdir(mode=0o700)
            yield partial
            _put(partial, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _put(partial: Path, path: Path) -> None:
    try:
        os.rename(partial, path)
    except OSError as error:
        if not path.exists():
            raise
        raise OutputError(
            "E_OUTPUT_EXISTS",
            f"{path} has come to be in the meantime",
            "see what is there, and begin again",
        ) from error


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it; at no time is a part of it there.

    Raises
    ------
    OSError
        The folder cannot be moved.
    """
    aside = path.with_name(f".{path.name}.{owner_mark()}.partial")
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        return
    shutil.rmtree(aside, ignore_errors=True)
