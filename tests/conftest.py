"""Small synthetic images for every room."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The small real images."""
    return Path(__file__).parent / "data"


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
