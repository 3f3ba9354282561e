"""Bringing the image of another microscope to what a model was trained on.

Scale: the image is put on the grid that it would have at the model's pixel size, and
the prediction back on the image's own, so that whatever is measured stays in the
image's pixels (the paper's inter-system correction factor, CL-014, CL-174). A pixel
size that is not known is never guessed. Statistics are those of the resampled plane:
the model's training planes, too, were measured at the model's pixel size, and shrinking
averages noise away.

Intensity: a model with the statistics of its training fields fails silently on another
camera or lamp (CL-211). The plane's own mean and sd, or those of a session's images,
take their place, which is one linear map of the grey levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from frm_bridge.errors import InputError
from frm_bridge.images import Image, check_pixel_size, plane_statistics
from frm_bridge.prediction.exact import View
from frm_bridge.prediction.intensity import IntensityMap
from frm_bridge.prediction.rescaled import CalibratedImage, RescaledImage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.images import ImageInfo
    from frm_bridge.models.card import ModelCard
    from frm_bridge.prediction.exact import Source
    from frm_bridge.prediction.loaded import LoadedModel

PIXEL_SIZE: Literal["pixel size"] = "pixel size"
OWN: Literal["own"] = "own"

SMALLEST_FACTOR, LARGEST_FACTOR = 0.2, 5.0
NO_CHANGE = 0.005
"""Factors this near to 1 resample nothing."""


@dataclass(frozen=True, slots=True)
class Matching:
    """What is done to an image before a model sees it; by default nothing.

    Attributes
    ----------
    scale : float or "pixel size", optional
        Pixels of the model for each pixel of the image along a side, or the image's
        pixel size over the model's.
    pixel_size_um : float, optional
        Of the images, in place of what their files say.
    grain : bool
        Put back into a resampled image the noise that resampling took away.
    intensity : "own" or IntensityMap, optional
        Whose mean and sd take the place of the training fields': each plane's own, or
        those of a map that was made from several images.

    Raises
    ------
    InputError
        ``E_SCALE`` for a factor that is none, ``E_OPTION`` for such a pixel size.
    """

    scale: float | Literal["pixel size"] | None = None
    pixel_size_um: float | None = None
    grain: bool = True
    intensity: Literal["own"] | IntensityMap | None = None

    def __post_init__(self) -> None:
        check_pixel_size(self.pixel_size_um)
        if self.scale is not None and self.scale != PIXEL_SIZE:
            _check_factor(self.scale, "the factor")

    @classmethod
    def asked(
        cls,
        *,
        match_scale: bool = False,
        match_intensity: bool = False,
        pixel_size_um: float | None = None,
    ) -> Matching:
        """Give what two yes-or-no questions and a pixel size ask for."""
        return cls(
            scale=PIXEL_SIZE if match_scale else None,
            pixel_size_um=pixel_size_um,
            intensity=OWN if match_intensity else None,
        )

    def calibrated(self, source: Source) -> Source:
        """Give the image with the pixel size that takes the place of its own."""
        if self.pixel_size_um is None:
            return source
        return CalibratedImage(source, self.pixel_size_um)

    def factor(self, info: ImageInfo, card: ModelCard) -> float:
        """Give the pixels of the model for each of the image; 1 for no resampling.

        Raises
        ------
        InputError
            ``E_PIXEL_SIZE`` or ``E_PIXEL_SIZE_MODEL`` where one is not known,
            ``E_SCALE`` where the factor is out of range.
        """
        if self.scale is None:
            return 1.0
        factor = _ratio(info, card) if self.scale == PIXEL_SIZE else self.scale
        return 1.0 if abs(factor - 1) <= NO_CHANGE else factor

    def views(self, source: Source, models: Sequence[LoadedModel]) -> tuple[View, ...]:
        """Give the image as each model is to see it, measured whole.

        Raises
        ------
        InputError
            As `factor`; ``E_IMAGE_SMALL``, ``E_IMAGE_NOT_FINITE``,
            ``E_IMAGE_CONSTANT``.
        """
        info = source.info
        factors = [self.factor(info, model.card) for model in models]
        at_scale = {each: self.measured(source, each) for each in set(factors)}
        return tuple(
            self._view(model, at_scale[factor], factor)
            for model, factor in zip(models, factors, strict=True)
        )

    def measured(self, source: Source, factor: float) -> AtScale:
        """Give an image at a factor, and mean and sd of each of its planes there.

        Raises
        ------
        InputError
            ``E_IMAGE_SMALL``, ``E_IMAGE_NOT_FINITE``, ``E_IMAGE_CONSTANT``.
        """
        # Faults are found, and named with their place, in the pixels as they are.
        own = _statistics(source)
        if factor == 1:
            return AtScale(source, own)
        rescaled = RescaledImage(source, factor, with_grain=self.grain)
        return AtScale(rescaled, _statistics(rescaled), rescaled.grain)

    def _view(self, model: LoadedModel, image: AtScale, factor: float) -> View:
        normalisation = model.card.normalisation.input
        if normalisation.kind == "field" or self.intensity == OWN:
            scales = image.statistics
        elif isinstance(self.intensity, IntensityMap):
            scales = ((self.intensity.mean, self.intensity.sd),) * len(image.statistics)
        else:
            scales = tuple(normalisation.statistics(*own) for own in image.statistics)
        is_matched = self.intensity is not None and normalisation.kind == "global"
        return View(
            model,
            image.source,
            image.statistics,
            scales,
            factor=factor,
            grain=image.grain,
            is_intensity_matched=is_matched,
        )

    def warnings(self, views: Sequence[View]) -> list[str]:
        """Say what was asked for and changes nothing."""
        found = []
        for view in views:
            card = view.model.card
            if self.intensity is not None and not view.is_intensity_matched:
                found.append(
                    f"the model {card.name} takes each plane by its own mean and sd "
                    "already: matching intensity changes nothing"
                )
            if isinstance(self.intensity, IntensityMap) and view.is_intensity_matched:
                found += self.intensity.warnings(view.factor)
        return found

    @property
    def intensity_source(self) -> str:
        """Say whose mean and sd are taken in place of the training fields'."""
        if isinstance(self.intensity, IntensityMap):
            return f"the map {self.intensity.name}"
        return "each plane itself"

    def sentences(self, info: ImageInfo, views: Sequence[View]) -> list[str]:
        """Say what was done, for each model."""
        found = []
        for view in views:
            if self.scale is not None:
                found.append(self._scale_sentence(info, view))
            if view.is_intensity_matched:
                found.append(
                    f"mean and sd of {self.intensity_source} took the place of the "
                    f"training fields' for {view.model.card.name}"
                )
        return found

    def _scale_sentence(self, info: ImageInfo, view: View) -> str:
        card, size = view.model.card, view.source.info
        sizes = ""
        if self.scale == PIXEL_SIZE:
            sizes = (
                f" ({info.pixel_size_um:g} um per pixel, the model's "
                f"{card.pixel_size_um:g} um)"
            )
        if view.factor == 1:
            return f"not resampled for {card.name}: the factor is 1 within 0.5 %{sizes}"
        word = "enlarged" if view.factor > 1 else "shrunk"
        return (
            f"{word} {view.factor:.5g} times for {card.name}{sizes}: "
            f"{info.height} x {info.width} px became {size.height} x {size.width} px, "
            f"{_grain_words(view)}and the prediction was put back on the image's grid"
        )


@dataclass(frozen=True, slots=True)
class AtScale:
    """An image at some scale, measured whole.

    Attributes
    ----------
    source : Source
        What is read.
    statistics : tuple of (mean, sd)
        Of each plane.
    grain : tuple of float
        Sd of the noise that was put back into each plane, if any was.
    """

    source: Source
    statistics: tuple[tuple[float, float], ...]
    grain: tuple[float, ...] = ()


def _statistics(source: Source) -> tuple[tuple[float, float], ...]:
    image = cast("Image", source)
    return tuple(
        plane_statistics(image, plane) for plane in range(source.info.plane_count)
    )


def _grain_words(view: View) -> str:
    if not any(view.grain):
        return ""
    low, high = min(view.grain), max(view.grain)
    levels = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    return f"pixel noise of sd {levels} was put back, "


def _ratio(info: ImageInfo, card: ModelCard) -> float:
    """Give the image's pixel size over the model's, and never guess."""
    if card.pixel_size_um is None:
        raise InputError(
            "E_PIXEL_SIZE_MODEL",
            f"the model {card.name} does not say the pixel size that it was trained "
            "at, so its scale cannot be matched",
            "give the factor yourself with --scale, found by 'frm-bridge scale-sweep'",
        )
    if info.pixel_size_um is None:
        raise InputError(
            "E_PIXEL_SIZE",
            f"{info.path} does not say its pixel size, so its scale cannot be matched "
            f"to the model's {card.pixel_size_um:g} um",
            "give it in µm with --pixel-size, or set it in ImageJ (Image > "
            "Properties...) and save the image as TIFF",
        )
    factor = info.pixel_size_um / card.pixel_size_um
    _check_factor(
        factor,
        f"{info.path} has {info.pixel_size_um:g} um per pixel and the model "
        f"{card.name} {card.pixel_size_um:g} um: the factor",
    )
    return factor


def _check_factor(factor: float, what: str) -> None:
    if not (math.isfinite(factor) and SMALLEST_FACTOR <= factor <= LARGEST_FACTOR):
        raise InputError(
            "E_SCALE",
            f"{what} is {factor:.4g}; expected {SMALLEST_FACTOR:g} to "
            f"{LARGEST_FACTOR:g}",
            "check the pixel sizes; for magnifications so unlike, train a model on "
            "your own images",
        )
