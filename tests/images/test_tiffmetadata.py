"""Metadata in files: OME, ImageJ and plain tags as programs write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from frm_bridge.images import ImageInfo, open_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = Callable[..., NDArray[Any]]
    Writer = Callable[..., Path]


def info(path: Path) -> ImageInfo:
    with open_image(path) as image:
        return image.info


def test_ome_gives_calibration_order_and_channel_names(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    metadata = {
        "axes": "TCYX",
        "PhysicalSizeX": 650,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 650,
        "PhysicalSizeYUnit": "nm",
        "PhysicalSizeZ": 2.0,
        "TimeIncrement": 5.0,
        "TimeIncrementUnit": "min",
        "Channel": {"Name": ["bright field", "DAPI"]},
    }
    path = write_tiff("a", make_pixels(3, 2, 20, 30), ome=True, metadata=metadata)
    found = info(path)
    assert found.axes == "TCYX"
    assert found.pixel_size_um == pytest.approx(0.65)
    assert (found.z_step_um, found.frame_interval_s) == (2.0, 300.0)
    assert found.channel_names == ("bright field", "DAPI")


def test_ome_without_a_pixel_size_is_uncalibrated(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    options = {"ome": True, "resolution": (300, 300), "resolutionunit": "INCH"}
    assert info(write_tiff("a", make_pixels(20, 30), **options)).pixel_size_um is None


def test_imagej_gives_calibration_labels_and_info(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    metadata = {
        "axes": "TCYX",
        "unit": "\\u00B5m",
        "spacing": 1.5,
        "finterval": 60.0,
        "Labels": ["a", "b"] * 3,
        "Info": "Objective = 20x\nno pair\nName = cells = nuclei\n",
    }
    options = {"imagej": True, "resolution": (2, 2), "metadata": metadata}
    found = info(write_tiff("a", make_pixels(3, 2, 20, 30), **options))
    assert (found.pixel_size_um, found.z_step_um) == (0.5, 1.5)
    assert found.frame_interval_s == 60.0
    assert found.channel_names == ("a", "b")
    assert found.properties == {"Objective": "20x", "Name": "cells = nuclei"}


def test_labels_of_single_planes_are_no_channel_names(
    make_pixels: Pixels, write_tiff: Writer
) -> None:
    metadata = {"axes": "TCYX", "Labels": ["a", "b", "c", "d"]}
    path = write_tiff("a", make_pixels(2, 2, 20, 30), imagej=True, metadata=metadata)
    assert info(path).channel_names == ()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"resolution": (72, 72), "resolutionunit": "INCH"},
        {"resolution": (118, 118), "resolutionunit": "CENTIMETER"},
        {"imagej": True},
        {"imagej": True, "metadata": {"unit": "um"}},
        {"imagej": True, "resolution": (3, 3)},
        {"imagej": True, "resolution": (3, 3), "metadata": {"unit": "pixel"}},
        {"imagej": True, "resolution": (72, 72), "metadata": {"unit": "inch"}},
    ],
)
def test_a_pixel_size_that_the_file_does_not_give_is_none(
    make_pixels: Pixels, write_tiff: Writer, options: dict[str, Any]
) -> None:
    assert info(write_tiff("a", make_pixels(20, 30), **options)).pixel_size_um is None


def test_the_fixture_of_calibrated_images_is_calibrated(
    make_pixels: Pixels, write_calibrated: Writer
) -> None:
    path = write_calibrated("a", make_pixels(20, 30), 0.325)
    assert info(path).pixel_size_um == pytest.approx(0.325)
