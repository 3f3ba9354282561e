"""Numbers that summarise tracks: how many, how whole, how fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from frm_bridge.comparison.fields import PREDICTION, TRUTH
from frm_bridge.comparison.summary import Distribution, PixelSummary

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Sides:
    """One quantity of truth and prediction."""

    truth: Distribution
    prediction: Distribution

    @classmethod
    def of(cls, table: pd.DataFrame, column: str) -> Sides:
        """Summarise a column, side by side."""
        return cls(
            *(
                Distribution.of(table.loc[table["source"] == side, column])
                for side in (TRUTH, PREDICTION)
            )
        )


@dataclass(frozen=True, slots=True)
class TrackAgreement:
    """How alike the tracks of truth and prediction are.

    Attributes
    ----------
    truth_tracks, predicted_tracks : int
        Tracks of two spots or more.
    track_error_percent : float or None
        Of the number of tracks.
    whole_tracks : int
        True tracks all of whose links are kept.
    truth_spots, predicted_spots, matched_spots : int
        Nuclei in all frames, and those found on both sides.
    truth_links, predicted_links, kept_links, lost_links, invented_links : int
        Steps from frame to frame.
    lost_for_want_of_a_spot : int
        Lost links one of whose nuclei was not found; the others were linked otherwise.
    link_recall, link_precision, link_f1 : float or None
        Kept / true, kept / predicted, and their harmonic mean.
    truth_divisions, predicted_divisions : int
        Spots linked to two later ones.
    speed_px_per_frame, speed_um_per_s : Sides
        Of the links.
    track_speed_px_per_frame, path_px, displacement_px, track_spots : Sides
        Of the tracks.
    match_distance_px : float
        Largest distance between the spots of a pair.
    """

    truth_tracks: int
    predicted_tracks: int
    track_error_percent: float | None
    whole_tracks: int
    truth_spots: int
    predicted_spots: int
    matched_spots: int
    truth_links: int
    predicted_links: int
    kept_links: int
    lost_links: int
    invented_links: int
    lost_for_want_of_a_spot: int
    link_recall: float | None
    link_precision: float | None
    link_f1: float | None
    truth_divisions: int
    predicted_divisions: int
    speed_px_per_frame: Sides
    speed_um_per_s: Sides
    track_speed_px_per_frame: Sides
    path_px: Sides
    displacement_px: Sides
    track_spots: Sides
    match_distance_px: float


@dataclass(frozen=True, slots=True)
class TrackSummary(PixelSummary):
    """All movies together.

    Attributes
    ----------
    tracks : TrackAgreement
        Of all of them, pooled.
    """

    tracks: TrackAgreement
