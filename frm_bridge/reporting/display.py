"""Images for the eye: stretched, reduced, merged and outlined; never measured."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as PillowImage
from skimage import measure

from frm_bridge.images import open_image

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

STRETCH_PERCENTILES = (0.5, 99.7)
"""Grey levels shown as black and as white."""

_JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Stretched:
    """An image as it is shown, 8-bit, and the grey levels shown black and white."""

    pixels: NDArray[np.uint8]
    black: float
    white: float


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of an image, in px of the full image."""

    y: int
    x: int
    height: int
    width: int

    @property
    def window(self) -> tuple[slice, slice]:
        """The region as an index."""
        return (
            slice(self.y, self.y + self.height),
            slice(self.x, self.x + self.width),
        )


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of one object, as an SVG path in px of the full image."""

    kind: str
    path: str
    title: str


def read_side(field: Mapping[str, Any], role: str, *, frame: int = 0) -> NDArray[Any]:
    """Read a field's plane of truth, prediction or transmitted light, as compared.

    ``frame`` counts from 0, or from the end of a movie where it is negative.
    """
    file = field[role]
    with open_image(file["path"], channel=file["channel"]) as image:
        return image.read_plane(field["planes"][frame] - 1)  # records count from 1


def stretch(image: NDArray[Any]) -> Stretched:
    """Stretch the contrast of an image for display only."""
    values = np.asarray(image, dtype=np.float32)
    step = max(1, max(values.shape) // 1024)
    sample = values[::step, ::step]
    black, white = (float(v) for v in np.percentile(sample, STRETCH_PERCENTILES))
    if white <= black:
        # Mostly background: the percentiles fall together, the extremes may not.
        black, white = float(values.min()), float(values.max())
    span = white - black if white > black else 1.0
    shown = np.clip((values - black) / span, 0, 1) * 255
    return Stretched(shown.round().astype(np.uint8), black, white)


def merge(truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Show the truth in green and the prediction in magenta: agreement is white."""
    return np.stack([prediction, truth, prediction], axis=-1)


def reduce(image: NDArray[np.uint8], *, side: int) -> NDArray[np.uint8]:
    """Make an image at most ``side`` px high and wide, averaging."""
    height, width = image.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return image
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    resample = PillowImage.Resampling.BOX
    return np.asarray(PillowImage.fromarray(image).resize(size, resample))


def data_uri(image: NDArray[np.uint8]) -> str:
    """Give a picture as text that a page can hold."""
    stream = io.BytesIO()
    PillowImage.fromarray(image).save(
        stream, "JPEG", quality=_JPEG_QUALITY, subsampling=0
    )
    text = base64.b64encode(stream.getvalue()).decode("ascii")
    return f"data:image/jpeg;base64,{text}"


def outline_objects(
    labels: NDArray[Any],
    kinds: Mapping[int, tuple[str, str]],
    *,
    tolerance_px: float,
) -> list[Outline]:
    """Trace the outlines of labelled objects.

    Parameters
    ----------
    labels : (height, width) integer
        Label image.
    kinds : mapping
        Label to (kind, title); objects that are not named are not traced.
    tolerance_px : float
        How far an outline may be from the pixels' edges.
    """
    found = []
    for region in measure.regionprops(labels):  # type: ignore[no-untyped-call]
        if region.label not in kinds:
            continue
        kind, title = kinds[region.label]
        y0, x0 = region.bbox[:2]
        mask = np.pad(region.image, 1).astype(float)
        lines = measure.find_contours(mask, 0.5)  # type: ignore[no-untyped-call]
        parts = [_svg_path(line, y0 - 0.5, x0 - 0.5, tolerance_px) for line in lines]
        found.append(Outline(kind, "".join(parts), title))
    return found


def _svg_path(
    line: NDArray[np.float64], y0: float, x0: float, tolerance_px: float
) -> str:
    """Write a closed line with few corners; pixel (0, 0) covers 0 to 1."""
    points = measure.approximate_polygon(line, tolerance_px)  # type: ignore[no-untyped-call]
    corners = (f"{x + x0:.1f} {y + y0:.1f}" for y, x in points[:-1].tolist())
    return f"M{'L'.join(corners)}Z"


def choose_region(
    shape: tuple[int, int],
    matched: NDArray[np.float64],
    unmatched: NDArray[np.float64],
    *,
    side: int,
) -> Region:
    """Choose the square with the most disagreement; of equal ones the most crowded.

    Parameters
    ----------
    shape : (height, width)
        Of the image.
    matched, unmatched : (n, 2) array
        Centroids (y, x) of matched nuclei, and of missed and invented ones.
    side : int
        Wished side in px.
    """
    height, width = (min(side, length) for length in shape)
    step = max(1, side // 8)
    best, best_score = Region(0, 0, height, width), (-1.0, -1.0)
    for y in _starts(shape[0], height, step):
        for x in _starts(shape[1], width, step):
            region = Region(y, x, height, width)
            score = (_crowd(unmatched, region), _crowd(matched, region))
            if score > best_score:
                best, best_score = region, score
    return best


def _starts(length: int, side: int, step: int) -> list[int]:
    return [*range(0, length - side, step), length - side]


def _crowd(points: NDArray[np.float64], region: Region) -> float:
    """Count the points in a region, those near its edge for less."""
    middle = np.array([region.y + region.height / 2, region.x + region.width / 2])
    half = np.array([region.height / 2, region.width / 2])
    off_centre = np.abs(points.reshape(-1, 2) - middle) / half
    return float(np.sum(np.clip(1.2 - off_centre.max(axis=1), 0, 0.5)))


def nice_length(limit: float) -> float:
    """Give the longest of 1, 2, 5, 10, ... that is at most ``limit``."""
    power = 10.0 ** np.floor(np.log10(limit))
    return float(max(power * factor for factor in (1, 2, 5) if power * factor <= limit))
