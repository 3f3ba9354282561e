"""Lets a question wait for the end of a job, and cost nothing meanwhile.

A question every few ms takes a twentieth of the work's time from it, on few cores; and
what asks seldom hears of the end late.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Bell:
    """Rung when a job ends; all who wait look whether it was theirs."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ring(self) -> None:
        """Wake all who wait; for any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the server is ending, and nobody waits
                self._loop.call_soon_threadsafe(self._wake)

    async def wait(self, happened: Callable[[], bool], limit_s: float) -> None:
        """Wait until something has happened, but no longer than so long."""
        self._loop = asyncio.get_running_loop()
        until = self._loop.time() + limit_s
        while not happened() and (left := until - self._loop.time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._rung.wait(), left)

    def _wake(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()
