"""Calibration, channel names and properties that a TIFF holds: OME, ImageJ or plain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import tifffile

from frm_bridge.images.calibration import (
    Calibration,
    Rational,
    Resolution,
    baseline_calibration,
    imagej_calibration,
    ome_calibration,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a TIFF says of itself."""

    calibration: Calibration
    channel_names: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)


def read_metadata(
    tiff: tifffile.TiffFile, page: tifffile.TiffPage, *, channels: int
) -> Metadata:
    """Read OME-XML where there is any, else ImageJ's description, else plain tags."""
    resolution = _resolution(page)
    if tiff.is_ome and tiff.ome_metadata:
        pixels = _ome_pixels(tiff.ome_metadata)
        return Metadata(ome_calibration(pixels), _ome_channel_names(pixels, channels))
    if tiff.is_imagej and tiff.imagej_metadata is not None:
        metadata = tiff.imagej_metadata
        return Metadata(
            imagej_calibration(metadata, resolution),
            _imagej_channel_names(metadata, channels),
            _properties(str(metadata.get("Info", ""))),
        )
    return Metadata(baseline_calibration(resolution))


def _resolution(page: tifffile.TiffPage) -> Resolution:
    """Read the resolution tags as they stand."""

    def rational(name: str) -> Rational | None:
        value = page.tags.valueof(name)
        return (int(value[0]), int(value[1])) if isinstance(value, tuple) else None

    unit = page.tags.valueof("ResolutionUnit")
    return Resolution(
        rational("XResolution"),
        rational("YResolution"),
        None if unit is None else int(unit),
        str(page.tags.valueof("Software", default="")),
    )


def _ome_pixels(xml: str) -> Mapping[str, Any]:
    """Give the Pixels element of the first image, as a mapping."""
    images = tifffile.xml2dict(xml).get("OME", {}).get("Image", {})
    first = images[0] if isinstance(images, list) else images
    pixels = first.get("Pixels", {})
    return pixels if isinstance(pixels, dict) else {}


def _ome_channel_names(pixels: Mapping[str, Any], channels: int) -> tuple[str, ...]:
    """Give the channels' names, when each has one."""
    found = pixels.get("Channel", [])
    entries = found if isinstance(found, list) else [found]
    names = tuple(str(entry["Name"]) for entry in entries if "Name" in entry)
    return names if len(names) == channels else ()


def _imagej_channel_names(
    metadata: Mapping[str, Any], channels: int
) -> tuple[str, ...]:
    """Give the planes' labels where they repeat with the channels."""
    labels = metadata.get("Labels", [])
    labels = [labels] if isinstance(labels, str) else list(labels)
    names = labels[:channels]
    repeats = labels == names * (len(labels) // channels)
    return tuple(names) if repeats and all(names) else ()


def _properties(text: str) -> dict[str, str]:
    """Read the ``key = value`` lines of ImageJ's Info."""
    pairs = (line.partition(" = ") for line in text.splitlines())
    return {key.strip(): value.strip() for key, mark, value in pairs if mark}
