"""Models that stay open between predictions, so that only the first one waits."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

from frm_bridge.models.registry import find_model
from frm_bridge.prediction.runtime import open_model

if TYPE_CHECKING:
    from pathlib import Path

    from frm_bridge.prediction.loaded import LoadedModel
    from frm_bridge.prediction.providers import Device

DEFAULT_LIMIT = 4  # models of one experiment; each holds some 100 MB when it runs


class OpenModels:
    """The models that were used last, open; for any thread.

    Parameters
    ----------
    limit : int
        How many stay open; the one that was not used for longest goes first.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._open: OrderedDict[tuple[object, ...], LoadedModel] = OrderedDict()
        self._lock = Lock()
        self._names: list[str] = []

    def get(
        self, model: str | Path, *, device: Device = "auto", require_gpu: bool = False
    ) -> LoadedModel:
        """Give a model that is open, or open it.

        A file that changed since is opened anew.

        Parameters
        ----------
        model, device, require_gpu
            As for :func:`~frm_bridge.prediction.runtime.open_model`.

        Returns
        -------
        LoadedModel
            Not to be closed: it serves others, too.

        Raises
        ------
        FrmError
            As :func:`~frm_bridge.prediction.runtime.open_model`.
        """
        path = find_model(model).resolve()
        key = (path, _state(path), device, require_gpu)
        with self._lock:
            try:
                if key not in self._open:
                    self._forget_older(key)
                    self._open[key] = open_model(
                        path, device=device, require_gpu=require_gpu
                    )
                self._open.move_to_end(key)
                # NB: not closed, since another thread may still predict with it; its
                # memory goes when the last one drops it.
                while len(self._open) > self._limit:
                    self._open.popitem(last=False)
                return self._open[key]
            finally:
                self._names = [each.card.name for each in self._open.values()]

    def names(self) -> list[str]:
        """Give the names of the models that are open, the one used last at the end.

        It does not wait for a model that is being opened.
        """
        return list(self._names)

    def clear(self) -> None:
        """Let all go."""
        with self._lock:
            self._open.clear()
            self._names = []

    def _forget_older(self, key: tuple[object, ...]) -> None:
        """Drop what was opened of a file before it changed."""
        for other in list(self._open):
            if other[0] == key[0] and other[1] != key[1]:
                del self._open[other]


def _state(path: Path) -> tuple[int, ...]:
    """Give what differs once a file was written or replaced, times kept or not."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
