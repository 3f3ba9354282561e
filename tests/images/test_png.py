"""PNG: 8 and 16 bits exactly, never a pixel size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import imagecodecs
import imageio.v3
import numpy as np
import pytest
from PIL import Image as PillowImage

from frm_bridge.errors import InputError
from frm_bridge.images import open_image, png

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = Callable[..., NDArray[Any]]


def code_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        open_image(path)
    return caught.value.code


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_grey_is_read_exactly_whatever_the_samples(
    tmp_path: Path, make_pixels: Pixels, dtype: str, samples: int
) -> None:
    grey = make_pixels(40, 50, dtype=dtype)
    pixels = grey if samples == 1 else np.stack([grey] * samples, -1)
    path = tmp_path / "a.png"
    path.write_bytes(imagecodecs.png_encode(pixels))
    with open_image(path) as image:
        assert (image.info.axes, image.info.dtype) == ("YX", np.dtype(dtype))
        assert image.info.pixel_size_um is None
        assert np.array_equal(image.read_window(0, 2, 3, 30, 40), grey[2:32, 3:43])
        assert ("alpha" in str(image.info.notes)) == (samples in (2, 4))


def test_colour_and_colour_palettes_are_refused(
    tmp_path: Path, make_pixels: Pixels
) -> None:
    colour = make_pixels(40, 50, 3, dtype="uint8")
    imageio.v3.imwrite(tmp_path / "rgb.png", colour)
    PillowImage.fromarray(colour).quantize(16).save(tmp_path / "palette.png")
    assert code_of(tmp_path / "rgb.png") == "E_IMAGE_COLOUR"
    assert code_of(tmp_path / "palette.png") == "E_IMAGE_COLOUR"


def test_black_and_white_is_refused(tmp_path: Path, make_pixels: Pixels) -> None:
    PillowImage.fromarray(make_pixels(40, 50) > 999).save(tmp_path / "a.png")
    assert code_of(tmp_path / "a.png") == "E_IMAGE_DTYPE"


def test_dots_per_inch_are_no_pixel_size(tmp_path: Path, make_pixels: Pixels) -> None:
    pixels = make_pixels(40, 50, dtype="uint8")
    PillowImage.fromarray(pixels).save(tmp_path / "a.png", dpi=(300, 300))
    with open_image(tmp_path / "a.png") as image:
        assert image.info.pixel_size_um is None


@pytest.mark.parametrize("part", [0.01, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("samples", [1, 3])
def test_a_png_that_ends_early_is_refused_on_opening(
    tmp_path: Path, make_pixels: Pixels, part: float, samples: int
) -> None:
    pixels = make_pixels(64, 50) if samples == 1 else make_pixels(64, 50, samples)
    content = imagecodecs.png_encode(pixels)
    path = tmp_path / "a.png"
    path.write_bytes(content[: int(len(content) * part)])
    assert code_of(path) == "E_IMAGE_TRUNCATED"


def test_a_png_too_large_to_decode_whole_is_refused(
    tmp_path: Path, make_pixels: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(png, "LARGEST_PX", 40 * 50 - 1)
    imageio.v3.imwrite(tmp_path / "a.png", make_pixels(40, 50))
    assert code_of(tmp_path / "a.png") == "E_IMAGE_FORMAT"
