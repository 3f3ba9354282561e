"""Nuclei of the truth linked to those of the prediction: how far they seem to move."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from frm_bridge.comparison.fields import PAIR
from frm_bridge.comparison.record import field_columns, pixel_columns
from frm_bridge.comparison.results import Comparison, MeasuredField
from frm_bridge.comparison.summary import Distribution, PixelSummary, summarise_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from frm_bridge.comparison.results import CompareSettings


@dataclass(frozen=True, slots=True)
class LinkAgreement:
    """How far linked nuclei lie from each other, and how many are not linked.

    Attributes
    ----------
    truth_count, predicted_count : int
        Nuclei found by the workflow on each side.
    linked, truth_unlinked, predicted_unlinked : int
        Of these.
    linked_part : float or None
        Linked / true.
    displacement_px, displacement_um : Distribution
        Distance of the linked ones (CL-163).
    shift_x_px, shift_y_px : float or None
        Mean displacement with its sign: away from zero, the two are out of register.
    """

    truth_count: int
    predicted_count: int
    linked: int
    truth_unlinked: int
    predicted_unlinked: int
    linked_part: float | None
    displacement_px: Distribution
    displacement_um: Distribution
    shift_x_px: float | None
    shift_y_px: float | None


@dataclass(frozen=True, slots=True)
class LinkSummary(PixelSummary):
    """All fields together.

    Attributes
    ----------
    links : LinkAgreement
        Of all of them, pooled.
    """

    links: LinkAgreement


@dataclass(frozen=True, slots=True)
class LinkedField(MeasuredField):
    """What one field gave: its table of links and their agreement."""

    links: pd.DataFrame
    agreement: LinkAgreement


@dataclass(frozen=True, slots=True)
class LinkComparison(Comparison):
    """A comparison of places: truth as frame 0, prediction as frame 1, linked."""

    kind: ClassVar[str] = "links"
    fields: tuple[LinkedField, ...]
    summary: LinkSummary

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give all links, and one row per field."""
        return {
            "links.csv": pd.concat(
                [_named(one) for one in self.fields], ignore_index=True
            ),
            "fields.csv": pd.DataFrame([_row(one) for one in self.fields]),
        }

    def describe_field(self, index: int) -> dict[str, Any]:
        """Give the agreement of a field's nuclei, and what linked them."""
        one = self.fields[index]
        return {
            "links": dataclasses.asdict(one.agreement),
            "linker": str(one.results[PAIR].result["linker"]),
        }

    def sentence(self) -> str:
        """Say how many are linked, and how far apart they lie."""
        found = self.summary.links
        px, um = found.displacement_px, found.displacement_um
        text = f"{found.linked} of {found.truth_count} nuclei of the truth linked"
        if px.mean is None:
            return text
        where = f"{px.mean:.2f} px" + (
            "" if um.mean is None else f" ({um.mean:.2f} µm)"
        )
        return (
            f"{text}; mean displacement {where}, without outliers "
            f"{px.mean_without_outliers:.2f} px ({px.n_without_outliers} of {px.n})"
        )


def compare_links(
    measured: Sequence[MeasuredField],
    output: Path,
    settings: CompareSettings,
    *,
    warnings: tuple[str, ...],
) -> LinkComparison:
    """Summarise the displacements of each field, and of all of them."""
    del settings  # the workflow has linked already
    fields = tuple(_compare(one) for one in measured)
    counts = [one.results[PAIR].result["counts"] for one in fields]
    pooled = _agreement(
        pd.concat([one.links for one in fields], ignore_index=True),
        {key: sum(one[key] for one in counts) for key in ("truth", "prediction")},
    )
    pixels = summarise_pixels([one.pixels for one in fields])
    summary = LinkSummary(**pixels, links=pooled)
    return LinkComparison(output, fields, summary, warnings)


def _compare(one: MeasuredField) -> LinkedField:
    result = one.results[PAIR]
    links = pd.read_csv(result.file("links"))
    links = links.astype("float64") if links.empty else links
    return LinkedField(
        field=one.field,
        pixels=one.pixels,
        results=one.results,
        provenance=one.provenance,
        links=links,
        agreement=_agreement(links, result.result["counts"]),
    )


def _agreement(links: pd.DataFrame, counts: Mapping[str, int]) -> LinkAgreement:
    linked = len(links)
    return LinkAgreement(
        truth_count=counts["truth"],
        predicted_count=counts["prediction"],
        linked=linked,
        truth_unlinked=counts["truth"] - linked,
        predicted_unlinked=counts["prediction"] - linked,
        linked_part=linked / counts["truth"] if counts["truth"] else None,
        displacement_px=Distribution.of(links["distance_px"]),
        displacement_um=Distribution.of(links["distance_um"]),
        shift_x_px=Distribution.of(links["dx_px"]).mean,
        shift_y_px=Distribution.of(links["dy_px"]).mean,
    )


def _named(one: LinkedField) -> pd.DataFrame:
    table = one.links.copy()
    table.insert(0, "field", one.field.name)
    return table


def _row(one: LinkedField) -> dict[str, Any]:
    """Give a field's row of ``fields.csv``."""
    a = dataclasses.asdict(one.agreement)
    plain = {key: value for key, value in a.items() if not isinstance(value, dict)}
    spread = {
        f"{name}_{what}": a[name][what]
        for name in ("displacement_px", "displacement_um")
        for what in ("mean", "median", "mean_without_outliers", "n_without_outliers")
    }
    return {
        **field_columns(one.field),
        **plain,
        **spread,
        **pixel_columns(one.pixels),
    }
