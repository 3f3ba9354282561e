"""Completeness: a TIFF that was cut off never opens."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import tifffile

from frm_bridge.errors import InputError
from frm_bridge.images import open_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = Callable[..., NDArray[Any]]
    Writer = Callable[..., Path]

LAYOUTS: dict[str, dict[str, Any]] = {
    "contiguous": {"rowsperstrip": 11},
    "big-endian": {"byteorder": ">"},
    "BigTIFF": {"bigtiff": True, "metadata": None},
    "strips": {"compression": "zlib", "rowsperstrip": 7},
    "tiles": {"tile": (32, 32), "compression": "zstd"},
    "ImageJ": {"imagej": True, "metadata": {"axes": "ZYX", "Info": "x" * 400}},
    "ImageJ, one directory": {"imagej": True, "truncate": True},
    "OME": {"ome": True, "metadata": {"axes": "ZYX", "Name": "x" * 400}},
}


def refusal(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        open_image(path)
    return caught.value


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_tiff_cut_anywhere_is_refused_on_opening(
    make_pixels: Pixels, write_tiff: Writer, tmp_path: Path, layout: str
) -> None:
    whole = write_tiff("whole", make_pixels(3, 70, 90), **LAYOUTS[layout])
    open_image(whole).close()
    content = whole.read_bytes()
    # tifffile leaves up to 28 bytes at the end that no directory refers to
    cuts = {len(content) * part // 40 for part in range(1, 40)}
    for cut in sorted(cuts | {7, 9, 100, 300, len(content) - 40}):
        path = tmp_path / "cut.tif"
        path.write_bytes(content[:cut])
        error = refusal(path)
        assert (cut, error.code) == (cut, "E_IMAGE_TRUNCATED")
        assert "cut.tif" in error.message


def test_a_pyramid_cut_in_its_small_levels_is_refused(
    make_pixels: Pixels, tmp_path: Path
) -> None:
    pixels, path = make_pixels(96, 128), tmp_path / "a.tif"
    tiles: dict[str, Any] = {"tile": (32, 32), "metadata": None}
    with tifffile.TiffWriter(path) as writer:
        writer.write(pixels, subifds=1, **tiles)
        writer.write(pixels[::2, ::2], subfiletype=1, **tiles)
    os.truncate(path, path.stat().st_size - 100)
    assert refusal(path).code == "E_IMAGE_TRUNCATED"


def test_the_error_says_how_much_is_missing(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    path = write_tiff("a", make_pixels(70, 90))
    size = path.stat().st_size
    os.truncate(path, size - 100)
    assert f"end at byte {size:,} of {size - 100:,}" in refusal(path).message


@pytest.mark.parametrize("compression", ["zlib", "lzw", "lzma", "packbits"])
@pytest.mark.parametrize("options", [{}, {"tile": (32, 32)}])
def test_damaged_pixels_are_named_when_they_are_read(
    make_pixels: Pixels, write_tiff: Writer, compression: str, options: dict[str, Any]
) -> None:
    path = write_tiff("a", make_pixels(70, 90), compression=compression, **options)
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        start, length = page.dataoffsets[-1], page.databytecounts[-1]
    content = bytearray(path.read_bytes())
    for place in range(start + length // 4, start + length // 2):
        content[place] ^= 0x5A
    path.write_bytes(content)
    with open_image(path) as image, pytest.raises(InputError, match="damaged") as error:
        image.read_plane()
    assert error.value.code == "E_IMAGE_TRUNCATED"


def test_directories_that_run_in_a_circle_do_not_hang(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    path = write_tiff("a", make_pixels(30, 40), metadata=None)
    content = bytearray(path.read_bytes())
    (first,) = (int.from_bytes(content[4:8], "little"),)
    tags = int.from_bytes(content[first : first + 2], "little")
    following = first + 2 + 12 * tags
    content[following : following + 4] = first.to_bytes(4, "little")
    path.write_bytes(content)
    with open_image(path) as image:
        assert image.info.plane_count == 1
