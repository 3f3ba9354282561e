"""Images with known nuclei, measured in the real ImageJ (one JVM per test process)."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from frm_bridge.imagej import WorkflowResult, run_workflow, start_imagej
from frm_bridge.images import write_plane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Write a plane as ``<name>.tif``."""

    def write(
        pixels: NDArray[Any], *, pixel_size_um: float | None = None, name: str = "field"
    ) -> Path:
        path = tmp_path / f"{name}.tif"
        write_plane(path, pixels, pixel_size_um=pixel_size_um, overwrite=True)
        return path

    return write


@pytest.fixture
def measure(tmp_path: Path, save: Callable[..., Path]) -> Callable[..., WorkflowResult]:
    """Run the nuclei workflow on an array."""

    def run(
        pixels: NDArray[Any], *, pixel_size_um: float | None = None, **parameters: Any
    ) -> WorkflowResult:
        path = save(pixels, pixel_size_um=pixel_size_um)
        return run_workflow(
            "nuclei", path, tmp_path / "out", parameters=parameters, overwrite=True
        )

    return run


@pytest.fixture
def in_fiji(tmp_path: Path) -> Callable[..., Path]:
    """Run a workflow in the Fiji that FRM_FIJI names; gives the folder of its results.

    A process holds one ImageJ, so this is another process. What it prints is kept in
    ``printed.txt``; ``after`` is Python to run there when the workflow has ended.
    """

    def run(workflow: str, *images: Path, after: str = "", **parameters: Any) -> Path:
        output = tmp_path / "fiji"
        code = (
            "import os; from pathlib import Path\n"
            "from frm_bridge.imagej import Source, run_workflow\n"
            "fiji = Path(os.environ['FRM_FIJI'])\n"
            f"images = [Source(Path(each)) for each in {list(map(str, images))!r}]\n"
            f"output = Path({str(output)!r})\n"
            f"run_workflow({workflow!r}, images, output, fiji=fiji,\n"
            f"             parameters={parameters!r})\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code + after], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        (output / "printed.txt").write_text(done.stdout)
        return output

    return run


def read_table(result: WorkflowResult) -> pd.DataFrame:
    return pd.read_csv(result.objects)


@pytest.fixture
def table() -> Callable[[WorkflowResult], pd.DataFrame]:
    """Read objects.csv."""
    return read_table


def disc(shape: tuple[int, int], y: float, x: float, radius: float) -> NDArray[Any]:
    """A disc as booleans."""
    rows, columns = np.indices(shape)
    inside: NDArray[Any] = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    return inside


@pytest.fixture
def two_touching_discs() -> NDArray[np.uint8]:
    """Two discs of radius 15 whose centres are 26 px apart."""
    shape = (80, 100)
    both = disc(shape, 40, 37, 15) | disc(shape, 40, 63, 15)
    return np.where(both, 200, 10).astype(np.uint8)


@pytest.fixture
def field() -> NDArray[np.float32]:
    """Noisy background at 100 with twelve nuclei of several sizes at 500 to 720."""
    random = np.random.default_rng(7)
    pixels = random.normal(100, 5, (200, 260))
    for number in range(12):
        y, x = 30 + 60 * (number // 4), 30 + 62 * (number % 4)
        inside = disc((200, 260), y, x, 7 + number)
        pixels[inside] += 400 + 20 * number
    return np.round(pixels).astype(np.float32)


@pytest.fixture
def preferences() -> Iterator[Callable[[], Iterator[str]]]:
    """Change, one time after another, every preference that could change a number."""
    from scyjava import jimport

    start_imagej()
    names = (
        "ij.Prefs",
        "ij.plugin.filter.Binary",
        "ij.gui.Wand",
        "ij.measure.Calibration",
    )
    prefs, _, wand, calibration = map(jimport, names)
    analyzer, imp_class = jimport("ij.plugin.filter.Analyzer"), jimport("ij.ImagePlus")
    settings = jimport("ij.measure.Measurements")
    byte = jimport("ij.process.ByteProcessor")
    inches = calibration()
    inches.pixelWidth, inches.pixelHeight = 3.0, 3.0
    inches.setUnit("um")
    scaled = imp_class("global", byte(8, 8))

    def change() -> Iterator[str]:
        for black in (True, False):
            prefs.blackBackground = black
            prefs.padEdges = prefs.intelByteOrder = black
            wand.setAllPoints(black)
            analyzer.setMeasurements(settings.MEDIAN | settings.LIMIT)
            analyzer.setPrecision(0)
            analyzer.setRedirectImage(imp_class("elsewhere", byte(5, 5)))
            scaled.setGlobalCalibration(inches)
            yield f"black background: {black}"
            assert prefs.blackBackground == black

    yield change
    prefs.blackBackground = prefs.padEdges = prefs.intelByteOrder = False
    wand.setAllPoints(False)
    scaled.setGlobalCalibration(None)
    analyzer.setRedirectImage(None)
