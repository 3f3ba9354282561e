"""One image at several scales, to find the one that a model reads best.

For an image or a model that does not say its pixel size. With the stain of the same
field the question has an answer: the correlation. Without it there is an indicator and
no more: near its own scale a network's prediction hangs little on the scale, so the
predictions at neighbouring factors agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.comparison.pixels import pearson
from frm_bridge.errors import InputError
from frm_bridge.images import open_image
from frm_bridge.prediction.arrays import ArrayImage, predict_into
from frm_bridge.prediction.matching import (
    LARGEST_FACTOR,
    SMALLEST_FACTOR,
    Matching,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from frm_bridge.prediction.loaded import LoadedModel

    Progress = Callable[[int, int], None]

FEWEST_STEPS = 3


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """Which factors are tried, and on which part of the image.

    Attributes
    ----------
    smallest, largest : float
        Pixels of the model for each pixel of the image along a side.
    steps : int
        How many, in equal ratios; 1 is tried besides if it is between them.
    side : int
        Of the square in the image's middle that is predicted, in px.

    Raises
    ------
    InputError
        ``E_OPTION``.
    """

    smallest: float = 0.5
    largest: float = 2.0
    steps: int = 9
    side: int = 1024

    def __post_init__(self) -> None:
        if not SMALLEST_FACTOR <= self.smallest < self.largest <= LARGEST_FACTOR:
            raise InputError(
                "E_OPTION",
                f"factors from {self.smallest:g} to {self.largest:g} cannot be tried; "
                f"expected {SMALLEST_FACTOR:g} to {LARGEST_FACTOR:g}, the smaller "
                "first",
                "for example --from 0.5 --to 2",
            )
        if self.steps < FEWEST_STEPS or self.side < 1:
            raise InputError(
                "E_OPTION",
                f"{self.steps} steps on {self.side} px; at least {FEWEST_STEPS} steps "
                "on 1 px were expected",
                "for example --steps 9",
            )

    def factors(self) -> tuple[float, ...]:
        """Give the factors in rising order."""
        tried = np.geomspace(self.smallest, self.largest, self.steps).tolist()
        is_there = any(abs(each - 1) < 1e-6 for each in tried)
        if not is_there and self.smallest < 1 < self.largest:
            tried.append(1.0)
        return tuple(sorted(round(each, 4) for each in tried))


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """What came of one factor.

    Attributes
    ----------
    factor : float
        1 for the image as it is.
    seen : (height, width) array
        What the network was given, in grey levels.
    prediction : (height, width) float32
        On the image's grid.
    agreement : float or None
        Correlation with the predictions at the neighbouring factors, their mean.
    pcc : float or None
        Correlation with the stain; None without one.
    """

    factor: float
    seen: NDArray[Any]
    prediction: NDArray[np.float32]
    agreement: float | None
    pcc: float | None


@dataclass(frozen=True, slots=True)
class ScaleSweep:
    """An image, predicted at several factors.

    Attributes
    ----------
    image : Path
        The file.
    model_name, model_sha256 : str
        What predicted it.
    pixels : (height, width) array
        The part that was predicted.
    stain : (height, width) array or None
        The same part of the truth.
    points : tuple of SweepPoint
        In rising order of the factors; one of them is 1, where that is in the range.
    pixel_size_um, model_pixel_size_um : float or None
        Where they are known.
    """

    image: Path
    model_name: str
    model_sha256: str
    pixels: NDArray[Any]
    stain: NDArray[Any] | None
    points: tuple[SweepPoint, ...]
    pixel_size_um: float | None
    model_pixel_size_um: float | None

    @property
    def as_it_is(self) -> SweepPoint | None:
        """The factor 1."""
        return next((each for each in self.points if each.factor == 1), None)

    @property
    def best(self) -> SweepPoint | None:
        """The factor of the highest correlation with the stain; None without one."""
        known = [each for each in self.points if each.pcc is not None]
        return max(known, key=lambda each: each.pcc or 0.0, default=None)

    @property
    def steadiest(self) -> SweepPoint | None:
        """The factor whose neighbours agree most: an indicator, no proof."""
        known = [each for each in self.points if each.agreement is not None]
        return max(known, key=lambda each: each.agreement or 0.0, default=None)


def sweep_scale(
    model: LoadedModel,
    image: Path,
    *,
    truth: Path | None = None,
    channel: int | None = None,
    grain: bool = True,
    settings: SweepSettings | None = None,
    progress: Progress | None = None,
) -> ScaleSweep:
    """Predict the first plane of an image at several scales.

    Parameters
    ----------
    model : LoadedModel
        It stays open.
    image : Path
        Transmitted light.
    truth : Path, optional
        The stain of the same field, on the same grid.
    channel : int, optional
        Of an image with several, counted from 1.
    grain : bool
        As for `Matching`.
    settings : SweepSettings, optional
        The factors.
    progress : callable (done, total), optional
        Counted in factors.

    Raises
    ------
    FrmError
        Those of an image and of a prediction; ``E_PAIR_SIZE`` where the stain has
        another size.
    """
    settings = settings or SweepSettings()
    pixels, size = _middle(image, settings.side, channel)
    stain = None if truth is None else _middle(truth, settings.side, None)[0]
    if truth is not None and stain is not None and stain.shape != pixels.shape:
        raise InputError(
            "E_PAIR_SIZE",
            f"{image} gives {pixels.shape} px and {truth} {stain.shape} px",
            "give the stain of the same field, cropped and binned alike",
        )
    factors = settings.factors()
    seen, predictions = [], []
    for done, factor in enumerate(factors, start=1):
        found = np.empty(pixels.shape, np.float32)
        how = Matching(scale=factor, grain=grain)
        source = ArrayImage(pixels, name=str(image))
        predict_into(source, model, found, force=True, matching=how)
        at_scale = how.measured(source, factor).source
        predictions.append(found)
        seen.append(at_scale.read_window(0, 0, 0, *at_scale.info.shape).astype("f4"))
        if progress:
            progress(done, len(factors))
    return ScaleSweep(
        image=image,
        model_name=model.card.name,
        model_sha256=model.sha256,
        pixels=pixels,
        stain=stain,
        points=_points(factors, seen, predictions, stain),
        pixel_size_um=size,
        model_pixel_size_um=model.card.pixel_size_um,
    )


def _points(
    factors: Sequence[float],
    seen: Sequence[NDArray[Any]],
    predictions: Sequence[NDArray[np.float32]],
    stain: NDArray[Any] | None,
) -> tuple[SweepPoint, ...]:
    steps = [pearson(a, b) for a, b in pairwise(predictions)]
    return tuple(
        SweepPoint(
            factor,
            seen[place],
            predictions[place],
            _mean(steps[max(0, place - 1) : place + 1]),
            None if stain is None else pearson(stain, predictions[place]),
        )
        for place, factor in enumerate(factors)
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _middle(
    path: Path, side: int, channel: int | None
) -> tuple[NDArray[Any], float | None]:
    """Read the square in the middle of the first plane, and its pixel size."""
    with open_image(path, channel=channel) as image:
        info = image.info
        height, width = min(side, info.height), min(side, info.width)
        y, x = (info.height - height) // 2, (info.width - width) // 2
        return image.read_window(0, y, x, height, width), info.pixel_size_um
