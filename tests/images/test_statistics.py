"""Statistics: the same to the last bit, whatever the bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from frm_bridge.errors import InputError
from frm_bridge.images import open_image, plane_statistics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = Callable[..., NDArray[Any]]
    Writer = Callable[..., Path]


def statistics(path: Path, plane: int = 0) -> tuple[float, float]:
    with open_image(path) as image:
        return plane_statistics(image, plane)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_mean_and_population_sd_are_numpys(
    make_pixels: Pixels, write_tiff: Writer, dtype: str
) -> None:
    pixels = make_pixels(700, 90, dtype=dtype)
    mean, sd = statistics(write_tiff("a", pixels))
    assert mean == pytest.approx(pixels.astype(np.float64).mean(), rel=1e-13)
    assert sd == pytest.approx(pixels.astype(np.float64).std(), rel=1e-13)


def test_a_small_spread_on_a_large_offset_keeps_its_digits(write_tiff: Writer) -> None:
    # sum of squares minus square of sum would lose every digit here
    spread = np.random.default_rng(1).random((600, 50))
    pixels = 1e9 + spread
    _, sd = statistics(write_tiff("a", pixels))
    assert sd == pytest.approx(pixels.std(), rel=1e-9)


def test_tiles_and_strips_give_identical_statistics(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    pixels = make_pixels(600, 333, dtype="float32")
    plain = statistics(write_tiff("plain", pixels))
    tiled = write_tiff("tiled", pixels, tile=(64, 64), compression="zlib")
    assert statistics(tiled) == plain


def test_each_plane_has_its_own_statistics(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    pixels = make_pixels(3, 40, 50)
    path = write_tiff("a", pixels)
    for plane in range(3):
        assert statistics(path, plane)[0] == pytest.approx(pixels[plane].mean())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_finite_are_counted_and_the_first_is_named(
    make_pixels: Pixels, write_tiff: Writer, bad: float
) -> None:
    pixels = make_pixels(2, 600, 50, dtype="float32")
    pixels[1, 300, 7] = pixels[1, 301, 3] = pixels[1, 599, 49] = bad
    path = write_tiff("a", pixels)
    with pytest.raises(InputError, match=r"plane 2: 3 pixel.*y=300, x=7") as caught:
        statistics(path, 1)
    assert caught.value.code == "E_IMAGE_NOT_FINITE"
    assert statistics(path, 0)


@pytest.mark.parametrize("value", [0, 17, 65535])
def test_a_constant_image_is_refused_by_its_value(
    write_tiff: Writer, value: int
) -> None:
    path = write_tiff("a", np.full((300, 40), value, np.uint16))
    with pytest.raises(InputError, match=f"every pixel is {value}") as caught:
        statistics(path)
    assert caught.value.code == "E_IMAGE_CONSTANT"


def test_a_constant_float_image_is_refused_though_its_mean_is_rounded(
    write_tiff: Writer,
) -> None:
    path = write_tiff("a", np.full((300, 41), 0.1))
    with pytest.raises(InputError) as caught:
        statistics(path)
    assert caught.value.code == "E_IMAGE_CONSTANT"


def test_one_pixel_that_differs_is_enough(write_tiff: Writer) -> None:
    pixels = np.zeros((300, 40), np.uint16)
    pixels[299, 39] = 1
    assert statistics(write_tiff("a", pixels))[1] > 0
