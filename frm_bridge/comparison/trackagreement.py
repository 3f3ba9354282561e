"""Tracks of truth and prediction, movie by movie."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from frm_bridge.comparison.fields import PREDICTION, TRUTH
from frm_bridge.comparison.ledger import INVENTED, MATCHED
from frm_bridge.comparison.record import field_columns, pixel_columns
from frm_bridge.comparison.results import Comparison, MeasuredField
from frm_bridge.comparison.summary import (
    percent_error,
    summarise_pixels,
)
from frm_bridge.comparison.tracks import (
    KEPT,
    LOST,
    mark_links,
    mark_spots,
    mark_tracks,
    match_spots,
    read_sides,
)
from frm_bridge.comparison.tracksummary import Sides, TrackAgreement, TrackSummary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from frm_bridge.comparison.results import CompareSettings


@dataclass(frozen=True, slots=True)
class MovieComparison(MeasuredField):
    """What one movie gave: its tables, marked, and their agreement."""

    spots: pd.DataFrame
    links: pd.DataFrame
    tracks: pd.DataFrame
    agreement: TrackAgreement


@dataclass(frozen=True, slots=True)
class TrackComparison(Comparison):
    """A comparison of tracks: spots matched, links kept, lost and invented, speeds."""

    kind: ClassVar[str] = "tracks"
    fields: tuple[MovieComparison, ...]
    summary: TrackSummary

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give all spots, links and tracks, and one row per movie."""
        return {
            "spots.csv": _join(self.fields, "spots"),
            "links.csv": _join(self.fields, "links"),
            "tracks.csv": _join(self.fields, "tracks"),
            "fields.csv": pd.DataFrame([_row(one) for one in self.fields]),
        }

    def describe_field(self, index: int) -> dict[str, Any]:
        """Give the agreement of a movie's tracks, and what linked them."""
        one = self.fields[index]
        return {
            "tracks": dataclasses.asdict(one.agreement),
            "linker": str(one.results[TRUTH].result["linker"]),
            "frame_interval_s": one.results[TRUTH].result["frame_interval_s"],
        }

    def sentence(self) -> str:
        """Say how many tracks there are, and how many links are kept."""
        t = self.summary.tracks
        recall = "n/a" if t.link_recall is None else f"{100 * t.link_recall:.1f} %"
        return (
            f"{t.truth_tracks} tracks on the truth, {t.predicted_tracks} on the "
            f"prediction; {t.kept_links} of {t.truth_links} links kept ({recall}), "
            f"{t.lost_links} lost, {t.invented_links} invented"
        )


def compare_tracks(
    measured: Sequence[MeasuredField],
    output: Path,
    settings: CompareSettings,
    *,
    warnings: tuple[str, ...],
) -> TrackComparison:
    """Match spots and links of each movie, and summarise all of them."""
    fields = tuple(_compare(one, settings) for one in measured)
    distances = [one.agreement.match_distance_px for one in fields]
    pooled = _agreement(
        _join(fields, "spots"),
        _join(fields, "links"),
        _join(fields, "tracks"),
        max(distances),
    )
    pixels = summarise_pixels([one.pixels for one in fields])
    summary = TrackSummary(**pixels, tracks=pooled)
    return TrackComparison(output, fields, summary, warnings)


def _compare(one: MeasuredField, settings: CompareSettings) -> MovieComparison:
    sides = (TRUTH, PREDICTION)
    spots, links, tracks = (
        read_sides({side: one.results[side].file(name) for side in sides})
        for name in ("spots", "links", "tracks")
    )
    limit = settings.match_distance_px
    if limit is None:
        limit = _typical_radius(spots[TRUTH])
    pairs = match_spots(spots, max_distance_px=limit)
    marked_spots, marked_links = mark_spots(spots, pairs), mark_links(links, pairs)
    marked_tracks = mark_tracks(tracks, marked_links)
    return MovieComparison(
        field=one.field,
        pixels=one.pixels,
        results=one.results,
        provenance=one.provenance,
        spots=marked_spots,
        links=marked_links,
        tracks=marked_tracks,
        agreement=_agreement(marked_spots, marked_links, marked_tracks, limit),
    )


def _typical_radius(spots: pd.DataFrame) -> float:
    """Give the median radius: spots closer than that cover each other."""
    radii = spots["radius_px"].dropna()
    return float(radii.median()) if len(radii) else 0.0


def _agreement(
    spots: pd.DataFrame, links: pd.DataFrame, tracks: pd.DataFrame, limit: float
) -> TrackAgreement:
    of = {side: _Counts.of(side, spots, links, tracks) for side in (TRUTH, PREDICTION)}
    truth, predicted = of[TRUTH], of[PREDICTION]
    kept = int(((links["source"] == TRUTH) & (links["status"] == KEPT)).sum())
    lost = links[links["status"] == LOST]
    recall = kept / truth.links if truth.links else None
    precision = kept / predicted.links if predicted.links else None
    total = truth.links + predicted.links
    own = tracks["source"] == TRUTH
    return TrackAgreement(
        truth_tracks=truth.tracks,
        predicted_tracks=predicted.tracks,
        track_error_percent=percent_error(truth.tracks, predicted.tracks),
        whole_tracks=int((own & (tracks["links_kept"] == 1)).sum()),
        truth_spots=truth.spots,
        predicted_spots=predicted.spots,
        matched_spots=truth.matched,
        truth_links=truth.links,
        predicted_links=predicted.links,
        kept_links=kept,
        lost_links=len(lost),
        invented_links=int((links["status"] == INVENTED).sum()),
        lost_for_want_of_a_spot=int((lost["reason"] == "spot").sum()),
        link_recall=recall,
        link_precision=precision,
        link_f1=2 * kept / total if total else None,
        truth_divisions=truth.divisions,
        predicted_divisions=predicted.divisions,
        speed_px_per_frame=Sides.of(links, "speed_px_per_frame"),
        speed_um_per_s=Sides.of(links, "speed_um_per_s"),
        track_speed_px_per_frame=Sides.of(tracks, "mean_speed_px_per_frame"),
        path_px=Sides.of(tracks, "path_px"),
        displacement_px=Sides.of(tracks, "displacement_px"),
        track_spots=Sides.of(tracks, "spots"),
        match_distance_px=limit,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many there are on one side."""

    spots: int
    matched: int
    links: int
    tracks: int
    divisions: int

    @classmethod
    def of(
        cls, side: str, spots: pd.DataFrame, links: pd.DataFrame, tracks: pd.DataFrame
    ) -> _Counts:
        own = spots[spots["source"] == side]
        tracks_here = tracks[tracks["source"] == side]
        return cls(
            spots=len(own),
            matched=int((own["status"] == MATCHED).sum()),
            links=int((links["source"] == side).sum()),
            tracks=len(tracks_here),
            divisions=int(np.nansum(tracks_here["divisions"].to_numpy(float))),
        )


def _join(fields: Sequence[MovieComparison], name: str) -> pd.DataFrame:
    """Put one table of all movies under one another, the movie's name first."""
    tables: list[pd.DataFrame] = []
    for one in fields:
        table: pd.DataFrame = getattr(one, name).copy()
        leading = ["source", "status", "reason", "links_kept", "partner"]
        first = [column for column in leading if column in table.columns]
        rest = [column for column in table.columns if column not in first]
        table = table[[*first, *rest]]
        table.insert(0, "field", one.field.name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _row(one: MovieComparison) -> dict[str, Any]:
    """Give a movie's row of ``fields.csv``."""
    a = dataclasses.asdict(one.agreement)
    plain = {key: value for key, value in a.items() if not isinstance(value, dict)}
    means = {
        f"{side}_mean_{key}": value[side]["mean"]
        for key, value in a.items()
        if isinstance(value, dict)
        for side in ("truth", "prediction")
    }
    return {
        **field_columns(one.field),
        **plain,
        **means,
        **pixel_columns(one.pixels),
    }
