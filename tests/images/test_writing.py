"""Writing: what is created is read back identically, or does not appear."""

from __future__ import annotations

import errno
import math
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from frm_bridge.errors import InputError, OutputError
from frm_bridge.images import create_image, hyperstack, open_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = Callable[..., NDArray[Any]]


def write(path: Path, axes: str, pixels: NDArray[Any], **options: Any) -> Path:
    """Write an array in four windows a plane, last plane and last window first."""
    with create_image(
        path, axes=axes, shape=pixels.shape, dtype=pixels.dtype, **options
    ) as writer:
        planes = pixels.reshape(-1, *pixels.shape[-2:])
        for number in reversed(range(len(planes))):
            for y, rows in ((13, slice(13, None)), (0, slice(13))):
                for x, columns in ((11, slice(11, None)), (0, slice(11))):
                    writer.write_window(number, y, x, planes[number][rows, columns])
    return path


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("YX", (30, 40)),
        ("TYX", (4, 30, 40)),
        ("ZYX", (4, 30, 40)),
        ("CYX", (2, 30, 40)),
        ("TCYX", (3, 2, 30, 40)),
        ("TZCYX", (2, 3, 4, 30, 40)),
    ],
)
def test_what_is_written_is_read_back_identically(
    tmp_path: Path, make_pixels: Pixels, dtype: str, axes: str, shape: tuple[int, ...]
) -> None:
    pixels = make_pixels(*shape, dtype=dtype)
    names = ("nuclei", "membrane \u00b5", "c", "d")[
        : dict(zip(axes, shape, strict=True)).get("C", 1)
    ]
    path = write(
        tmp_path / "new folder" / "a.tif",
        axes,
        pixels,
        pixel_size_um=0.3225,
        z_step_um=2.05,
        frame_interval_s=599.9,
        properties={"Model": "nuclei = best", "sha256": "abc\ndef"},
        channel_names=names,
    )
    with open_image(path) as image:
        info = image.info
        assert (info.axes, info.shape, info.dtype) == (axes, shape, pixels.dtype)
        assert info.pixel_size_um == 0.3225
        assert (info.z_step_um, info.frame_interval_s) == (2.05, 599.9)
        assert info.properties == {"Model": "nuclei = best", "sha256": "abc def"}
        assert info.channel_names == names
        planes = pixels.reshape(-1, *shape[-2:])
        for number in range(info.plane_count):
            assert np.array_equal(image.read_plane(number), planes[number])


def test_imagej_finds_a_hyperstack_with_units(
    tmp_path: Path, make_pixels: Pixels
) -> None:
    pixels = make_pixels(2, 3, 4, 30, 40)
    path = write(
        tmp_path / "a.tif",
        "TZCYX",
        pixels,
        pixel_size_um=0.5,
        z_step_um=2.0,
        frame_interval_s=60,
    )
    with tifffile.TiffFile(path) as tiff:
        assert tiff.is_imagej
        metadata = tiff.imagej_metadata
        page = tiff.pages.first
        assert page.compression == 1
        assert page.tags.valueof("XResolution") == (2, 1)
        assert page.tags.valueof("ResolutionUnit") == 1
        assert tiff.series[0].dataoffset is not None
        assert np.array_equal(tiff.asarray(), pixels)
    expected = {"images": 24, "frames": 2, "slices": 3, "channels": 4, "unit": "micron"}
    assert expected.items() <= metadata.items()
    assert (metadata["spacing"], metadata["finterval"]) == (2.0, 60.0)
    assert metadata["hyperstack"] is True
    assert metadata["mode"] == "composite"


def test_axes_in_another_order_are_put_into_imagejs(
    tmp_path: Path, make_pixels: Pixels
) -> None:
    pixels = make_pixels(2, 3, 4, 30, 40)
    path = write(tmp_path / "a.tif", "CZTYX", pixels)
    with open_image(path) as image:
        assert (image.info.axes, image.info.shape[:3]) == ("TZCYX", (4, 3, 2))
    assert np.array_equal(tifffile.imread(path), pixels.transpose(2, 1, 0, 3, 4))


def test_an_uncalibrated_image_stays_uncalibrated(
    tmp_path: Path, make_pixels: Pixels
) -> None:
    path = write(tmp_path / "a.tif", "ZYX", make_pixels(2, 30, 40), z_step_um=2.0)
    with open_image(path) as image:
        info = image.info
    assert (info.pixel_size_um, info.z_step_um, info.frame_interval_s) == (None,) * 3
    with tifffile.TiffFile(path) as tiff:
        assert "unit" not in (tiff.imagej_metadata or {})


@pytest.mark.parametrize(
    "size", [1.0, 0.1, 0.108333, 6.5 / 63, 1 / 3, 10.0, 2.5e-3, 99.9]
)
def test_pixel_sizes_come_back_to_the_last_bit(
    tmp_path: Path, make_pixels: Pixels, size: float
) -> None:
    path = write(tmp_path / "a.tif", "YX", make_pixels(30, 40), pixel_size_um=size)
    with open_image(path) as image:
        assert image.info.pixel_size_um == size


@given(st.floats(1e-4, 1e4))
def test_any_pixel_size_survives_as_two_integers(size: float) -> None:
    pixels, micrometres = hyperstack.pixels_per_um(size)
    assert 0 < pixels < 2**31
    assert 0 < micrometres < 2**31
    assert micrometres / pixels == pytest.approx(size, rel=1e-4 if size > 1e3 else 1e-5)


def test_pixels_never_written_are_zero(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with create_image(path, axes="YX", shape=(30, 40), dtype="uint16") as writer:
        writer.write_window(0, 5, 6, np.ones((2, 3), np.uint16))
    with open_image(path) as image:
        assert image.read_plane().sum() == 6


def test_the_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with create_image(path, axes="YX", shape=(30, 40), dtype="uint8"):
        assert not path.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_a_failure_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"before")
    options: dict[str, Any] = {"axes": "YX", "shape": (30, 40), "dtype": "uint8"}
    with (
        pytest.raises(KeyboardInterrupt),
        create_image(path, **options, overwrite=True),
    ):
        raise KeyboardInterrupt
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_kept_unless_overwriting(
    tmp_path: Path, make_pixels: Pixels
) -> None:
    path = write(tmp_path / "a.tif", "YX", make_pixels(30, 40))
    with pytest.raises(OutputError) as caught:
        write(path, "YX", make_pixels(30, 50))
    assert caught.value.code == "E_OUTPUT_EXISTS"
    write(path, "YX", make_pixels(30, 50), overwrite=True)
    with open_image(path) as image:
        assert image.info.shape == (30, 50)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"dtype": "float64"}, "E_IMAGE_DTYPE"),
        ({"dtype": "int32"}, "E_IMAGE_DTYPE"),
        ({"axes": "XY"}, "E_IMAGE_SIZES"),
        ({"axes": "SYX", "shape": (3, 30, 40)}, "E_IMAGE_SIZES"),
        ({"axes": "TTYX", "shape": (3, 2, 30, 40)}, "E_IMAGE_SIZES"),
        ({"axes": "TYX"}, "E_IMAGE_SIZES"),
        ({"shape": (0, 40)}, "E_IMAGE_SIZES"),
        ({"shape": (50_000, 50_000)}, "E_IMAGE_SIZES"),
        ({"channel_names": ("a", "b")}, "E_IMAGE_SIZES"),
        ({"pixel_size_um": 0.0}, "E_IMAGE_CALIBRATION"),
        ({"z_step_um": math.nan}, "E_IMAGE_CALIBRATION"),
        ({"frame_interval_s": -1}, "E_IMAGE_CALIBRATION"),
    ],
)
def test_what_imagej_cannot_hold_is_refused_before_anything_is_written(
    tmp_path: Path, options: dict[str, Any], code: str
) -> None:
    usual: dict[str, Any] = {"axes": "YX", "shape": (30, 40), "dtype": "uint16"}
    with (
        pytest.raises(InputError) as caught,
        create_image(tmp_path / "a.tif", **(usual | options)),
    ):
        pass
    assert caught.value.code == code
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("plane", "y", "x", "window", "code"),
    [
        (0, 0, 0, np.zeros((5, 5), np.float32), "E_IMAGE_DTYPE"),
        (1, 0, 0, np.zeros((5, 5), np.uint8), "E_IMAGE_SIZES"),
        (0, -1, 0, np.zeros((5, 5), np.uint8), "E_IMAGE_SIZES"),
        (0, 26, 0, np.zeros((5, 5), np.uint8), "E_IMAGE_SIZES"),
        (0, 0, 36, np.zeros((5, 5), np.uint8), "E_IMAGE_SIZES"),
        (0, 0, 0, np.zeros(5, np.uint8), "E_IMAGE_SIZES"),
    ],
)
def test_windows_that_do_not_fit_are_refused(
    tmp_path: Path, plane: int, y: int, x: int, window: NDArray[Any], code: str
) -> None:
    path = tmp_path / "a.tif"
    with (
        pytest.raises(InputError) as caught,
        create_image(path, axes="YX", shape=(30, 40), dtype="uint8") as writer,
    ):
        writer.write_window(plane, y, x, window)
    assert caught.value.code == code
    assert not list(tmp_path.iterdir())


def test_a_disk_too_small_is_found_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = type("usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: free)
    with (
        pytest.raises(OutputError, match="only 1 kB free; 12 MB") as caught,
        create_image(tmp_path / "a.tif", axes="YX", shape=(3000, 4000), dtype="uint8"),
    ):
        pass
    assert caught.value.code == "E_DISK_FULL"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_that_fills_up_while_space_is_taken_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with (
        pytest.raises(OutputError) as caught,
        create_image(tmp_path / "a.tif", axes="YX", shape=(30, 40), dtype="uint8"),
    ):
        pass
    assert caught.value.code == "E_DISK_FULL"
    assert not list(tmp_path.iterdir())


LIMITED = """
import resource, sys
from pathlib import Path
from frm_bridge.errors import FrmError
from frm_bridge.images import create_image
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
try:
    with create_image(Path(sys.argv[1]), axes="YX", shape=(2000, 2000), dtype="uint8"):
        pass
except FrmError as error:
    print(error.code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_limit_on_file_sizes_is_an_error_and_no_signal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path / "a.tif"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "E_DISK_FULL"), done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no block count")
def test_the_disk_space_is_taken_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with create_image(path, axes="YX", shape=(2000, 2000), dtype="uint8"):
        (partial,) = tmp_path.iterdir()
        assert partial.stat().st_blocks * 512 >= 2000 * 2000


@pytest.mark.parametrize("is_there", [False, True])
def test_without_a_working_fallocate_zeros_take_the_space(
    tmp_path: Path,
    make_pixels: Pixels,
    monkeypatch: pytest.MonkeyPatch,
    is_there: bool,
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "not supported")

    if is_there:
        monkeypatch.setattr(os, "posix_fallocate", unsupported, raising=False)
    else:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    monkeypatch.setattr(hyperstack, "_BLOCK", 1000)
    pixels = make_pixels(2, 300, 400)
    path = tmp_path / "a.tif"
    with create_image(path, axes="TYX", shape=(2, 300, 400), dtype="uint16") as writer:
        (partial,) = tmp_path.iterdir()
        if hasattr(partial.stat(), "st_blocks"):
            assert partial.stat().st_blocks * 512 >= pixels.nbytes
        for plane in range(2):
            writer.write_window(plane, 0, 0, pixels[plane])
    with open_image(path) as image:
        assert image.info.axes == "TYX"
        assert np.array_equal(image.read_plane(1), pixels[1])


def test_stacks_beyond_4_gb_are_written_as_imagej_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a file full of holes: no disk is used
    monkeypatch.setattr(hyperstack, "_reserve", lambda *_: None)
    monkeypatch.setattr(hyperstack, "check_space", lambda *_: None)
    path, shape = tmp_path / "a.tif", (3, 40_000, 20_000)
    corner = np.array([[7]], np.uint16)
    with create_image(path, axes="ZYX", shape=shape, dtype="uint16") as writer:
        writer.write_window(2, 39_999, 19_999, corner)
    assert path.stat().st_size > 2**32
    with open_image(path) as image:
        assert (image.info.axes, image.info.shape) == ("ZYX", shape)
        assert image.read_window(2, 39_990, 19_990, 10, 10)[-1, -1] == 7
    with tifffile.TiffFile(path) as tiff:
        assert len(tiff.pages) == 1
        assert (tiff.imagej_metadata or {})["images"] == 3
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(InputError) as caught:
        open_image(path)
    assert caught.value.code == "E_IMAGE_TRUNCATED"


def test_written_pages_do_not_count_as_this_programs_memory(tmp_path: Path) -> None:
    status = "/proc/self/status"
    if not os.path.exists(status):
        pytest.skip("only Linux tells file pages from the program's own")

    def anonymous_kb() -> int:
        with open(status) as file:
            return next(int(line.split()[1]) for line in file if "RssAnon" in line)

    window = np.ones((256, 4096), np.float32)
    shape = (4096, 4096)
    with create_image(
        tmp_path / "a.tif", axes="YX", shape=shape, dtype="float32"
    ) as writer:
        before = anonymous_kb()
        for y in range(0, 4096, 256):
            writer.write_window(0, y, 0, window)
        grown = anonymous_kb() - before
    assert grown < 4096 * 4096 * 4 / 1024 / 16


def test_the_new_file_is_neither_open_nor_mapped(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with create_image(path, axes="YX", shape=(30, 40), dtype="uint8") as writer:
        pass
    process = psutil.Process()
    held = [file.path for file in process.open_files()]
    if hasattr(process, "memory_maps"):
        held += [region.path for region in process.memory_maps()]
    assert not [place for place in held if place.startswith(os.fspath(tmp_path))]
    assert writer.path == path
