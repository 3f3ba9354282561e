"""Make a passport from training fields, and its limits from the fields themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from frm_bridge.models.passport import FieldMeasures, Passport
from frm_bridge.prediction.likeness import (
    NOVELTY,
    features,
    fit_scales,
    largest_scores,
)
from frm_bridge.prediction.measures import measure_plane, read_tiles, sampled_planes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from frm_bridge.images import Image

    Tile = NDArray[Any]

# With fewer positions, how far they lie apart says nothing of the next one.
FEWEST_POSITIONS = 5

_BLUR_PX = 0.5
_NOISE = 2.0
_DETAIL_PX = 8.0


@dataclass(frozen=True, slots=True)
class MeasuredField:
    """A field as it is, and as it would be after each simulated drift.

    Attributes
    ----------
    measures : FieldMeasures
        As it is.
    drifted : mapping of str to FieldMeasures
        After each of ``DRIFTS``.
    """

    measures: FieldMeasures
    drifted: dict[str, FieldMeasures]


def blurred(tiles: Sequence[Tile]) -> list[Tile]:
    """Blur by half a pixel, about the least that hurts a prediction."""
    return [
        like(tile, ndimage.gaussian_filter(tile.astype(np.float32), _BLUR_PX))
        for tile in tiles
    ]


def noisy(tiles: Sequence[Tile]) -> list[Tile]:
    """Add noise of twice the sd of the plane's detail."""
    pixels = [tile.astype(np.float32) for tile in tiles]
    detail = [one - ndimage.gaussian_filter(one, _DETAIL_PX) for one in pixels]
    sd = _NOISE * float(np.sqrt(np.mean([one.var() for one in detail])))
    random = np.random.default_rng(0)
    return [
        like(tile, one + sd * random.standard_normal(one.shape, np.float32))
        for tile, one in zip(tiles, pixels, strict=True)
    ]


def like(tile: Tile, pixels: NDArray[np.floating[Any]]) -> Tile:
    """Give pixels in a tile's own type, rounded and clipped as a camera does it."""
    if not np.issubdtype(tile.dtype, np.integer):
        return pixels.astype(tile.dtype)
    levels = np.iinfo(tile.dtype)
    rounded: Tile = np.clip(np.rint(pixels), levels.min, levels.max).astype(tile.dtype)
    return rounded


DRIFTS: dict[str, Callable[[Sequence[Tile]], list[Tile]]] = {
    "blurred": blurred,
    "noisy": noisy,
}


def measure_field(
    tiles: Sequence[Tile], size: tuple[int, int], *, name: str, group: str
) -> MeasuredField:
    """Measure a field as it is and after each simulated drift.

    Parameters
    ----------
    tiles : sequence of (height, width) arrays
        Of one plane.
    size : (height, width)
        Of the plane.
    name, group : str
        What the passport is to call the field, and its position.
    """
    return MeasuredField(
        measure_plane(tiles, size, name=name, group=group, spread=True),
        {drift: measure_plane(change(tiles), size) for drift, change in DRIFTS.items()},
    )


def measure_image(image: Image, *, name: str, group: str) -> list[MeasuredField]:
    """Measure up to nine planes of an open image of transmitted light."""
    planes = sampled_planes(image.info.plane_count)
    return [
        measure_field(
            read_tiles(image, plane),
            (image.info.height, image.info.width),
            name=name + (f"[{plane}]" if image.info.plane_count > 1 else ""),
            group=group,
        )
        for plane in planes
    ]


def build_passport(fields: Sequence[MeasuredField]) -> Passport:
    """Make a passport; its limits come from judging each position by the others.

    With fewer than five positions there are no limits: likeness cannot be judged, and
    an inverted contrast is a warning.
    """
    measures = tuple(field.measures for field in fields)
    groups = [field.group for field in measures]
    if len(set(groups)) < FEWEST_POSITIONS:
        return Passport(
            measures,
            calibration=f"judged in part: {len(set(groups))} position(s) of training "
            f"fields, and {FEWEST_POSITIONS} are needed",
        )
    rows = np.array([features(each) for each in measures])
    shifts = {
        drift: np.mean(
            [
                features(field.drifted[drift]) - row
                for field, row in zip(fields, rows, strict=True)
            ],
            axis=0,
        )
        for drift in DRIFTS
    }
    scales = fit_scales(rows, groups)
    limits = largest_scores(rows, groups, scales, shifts)
    return Passport(
        measures,
        scales=tuple(scales.tolist()),
        drifts={drift: tuple(shift.tolist()) for drift, shift in shifts.items()},
        limits={NOVELTY: limits.pop(NOVELTY), **limits},
        calibration=f"each of {len(fields)} fields judged by those of the other "
        f"positions ({len(set(groups))} in all); the largest score is the limit",
    )
