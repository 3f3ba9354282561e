"""The two curves of a line: grey values of truth and prediction at the same places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from frm_bridge.comparison.fields import PREDICTION, TRUTH, is_relative
from frm_bridge.comparison.pixels import pearson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frm_bridge.comparison.results import MeasuredField

RANGE16, RAW, NO_UNIT = "16-bit range", "grey levels", "none in common"
"""What the values of both sides are in: the parameter ``normalise`` makes them alike;
grey levels are as they were; a relative prediction has no unit."""

_KEYS = ["profile", "distance_px", "distance_um"]


@dataclass(frozen=True, slots=True)
class LineAgreement:
    """How alike the two curves of one line are.

    Attributes
    ----------
    profile : str
        Its name, as ImageJ has it.
    corners_px : tuple of (float, float)
        x, y as ImageJ counts along lines: the centre of the first pixel is 0, 0.
    n : int
        Values of each curve.
    length_px, length_um : float or None
        Of the line.
    pearson : float or None
        Of the two curves; None when one is flat.
    truth_peak_px, predicted_peak_px : float or None
        Where each is greatest, from the start of the line; None when it is flat.
    peak_shift_px, peak_shift_um : float or None
        Predicted minus true.
    truth_fwhm_px, predicted_fwhm_px : float or None
        Full widths at half maximum, where ImageJ's script finds them.
    fwhm_ratio : float or None
        Predicted / true.
    rms_difference : float or None
        Root mean square of predicted minus true; None without a unit in common.
    """

    profile: str
    corners_px: tuple[tuple[float, float], ...]
    n: int
    length_px: float
    length_um: float | None
    pearson: float | None
    truth_peak_px: float | None
    predicted_peak_px: float | None
    peak_shift_px: float | None
    peak_shift_um: float | None
    truth_fwhm_px: float | None
    predicted_fwhm_px: float | None
    fwhm_ratio: float | None
    rms_difference: float | None


def shared_unit(one: MeasuredField) -> str:
    """Say what the values of both sides are in."""
    if one.results[TRUTH].result["parameters"].get("normalise") == "range16":
        return RANGE16
    return NO_UNIT if is_relative(one.provenance) else RAW


def join_curves(one: MeasuredField) -> pd.DataFrame:
    """Put the values of both sides beside each other; their places are the same."""
    truth, predicted = (
        pd.read_csv(
            one.results[side].file("profile"),
            dtype={"profile": str},
            keep_default_na=False,  # a line may be called NA
            na_values={"distance_um": [""], "value": ["", "NaN"]},
        )
        for side in (TRUTH, PREDICTION)
    )
    table = truth[_KEYS].assign(truth=truth["value"])
    return table.merge(
        predicted.rename(columns={"value": PREDICTION})[[*_KEYS[:2], PREDICTION]],
        on=_KEYS[:2],
        validate="one_to_one",
    )


def compare_line(
    truth: Mapping[str, Any],
    predicted: Mapping[str, Any],
    curve: pd.DataFrame,
    *,
    same_unit: bool,
) -> LineAgreement:
    """Compare the curves of one line.

    Parameters
    ----------
    truth, predicted : mapping
        What ``result.json`` of each side says of the line.
    curve : DataFrame
        ``truth`` and ``prediction`` along it.
    same_unit : bool
        Whether a difference of the two has a meaning.
    """
    a, b = (curve[side].to_numpy(float) for side in (TRUTH, PREDICTION))
    peaks = [_peak(side, "px") for side in (truth, predicted)]
    widths = [side["fwhm_px"] for side in (truth, predicted)]
    return LineAgreement(
        profile=str(truth["profile"]),
        corners_px=tuple((x, y) for x, y in truth["corners_px"]),
        n=len(curve),
        length_px=truth["length_px"],
        length_um=truth["length_um"],
        pearson=pearson(a, b),
        truth_peak_px=peaks[0],
        predicted_peak_px=peaks[1],
        peak_shift_px=_minus(peaks[1], peaks[0]),
        peak_shift_um=_minus(_peak(predicted, "um"), _peak(truth, "um")),
        truth_fwhm_px=widths[0],
        predicted_fwhm_px=widths[1],
        fwhm_ratio=widths[1] / widths[0] if all(widths) else None,
        rms_difference=float(np.sqrt(np.mean((b - a) ** 2))) if same_unit else None,
    )


def _peak(facts: Mapping[str, Any], unit: str) -> float | None:
    """Give the place of the greatest value; a flat curve has none."""
    peak: float | None = facts[f"peak_{unit}"]
    return peak if facts["max"] > facts["min"] else None


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b
