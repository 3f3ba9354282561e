"""Small synthetic images for every room."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The small real images."""
    return Path(__file__).parent / "data"


@pytest.fixture(scope="session", autouse=True)
def users_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that stands for ~/.frm_bridge, which no test may touch."""
    folder = tmp_path_factory.mktemp("frm_bridge home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRM_BRIDGE_HOME", str(folder))
        yield folder


# What a Fiji and a plain ImageJ have when they are unpacked, by name.
LAYOUTS = {
    "fiji": [
        "jars/ij-1.54p.jar",
        "jars/scijava-common-2.99.2.jar",
        "jars/imagej-legacy-2.0.3.jar",
        "jars/jython-slim-2.7.4.jar",
        "jars/scripting-jython-1.0.1.jar",
        "jars/bio-formats/formats-api-8.0.0.jar",
        "plugins/Examples/blobs.py",
        "plugins/Trainable_Segmentation-4.0.0.jar",
        "scripts/Plugins/Utilities/Count_Words.py",
        "macros/toolsets/Magic_Montage.txt",
        "Contents/MacOS/fiji-macos",
        "fiji-linux-x64",
    ],
    "imagej": [
        "ij.jar",
        "ImageJ",
        "jre/bin/java",
        "macros/StartupMacros.txt",
        "plugins/Analyze/Measure_RGB.txt",
        "plugins/JRuby/readme.txt",
    ],
}


@pytest.fixture(scope="session")
def lay_out() -> Callable[[str, Path], Path]:
    """Make a folder that looks like a Fiji's or a plain ImageJ's, and give it."""

    def make(form: str, folder: Path) -> Path:
        for name in LAYOUTS[form]:
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{name} as it was unpacked")
            os.utime(file, (1.6e9, 1.6e9))
        (folder / "plugins" / "empty").mkdir()
        return folder

    return make


@pytest.fixture(scope="session")
def make_pixels() -> Callable[..., NDArray[Any]]:
    """Make noise of any shape and type; the same seed gives the same pixels."""

    def make(*shape: int, dtype: str = "uint16", seed: int = 0) -> NDArray[Any]:
        values = np.random.default_rng(seed).random(shape)
        top = np.iinfo(dtype).max if np.dtype(dtype).kind in "ui" else 1.0
        return (values * top).astype(dtype)

    return make


@pytest.fixture
def write_tiff(tmp_path: Path) -> Callable[..., Path]:
    """Write an array as ``<name>.tif`` with tifffile options, grey by default."""

    def write(name: str, array: NDArray[Any], **options: Any) -> Path:
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, array, **{"photometric": "minisblack"} | options)
        return path

    return write


@pytest.fixture
def write_calibrated(write_tiff: Callable[..., Path]) -> Callable[..., Path]:
    """Write an array as an ImageJ TIFF with a pixel size in µm."""

    def write(name: str, array: NDArray[Any], pixel_size_um: float) -> Path:
        per_um = 1 / pixel_size_um
        return write_tiff(
            name,
            array,
            imagej=True,
            resolution=(per_um, per_um),
            metadata={"unit": "micron"},
        )

    return write


# Capabilities by which root ignores modes: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH.
_IGNORE_MODES = 1 << 1 | 1 << 2
_VERSION_3 = 0x20080522


def _set_modes_ignored(ignored: bool) -> None:
    """Let this thread, which may be root's, obey the modes of files, or not."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    assert libc.capget(header, sets) == 0
    if ignored:
        sets[0] |= _IGNORE_MODES & sets[1]
    else:
        sets[0] &= ~_IGNORE_MODES
    assert libc.capset(header, sets) == 0


@pytest.fixture
def obey_modes() -> Iterator[None]:
    """Let this process obey the modes of files and folders, even as root."""
    if sys.platform != "linux":
        yield
        return
    _set_modes_ignored(False)
    yield
    _set_modes_ignored(True)


@pytest.fixture
def read_only_folder(tmp_path: Path, obey_modes: None) -> Iterator[Path]:
    """A folder that this process may look into and not write to."""
    folder = tmp_path / "read only"
    folder.mkdir(mode=0o555)
    yield folder
    folder.chmod(0o755)


_LEFT_OUT = pytest.StashKey[int]()


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count what the markers leave out, here or in a worker of xdist."""
    config = items[0].config
    config.stash[_LEFT_OUT] = len(items)
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = len(items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take a worker's count; all workers collect the same tests."""
    node.config.stash[_LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how many tests were not run, since xdist does not."""
    count = config.stash.get(_LEFT_OUT, 0)
    terminalreporter.write_line(f"{count} not run: marked fiji, gpu or slow")
