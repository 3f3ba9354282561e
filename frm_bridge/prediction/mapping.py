"""Measuring several images of a microscope, for one map of their grey levels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError
from frm_bridge.images import open_image
from frm_bridge.prediction.intensity import IntensityMap, pooled
from frm_bridge.prediction.matching import NO_CHANGE, Matching

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from frm_bridge.models.card import ModelCard
    from frm_bridge.prediction.exact import Progress


def map_intensity(
    images: Sequence[str | Path],
    card: ModelCard,
    *,
    channel: int | None = None,
    matching: Matching | None = None,
    progress: Progress | None = None,
) -> IntensityMap:
    """Measure all planes of some images together, at the model's scale.

    Parameters
    ----------
    images : sequence of str or Path
        Transmitted light of one session; several fields, full and empty ones.
    card : ModelCard
        Of the model that the map is for.
    channel : int, optional
        Of images with several, counted from 1.
    matching : Matching, optional
        Whose scale is taken, which is to be that of the predictions.
    progress : callable, optional
        (images done, images in all).

    Raises
    ------
    InputError
        Those of an image, those of `Matching.factor`, and ``E_SCALE`` where images
        have different factors: they are not of one microscope.
    """
    matching = matching or Matching()
    factors: dict[float, str] = {}

    def planes() -> Iterator[tuple[int, float, float]]:
        for done, path in enumerate(images, start=1):
            with open_image(path, channel=channel) as image:
                source = matching.calibrated(image)
                factor = matching.factor(source.info, card)
                _refuse_another(factors, factor, Path(path).name)
                found = matching.measured(source, factor)
            pixels = found.source.info.height * found.source.info.width
            yield from ((pixels, *own) for own in found.statistics)
            if progress:
                progress(done, len(images))

    mean, sd = pooled(planes())
    names = tuple(Path(path).name for path in images)
    return IntensityMap(mean, sd, next(iter(factors)), card.name, names)


def _refuse_another(factors: dict[float, str], factor: float, name: str) -> None:
    """Remember the first factor, and refuse a second one."""
    for first, other in factors.items():
        if abs(factor / first - 1) > NO_CHANGE:
            raise InputError(
                "E_SCALE",
                f"{other} is matched to the model by {first:.4g}, {name} by "
                f"{factor:.4g}; one map is for images of one microscope",
                "make a map for each pixel size",
            )
    factors.setdefault(factor, name)
