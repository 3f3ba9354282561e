"""Reading: every layout gives the same pixels, and windows stay lazy."""

from __future__ import annotations

import os
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
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
    "contiguous": {},
    "without metadata": {"metadata": None},
    "big-endian": {"byteorder": ">"},
    "BigTIFF": {"bigtiff": True},
    "one strip, deflate": {"compression": "zlib"},
    "strips, deflate": {"compression": "zlib", "rowsperstrip": 7},
    "strips, big-endian LZW": {"compression": "lzw", "byteorder": ">"},
    "tiles": {"tile": (32, 32)},
    "tiles, zstd, predictor": {
        "tile": (48, 64),
        "compression": "zstd",
        "predictor": True,
    },
    "ImageJ": {"imagej": True, "metadata": {"axes": "ZYX"}},
    "OME": {"ome": True, "metadata": {"axes": "ZYX"}},
    "OME, tiles": {"ome": True, "metadata": {"axes": "ZYX"}, "tile": (32, 32)},
}


def code_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        open_image(path)
    assert str(path) in caught.value.message
    assert caught.value.fix
    return caught.value.code


@pytest.mark.parametrize("layout", LAYOUTS)
def test_planes_and_windows_are_the_stored_pixels(
    make_pixels: Pixels, write_tiff: Writer, layout: str
) -> None:
    pixels = make_pixels(4, 70, 90)
    with open_image(write_tiff("a", pixels, **LAYOUTS[layout])) as image:
        assert (image.info.axes, image.info.shape) == ("ZYX", (4, 70, 90))
        for plane in range(4):
            assert np.array_equal(image.read_plane(plane), pixels[plane])
        window = image.read_window(2, 33, 17, 37, 73)
    assert np.array_equal(window, pixels[2, 33:70, 17:90])
    assert window.dtype == np.dtype("uint16")
    assert window.flags.owndata
    assert window.flags.c_contiguous


def test_pages_that_lie_apart_are_read_in_order(
    make_pixels: Pixels, tmp_path: Path
) -> None:
    pixels = make_pixels(5, 40, 50)
    with tifffile.TiffWriter(tmp_path / "a.tif", byteorder=">") as writer:
        for plane in pixels:
            writer.write(plane, contiguous=False, metadata=None, rowsperstrip=9)
    with open_image(tmp_path / "a.tif") as image:
        for plane in range(5):
            assert np.array_equal(image.read_plane(plane), pixels[plane])
        assert np.array_equal(image.read_window(3, 5, 6, 7, 8), pixels[3, 5:12, 6:14])


@pytest.mark.parametrize(
    "dtype",
    ["uint8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64"],
)
def test_grey_levels_are_read_as_stored(
    make_pixels: Pixels, write_tiff: Writer, dtype: str
) -> None:
    pixels = make_pixels(30, 40, dtype=dtype)
    with open_image(write_tiff("a", pixels)) as image:
        assert image.info.dtype == np.dtype(dtype)
        assert np.array_equal(image.read_plane(), pixels)


@pytest.mark.parametrize("dtype", ["bool", "complex64"])
def test_pixels_that_are_no_grey_levels_are_refused(
    write_tiff: Writer, dtype: str
) -> None:
    assert code_of(write_tiff("a", np.ones((20, 20), dtype))) == "E_IMAGE_DTYPE"


def test_a_series_says_how_many_planes_each_axis_has(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    pixels = make_pixels(3, 2, 4, 20, 30)
    path = write_tiff("a", pixels, imagej=True, metadata={"axes": "TZCYX"})
    with open_image(path) as image:
        info = image.info
        assert (info.axes, info.shape) == ("TZCYX", pixels.shape)
        assert (info.height, info.width, info.plane_count) == (20, 30, 24)
        assert [info.axis_size(a) for a in "TZCS"] == [3, 2, 4, 1]
        assert np.array_equal(image.read_plane(2 * 8 + 1 * 4 + 3), pixels[2, 1, 3])


def test_axes_of_length_one_are_left_out(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    pixels = make_pixels(1, 3, 1, 20, 30)
    path = write_tiff("a", pixels, metadata={"axes": "TZCYX"})
    with open_image(path) as image:
        assert (image.info.axes, image.info.shape) == ("ZYX", (3, 20, 30))
        assert np.array_equal(image.read_plane(2), pixels[0, 2, 0])


def test_axes_stored_after_the_plane_are_brought_in_front(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    pixels = make_pixels(20, 30, 3)
    path = write_tiff("a", pixels, metadata={"axes": "YXZ"})
    with open_image(path) as image:
        assert (image.info.axes, image.info.shape) == ("ZYX", (3, 20, 30))
        window = image.read_window(1, 4, 5, 6, 7)
    assert np.array_equal(window, pixels[4:10, 5:12, 1])


def test_an_unnamed_stack_is_taken_for_slices_as_imagej_does_and_says_so(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    with open_image(write_tiff("a", make_pixels(3, 20, 30), metadata=None)) as image:
        assert image.info.axes == "ZYX"
        assert "does not name" in image.info.notes[0]


@pytest.mark.parametrize("axes", ["ZTYX", "CZTYX", "CTYX", "CZYX"])
def test_planes_come_in_imagejs_order_whatever_the_files(
    make_pixels: Pixels, write_tiff: Writer, axes: str
) -> None:
    sizes = {"T": 2, "Z": 3, "C": 4, "Y": 20, "X": 30}
    pixels = make_pixels(*(sizes[axis] for axis in axes))
    with open_image(write_tiff("a", pixels, metadata={"axes": axes})) as image:
        ordered = "".join(axis for axis in "TZCYX" if axis in axes)
        assert image.info.axes == ordered
        expected = pixels.transpose([axes.index(axis) for axis in ordered])
        for plane, wanted in enumerate(expected.reshape(-1, 20, 30)):
            assert np.array_equal(image.read_plane(plane), wanted)


@pytest.mark.parametrize("axes", ["TCYX", "CTYX"])
def test_one_channel_can_be_read_alone(
    make_pixels: Pixels, write_tiff: Writer, axes: str
) -> None:
    sizes = {"T": 2, "C": 3, "Y": 20, "X": 30}
    pixels = make_pixels(*(sizes[axis] for axis in axes))
    path = write_tiff("a", pixels, metadata={"axes": axes})
    with open_image(path, channel=2) as image:
        assert (image.info.axes, image.info.shape) == ("TYX", (2, 20, 30))
        wanted = pixels.take(1, axis=axes.index("C"))
        for frame in range(2):
            assert np.array_equal(image.read_plane(frame), wanted[frame])


@pytest.mark.parametrize("channel", [0, 4])
def test_a_channel_that_is_not_there_is_refused(
    make_pixels: Pixels, write_tiff: Writer, channel: int
) -> None:
    path = write_tiff("a", make_pixels(3, 20, 30), metadata={"axes": "CYX"})
    with pytest.raises(InputError, match="3 channel") as caught:
        open_image(path, channel=channel)
    assert caught.value.code == "E_IMAGE_CHANNEL"


def test_the_only_channel_can_be_named_too(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    with open_image(write_tiff("a", make_pixels(20, 30)), channel=1) as image:
        assert image.info.axes == "YX"


def test_a_stack_with_too_many_axes_is_refused(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    path = write_tiff("a", make_pixels(2, 2, 2, 2, 20, 20))
    assert code_of(path) == "E_IMAGE_FORMAT"


def test_of_a_pyramid_the_full_resolution_is_read(
    make_pixels: Pixels, tmp_path: Path
) -> None:
    pixels = make_pixels(96, 128)
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as writer:
        writer.write(pixels, subifds=1, tile=(32, 32))
        writer.write(pixels[::2, ::2], subfiletype=1, tile=(32, 32))
    with tifffile.TiffWriter(tmp_path / "b.tif") as writer:
        writer.write(pixels, tile=(32, 32), metadata=None)
        writer.write(pixels[::2, ::2], subfiletype=1, tile=(32, 32), metadata=None)
    for name in ("a.ome.tif", "b.tif"):
        with open_image(tmp_path / name) as image:
            assert image.info.shape == (96, 128)
            assert np.array_equal(image.read_plane(), pixels)


def test_a_file_with_several_images_is_refused(
    make_pixels: Pixels, tmp_path: Path
) -> None:
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as writer:
        writer.write(make_pixels(30, 40))
        writer.write(make_pixels(30, 40))
    assert code_of(tmp_path / "a.ome.tif") == "E_IMAGE_FORMAT"


def test_an_image_below_16_pixels_is_refused(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    assert code_of(write_tiff("low", make_pixels(15, 40))) == "E_IMAGE_SMALL"
    assert code_of(write_tiff("narrow", make_pixels(40, 15))) == "E_IMAGE_SMALL"
    open_image(write_tiff("enough", make_pixels(16, 16))).close()


@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("a.tif", b"Name\tArea\nnucleus\t12\n", "E_IMAGE_FORMAT", "text"),
        ("b.tif", b"\x01\x02\x03\x04" * 9, "E_IMAGE_FORMAT", "unknown"),
        ("c.tif", b"\xff\xd8\xff\xe0" + bytes(99), "E_IMAGE_FORMAT", "JPEG"),
        ("d.tif", b"", "E_IMAGE_TRUNCATED", "empty"),
        ("e.tif", b"II*\0", "E_IMAGE_TRUNCATED", "4 bytes"),
        ("f.tif", b"II*\0\x08\0\0\0" + b"\xff" * 999, "E_IMAGE_FORMAT", "cannot be"),
        ("g.tif", b"II*\0\0\0\0\0" + bytes(99), "E_IMAGE_FORMAT", "no image"),
    ],
)
def test_what_is_no_image_is_refused_by_its_content(
    tmp_path: Path, name: str, content: bytes, code: str, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert code_of(path) == code
    with pytest.raises(InputError, match=said):
        open_image(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert code_of(tmp_path / "nothing.tif") == "E_IMAGE_MISSING"
    assert code_of(tmp_path) == "E_IMAGE_MISSING"


@pytest.mark.parametrize(
    ("plane", "y", "x", "height", "width"),
    [
        (1, 0, 0, 5, 5),
        (-1, 0, 0, 5, 5),
        (0, -1, 0, 5, 5),
        (0, 20, 0, 11, 5),
        (0, 0, 36, 5, 5),
        (0, 0, 0, 0, 5),
    ],
)
def test_windows_outside_the_image_are_refused(
    make_pixels: Pixels,
    write_tiff: Writer,
    plane: int,
    y: int,
    x: int,
    height: int,
    width: int,
) -> None:
    with (
        open_image(write_tiff("a", make_pixels(30, 40))) as image,
        pytest.raises(InputError) as caught,
    ):
        image.read_window(plane, y, x, height, width)
    assert caught.value.code == "E_IMAGE_SIZES"


@pytest.mark.parametrize("options", [{}, {"tile": (128, 128), "compression": "zlib"}])
def test_a_window_never_loads_its_plane(
    make_pixels: Pixels, write_tiff: Writer, options: dict[str, Any]
) -> None:
    pixels = make_pixels(1500, 1500)
    path = write_tiff("a", pixels, **options)
    with open_image(path) as image:
        image.read_window(0, 0, 0, 16, 16)  # imports and caches
        tracemalloc.start()
        window = image.read_window(0, 700, 700, 64, 64)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert np.array_equal(window, pixels[700:764, 700:764])
    assert peak < pixels.nbytes / 10


@pytest.mark.parametrize("layout", ["contiguous", "tiles", "one strip, deflate"])
def test_no_file_stays_open_or_mapped(
    make_pixels: Pixels, write_tiff: Writer, layout: str
) -> None:
    path = write_tiff("kept_open", make_pixels(2, 70, 90), **LAYOUTS[layout])
    with open_image(path) as image:
        image.read_plane(1)
    process = psutil.Process()
    held = [file.path for file in process.open_files()]
    if hasattr(process, "memory_maps"):
        held += [region.path for region in process.memory_maps()]
    assert os.fspath(path) not in held
    with pytest.raises(ValueError, match="closed"):
        image.read_plane()


def test_no_file_stays_open_after_a_refusal(tmp_path: Path, write_tiff: Writer) -> None:
    path = write_tiff("refused", np.ones((20, 20), bool))
    code_of(path)
    assert os.fspath(path) not in [f.path for f in psutil.Process().open_files()]


def test_a_real_imagej_file_is_read_with_its_calibration(data_folder: Path) -> None:
    path = data_folder / "mitocheck" / "xy_8bit__mitocheck_incenp_t1.tif"
    with open_image(path) as image:
        assert image.info.shape == (364, 260)
        assert image.info.pixel_size_um == pytest.approx(0.1)
        assert image.info.properties["BitsPerPixel"] == "8"
        assert np.array_equal(image.read_plane(), tifffile.imread(path))


def test_a_real_label_image_without_calibration_is_read(data_folder: Path) -> None:
    path = data_folder / "mitocheck" / "xy_8bit__mitocheck_incenp_t1_nuclei_labels.tiff"
    with open_image(path) as image:
        assert image.info.pixel_size_um is None
        areas = np.bincount(image.read_plane().ravel())[1:]
    assert sorted(areas) == [617, 673, 686, 710, 746, 747, 931]


def test_a_plane_stored_as_one_strip_is_decoded_once(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    pixels = make_pixels(2, 70, 90)
    path = write_tiff("a", pixels, compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        start, length = (
            tiff.pages[0].dataoffsets[0],
            tiff.pages[0].databytecounts[0],
        )
    with open_image(path) as image:
        image.read_window(0, 0, 0, 10, 10)
        with path.open("r+b") as file:  # nobody may need these bytes again
            file.seek(start)
            file.write(bytes(length))
        assert np.array_equal(image.read_window(0, 9, 8, 20, 30), pixels[0, 9:29, 8:38])
        assert np.array_equal(image.read_window(1, 9, 8, 20, 30), pixels[1, 9:29, 8:38])
