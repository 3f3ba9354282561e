"""Calibration: what counts as a pixel size, and what does not."""

from __future__ import annotations

import pytest

from frm_bridge.images.calibration import (
    Calibration,
    Resolution,
    baseline_calibration,
    imagej_calibration,
    length_um,
    ome_calibration,
    square_pixel,
    time_s,
)

INCH, CM, NONE = 2, 3, 1


def resolution(pixels: int, units: int, unit: int | None = NONE) -> Resolution:
    return Resolution((pixels, units), (pixels, units), unit, "ImageJ")


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("micron", 2.0),
        ("um", 2.0),
        ("\u00b5m", 2.0),
        ("\u03bcm", 2.0),
        ("\\u00B5m", 2.0),
        ("Microns", 2.0),
        ("nm", 0.002),
        ("mm", 2000.0),
        ("m", 2e6),
        ("pixel", None),
        ("pixels", None),
        ("inch", None),
        ("", None),
        (None, None),
        ("reference frame", None),
    ],
)
def test_only_units_of_length_give_a_length(unit: str, expected: float | None) -> None:
    assert length_um(2, unit) == pytest.approx(expected)


def test_a_conversion_leaves_no_rounding_noise() -> None:
    assert length_um(1e-6, "m") == 1.0


@pytest.mark.parametrize("value", [None, "", "abc", 0, -1, float("nan"), float("inf")])
def test_what_is_no_positive_number_gives_no_length(value: object) -> None:
    assert length_um(value, "um") is None


@pytest.mark.parametrize(
    ("unit", "seconds"),
    [
        ("s", 3.0),
        ("sec", 3.0),
        ("ms", 0.003),
        ("min", 180.0),
        ("h", 10800.0),
        ("x", None),
    ],
)
def test_times_become_seconds(unit: str, seconds: float | None) -> None:
    assert time_s(3, unit) == pytest.approx(seconds)


@pytest.mark.parametrize("dpi", [72, 96, 150, 300, 600, 1200, 25400])
def test_dots_per_inch_are_never_a_pixel_size(dpi: int) -> None:
    assert baseline_calibration(resolution(dpi, 1, INCH)) == Calibration()
    inches = imagej_calibration({"unit": "inch"}, resolution(dpi, 1, INCH))
    assert inches == Calibration()


@pytest.mark.parametrize("dpi", [72, 96, 150, 300, 600, 1200])
def test_print_resolutions_in_cm_are_no_pixel_size(dpi: int) -> None:
    per_cm = resolution(round(dpi / 2.54), 1, CM)
    assert baseline_calibration(per_cm).pixel_size_um is None
    assert imagej_calibration({"unit": "cm"}, per_cm).pixel_size_um is None


def test_a_microscope_resolution_in_cm_is_a_pixel_size() -> None:
    per_cm = resolution(40000, 1, CM)
    assert baseline_calibration(per_cm).pixel_size_um == 0.25
    assert imagej_calibration({"unit": "cm"}, per_cm).pixel_size_um == 0.25


def test_a_resolution_without_a_unit_is_no_pixel_size() -> None:
    assert baseline_calibration(resolution(3, 1, NONE)) == Calibration()
    assert baseline_calibration(resolution(3, 1, None)) == Calibration()
    assert imagej_calibration({}, resolution(3, 1)) == Calibration()


def test_what_tifffile_writes_unasked_is_no_pixel_size() -> None:
    default = Resolution((1, 1), (1, 1), NONE, "tifffile.py")
    assert imagej_calibration({"unit": "um"}, default).pixel_size_um is None
    by_imagej = Resolution((1000000, 1000000), (1000000, 1000000), NONE, "")
    assert imagej_calibration({"unit": "um"}, by_imagej).pixel_size_um == 1.0


def test_imagej_gives_pixel_z_step_and_interval_in_its_units() -> None:
    metadata = {"unit": "nm", "spacing": 500.0, "finterval": 2.0, "tunit": "min"}
    found = imagej_calibration(metadata, resolution(1, 325))
    assert found.pixel_size_um == pytest.approx(0.325)
    assert found.z_step_um == pytest.approx(0.5)
    assert found.frame_interval_s == pytest.approx(120)


def test_a_playing_speed_is_no_frame_interval() -> None:
    metadata = {"unit": "um", "fps": 7.0}
    assert imagej_calibration(metadata, resolution(2, 1)).frame_interval_s is None


def test_imagej_units_may_differ_between_axes() -> None:
    metadata = {"unit": "um", "yunit": "nm", "zunit": "nm", "spacing": 300}
    tags = Resolution((2, 1), (1, 500), NONE)
    found = imagej_calibration(metadata, tags)
    assert found.pixel_size_um == pytest.approx(0.5)
    assert found.z_step_um == pytest.approx(0.3)


def test_pixels_that_are_not_square_leave_the_image_uncalibrated_with_a_note() -> None:
    found = square_pixel(0.325, 0.5)
    assert found.pixel_size_um is None
    assert "0.325 x 0.5" in found.notes[0]


def test_rounding_differences_between_x_and_y_are_forgiven() -> None:
    assert square_pixel(0.325, 0.3255) == Calibration(0.325)


def test_ome_lengths_default_to_um_and_times_to_seconds() -> None:
    pixels = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "TimeIncrement": 3}
    assert ome_calibration(pixels) == Calibration(0.5, None, 3.0)


def test_ome_units_are_read() -> None:
    lengths = {f"PhysicalSize{a}": 650 for a in "XYZ"}
    units = {f"PhysicalSize{a}Unit": "nm" for a in "XYZ"}
    found = ome_calibration({**lengths, **units})
    assert found.pixel_size_um == pytest.approx(0.65)
    assert found.z_step_um == pytest.approx(0.65)


def test_an_ome_image_with_x_alone_is_uncalibrated() -> None:
    assert ome_calibration({"PhysicalSizeX": 0.5}).pixel_size_um is None
