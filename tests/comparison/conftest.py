"""A real field, and a stand-in for its prediction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from frm_bridge.images import create_image, open_image

PIXEL_SIZE_UM = 0.1


@pytest.fixture(scope="session")
def stain(data_folder):
    """HeLa nuclei, 364 x 260 px (rows, columns), 8-bit."""
    with open_image(
        data_folder / "mitocheck/xy_8bit__mitocheck_incenp_t1.tif"
    ) as image:
        return image.read_plane()


@pytest.fixture(scope="session")
def blurred(stain):
    """The same, blurred and moved 2 px to the right and 1 px up."""
    moved = ndimage.shift(stain.astype(float), (-1, 2), order=1, mode="nearest")
    return ndimage.gaussian_filter(moved, 1.5).astype(np.float32)


@pytest.fixture
def save(tmp_path):
    """Write an image to ``<folder>/<stem>.tif`` below the temporary folder."""

    def write(folder, stem, pixels, *, pixel_size_um=PIXEL_SIZE_UM, properties=()):
        path = tmp_path / folder / f"{stem}.tif"
        path.parent.mkdir(exist_ok=True)
        pixels = np.asarray(pixels)
        with create_image(
            path,
            axes="TYX"[-pixels.ndim :],
            shape=pixels.shape,
            dtype=pixels.dtype,
            pixel_size_um=pixel_size_um,
            properties=dict(properties),
            overwrite=True,
        ) as writer:
            for index, plane in enumerate(np.atleast_3d(pixels.T).T):
                writer.write_window(index, 0, 0, plane)
        return path

    return write
