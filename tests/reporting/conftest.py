"""One comparison of two real fields, in the real ImageJ, for all tests to read."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from frm_bridge.comparison import compare
from frm_bridge.imagej import nuclei
from frm_bridge.images import create_image, open_image

MODEL = {
    "frm_bridge.model": "trial",
    "frm_bridge.model.sha256": "0123456789abcdef" * 4,
    "frm_bridge.model.provider": "CPUExecutionProvider float32",
    "frm_bridge.model.output_unit": "relative",
}


def save(path, pixels, properties=None):
    path.parent.mkdir(exist_ok=True)
    with create_image(
        path,
        axes="YX",
        shape=pixels.shape,
        dtype=pixels.dtype,
        pixel_size_um=0.1,
        properties=properties or {},
    ) as writer:
        writer.write_window(0, 0, 0, pixels)


def blur(image):
    """Make a stand-in for a prediction: blurred, moved, one nucleus rubbed out."""
    moved = ndimage.shift(image.astype(float), (-1, 2), order=1, mode="nearest")
    labels, _ = ndimage.label(ndimage.gaussian_filter(moved, 2) > 60)
    moved[ndimage.binary_dilation(labels == 1, iterations=6)] = np.median(moved)
    return (ndimage.gaussian_filter(moved, 1.5) / 50).astype(np.float32)


@pytest.fixture(scope="session")
def comparison(tmp_path_factory, data_folder):
    """Give the folder of a comparison of three fields; one of them is empty."""
    folder = tmp_path_factory.mktemp("report")
    path = data_folder / "mitocheck" / "xy_8bit__mitocheck_incenp_t1.tif"
    with open_image(path) as image:
        stain = image.read_plane()
    noise = np.random.default_rng(0).integers(8, 12, stain.shape).astype(np.uint8)
    fields = {"one<b>": stain, "NA": np.ascontiguousarray(stain[::-1]), "empty": noise}
    for name, pixels in fields.items():
        save(folder / "truth" / f"{name}.tif", pixels)
        save(folder / "light" / f"{name}.tif", 255 - pixels)
        predicted = pixels.astype(np.float32) if name == "empty" else blur(pixels)
        save(folder / "prediction" / f"{name}.tif", predicted, MODEL)
    compare(
        folder / "truth",
        folder / "prediction",
        nuclei(min_area=100, area_unit="px", blur_sigma_px=2.0),
        folder / "out",
        transmitted=folder / "light",
        signal_threshold=60,
    )
    return folder / "out"
