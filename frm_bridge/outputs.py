"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import re
import shutil
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from frm_bridge.errors import FrmError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}


def check_absent(path: Path, *, overwrite: bool) -> None:
    """Refuse a path that exists already, unless it may be overwritten.

    Raises
    ------
    OutputError
        ``E_OUTPUT_EXISTS`` when the path exists and ``overwrite`` is false;
        ``E_OUTPUT_READ_ONLY`` when its folder may not even be looked into.
    """
    with translated_os_errors(path):
        exists = path.exists()
    if exists and not overwrite:
        raise OutputError(
            "E_OUTPUT_EXISTS",
            f"{path} exists already",
            "choose another --output, or allow it with --overwrite",
        )


def make_folder(path: Path) -> Path:
    """Create a folder for results and give it back.

    Raises
    ------
    OutputError
        ``E_DISK_FULL``, ``E_OUTPUT_READ_ONLY``, ``E_OUTPUT_NAME`` for one too long, or
        ``E_OUTPUT_FOLDER`` for a path that can be no folder: a file stands there, or
        the system does not allow it.
    """
    try:
        with translated_os_errors(path):
            path.mkdir(parents=True, exist_ok=True)
    except FrmError:
        raise
    except OSError as error:
        raise OutputError(
            "E_OUTPUT_FOLDER",
            f"a folder was expected at {path}: {_obstacle(path) or error.strerror}",
            "choose another --output",
        ) from error
    return path


@contextmanager
def folder_of(path: Path) -> Iterator[None]:
    """Make the folder that ``path`` is to lie in; undo that if the work fails.

    Raises
    ------
    OutputError
        As `make_folder`.
    """
    with translated_os_errors(path):
        missing = [folder for folder in path.parents if not folder.exists()]
    make_folder(path.parent)
    try:
        yield
    except BaseException:
        for folder in missing:  # the innermost comes first
            with suppress(OSError):  # it is not empty: someone else's, or a result
                folder.rmdir()
        raise


def _obstacle(path: Path) -> str | None:
    """Name the file that stands where a folder should be."""
    # NB: Path.is_file() raises for names that os.path.isfile() merely denies.
    files = (place for place in (path, *path.parents) if os.path.isfile(place))
    return next((f"{file} is a file" for file in files), None)


@contextmanager
def replacing(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary name beside ``path`` that becomes ``path`` on success.

    On any exception the temporary file is removed, and what stood at ``path`` before
    is left as it was.

    Parameters
    ----------
    path : Path
        The final file.
    overwrite : bool
        Replace an existing file.

    Yields
    ------
    Path
        Where to write; same folder and same suffix, so that a rename suffices and
        libraries that look at the suffix are content.

    Raises
    ------
    OutputError
        ``E_OUTPUT_EXISTS``, ``E_DISK_FULL``, ``E_OUTPUT_READ_ONLY`` or
        ``E_OUTPUT_FOLDER``.
    """
    check_absent(path, overwrite=overwrite)
    if path.is_dir():
        raise OutputError(
            "E_OUTPUT_FOLDER",
            f"a folder stands where the file {path} should be written",
            "choose another --output, or rename that folder",
        )
    partial = path.with_name(f".{path.stem}.{owner_mark()}.partial{path.suffix}")
    with folder_of(path):
        try:
            with translated_os_errors(path):
                yield partial
                _put(partial, path)
        finally:
            with suppress(OSError):  # it is not there; or the first error matters more
                partial.unlink()


def _put(partial: Path, path: Path) -> None:
    try:
        os.replace(partial, path)
    except FileNotFoundError as error:
        raise OutputError(
            "E_OUTPUT_FOLDER",
            f"{path} cannot be written: its folder, or what was written there, has "
            "gone in the meantime",
            "see whether the disk, or the share, is still there, and begin again",
        ) from error


def owner_mark() -> str:
    """Give what names an unfinished file's owner: a process, and a number.

    The process is this one, or the one that this one works for.
    """
    parent = multiprocessing.parent_process()
    owner = os.getpid() if parent is None or parent.pid is None else parent.pid
    return f"{owner}-{uuid.uuid4().hex[:8]}"


def remove_partials(folder: Path, owner: int, *, of: Path | None = None) -> list[Path]:
    """Remove what a process that was killed left unfinished in a folder.

    Parameters
    ----------
    folder : Path
        Its subfolders are not looked into.
    owner : int
        The process. What another is writing stays.
    of : Path, optional
        Only what was to become this file or folder.

    Returns
    -------
    list of Path
        What was removed.
    """
    mark = rf"\.{owner}-[0-9a-f]{{8}}\.partial"
    wanted = rf"\..+{mark}(\.\w+)?"
    if of is not None:
        # NB: a folder's whole name stands in its partial's, a file's suffix at the end.
        folder_name, file_name = re.escape(of.name), re.escape(of.stem)
        suffix = re.escape(of.suffix)
        wanted = rf"\.{folder_name}{mark}|\.{file_name}{mark}{suffix}"
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    partials = [entry for entry in entries if re.fullmatch(wanted, entry.name)]
    for partial in partials:
        if partial.is_dir() and not partial.is_symlink():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)
    return partials


@contextmanager
def translated_os_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a read-only folder into an ``OutputError`` about ``path``."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise disk_full(path) from error
        if error.errno in _NOT_WRITABLE:
            raise OutputError(
                "E_OUTPUT_READ_ONLY",
                f"{path} cannot be written: {error.strerror}",
                "choose a folder that you may write to",
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise OutputError(
                "E_OUTPUT_NAME",
                f"{path} cannot be written: {error.strerror}",
                "give the image, or --output, a shorter name",
            ) from error
        raise


def disk_full(path: Path) -> OutputError:
    """Give the error for a disk that filled up while ``path`` was written."""
    return OutputError(
        "E_DISK_FULL",
        f"the disk, or your share of it, filled up while writing {path}",
        "free some space or choose another --output; nothing was left behind",
    )


def check_space(path: Path, needed: int) -> None:
    """Refuse to begin an output that the disk cannot hold.

    Parameters
    ----------
    path : Path
        The file to be written; its folder exists.
    needed : int
        Bytes.

    Raises
    ------
    OutputError
        ``E_DISK_FULL``.
    """
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise OutputError(
            "E_DISK_FULL",
            f"the disk has only {_in_words(free)} free; {_in_words(needed)} are needed",
            "free some space or choose another --output; nothing was written",
        )


def _in_words(count: int) -> str:
    """Write a number of bytes in the unit that shows it."""
    return f"{count / 1e6:,.0f} MB" if count >= 10**7 else f"{count / 1e3:,.0f} kB"


def write_json(path: Path, content: Mapping[str, Any], *, overwrite: bool) -> None:
    """Write a mapping as indented JSON; NaN is refused, for it is not JSON."""
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    write_text(path, text, overwrite=overwrite)


def write_text(path: Path, text: str, *, overwrite: bool) -> None:
    """Write UTF-8 text with Unix line ends."""
    with replacing(path, overwrite=overwrite) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
