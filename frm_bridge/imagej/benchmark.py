"""How fast the nuclei workflow runs here, against ImageJ's own calls."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.errors import WorkflowError
from frm_bridge.imagej.gateway import start_imagej
from frm_bridge.imagej.runner import run_workflow
from frm_bridge.images import write_plane

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

FIRST_SIDE, SIDE = 512, 2048
FIELDS = 100
ROUNDS = 5
_WARM_FIELDS = 10
# The workflow's own calls as a macro: median for the guard against hot pixels, blur,
# threshold, fill, watershed, Analyze Particles; table and label image are saved.
_BARE = """
run("Close All");
setBatchMode(true);
setOption("BlackBackground", true);
run("Set Measurements...", "area mean min centroid perimeter fit shape feret's redirect=None decimal=6");
open("{path}");
rename("stain");
run("Duplicate...", "title=mask");
run("32-bit");
run("Duplicate...", "title=quiet");
run("Median...", "radius=1");
getStatistics(area, mean, least, most);
selectWindow("mask");
run("Gaussian Blur...", "sigma=1.5");
run("8-bit");
setAutoThreshold("Otsu dark");
run("Convert to Mask");
run("Fill Holes");
run("Watershed");
run("Set Measurements...", "area mean min centroid perimeter fit shape feret's redirect=stain decimal=6");
run("Analyze Particles...", "size=50-Infinity show=[Count Masks] clear");
saveAs("Results", "{path}.csv");
saveAs("Tiff", "{path}.labels.tif");
run("Close All");
"""  # noqa: E501 - lines of a macro


@dataclass(frozen=True, slots=True)
class ImageJSpeed:
    """What was measured; seconds, and bytes.

    Attributes
    ----------
    first_s : float
        From the start of a process to the table of a field of 512 x 512 px.
    workflow_s, macro_s : float
        Median of one further field of 2048 x 2048 px: the workflow with all that it
        writes, and a plain macro of the same steps.
    fields : int
        Run one after another in one Java.
    heap_growth : float
        Java's heap in use after the last field over that after the tenth, both after a
        garbage collection.
    nuclei : int
        On the large field.
    """

    first_s: float
    workflow_s: float
    macro_s: float
    fields: int
    heap_growth: float
    nuclei: int

    @property
    def ratio(self) -> float:
        """Workflow over macro."""
        return self.workflow_s / self.macro_s

    def describe(self) -> str:
        """Give the lines to print."""
        return (
            f"first nuclei table of {FIRST_SIDE}^2, process start to file: "
            f"{self.first_s:.1f} s\n"
            f"a further {SIDE}^2 ({self.nuclei} nuclei): {self.workflow_s:.2f} s; a "
            f"macro of the same steps: {self.macro_s:.2f} s; ratio {self.ratio:.2f}\n"
            f"{self.fields} fields in one Java: heap in use x {self.heap_growth:.2f} "
            f"since the {_WARM_FIELDS}th"
        )


def measure_speed(*, progress: Callable[[int, int], None] | None = None) -> ImageJSpeed:
    """Time the nuclei workflow on synthetic fields, in rounds that alternate.

    Parameters
    ----------
    progress : callable (done, total), optional
        Counted in fields.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        first, large = folder / "first.tif", folder / "large.tif"
        write_plane(first, synthetic_field(FIRST_SIDE))
        write_plane(large, synthetic_field(SIDE))
        first_s = _time_process(first, folder / "first")
        workflow_s, macro_s, nuclei = _time_rounds(large, folder)
        growth = _heap_growth(first, folder / "many", progress)
    return ImageJSpeed(first_s, workflow_s, macro_s, FIELDS, growth, nuclei)


def synthetic_field(side: int) -> NDArray[np.uint16]:
    """Draw a synthetic field of round nuclei on noise, about one in 64 x 64 px."""
    random = np.random.default_rng(0)
    field = random.normal(200, 10, (side, side))
    rows, columns = np.indices((33, 33)) - 16
    for y in range(32, side - 31, 64):
        for x in range(32, side - 31, 64):
            top, left = np.array([y, x]) - 16 + random.integers(-8, 9, 2)
            nucleus = rows**2 + columns**2 <= random.integers(6, 15) ** 2
            field[top : top + 33, left : left + 33] += 1500 * nucleus
    return np.clip(field.round(), 0, 65535).astype(np.uint16)


def _time_process(image: Path, output: Path) -> float:
    command = [sys.executable, "-m", "frm_bridge.cli", "analyze", "nuclei", str(image)]
    start = time.perf_counter()
    subprocess.run(  # noqa: S603 - this very program
        [*command, "--output", str(output)], check=True, capture_output=True
    )
    return time.perf_counter() - start


def _time_rounds(image: Path, folder: Path) -> tuple[float, float, int]:
    """Alternate, so that a noisy moment meets both; the first round warms up."""
    ours, bare, nuclei = [], [], 0
    for number in range(ROUNDS + 1):
        start = time.perf_counter()
        nuclei = run_workflow("nuclei", image, folder / f"round{number}").count
        middle = time.perf_counter()
        _run_macro(image)
        end = time.perf_counter()
        ours.append(middle - start)
        bare.append(end - middle)
    return statistics.median(ours[1:]), statistics.median(bare[1:]), nuclei


def _run_macro(image: Path) -> None:
    import scyjava

    start_imagej()
    text = _BARE.replace("{path}", image.as_posix())
    scyjava.jimport("ij.IJ").runMacro(text)
    if not Path(f"{image}.csv").is_file():
        raise WorkflowError(
            "E_WORKFLOW_FAILED",
            "the macro to compare with wrote no table",
            "run it in ImageJ to see why",
        )


def _heap_growth(
    image: Path, output: Path, progress: Callable[[int, int], None] | None
) -> float:
    used = []
    for number in range(1, FIELDS + 1):
        run_workflow("nuclei", image, output, overwrite=True)
        if number in (_WARM_FIELDS, FIELDS):
            used.append(_heap_in_use())
        if progress is not None:
            progress(number, FIELDS)
    return used[1] / used[0]


def _heap_in_use() -> int:
    import scyjava

    runtime = scyjava.jimport("java.lang.Runtime").getRuntime()
    for _ in range(3):
        scyjava.jimport("java.lang.System").gc()
        time.sleep(0.1)
    return int(runtime.totalMemory() - runtime.freeMemory())
