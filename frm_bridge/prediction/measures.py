"""What a plane looks like, in a few numbers that a passport can be compared with.

All are taken from at most nine tiles on a fixed grid, so that their cost is bounded.
Blocks of 64 px are taken apart by their spatial frequencies. The calmest tenth of the
blocks tells of the camera's noise and of the optics, whatever the number of cells; the
liveliest fiftieth tells of the cells. The polarity tells whether fine detail lies in
dark or in bright places: it changes its sign where contrast is inverted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import fft, ndimage

from frm_bridge.models.passport import BANDS_PX, POLARITY_SCALES_PX, FieldMeasures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from frm_bridge.prediction.exact import Source

TILE_PX = 512
TILES_A_SIDE = 3
BLOCK_PX = 64
MOST_PLANES = 9

_BACKGROUND, _OBJECTS = 0.10, 0.98
# Amplitudes below this are no signal: an 8-bit camera's steps alone are 0.29.
_FLOOR = 0.03
# Between fine and coarse detail of the polarity.
_OCTAVES = 2
_CLIP = 3.0


@dataclass(frozen=True, slots=True)
class _Part:
    tile: NDArray[Any]
    amplitudes: NDArray[np.float32]
    details: list[NDArray[np.float32]]


def measure_plane(
    tiles: Sequence[NDArray[Any]],
    size: tuple[int, int],
    *,
    name: str = "",
    group: str = "",
    spread: bool = False,
) -> FieldMeasures:
    """Measure a plane by its tiles.

    Parameters
    ----------
    tiles : sequence of (height, width) arrays
        As :func:`read_tiles` gives them.
    size : (height, width)
        Of the plane.
    name, group : str
        What a passport is to call the field, and its position.
    spread : bool
        Measure each tile by itself, too, as a passport has it.
    """
    parts = [_Part(tile, _block_spectra(tile), _details(tile)) for tile in tiles]
    sides = dict(zip(("height", "width"), map(float, size), strict=True))
    whole = _values(parts)
    deviations = _deviations(parts) | dict.fromkeys(sides, 0.0) if spread else {}
    return FieldMeasures(name, group, sides | whole, deviations)


def _deviations(parts: Sequence[_Part]) -> dict[str, float]:
    each = [_values([part]) for part in parts]
    return {key: float(np.std([one[key] for one in each])) for key in each[0]}


def read_tiles(source: Source, plane: int) -> list[NDArray[Any]]:
    """Read the tiles of a plane that are measured: all of it where it is small."""
    height, width = source.info.height, source.info.width
    return [
        source.read_window(plane, y, x, min(TILE_PX, height), min(TILE_PX, width))
        for y in _origins(height)
        for x in _origins(width)
    ]


def sampled_planes(count: int) -> list[int]:
    """Choose the first plane, the last and up to seven between."""
    places = np.linspace(0, count - 1, min(count, MOST_PLANES))
    return sorted({round(place) for place in places.tolist()})


def _origins(length: int) -> list[int]:
    count = min(TILES_A_SIDE, -(-length // TILE_PX))
    return [int(place) for place in np.linspace(0, max(length - TILE_PX, 0), count)]


def _values(parts: Sequence[_Part]) -> dict[str, float]:
    """Name the numbers of some tiles."""
    values = _grey_levels([part.tile for part in parts])
    amplitudes = np.concatenate([part.amplitudes for part in parts])
    low, high = np.quantile(amplitudes, (_BACKGROUND, _OBJECTS), axis=0)
    for band, calm, lively in zip(BANDS_PX, low, high, strict=True):
        values[f"background_{band:g}"] = float(np.log2(calm + _FLOOR))
        values[f"objects_{band:g}"] = float(np.log2(lively + _FLOOR))
    moments = _polarity([part.details for part in parts])
    for scale, moment in zip(POLARITY_SCALES_PX, moments, strict=True):
        values[f"polarity_{scale}"] = moment
    return values


def _grey_levels(tiles: Sequence[NDArray[Any]]) -> dict[str, float]:
    """Give what depends on gain and offset."""
    pixels = np.concatenate([tile[::3, ::3].ravel() for tile in tiles])
    levels = pixels.astype(np.float64)
    mean, sd = float(levels.mean()), max(float(levels.std()), _FLOOR)
    return {
        "mean": mean,
        "sd": sd,
        "skewness": float(((levels - mean) ** 3).mean()) / sd**3,
        "low": float(levels.min()),
        "high": float(levels.max()),
        # A level at which the histogram ends abruptly is where the camera clips.
        "empty": float((pixels == pixels.min()).mean()),
        "saturated": float((pixels == pixels.max()).mean()),
    }


def _block_spectra(tile: NDArray[Any]) -> NDArray[np.float32]:
    """Give the amplitude of each block in each band, in grey levels."""
    side = min(BLOCK_PX, *tile.shape)
    rows, columns = tile.shape[0] // side, tile.shape[1] // side
    cut = tile[: rows * side, : columns * side].astype(np.float32)
    grid = cut.reshape(rows, side, columns, side).swapaxes(1, 2)
    blocks = grid.reshape(-1, side, side)
    blocks -= blocks.mean(axis=(1, 2), keepdims=True)
    window, bands = _window(side), _bands(side)
    spectrum = fft.rfft2(blocks * window)
    power = spectrum.real**2
    power += spectrum.imag**2
    amplitudes: NDArray[np.float32] = np.sqrt(power.reshape(len(power), -1) @ bands)
    return amplitudes


@cache
def _window(side: int) -> NDArray[np.float32]:
    """Give a window without net gain, so that a block's border makes no edge."""
    line = np.hanning(side + 1)[:-1]
    window = np.outer(line, line)
    scaled: NDArray[np.float32] = (window / np.sqrt((window**2).mean())).astype("f4")
    return scaled


@cache
def _bands(side: int) -> NDArray[np.float32]:
    """Give the weight of each frequency in each band: its mean power a pixel."""
    across = fft.rfftfreq(side)
    radius = np.hypot(fft.fftfreq(side)[:, np.newaxis], across)
    # All but the first and the last column stand for two frequencies.
    twice = np.where((across == 0) | (across == 0.5), 1.0, 2.0) * np.ones_like(radius)
    weights = np.empty((*radius.shape, len(BANDS_PX)))
    for place, period in enumerate(BANDS_PX):
        inside = (radius > 2**-0.25 / period) & (radius <= 2**0.25 / period)
        weight = inside * twice
        weights[..., place] = weight / max(weight.sum(), 1.0) / side**2
    flat: NDArray[np.float32] = weights.reshape(-1, len(BANDS_PX)).astype(np.float32)
    return flat


def _details(tile: NDArray[Any]) -> list[NDArray[np.float32]]:
    """Give the detail at 2, 4, 8, ... px, each on its own coarser grid."""
    level, details = tile.astype(np.float32), []
    for _ in range(len(POLARITY_SCALES_PX) + _OCTAVES):
        level = _halved(level)
        details.append(
            level - ndimage.uniform_filter(level, 5) if level.size else level
        )
    return details


def _polarity(tiles: Sequence[Sequence[NDArray[np.float32]]]) -> list[float]:
    """Say for each scale whether fine detail lies in bright or in dark places.

    The mean of squared fine detail times coarse detail, four times as large: a third
    moment, which changes its sign with the image. Both are clipped at three sd, so that
    no speck of dust outweighs the cells.
    """
    scales = list(zip(*tiles, strict=True))
    sds = [
        np.sqrt(sum(float(np.vdot(one, one)) for one in scale) / _size(scale))
        for scale in scales
    ]
    clipped = [
        [np.clip(one / max(sd, _FLOOR / 10), -_CLIP, _CLIP) for one in scale]
        for scale, sd in zip(scales, sds, strict=True)
    ]
    found = []
    for fine, coarse in zip(clipped, clipped[_OCTAVES:], strict=False):
        total = 0.0
        for detail, place in zip(fine, coarse, strict=True):
            energy = _halved(_halved(detail * detail))
            total += float(np.vdot(energy[: len(place), : place.shape[1]], place))
        # The cube root brings the third moment to the size of its factors.
        found.append(float(np.cbrt(total / _size(coarse))))
    return found


def _size(arrays: Sequence[NDArray[Any]]) -> int:
    return max(sum(one.size for one in arrays), 1)


def _halved(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average 2 x 2 px; an odd last row or column is left out."""
    even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
    return 0.25 * (
        even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    )
