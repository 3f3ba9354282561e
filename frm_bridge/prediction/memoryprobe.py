"""Peak memory of predicting one file, measured in a process of its own.

``python -m frm_bridge.prediction.memoryprobe MODEL DEVICE WINDOW HEIGHT WIDTH`` writes
the numbers as JSON; :func:`probe_memory` starts it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import psutil

from frm_bridge.images import create_image
from frm_bridge.prediction.engine import predict_file
from frm_bridge.prediction.runtime import open_model

if TYPE_CHECKING:
    from frm_bridge.prediction.providers import Device

_BAND_ROWS = 512


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Peak memory of one prediction.

    Attributes
    ----------
    height, width, window : int
        Of the uint16 image and of its windows, in px.
    peak_mb : float
        Resident, with the pages of the mapped files.
    anonymous_mb : float or None
        Without them (``RssAnon``); None where the system does not tell.
    """

    height: int
    width: int
    window: int
    peak_mb: float
    anonymous_mb: float | None


def probe_memory(
    model: Path, *, device: Device, window: int | None, height: int, width: int
) -> MemoryUse:
    """Predict a noise image of this size in a new process and watch its memory."""
    command = [sys.executable, "-m", "frm_bridge.prediction.memoryprobe"]
    numbers = [str(value) for value in (window or 0, height, width)]
    done = subprocess.run(  # noqa: S603 - this very module, by this interpreter
        [*command, str(model), device, *numbers],
        check=True,
        capture_output=True,
        text=True,
    )
    return MemoryUse(**json.loads(done.stdout.splitlines()[-1]))


def _main(arguments: list[str]) -> None:
    model, device = arguments[:2]
    window, height, width = (int(text) for text in arguments[2:])
    peaks = {"peak_mb": 0.0, "anonymous_mb": 0.0}
    finished = threading.Event()

    def watch() -> None:
        ended = False
        while not ended:
            # After the wait, so that even the shortest prediction is seen at its end.
            ended = finished.wait(0.02)
            for name, value in _memory_mb().items():
                peaks[name] = max(peaks[name], value)

    with tempfile.TemporaryDirectory(prefix="frm_bridge_") as folder:
        image = Path(folder) / "noise.tif"
        _write_noise(image, height, width)
        watcher = threading.Thread(target=watch)
        with open_model(model, device=cast("Device", device)) as loaded:
            watcher.start()
            try:
                report = predict_file(
                    image,
                    [loaded],
                    Path(folder) / "out.tif",
                    window=window or None,
                    force=True,
                )
            finally:
                finished.set()
                watcher.join()
    anonymous = peaks["anonymous_mb"] or None
    use = {"peak_mb": peaks["peak_mb"], "anonymous_mb": anonymous}
    size = {"height": height, "width": width, "window": report.window}
    sys.stdout.write(json.dumps(size | use) + "\n")


def _memory_mb() -> dict[str, float]:
    found = {"peak_mb": psutil.Process().memory_info().rss / 1e6}
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("RssAnon:"):
                found["anonymous_mb"] = int(line.split()[1]) * 1024 / 1e6
    return found


def _write_noise(path: Path, height: int, width: int) -> None:
    random = np.random.default_rng(0)
    with create_image(path, axes="YX", shape=(height, width), dtype="uint16") as image:
        for y in range(0, height, _BAND_ROWS):
            rows = min(_BAND_ROWS, height - y)
            band = random.integers(0, 4096, (rows, width), np.uint16)
            image.write_window(0, y, 0, band)


if __name__ == "__main__":
    _main(sys.argv[1:])
