"""Grey values along the same lines of truth and prediction, curve by curve."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from frm_bridge.comparison.fields import PREDICTION, TRUTH
from frm_bridge.comparison.profiles import (
    NO_UNIT,
    LineAgreement,
    compare_line,
    join_curves,
    shared_unit,
)
from frm_bridge.comparison.record import field_columns, pixel_columns
from frm_bridge.comparison.results import Comparison, MeasuredField
from frm_bridge.comparison.summary import Distribution, PixelSummary, summarise_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from frm_bridge.comparison.results import CompareSettings


@dataclass(frozen=True, slots=True)
class ProfileAgreement:
    """How alike the curves of some lines are.

    Attributes
    ----------
    profiles : int
        How many lines.
    pearson : Distribution
        One value for each line that has one.
    peak_distance_px, peak_distance_um : Distribution
        Between the peaks, without a sign.
    peak_shift_px : float or None
        Mean with its sign, towards the end of the line.
    fwhm_ratio : Distribution
        Predicted / true.
    rms_difference : Distribution
        Of no values (n = 0) without a unit in common.
    """

    profiles: int
    pearson: Distribution
    peak_distance_px: Distribution
    peak_distance_um: Distribution
    peak_shift_px: float | None
    fwhm_ratio: Distribution
    rms_difference: Distribution

    @classmethod
    def of(cls, lines: Sequence[LineAgreement]) -> ProfileAgreement:
        """Summarise the lines of one field, or of several."""
        shifts = {
            unit: np.array([getattr(one, f"peak_shift_{unit}") for one in lines], float)
            for unit in ("px", "um")
        }
        return cls(
            profiles=len(lines),
            pearson=_spread(lines, "pearson"),
            peak_distance_px=Distribution.of(np.abs(shifts["px"])),
            peak_distance_um=Distribution.of(np.abs(shifts["um"])),
            peak_shift_px=Distribution.of(shifts["px"]).mean,
            fwhm_ratio=_spread(lines, "fwhm_ratio"),
            rms_difference=_spread(lines, "rms_difference"),
        )


@dataclass(frozen=True, slots=True)
class ProfileSummary(PixelSummary):
    """All fields together.

    Attributes
    ----------
    profiles : ProfileAgreement
        Of the lines of all of them.
    """

    profiles: ProfileAgreement


@dataclass(frozen=True, slots=True)
class ProfiledField(MeasuredField):
    """What one field gave: both curves of each line, and how alike they are.

    ``unit`` is what the values of both are in.
    """

    curves: pd.DataFrame
    lines: tuple[LineAgreement, ...]
    agreement: ProfileAgreement
    unit: str


@dataclass(frozen=True, slots=True)
class ProfileComparison(Comparison):
    """A comparison of line profiles: correlation, peaks, widths, differences."""

    kind: ClassVar[str] = "profiles"
    fields: tuple[ProfiledField, ...]
    summary: ProfileSummary

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give all curves, one row per line, and one row per field."""
        return {
            "profiles.csv": pd.concat(
                [_named(one.field.name, one.curves) for one in self.fields],
                ignore_index=True,
            ),
            "lines.csv": pd.concat(
                [_line_table(one) for one in self.fields], ignore_index=True
            ),
            "fields.csv": pd.DataFrame([_row(one) for one in self.fields]),
        }

    def describe_field(self, index: int) -> dict[str, Any]:
        """Give the agreement of a field's lines, together and one by one."""
        one = self.fields[index]
        return {
            "profiles": dataclasses.asdict(one.agreement),
            "lines": [dataclasses.asdict(line) for line in one.lines],
            "unit": one.unit,
        }

    def sentence(self) -> str:
        """Say how well the curves correlate, and how far apart their peaks lie."""
        found = self.summary.profiles
        r, px, um = found.pearson, found.peak_distance_px, found.peak_distance_um
        text = f"{found.profiles} line profile{'' if found.profiles == 1 else 's'}"
        if r.mean is None:
            return f"{text}; no correlation, for a curve of each is flat"
        text += f"; mean correlation {r.mean:.3f} ({r.least:.3f} to {r.greatest:.3f})"
        if px.median is None:
            return text
        where = "" if um.median is None else f" ({um.median:.2f} µm)"
        return f"{text}; median distance of the peaks {px.median:.2f} px{where}"


def compare_profiles(
    measured: Sequence[MeasuredField],
    output: Path,
    settings: CompareSettings,
    *,
    warnings: tuple[str, ...],
) -> ProfileComparison:
    """Compare the two curves of each line, and summarise all of them."""
    del settings  # there is nothing to match: the lines are the same
    fields = tuple(_compare(one) for one in measured)
    pooled = ProfileAgreement.of([line for one in fields for line in one.lines])
    pixels = summarise_pixels([one.pixels for one in fields])
    summary = ProfileSummary(**pixels, profiles=pooled)
    return ProfileComparison(output, fields, summary, warnings)


def _compare(one: MeasuredField) -> ProfiledField:
    unit = shared_unit(one)
    curves = join_curves(one)
    facts = [
        {each["profile"]: each for each in one.results[side].result["profiles"]}
        for side in (TRUTH, PREDICTION)
    ]
    lines = tuple(
        compare_line(
            facts[0][name],
            facts[1][name],
            curves[curves["profile"] == name],
            same_unit=unit != NO_UNIT,
        )
        for name in facts[0]
    )
    return ProfiledField(
        field=one.field,
        pixels=one.pixels,
        results=one.results,
        provenance=one.provenance,
        curves=curves,
        lines=lines,
        agreement=ProfileAgreement.of(lines),
        unit=unit,
    )


def _spread(lines: Sequence[LineAgreement], name: str) -> Distribution:
    return Distribution.of(np.array([getattr(one, name) for one in lines], float))


def _named(field: str, table: pd.DataFrame) -> pd.DataFrame:
    table = table.copy()
    table.insert(0, "field", field)
    return table


def _line_table(one: ProfiledField) -> pd.DataFrame:
    """Give one row per line; the corners are in ``comparison.json``."""
    rows = [dataclasses.asdict(line) for line in one.lines]
    table = pd.DataFrame(rows).drop(columns="corners_px")
    return _named(one.field.name, table.assign(unit=one.unit))


def _row(one: ProfiledField) -> dict[str, Any]:
    """Give a field's row of ``fields.csv``."""
    a = dataclasses.asdict(one.agreement)
    spread = {
        f"{name}_{what}": a[name][what]
        for name, whats in {
            "pearson": ("mean", "least", "greatest"),
            "peak_distance_px": ("mean", "median"),
            "peak_distance_um": ("mean", "median"),
            "fwhm_ratio": ("median", "n"),
            "rms_difference": ("mean",),
        }.items()
        for what in whats
    }
    return {
        **field_columns(one.field),
        "profiles": one.agreement.profiles,
        **spread,
        "peak_shift_px": one.agreement.peak_shift_px,
        "unit": one.unit,
        **pixel_columns(one.pixels),
    }
