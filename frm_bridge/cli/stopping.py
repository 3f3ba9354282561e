"""Ctrl-C and SIGTERM: end the command, also where a library lets neither through."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_asked = threading.Event()


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM, which clusters send, clean up as Ctrl-C does.

    NB: Python drops an exception that a signal raises while it runs a finaliser, so
    the wish to stop is kept as well, for `raise_if_stopped`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        _asked.set()
        raise KeyboardInterrupt

    _asked.clear()
    before = {
        number: signal.signal(number, stop)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def raise_if_stopped() -> None:
    """End now, if a signal asked for it and its exception was lost."""
    if _asked.is_set():
        _asked.clear()
        raise KeyboardInterrupt
