"""Pixel agreement: PCC, P, MSE and segmentation PCC, as the paper defines them.

A number that does not exist (the correlation with a constant image, say) is ``None``,
never NaN.

References
----------
LaChance & Cohen (2020), PLOS Comput Biol 16(12): e1008443, Methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.comparison.outliers import OutlierRemoval, remove_outliers
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from numpy.typing import NDArray

    Pixels = NDArray[Any]

__all__ = [
    "PixelAgreement",
    "SignalScore",
    "has_signal",
    "mean_squared_error",
    "measure_pixels",
    "pearson",
    "remove_outliers",
    "score_signal",
    "segmentation_pcc",
    "sub_images",
]

SUB_IMAGE_PX = 256
"""Side of the paper's sub-images, its unit of scoring (CL-050)."""


@dataclass(frozen=True, slots=True)
class PixelAgreement:
    """How alike the pixels of one field are.

    Attributes
    ----------
    pcc : float or None
        Pearson correlation over all pixels; None when either image is constant.
    mse : float or None
        Mean squared error in counts²; None for a relative prediction.
    mse_truth_sd : float or None
        The same in units of the truth's variance; None for a relative prediction or a
        constant truth.
    segmentation_pcc : float or None
        PCC over the pixels where the truth exceeds the signal threshold.
    signal : bool or None
        Whether any truth pixel exceeds the signal threshold; None without one.
    sub_image_pcc : tuple of (float or None)
        PCC of every 256 x 256 sub-image, row by row; the remainder is left out.
    sub_image_signal : tuple of bool
        Whether each sub-image has signal; empty without a threshold.
    """

    pcc: float | None
    mse: float | None
    mse_truth_sd: float | None
    segmentation_pcc: float | None
    signal: bool | None
    sub_image_pcc: tuple[float | None, ...]
    sub_image_signal: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class SignalScore:
    """P: PCC averaged over the images that have signal (CL-141).

    Attributes
    ----------
    unit : str
        What was averaged: fields, or the paper's 256 x 256 sub-images.
    mean, sd : float or None
        Over the kept images; sd with divisor n. None when nothing was kept.
    n_kept, n_total : int
        Images with signal, and all images.
    n_undefined : int
        Images with signal whose PCC does not exist (constant prediction).
    mean_all : float or None
        PCC averaged over all images: always shown beside P, since leaving images out
        raises it (CL-146).
    without_outliers : OutlierRemoval
        The same values after MATLAB's ``rmoutliers`` (CL-144).
    """

    unit: str
    mean: float | None
    sd: float | None
    n_kept: int
    n_total: int
    n_undefined: int
    mean_all: float | None
    without_outliers: OutlierRemoval


def pearson(truth: Pixels, prediction: Pixels) -> float | None:
    """Give the Pearson correlation coefficient of two images.

    Parameters
    ----------
    truth, prediction : array of one shape, any real dtype
        Computed in float64.

    Returns
    -------
    float or None
        In [-1, 1]; None when either image is constant or empty.
    """
    a, b = _same_shape(truth, prediction)
    if a.size == 0 or a.min() == a.max() or b.min() == b.max():
        return None
    a = a - a.mean()
    b = b - b.mean()
    scale = np.sqrt(np.dot(a, a)) * np.sqrt(np.dot(b, b))
    return float(np.clip(np.dot(a, b) / scale, -1.0, 1.0)) if scale > 0 else None


def mean_squared_error(truth: Pixels, prediction: Pixels) -> float:
    """Give the mean squared difference of two images, in counts², in float64."""
    a, b = _same_shape(truth, prediction)
    return float(np.mean(np.square(a - b)))


def segmentation_pcc(
    truth: Pixels, prediction: Pixels, threshold: float
) -> float | None:
    """Give the PCC over the pixels where ``truth > threshold`` (CL-147).

    None when fewer than two pixels remain, or one image is constant there.
    """
    a, b = _same_shape(truth, prediction)
    mask = a > threshold
    return pearson(a[mask], b[mask])


def has_signal(truth: Pixels, threshold: float) -> bool:
    """Say whether any pixel is strictly above the signal threshold (CL-141)."""
    return bool(np.any(truth > threshold))


def sub_images(
    truth: Pixels, prediction: Pixels, *, side: int = SUB_IMAGE_PX
) -> Iterator[tuple[Pixels, Pixels]]:
    """Give the non-overlapping sub-images of a pair, row by row.

    The remainder at the right and at the bottom is left out (CL-052).
    """
    height, width = truth.shape
    for y in range(0, height - side + 1, side):
        for x in range(0, width - side + 1, side):
            window = np.s_[y : y + side, x : x + side]
            yield truth[window], prediction[window]


def measure_pixels(
    truth: Pixels,
    prediction: Pixels,
    *,
    signal_threshold: float | None = None,
    relative: bool = False,
) -> PixelAgreement:
    """Measure how alike the pixels of one field are.

    Parameters
    ----------
    truth, prediction : (height, width) array
        One field.
    signal_threshold : float, optional
        In grey levels of the truth: the lower bound of feature intensity (CL-142).
    relative : bool
        The prediction has no unit: mean squared errors are then None.
    """
    tiles = list(sub_images(truth, prediction))
    variance = float(np.var(truth, dtype=np.float64))
    mse = None if relative else mean_squared_error(truth, prediction)
    threshold = signal_threshold
    return PixelAgreement(
        pcc=pearson(truth, prediction),
        mse=mse,
        mse_truth_sd=None if mse is None or variance == 0 else mse / variance,
        segmentation_pcc=None
        if threshold is None
        else segmentation_pcc(truth, prediction, threshold),
        signal=None if threshold is None else has_signal(truth, threshold),
        sub_image_pcc=tuple(pearson(a, b) for a, b in tiles),
        sub_image_signal=()
        if threshold is None
        else tuple(has_signal(a, threshold) for a, _ in tiles),
    )


def join_pixels(planes: Sequence[PixelAgreement]) -> PixelAgreement:
    """Give the agreement of a movie: the mean of its frames; of one plane its own."""
    if len(planes) == 1:
        return planes[0]
    signals = [one.signal for one in planes if one.signal is not None]
    return PixelAgreement(
        pcc=_mean(one.pcc for one in planes),
        mse=_mean(one.mse for one in planes),
        mse_truth_sd=_mean(one.mse_truth_sd for one in planes),
        segmentation_pcc=_mean(one.segmentation_pcc for one in planes),
        signal=any(signals) if signals else None,
        sub_image_pcc=tuple(pcc for one in planes for pcc in one.sub_image_pcc),
        sub_image_signal=tuple(yes for one in planes for yes in one.sub_image_signal),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def score_signal(
    scores: Sequence[float | None], signal: Sequence[bool], *, unit: str
) -> SignalScore:
    """Average the PCC of the images that have signal.

    Parameters
    ----------
    scores : sequence of (float or None)
        PCC of each image.
    signal : sequence of bool
        Whether each image has signal; without a threshold, pass True for all: then
        ``mean`` is the plain average and must not be called P.
    unit : str
        What an image is.
    """
    kept = [score for score, keep in zip(scores, signal, strict=True) if keep]
    defined = [score for score in kept if score is not None]
    everything = [score for score in scores if score is not None]
    return SignalScore(
        unit=unit,
        mean=float(np.mean(defined)) if defined else None,
        sd=float(np.std(defined)) if defined else None,
        n_kept=len(kept),
        n_total=len(scores),
        n_undefined=len(kept) - len(defined),
        mean_all=float(np.mean(everything)) if everything else None,
        without_outliers=remove_outliers(defined),
    )


def _same_shape(
    truth: Pixels, prediction: Pixels
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Flatten both to float64; different shapes are the caller's mistake."""
    if truth.shape != prediction.shape:
        raise InputError(
            "E_PAIR_SIZE",
            f"the truth is {truth.shape} px and the prediction {prediction.shape} px",
            "compare images of the same field, cropped and binned alike",
        )
    return (
        np.asarray(truth, dtype=np.float64).ravel(),
        np.asarray(prediction, dtype=np.float64).ravel(),
    )
