"""The published algorithm: what it averages and what it leaves black."""

import numpy as np
import pytest
import tifffile

from frm_bridge.errors import InputError
from frm_bridge.images import open_image
from frm_bridge.prediction import open_model, predict_file, predict_image
from frm_bridge.prediction.paper import paper_origins

RANDOM = np.random.default_rng(3)


@pytest.fixture(scope="module")
def cpu(one_stack):
    with open_model(one_stack, device="cpu") as model:
        yield model


@pytest.mark.parametrize(
    ("length", "windows"), [(256, 1), (512, 5), (1024, 13), (2048, 29)]
)
def test_as_many_windows_as_the_published_code(length, windows):
    assert len(paper_origins(length)) == windows  # CL-122


@pytest.mark.parametrize("length", [192, 255, 300])
def test_sides_that_the_published_code_cannot_tile_are_refused(length):
    with pytest.raises(InputError, match="E_PAPER_SIZE"):
        paper_origins(length)


def test_the_average_is_that_of_the_published_code(cpu):
    image = RANDOM.integers(0, 4096, (320, 384), np.uint16)
    scaled = (image - image.mean()) / image.std()
    sums, coverage = np.zeros((2, 320, 384))
    for y in range(0, 320 - 192, 64):
        for x in range(0, 384 - 192, 64):
            window = scaled[None, None, y : y + 256, x : x + 256].astype(np.float32)
            mask = np.zeros((256, 256))
            mask[64:192, 64:192] = 1
            sums[y : y + 256, x : x + 256] += cpu.run(window)[0, 0] * mask
            coverage[y : y + 256, x : x + 256] += mask
    assert set(np.unique(coverage)) == {0, 1, 2, 4}
    inner = slice(64, -64), slice(64, -64)
    expected = sums[inner] / coverage[inner] * 100 + 1000
    predicted = predict_image(image, cpu, algorithm="paper")
    np.testing.assert_allclose(predicted[inner], expected, atol=0.05)


def test_the_outer_64_px_are_black_and_the_info_says_which_algorithm(cpu, tmp_path):
    path = tmp_path / "field.tif"
    tifffile.imwrite(path, RANDOM.integers(0, 4096, (320, 256), np.uint16))
    steps = []
    report = predict_file(
        path,
        [cpu],
        tmp_path / "out.tif",
        algorithm="paper",
        progress=lambda *step: steps.append(step),
    )
    with open_image(tmp_path / "out.tif") as image:
        pixels, about = image.read_plane(), image.info.properties
    assert about["frm_bridge.algorithm"] == "paper"
    assert (report.window, report.windows) == (256, 2)
    assert steps == [(1, 2), (2, 2)]
    frame = np.ones(pixels.shape, bool)
    frame[64:-64, 64:-64] = False
    assert (pixels[frame] == 0).all()
    assert (pixels[~frame] > 0).all()


def test_the_exact_prediction_is_near_but_not_the_same(cpu):
    image = RANDOM.integers(0, 4096, (320, 320), np.uint16)
    inner = slice(96, -96), slice(96, -96)
    paper = predict_image(image, cpu, algorithm="paper")[inner]
    exact = predict_image(image, cpu)[inner]
    assert np.corrcoef(paper.ravel(), exact.ravel())[0, 1] > 0.99
    assert np.abs(paper - exact).max() > 0
