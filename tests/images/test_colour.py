"""Colour: grey in disguise is read, colour is refused with the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from frm_bridge.errors import InputError
from frm_bridge.images import open_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = Callable[..., NDArray[Any]]
    Writer = Callable[..., Path]

RGB: dict[str, Any] = {"photometric": "rgb"}


def refusal(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        open_image(path)
    return caught.value


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"tile": (32, 32)}])
def test_equal_channels_are_grey(
    make_pixels: Pixels, write_tiff: Writer, dtype: str, options: dict[str, Any]
) -> None:
    grey = make_pixels(40, 50, dtype=dtype)
    path = write_tiff("a", np.stack([grey] * 3, -1), **RGB, **options)
    with open_image(path) as image:
        assert (image.info.axes, image.info.dtype) == ("YX", np.dtype(dtype))
        assert image.info.notes == ("RGB with equal channels, read as grey",)
        assert np.array_equal(image.read_window(0, 3, 4, 20, 30), grey[3:23, 4:34])


def test_equal_channels_in_separate_planes_are_grey(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    grey = make_pixels(40, 50)
    path = write_tiff("a", np.stack([grey] * 3), **RGB, planarconfig="separate")
    with open_image(path) as image:
        assert np.array_equal(image.read_plane(), grey)


def test_alpha_is_left_out_with_a_note(make_pixels: Pixels, write_tiff: Writer) -> None:
    grey, alpha = make_pixels(40, 50), make_pixels(40, 50, seed=1)
    rgba = np.stack([grey, grey, grey, alpha], -1)
    path = write_tiff("a", rgba, **RGB, extrasamples=["unassalpha"])
    with open_image(path) as image:
        assert np.array_equal(image.read_plane(), grey)
        assert "the alpha channel is ignored" in image.info.notes


def test_one_pixel_of_colour_in_the_last_plane_is_found(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    rgb = np.stack([make_pixels(2, 300, 50)] * 3, -1)
    rgb[1, 299, 49, 2] ^= 1
    error = refusal(write_tiff("a", rgb, **RGB))
    assert error.code == "E_IMAGE_COLOUR"
    assert "plane 2" in error.message
    assert "Split Channels" in error.fix


def test_samples_that_are_no_colours_are_channels(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    pixels = make_pixels(40, 50, 2)
    extra = {"extrasamples": ["unspecified"], "planarconfig": "contig"}
    with open_image(write_tiff("a", pixels, **extra)) as image:
        assert (image.info.axes, image.info.shape) == ("CYX", (2, 40, 50))
        assert np.array_equal(image.read_plane(1), pixels[..., 1])


def test_a_palette_of_colours_is_refused(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    palette = make_pixels(3, 256)
    pixels = make_pixels(40, 50, dtype="uint8")
    path = write_tiff("a", pixels, photometric="palette", colormap=palette)
    assert refusal(path).code == "E_IMAGE_COLOUR"


def test_a_palette_of_greys_is_grey(make_pixels: Pixels, write_tiff: Writer) -> None:
    palette = np.stack([np.arange(256, dtype=np.uint16) * 257] * 3)
    pixels = make_pixels(40, 50, dtype="uint8")
    path = write_tiff("a", pixels, photometric="palette", colormap=palette)
    with open_image(path) as image:
        assert np.array_equal(image.read_plane(), pixels)


def test_a_lookup_table_of_imagej_is_for_the_eye_alone(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    palette = make_pixels(3, 256)
    pixels = make_pixels(40, 50, dtype="uint8")
    options = {"imagej": True, "photometric": "palette", "colormap": palette}
    with open_image(write_tiff("a", pixels, **options)) as image:
        assert np.array_equal(image.read_plane(), pixels)
