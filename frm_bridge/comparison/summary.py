"""Numbers that summarise a ledger: counts, detection, area and displacement.

The same functions summarise one field and all fields together. A number that does not
exist is ``None``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from frm_bridge.comparison.fields import PREDICTION, TRUTH
from frm_bridge.comparison.ledger import INVENTED, MATCHED, MISSED
from frm_bridge.comparison.objects import CURVE_IOU, score_detection
from frm_bridge.comparison.outliers import remove_outliers
from frm_bridge.comparison.pixels import SUB_IMAGE_PX, SignalScore, score_signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

    from frm_bridge.comparison.objects import ObjectMatches
    from frm_bridge.comparison.pixels import PixelAgreement


@dataclass(frozen=True, slots=True)
class Distribution:
    """Some values, and the same without outliers (MATLAB ``rmoutliers``).

    ``n`` and ``n_without_outliers`` are the numbers before and after the removal. The
    sd has divisor n; ``least`` and ``greatest`` are of all values.
    """

    n: int
    mean: float | None
    median: float | None
    sd: float | None
    p05: float | None
    p95: float | None
    n_without_outliers: int
    mean_without_outliers: float | None
    least: float | None = None
    greatest: float | None = None

    @classmethod
    def of(cls, values: ArrayLike) -> Distribution:
        """Summarise values; those that are not known (NaN) are left out."""
        x = np.asarray(values, dtype=np.float64).ravel()
        x = x[~np.isnan(x)]
        if x.size == 0:
            return cls(0, None, None, None, None, None, 0, None)
        p05, median, p95 = np.percentile(x, [5, 50, 95]).tolist()
        removal = remove_outliers(x)
        return cls(
            n=x.size,
            mean=float(x.mean()),
            median=median,
            sd=float(x.std()),
            p05=p05,
            p95=p95,
            n_without_outliers=removal.n_after,
            mean_without_outliers=removal.mean,
            least=float(x.min()),
            greatest=float(x.max()),
        )


@dataclass(frozen=True, slots=True)
class ObjectAgreement:
    """How alike the objects of truth and prediction are.

    Attributes
    ----------
    truth_count, predicted_count : int
        Objects found by the workflow on each side.
    count_error : int
        Predicted minus true.
    count_error_percent : float or None
        Of the true count; None when that is zero.
    matched, missed, invented, split, merged : int
        Outcome of the matching; ``split`` true objects hold two or more predicted
        ones, ``merged`` predicted objects hold two or more true ones.
    precision, recall, f1 : float or None
        Matched / predicted, matched / true, and their harmonic mean.
    f1_at : tuple of (float, float or None)
        F1 at other overlap thresholds.
    truth_area_px, predicted_area_px : Distribution
        Of all objects of each side.
    truth_area_um2, predicted_area_um2 : Distribution
        The same in µm²; of no values (n = 0) when uncalibrated.
    area_bias_percent : float or None
        Mean area of all predicted objects against that of all true ones.
    area_ratio : Distribution
        Predicted / true area of the matched pairs.
    displacement_px, displacement_um : Distribution
        Distance between the centroids of the matched pairs.
    shift_x_px, shift_y_px : float or None
        Mean displacement with its sign: away from zero, the two are out of register.
    """

    truth_count: int
    predicted_count: int
    count_error: int
    count_error_percent: float | None
    matched: int
    missed: int
    invented: int
    split: int
    merged: int
    precision: float | None
    recall: float | None
    f1: float | None
    f1_at: tuple[tuple[float, float | None], ...]
    truth_area_px: Distribution
    predicted_area_px: Distribution
    truth_area_um2: Distribution
    predicted_area_um2: Distribution
    area_bias_percent: float | None
    area_ratio: Distribution
    displacement_px: Distribution
    displacement_um: Distribution
    shift_x_px: float | None
    shift_y_px: float | None


@dataclass(frozen=True, slots=True)
class PixelSummary:
    """The pixels of all fields.

    Attributes
    ----------
    fields : int
        How many.
    pcc : Distribution
        PCC of each field, over all its pixels.
    segmentation_pcc : Distribution
        Of each field; of no values (n = 0) without a signal threshold.
    p_fields, p_sub_images : SignalScore or None
        P with the field, and with the paper's 256 x 256 sub-image, as its unit; None
        without a signal threshold.
    """

    fields: int
    pcc: Distribution
    segmentation_pcc: Distribution
    p_fields: SignalScore | None
    p_sub_images: SignalScore | None


def summarise_pixels(pixels: Sequence[PixelAgreement]) -> dict[str, Any]:
    """Give the values of a `PixelSummary`, for the summary of any kind."""
    tiles = [score for one in pixels for score in one.sub_image_pcc]
    tile_signal = [signal for one in pixels for signal in one.sub_image_signal]
    signal = [one.signal for one in pixels if one.signal is not None]
    known = len(signal) == len(pixels)
    unit = f"{SUB_IMAGE_PX} x {SUB_IMAGE_PX} px sub-image (the paper's unit)"
    return {
        "fields": len(pixels),
        "pcc": Distribution.of(_defined(one.pcc for one in pixels)),
        "segmentation_pcc": Distribution.of(
            _defined(one.segmentation_pcc for one in pixels)
        ),
        "p_fields": score_signal([one.pcc for one in pixels], signal, unit="field")
        if known
        else None,
        "p_sub_images": score_signal(tiles, tile_signal, unit=unit) if known else None,
    }


@dataclass(frozen=True, slots=True)
class ObjectSummary(PixelSummary):
    """All fields together.

    Attributes
    ----------
    objects : ObjectAgreement
        Of the objects of all fields, pooled.
    absolute_count_error_percent : Distribution
        Per field, sign dropped; of the fields with true objects (CL-161).
    """

    objects: ObjectAgreement
    absolute_count_error_percent: Distribution

    @classmethod
    def of(
        cls,
        ledgers: Sequence[pd.DataFrame],
        matches: Sequence[ObjectMatches],
        pixels: Sequence[PixelAgreement],
    ) -> ObjectSummary:
        """Summarise fields, given in one order."""
        counts = [percent_error(len(m.truth), len(m.predicted)) for m in matches]
        return cls(
            **summarise_pixels(pixels),
            objects=summarise_objects(pd.concat(ledgers, ignore_index=True), matches),
            absolute_count_error_percent=Distribution.of(
                [abs(error) for error in counts if error is not None]
            ),
        )


def summarise_objects(
    ledger: pd.DataFrame, matches: Sequence[ObjectMatches]
) -> ObjectAgreement:
    """Summarise the ledger of one field, or of several under one another.

    Parameters
    ----------
    ledger : DataFrame
        From :func:`frm_bridge.comparison.ledger.build_ledger`.
    matches : sequence of ObjectMatches
        Of the same fields, for the curve of F1 against overlap.
    """
    truth = ledger[ledger["source"] == TRUTH]
    predicted = ledger[ledger["source"] == PREDICTION]
    matched = int((truth["status"] == MATCHED).sum())
    n_truth, n_predicted = len(truth), len(predicted)
    found = score_detection(matched=matched, truth=n_truth, predicted=n_predicted)
    areas = [Distribution.of(side["area_px"]) for side in (truth, predicted)]
    return ObjectAgreement(
        truth_count=n_truth,
        predicted_count=n_predicted,
        count_error=n_predicted - n_truth,
        count_error_percent=percent_error(n_truth, n_predicted),
        matched=matched,
        missed=int((truth["status"] == MISSED).sum()),
        invented=int((predicted["status"] == INVENTED).sum()),
        split=int((truth["note"] == "split").sum()),
        merged=int((predicted["note"] == "merged").sum()),
        precision=found.precision,
        recall=found.recall,
        f1=found.f1,
        f1_at=_f1_curve(matches, n_truth, n_predicted),
        truth_area_px=areas[0],
        predicted_area_px=areas[1],
        truth_area_um2=Distribution.of(truth["area_um2"]),
        predicted_area_um2=Distribution.of(predicted["area_um2"]),
        area_bias_percent=percent_error(areas[0].mean, areas[1].mean),
        area_ratio=Distribution.of(predicted["area_ratio"]),
        displacement_px=Distribution.of(predicted["displacement_px"]),
        displacement_um=Distribution.of(predicted["displacement_um"]),
        shift_x_px=Distribution.of(predicted["shift_x_px"]).mean,
        shift_y_px=Distribution.of(predicted["shift_y_px"]).mean,
    )


def percent_error(truth: float | None, predicted: float | None) -> float | None:
    """Give the error in percent of the truth; None where that has no meaning."""
    if not truth or predicted is None:
        return None
    return 100.0 * (predicted - truth) / truth


def _defined(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _f1_curve(
    matches: Sequence[ObjectMatches], n_truth: int, n_predicted: int
) -> tuple[tuple[float, float | None], ...]:
    totals = dict.fromkeys(CURVE_IOU, 0)
    for match in matches:
        for iou, count in match.matches_at:
            totals[iou] += count
    return tuple(
        (
            iou,
            score_detection(matched=count, truth=n_truth, predicted=n_predicted).f1,
        )
        for iou, count in totals.items()
    )
