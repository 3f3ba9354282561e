"""Shifts planted into fields, to see whether the drift gate catches them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import ndimage

from frm_bridge.prediction.calibration import like

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Plane = NDArray[Any]

_DETAIL_PX = 8.0


@dataclass(frozen=True, slots=True)
class Shift:
    """One way to spoil a field.

    Attributes
    ----------
    kind, strength : str
        What is wrong, and how much of it.
    apply : callable (image, target) -> image
        Makes the spoilt field.
    scale : float
        By which the field becomes larger.
    shows_answer : bool
        True where the network is shown what it should predict, so that the harm cannot
        be measured.
    """

    kind: str
    strength: str
    apply: Callable[[Plane, Plane], Plane]
    scale: float = 1.0
    shows_answer: bool = False


def blur(image: Plane, target: Plane, *, sigma: float) -> Plane:
    """Blur by a Gaussian."""
    del target
    return like(image, ndimage.gaussian_filter(image.astype(np.float32), sigma))


def defocus(image: Plane, target: Plane, *, sigma: float) -> Plane:
    """Blur by a Gaussian, and add the noise that the camera would have kept."""
    del target
    pixels = image.astype(np.float32)
    steps = pixels[:-1, :-1] - pixels[1:, :-1] - pixels[:-1, 1:] + pixels[1:, 1:]
    noise = 1.4826 * float(np.median(np.abs(steps))) / 2
    blurred = ndimage.gaussian_filter(pixels, sigma)
    return like(image, blurred + noise * _random(image))


def invert(image: Plane, target: Plane, *, share: float) -> Plane:
    """Mix toward the negative: beyond one half contrast is inverted."""
    del target
    top = np.float32(np.iinfo(image.dtype).max)
    pixels = image.astype(np.float32)
    return like(image, (1 - share) * pixels + share * (top - pixels))


def resample(image: Plane, target: Plane, *, factor: float) -> Plane:
    """Take the field with other pixels: 2 gives twice as many on a side."""
    del target
    height, width = image.shape
    return like(
        image, resampled(image, (round(height * factor), round(width * factor)))
    )


def resampled(image: Plane, size: tuple[int, int]) -> NDArray[np.float32]:
    """Bring a plane to another grid, smoothed first where it shrinks."""
    factors = [new / old for new, old in zip(size, image.shape, strict=True)]
    pixels = image.astype(np.float32)
    if min(factors) < 1:
        pixels = ndimage.gaussian_filter(
            pixels, [max(1 / f - 1, 0) / 2 for f in factors]
        )
    order: Literal[1, 3] = 3 if min(factors) > 1 else 1
    grid: NDArray[np.float32] = ndimage.zoom(
        pixels, factors, order=order, mode="grid-mirror", grid_mode=True
    )
    return grid


def darken(image: Plane, target: Plane, *, share: float) -> Plane:
    """Subtract a share of the mean; what falls below 0 is lost."""
    del target
    return like(image, image.astype(np.float32) - share * float(image.mean()))


def saturate(image: Plane, target: Plane, *, share: float) -> Plane:
    """Expose until this share of the pixels holds the highest grey level."""
    del target
    level = max(float(np.quantile(image, 1 - share)), 1.0)
    top = float(np.iinfo(image.dtype).max)
    return like(image, image.astype(np.float32) * (top / level))


def add_noise(image: Plane, target: Plane, *, times: float) -> Plane:
    """Add noise of so many times the sd of the field's detail."""
    del target
    pixels = image.astype(np.float32)
    detail = pixels - ndimage.gaussian_filter(pixels, _DETAIL_PX)
    return like(image, pixels + times * float(detail.std()) * _random(image))


def mix_stain(image: Plane, target: Plane, *, share: float) -> Plane:
    """Mix in the field's own fluorescence, brought to the same mean and sd."""
    stain = target.astype(np.float32)
    pixels = image.astype(np.float32)
    sd = max(float(stain.std()), 1e-6)
    same = (stain - stain.mean()) / sd * pixels.std() + pixels.mean()
    return like(image, (1 - share) * pixels + share * same)


def scramble(image: Plane, target: Plane) -> Plane:
    """Keep the power spectrum, and nothing else of the field."""
    del target
    spectrum = np.fft.rfft2(image - image.mean())
    noise = np.fft.rfft2(_random(image))
    phases = noise / np.maximum(np.abs(noise), 1e-12)
    pixels = np.fft.irfft2(np.abs(spectrum) * phases, image.shape)
    return like(image, pixels + image.mean())


def shuffle(image: Plane, target: Plane) -> Plane:
    """Keep the grey levels, and no order among them."""
    del target
    random = np.random.default_rng(0)
    return random.permutation(image.ravel()).reshape(image.shape)


def stripes(image: Plane, target: Plane) -> Plane:
    """Draw stripes of 16 px with the field's mean and sd."""
    del target
    wave = np.sign(np.sin(np.arange(image.shape[1]) * (np.pi / 16) + 0.1))
    pixels = image.mean() + image.std() * np.broadcast_to(wave, image.shape)
    return like(image, pixels.astype(np.float32))


def _random(image: Plane) -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal(image.shape, np.float32)


def _row(kind: str, words: str, how: Any, **options: Any) -> list[Shift]:
    """Make a shift of each value that the option has."""
    ((name, values),) = options.items()
    return [
        Shift(
            kind,
            words.format(value),
            partial(how, **{name: value}),
            scale=value if name == "factor" else 1.0,
            shows_answer=how is mix_stain,
        )
        for value in values
    ]


_PIXELS = "other pixel size, unknown"
_STAIN = "fluorescence for bright field"

# The first of a kind may be too weak to hurt: the study measures it.
SHIFTS: tuple[Shift, ...] = (
    *_row("blur", "sigma {} px", blur, sigma=(0.5, 0.6, 1.0, 2.0)),
    *_row("inverted contrast", "{:.1%} negative", invert, share=(0.625, 0.75, 1.0)),
    *_row(_PIXELS, "{} times as many pixels", resample, factor=(1.2, 1.4, 2.0)),
    *_row(_PIXELS, "{} times as many pixels", resample, factor=(0.71, 0.5)),
    *_row("dark offset", "{} of the mean", darken, share=(0.9, 1.0, 1.05, 1.1)),
    *_row("saturation", "{:.0%} of the pixels", saturate, share=(0.1, 0.2, 0.3, 0.5)),
    *_row("noise", "{} times the detail", add_noise, times=(1.0, 2.0, 4.0, 8.0)),
    *_row(_STAIN, "{:.0%} mixed in", mix_stain, share=(0.25, 0.5, 0.75, 1.0)),
    Shift("no cells", "phases scrambled", scramble),
    Shift("no cells", "pixels shuffled", shuffle),
    Shift("no cells", "stripes", stripes),
    *_row("defocus, noise kept", "sigma {} px", defocus, sigma=(1.0, 1.5, 2.0)),
)
