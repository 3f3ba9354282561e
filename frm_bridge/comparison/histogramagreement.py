"""Grey levels of truth and prediction, pixel by pixel: how often which meets which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from frm_bridge.comparison.fields import PAIR, is_relative
from frm_bridge.comparison.record import field_columns, pixel_columns
from frm_bridge.comparison.results import Comparison, MeasuredField
from frm_bridge.comparison.summary import Distribution, PixelSummary, summarise_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from frm_bridge.comparison.results import CompareSettings

_BIN = ["truth_low", "prediction_low"]
_RELATION = (
    "pixels",
    "truth_mean",
    "prediction_mean",
    "pearson",
    "slope",
    "intercept",
)
_COUNTS = ["count", "feature_count"]


@dataclass(frozen=True, slots=True)
class LevelAgreement:
    """How the prediction's grey levels follow the true ones, field by field.

    Attributes
    ----------
    pixels : int
        Of all fields.
    truth_mean, prediction_mean : float or None
        Over these pixels; None of none.
    pearson, slope, intercept : Distribution
        Of each field: its correlation, and its line of least squares.
    """

    pixels: int
    truth_mean: float | None
    prediction_mean: float | None
    pearson: Distribution
    slope: Distribution
    intercept: Distribution

    @classmethod
    def of(cls, relations: Sequence[Mapping[str, Any]]) -> LevelAgreement:
        """Summarise the relations that ImageJ's script found, one per field."""
        pixels = [one["pixels"] for one in relations]
        return cls(
            pixels=sum(pixels),
            truth_mean=_pooled([one["truth_mean"] for one in relations], pixels),
            prediction_mean=_pooled(
                [one["prediction_mean"] for one in relations], pixels
            ),
            **{
                name: Distribution.of(
                    np.array([one[name] for one in relations], dtype=float)
                )
                for name in ("pearson", "slope", "intercept")
            },
        )


@dataclass(frozen=True, slots=True)
class HistogramSummary(PixelSummary):
    """All fields together.

    Attributes
    ----------
    levels : LevelAgreement
        Of all pixels.
    feature_levels : LevelAgreement or None
        Of the pixels whose truth is above the threshold; None without one.
    bins : mapping or None
        ``number`` on each axis, and ``low``, ``width`` and ``high`` of ``truth`` and of
        ``prediction``; None where they differ from field to field, whose counts cannot
        be added then.
    same_unit : bool
        Whether truth and prediction are both in grey levels.
    """

    levels: LevelAgreement
    feature_levels: LevelAgreement | None
    bins: Mapping[str, Any] | None
    same_unit: bool


@dataclass(frozen=True, slots=True)
class HistogramField(MeasuredField):
    """What one field gave: the bins that are not empty."""

    counts: pd.DataFrame


@dataclass(frozen=True, slots=True)
class HistogramComparison(Comparison):
    """A comparison of grey levels: 2D histogram, correlation, line of least squares."""

    kind: ClassVar[str] = "histogram"
    fields: tuple[HistogramField, ...]
    summary: HistogramSummary

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give the counts, pooled where all fields have the same bins."""
        return {
            "histogram.csv": _pool(self.fields)
            if self.summary.bins is not None
            else _under_one_another(self.fields),
            "fields.csv": pd.DataFrame([_row(one) for one in self.fields]),
        }

    def describe_field(self, index: int) -> dict[str, Any]:
        """Give what ImageJ's script found of a field."""
        return _found(self.fields[index])

    def sentence(self) -> str:
        """Say how well the grey levels correlate."""
        r, count = self.summary.levels.pearson, len(self.fields)
        text = f"grey levels of {count} field{'' if count == 1 else 's'}"
        if r.mean is None:
            return f"{text}; no correlation, for an image of each is constant"
        return f"{text}; mean correlation {r.mean:.3f} ({r.least:.3f} to " + (
            f"{r.greatest:.3f})"
        )


def compare_histograms(
    measured: Sequence[MeasuredField],
    output: Path,
    settings: CompareSettings,
    *,
    warnings: tuple[str, ...],
) -> HistogramComparison:
    """Gather the histogram and the relation of each field."""
    del settings  # there is nothing to match
    fields = tuple(
        HistogramField(
            field=one.field,
            pixels=one.pixels,
            results=one.results,
            provenance=one.provenance,
            counts=_counts(one),
        )
        for one in measured
    )
    found = [_found(one) for one in fields]
    features = [one["feature_levels"] for one in found]
    bins = [one["bins"] for one in found]
    summary = HistogramSummary(
        **summarise_pixels([one.pixels for one in fields]),
        levels=LevelAgreement.of([one["levels"] for one in found]),
        feature_levels=None if None in features else LevelAgreement.of(features),
        bins=bins[0] if all(each == bins[0] for each in bins) else None,
        same_unit=not any(is_relative(one.provenance) for one in fields),
    )
    return HistogramComparison(output, fields, summary, warnings)


def _found(one: MeasuredField) -> dict[str, Any]:
    """Give what the script says: of all pixels, of the feature region, the bins."""
    result = one.results[PAIR].result
    return {
        "levels": result["all_pixels"],
        "feature_levels": result["feature_region"],
        "bins": result["bins"],
    }


def _counts(one: MeasuredField) -> pd.DataFrame:
    return pd.read_csv(
        one.results[PAIR].file("histogram"), dtype={"feature_count": "Int64"}
    )


def _pool(fields: Sequence[HistogramField]) -> pd.DataFrame:
    """Add the counts of all fields, bin by bin."""
    table = pd.concat([one.counts for one in fields], ignore_index=True)
    # NB: without min_count, a sum of no values would be 0 and not empty.
    return table.groupby(_BIN, as_index=False)[_COUNTS].sum(min_count=1)


def _under_one_another(fields: Sequence[HistogramField]) -> pd.DataFrame:
    tables = []
    for one in fields:
        table = one.counts.copy()
        table.insert(0, "field", one.field.name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _pooled(means: Sequence[float | None], pixels: Sequence[int]) -> float | None:
    """Give the mean of all pixels from the means of the fields that have any."""
    total = sum(pixels)
    if not total:
        return None
    known = zip(means, pixels, strict=True)
    return sum(mean * n for mean, n in known if mean is not None) / total


def _row(one: HistogramField) -> dict[str, Any]:
    """Give a field's row of ``fields.csv``."""
    found = _found(one)
    feature = found["feature_levels"] or {}
    return {
        **field_columns(one.field),
        **{name: found["levels"][name] for name in _RELATION},
        **{f"feature_{name}": feature.get(name) for name in _RELATION},
        "feature_threshold": feature.get("threshold"),
        "bin_number": found["bins"]["number"],
        **{
            f"{side}_bin_{name}": found["bins"][side][name]
            for side in ("truth", "prediction")
            for name in ("low", "width")
        },
        **pixel_columns(one.pixels),
    }
