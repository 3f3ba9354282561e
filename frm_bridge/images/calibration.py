"""Pixel size, Z step and frame interval, from what a file really says.

A pixel size that the file does not give stays None. In particular a print resolution
(72, 96 or 300 dots per inch) is no calibration, and neither are the values that a
library writes when nobody told it any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_UM_PER_UNIT = {
    **dict.fromkeys(("um", "micron", "microns", "micrometer", "micrometers"), 1.0),
    **dict.fromkeys(("micrometre", "micrometres", "\u03bcm"), 1.0),
    **dict.fromkeys(("nm", "nanometer", "nanometers", "nanometre"), 1e-3),
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre"), 1e4),
    **dict.fromkeys(("m", "meter", "metre"), 1e6),
    "pm": 1e-6,
    "\u00e5": 1e-4,
}
_S_PER_UNIT = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "\u03bcs", "usec", "microsecond", "microseconds"), 1e-6),
    "ns": 1e-9,
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
# NB: 300 dpi is 118 dots per cm, 85 um; 1,200 dpi is 21 um. Above this a resolution in
# cm is meant for paper, and ImageJ passes it on as a calibration all the same.
_LARGEST_PIXEL_FROM_CM_UM = 20.0
_CM = 3  # TIFF ResolutionUnit
_SQUARE = 0.01  # x and y may differ by this part and still be one pixel size

PIXEL_SIZE_TOLERANCE = 1e-3
"""Relative; TIFF resolutions are rounded."""

Rational = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Lengths in µm and a time in s, each None when the file does not say."""

    pixel_size_um: float | None = None
    z_step_um: float | None = None
    frame_interval_s: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """The resolution tags of a TIFF page: pixels per unit."""

    x: Rational | None
    y: Rational | None
    unit: int | None
    software: str = ""

    @property
    def is_library_default(self) -> bool:
        """Whether tifffile wrote 1/1 because nobody gave it a resolution."""
        # NB: ImageJ writes one pixel per unit as 1000000/1000000.
        return self.x == self.y == (1, 1) and self.software.startswith("tifffile")


def check_pixel_size(given: float | None) -> None:
    """Refuse a pixel size, given by a user in µm, that is no length.

    Raises
    ------
    InputError
        ``E_OPTION``.
    """
    if given is not None and not (math.isfinite(given) and given > 0):
        raise InputError(
            "E_OPTION",
            f"the pixel size is {given:g} µm; a length above 0 was expected",
            "give it in µm, for example --pixel-size 0.65",
        )


def same_pixel_size(a: float | None, b: float | None) -> bool:
    """Say whether two pixel sizes are one, but for rounding; None equals None."""
    if a is None or b is None:
        return a is b
    return abs(a - b) <= PIXEL_SIZE_TOLERANCE * a


def length_um(value: object, unit: object) -> float | None:
    """Convert a length to µm; None for no length or no unit of length."""
    return _converted(value, unit, _UM_PER_UNIT)


def time_s(value: object, unit: object) -> float | None:
    """Convert a time to seconds; None for no time or no unit of time."""
    return _converted(value, unit, _S_PER_UNIT)


def _converted(
    value: object, unit: object, factors: Mapping[str, float]
) -> float | None:
    """Multiply by the unit's factor where both make sense."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    # ImageJ escapes the micro sign; it exists twice in Unicode.
    name = str(unit).strip().replace("\\u00B5", "\u03bc").lower()
    factor = factors.get(name.replace("\u00b5", "\u03bc"))
    if factor is None or not math.isfinite(number) or number <= 0:
        return None
    if factor == 1:
        return number  # to the last bit
    return float(f"{number * factor:.15g}")  # 1e-6 m is 1 um, and no more


def square_pixel(x_um: float | None, y_um: float | None) -> Calibration:
    """Give the pixel size, or None and a note when pixels are not square."""
    if x_um is None or y_um is None:
        return Calibration()
    if abs(x_um - y_um) > _SQUARE * min(x_um, y_um):
        note = (
            f"pixels are not square ({x_um:.6g} x {y_um:.6g} um): "
            "the image is treated as uncalibrated"
        )
        return Calibration(notes=(note,))
    return Calibration(pixel_size_um=x_um)


def baseline_calibration(resolution: Resolution) -> Calibration:
    """Read a plain TIFF's tags: a fine resolution per cm counts, inches never do."""
    if resolution.unit != _CM:
        return Calibration()
    sizes = [_side_um(r, "cm") for r in (resolution.x, resolution.y)]
    if any(s is None or s > _LARGEST_PIXEL_FROM_CM_UM for s in sizes):
        return Calibration()
    return square_pixel(*sizes)


def imagej_calibration(
    metadata: Mapping[str, Any], resolution: Resolution
) -> Calibration:
    """Read what ImageJ wrote: the unit in its description, the size in the tags."""
    unit = metadata.get("unit", "pixel")
    x_um = _side_um(resolution.x, unit)
    y_um = _side_um(resolution.y, metadata.get("yunit", unit))
    in_cm = resolution.unit == _CM or _UM_PER_UNIT.get(str(unit).lower()) == 1e4
    is_print = in_cm and x_um is not None and x_um > _LARGEST_PIXEL_FROM_CM_UM
    if resolution.is_library_default or is_print:
        pixel = Calibration()
    else:
        pixel = square_pixel(x_um, y_um)
    return Calibration(
        pixel.pixel_size_um,
        length_um(metadata.get("spacing"), metadata.get("zunit", unit)),
        _imagej_interval(metadata),
        pixel.notes,
    )


def ome_calibration(pixels: Mapping[str, Any]) -> Calibration:
    """Read the attributes of an OME ``Pixels`` element."""
    x, y, z = (
        length_um(
            pixels.get(f"PhysicalSize{a}"), pixels.get(f"PhysicalSize{a}Unit", "um")
        )
        for a in "XYZ"
    )
    interval = time_s(pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit", "s"))
    pixel = square_pixel(x, y)
    return Calibration(pixel.pixel_size_um, z, interval, pixel.notes)


def _imagej_interval(metadata: Mapping[str, Any]) -> float | None:
    """Give ImageJ's frame interval; fps only sets how fast a movie is played."""
    return time_s(metadata.get("finterval"), metadata.get("tunit", "s"))


def _side_um(resolution: Rational | None, unit: object) -> float | None:
    """Give a pixel's side from pixels per unit."""
    if resolution is None or 0 in resolution:
        return None
    pixels, units = resolution
    return length_um(units / pixels, unit)
