"""Training fields in memory, with the statistics that normalise them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from frm_bridge.errors import InputError
from frm_bridge.images import plane_statistics
from frm_bridge.models.normalisation import (
    InputKind,
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
    normalise,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from frm_bridge.images import Image
    from frm_bridge.training.pairs import Pair

# A pixel is signal where the smoothed target stands this many of the field's own
# robust sd above its median.
_SIGNAL_SDS = 5.0
_SIGNAL_SIGMA_PX = 2.0
# A hot pixel differs from the median of its 3 x 3 neighbourhood by more than this many
# robust sd of that difference.
_HOT_SDS = 5.0
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Scale:
    """Subtract ``mean``, divide by ``sd``: grey levels of one channel."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Field:
    """One plane of a pair, as stored, with the scales that normalise it.

    Attributes
    ----------
    name : str
        Stem of the input file, with the plane's number where there are several.
    image, target : (height, width) array
        Transmitted light and fluorescence in grey levels, in the files' own dtype;
        without hot pixels in the target of a relative model.
    image_scale, target_scale : Scale
        To the numbers that the network sees.
    signal : (n,) int32 array
        Flat indices of pixels with fluorescence, so that patches can seek them.
    """

    name: str
    image: NDArray[Any]
    target: NDArray[Any]
    image_scale: Scale
    target_scale: Scale
    signal: NDArray[np.int32]

    def normalised(
        self, rows: slice, columns: slice
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give a window of image and target as the network sees them, float32."""
        image = normalise(
            self.image[rows, columns], self.image_scale.mean, self.image_scale.sd
        )
        target = normalise(
            self.target[rows, columns], self.target_scale.mean, self.target_scale.sd
        )
        return image, target


def load_fields(
    pairs: Sequence[Pair], normalisation: Normalisation
) -> tuple[Field, ...]:
    """Read every plane of the pairs into memory.

    Raises
    ------
    InputError
        ``E_IMAGE_NOT_FINITE``, ``E_IMAGE_CONSTANT`` for an input without contrast.
    """
    return tuple(field for pair in pairs for field in _fields_of(pair, normalisation))


def training_normalisation(kind: InputKind, pairs: Sequence[Pair]) -> Normalisation:
    """Choose the normalisation from training fields only.

    Parameters
    ----------
    kind : {"global", "field"}
        ``global``: mean and population sd over every training pixel of each channel,
        and counts out (the paper, CL-070). ``field``: each plane its own, and
        relative units out, for targets whose stretch differs between microscopes.
    pairs : sequence of Pair
        The training pairs.
    """
    if kind == "field":
        return Normalisation(
            InputNormalisation("field"), OutputNormalisation(0.0, 1.0, "relative")
        )
    image = _pooled(pair.open_input for pair in pairs)
    target = _pooled(pair.open_target for pair in pairs)
    return Normalisation(
        InputNormalisation("global", image.mean, image.sd),
        OutputNormalisation(target.mean, target.sd, "counts"),
    )


def _fields_of(pair: Pair, normalisation: Normalisation) -> Iterator[Field]:
    with pair.open_input() as image, pair.open_target() as target:
        for plane in range(image.info.plane_count):
            own = plane_statistics(image, plane)
            image_scale = Scale(*normalisation.input.statistics(*own))
            pixels = target.read_plane(plane)
            if not np.isfinite(pixels).all():
                plane_statistics(target, plane)  # raises, saying where
            name = pair.input.stem + (
                f"[{plane}]" if image.info.plane_count > 1 else ""
            )
            clean, scale = _prepared_target(pixels, normalisation.output)
            yield Field(
                name,
                image.read_plane(plane),
                clean,
                image_scale,
                scale,
                _signal_pixels(pixels),
            )


def _prepared_target(
    pixels: NDArray[Any], output: OutputNormalisation
) -> tuple[NDArray[Any], Scale]:
    """Give the target to train on, and its scale.

    For counts, pixels and scale are the camera's. A relative target loses its hot
    pixels, for one of them can outweigh a nucleus in the loss. Its median stands for
    the background; divided by its own sd, every field counts alike in the loss,
    whether it is crowded or sparse, as its correlation does.
    """
    if output.unit == "counts":
        return pixels, Scale(output.mean, output.sd)
    clean = without_hot_pixels(pixels)
    # A blank target has no spread and keeps its levels.
    return clean, Scale(float(np.median(clean)), float(clean.std(dtype=float)) or 1.0)


def without_hot_pixels(pixels: NDArray[Any]) -> NDArray[Any]:
    """Replace isolated outliers by the median of their 3 x 3 neighbourhood.

    Parameters
    ----------
    pixels : (height, width) array
        Grey levels.

    Returns
    -------
    (height, width) array
        Of the same dtype; all other pixels are unchanged.
    """
    middle = ndimage.median_filter(pixels, size=3)
    difference = np.abs(pixels.astype(np.float32) - middle)
    whole = np.issubdtype(pixels.dtype, np.integer)
    least = 1.0 if whole else float(np.ptp(pixels)) / 255
    noise = max(_MAD_TO_SD * float(np.median(difference)), least)
    return np.where(difference > _HOT_SDS * noise, middle, pixels)


def _signal_pixels(pixels: NDArray[Any]) -> NDArray[np.int32]:
    smooth = ndimage.gaussian_filter(pixels.astype(np.float32), _SIGNAL_SIGMA_PX)
    median = np.median(smooth)
    spread = _MAD_TO_SD * np.median(np.abs(smooth - median))
    signal = np.flatnonzero(smooth > median + _SIGNAL_SDS * max(spread, 1e-6))
    return signal.astype(np.int32)


def _pooled(openers: Iterator[Callable[[], Image]]) -> Scale:
    """Mean and population sd over all pixels of all files (ddof 0, float64)."""
    count, total, squares = 0, 0.0, 0.0
    for opened in openers:
        with opened() as image:
            for plane in range(image.info.plane_count):
                mean, sd = plane_statistics(image, plane)
                pixels = image.info.height * image.info.width
                count += pixels
                total += pixels * mean
                squares += pixels * (sd**2 + mean**2)
    mean = total / count
    sd = math.sqrt(max(squares / count - mean**2, 0.0))
    if sd == 0:
        raise InputError(
            "E_IMAGE_CONSTANT",
            "all training images of one channel are constant",
            "check that the folders hold the images you mean",
        )
    return Scale(mean, sd)
