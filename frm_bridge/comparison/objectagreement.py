"""Objects of truth and prediction, field by field: nuclei, cells."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
import tifffile

from frm_bridge.comparison.fields import PREDICTION, TRUTH
from frm_bridge.comparison.ledger import build_ledger, read_objects
from frm_bridge.comparison.objects import match_objects
from frm_bridge.comparison.record import field_columns, pixel_columns
from frm_bridge.comparison.results import Comparison, MeasuredField
from frm_bridge.comparison.summary import ObjectSummary, summarise_objects

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from frm_bridge.comparison.objects import ObjectMatches
    from frm_bridge.comparison.results import CompareSettings
    from frm_bridge.comparison.summary import ObjectAgreement


@dataclass(frozen=True, slots=True)
class FieldComparison(MeasuredField):
    """What one field gave.

    Attributes
    ----------
    objects : ObjectAgreement
        Agreement of the objects.
    matches : ObjectMatches
        Which predicted object is which true one.
    ledger : DataFrame
        The rows of ``objects.csv``.
    """

    objects: ObjectAgreement
    matches: ObjectMatches
    ledger: pd.DataFrame


@dataclass(frozen=True, slots=True)
class ObjectComparison(Comparison):
    """A comparison of objects: found, missed and invented, their areas and places."""

    kind: ClassVar[str] = "objects"
    fields: tuple[FieldComparison, ...]
    summary: ObjectSummary

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give every object of every field, and one row per field."""
        return {
            "objects.csv": pd.concat(
                [one.ledger for one in self.fields], ignore_index=True
            ),
            "fields.csv": pd.DataFrame([_row(one) for one in self.fields]),
        }

    def describe_field(self, index: int) -> dict[str, Any]:
        """Give the agreement of a field's objects."""
        return {"objects": dataclasses.asdict(self.fields[index].objects)}

    def sentence(self) -> str:
        """Say how many were counted, and how well they agree."""
        found = self.summary.objects
        percent = found.count_error_percent
        change = "n/a" if percent is None else f"{percent:+.1f} %"
        scores = ", ".join(
            f"{name} {'n/a' if value is None else f'{value:.2f}'}"
            for name, value in (
                ("recall", found.recall),
                ("precision", found.precision),
                ("F1", found.f1),
                ("PCC", self.summary.pcc.mean),
            )
        )
        return (
            f"{found.truth_count} on the truth, {found.predicted_count} on the "
            f"prediction ({change}); {scores}"
        )


def compare_objects(
    measured: Sequence[MeasuredField],
    output: Path,
    settings: CompareSettings,
    *,
    warnings: tuple[str, ...],
) -> ObjectComparison:
    """Match the objects of each field, and summarise all of them."""
    fields = tuple(_match(one, settings.min_iou) for one in measured)
    summary = ObjectSummary.of(
        [one.ledger for one in fields],
        [one.matches for one in fields],
        [one.pixels for one in fields],
    )
    return ObjectComparison(output, fields, summary, warnings)


def _match(one: MeasuredField, min_iou: float) -> FieldComparison:
    truth, prediction = one.results[TRUTH], one.results[PREDICTION]
    matches = match_objects(
        tifffile.imread(truth.labels),
        tifffile.imread(prediction.labels),
        min_iou=min_iou,
    )
    tables = {side: read_objects(run.objects) for side, run in one.results.items()}
    ledger = build_ledger(
        one.field.name, tables, matches, pixel_size_um=one.field.pixel_size_um
    )
    return FieldComparison(
        field=one.field,
        pixels=one.pixels,
        results=one.results,
        provenance=one.provenance,
        objects=summarise_objects(ledger, [matches]),
        matches=matches,
        ledger=ledger,
    )


def _row(one: FieldComparison) -> dict[str, Any]:
    """Give a field's row of ``fields.csv``; None becomes an empty cell."""
    objects = one.objects
    return {
        **field_columns(one.field),
        "truth_count": objects.truth_count,
        "predicted_count": objects.predicted_count,
        "count_error": objects.count_error,
        "count_error_percent": objects.count_error_percent,
        "matched": objects.matched,
        "missed": objects.missed,
        "invented": objects.invented,
        "split": objects.split,
        "merged": objects.merged,
        "precision": objects.precision,
        "recall": objects.recall,
        "f1": objects.f1,
        "truth_mean_area_px": objects.truth_area_px.mean,
        "predicted_mean_area_px": objects.predicted_area_px.mean,
        "truth_mean_area_um2": objects.truth_area_um2.mean,
        "predicted_mean_area_um2": objects.predicted_area_um2.mean,
        "area_bias_percent": objects.area_bias_percent,
        "area_ratio_mean": objects.area_ratio.mean,
        "area_ratio_median": objects.area_ratio.median,
        "displacement_mean_px": objects.displacement_px.mean,
        "displacement_median_px": objects.displacement_px.median,
        "displacement_mean_um": objects.displacement_um.mean,
        "displacement_median_um": objects.displacement_um.median,
        "shift_x_px": objects.shift_x_px,
        "shift_y_px": objects.shift_y_px,
        **pixel_columns(one.pixels),
    }
