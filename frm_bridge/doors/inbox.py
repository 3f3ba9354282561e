"""The folder that a macro puts its request into, so that no path goes through a URL."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from frm_bridge.doors.job import check_name
from frm_bridge.doors.namedlines import decoded
from frm_bridge.doors.reading import parse_json, parse_lines
from frm_bridge.doors.request import check_absolute
from frm_bridge.doors.runtimefile import inbox
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from frm_bridge.doors.request import Request

LONGEST_REQUEST = 2**20
_SUFFIXES = (".txt", ".json")
_STALE_S = 24 * 3600.0  # nobody comes back for a request after so long


def has_request(name: str) -> bool:
    """Whether a request of this job lies there."""
    return _place(name) is not None


@contextmanager
def taken_request(name: str) -> Iterator[Request]:
    """Give a job's request, and remove its file once that has been taken over.

    NB: one that cannot be read stays: ImageJ asks twice, and shows the second answer.

    Raises
    ------
    InputError
        ``E_JOB_NAME``, ``E_REQUEST``.
    """
    place = _place(name)
    if place is None:
        raise InputError(
            "E_REQUEST",
            f"there is no request of the job {name}",
            f"write it as {inbox() / name}.txt first",
        )
    request = _read(place)
    check_absolute(request)
    yield request
    with suppress(OSError):  # a virus scanner may have it open
        place.unlink()


def clear_requests() -> None:
    """Remove requests that were never asked for, of clients that crashed."""
    for left in inbox().iterdir():
        with suppress(OSError):
            old = time.time() - left.lstat().st_mtime > _STALE_S
            if old and left.suffix in _SUFFIXES:
                left.unlink()


def check_length(count: int) -> None:
    """Refuse a request of too many bytes.

    Raises
    ------
    InputError
        ``E_REQUEST``.
    """
    if count > LONGEST_REQUEST:
        raise InputError(
            "E_REQUEST",
            f"the request is longer than {LONGEST_REQUEST:,} bytes",
            "name images by their paths",
        )


def _place(name: str) -> Path | None:
    """Find a job's request; a link could lead anywhere."""
    check_name(name)
    places = [inbox() / f"{name}{suffix}" for suffix in _SUFFIXES]
    return next(
        (place for place in places if place.is_file() and not place.is_symlink()), None
    )


def _read(place: Path) -> Request:
    with place.open("rb") as file:
        content = file.read(LONGEST_REQUEST + 1)
    check_length(len(content))
    text = decoded(content)
    return parse_json(text) if place.suffix == ".json" else parse_lines(text)
