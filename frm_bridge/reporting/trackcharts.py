"""Which charts the report of tracks shows, and what each one says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.reporting import figures
from frm_bridge.reporting.page import Chart
from frm_bridge.reporting.wording import number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    Record = Mapping[str, Any]


def draw_charts(
    record: Record, links: pd.DataFrame, tracks: pd.DataFrame
) -> list[Chart]:
    """Draw what there are values for; without a link there is nothing to draw."""
    if not len(links):
        return []
    found = record["summary"]["tracks"]
    known = links["speed_um_per_s"].notna().all()
    speed, unit = ("um_per_s", "µm/s") if known else ("px_per_frame", "px/frame")
    quantities = (
        ("Speed of the links", links, f"speed_{speed}", unit, "links"),
        ("Length of the tracks", tracks, "spots", "spots", "tracks"),
        ("Path of the tracks", tracks, "path_px", "px", "tracks"),
        ("Displacement of the tracks", tracks, "displacement_px", "px", "tracks"),
    )
    charts = []
    for title, table, column, unit_, things in quantities:
        truth, predicted = (
            table.loc[table["source"] == side, column].to_numpy(float)
            for side in ("truth", "prediction")
        )
        svg = figures.draw_sides(
            truth,
            predicted,
            quantity=title.split()[0].lower(),
            unit=unit_,
            things=things,
        )
        summary = found["track_spots" if column == "spots" else column]
        charts.append(Chart(title, svg, _means(summary, unit_)))
    return [*charts, _wholeness(found, tracks), *_by_frame(links)]


def _means(summary: Record, unit: str) -> str:
    a, b = summary["truth"], summary["prediction"]
    return (
        f"Mean {number(a['mean'])} {unit} on the stain, {number(b['mean'])} {unit} on "
        f"the prediction; without outliers {number(a['mean_without_outliers'])} "
        f"({a['n_without_outliers']} of {a['n']}) and "
        f"{number(b['mean_without_outliers'])} ({b['n_without_outliers']} of "
        f"{b['n']}). Dashed: medians."
    )


def _wholeness(found: Record, tracks: pd.DataFrame) -> Chart:
    kept = tracks.loc[tracks["source"] == "truth", "links_kept"].to_numpy(float)
    return Chart(
        "How whole the tracks are",
        figures.draw_parts(kept, label="part of its steps kept", things="tracks"),
        f"{number(found['whole_tracks'])} of {number(found['truth_tracks'])} tracks of "
        "the stain are whole on the prediction: all their steps are kept.",
    )


def _by_frame(links: pd.DataFrame) -> list[Chart]:
    """Show when steps are lost; a film may fade, or get crowded."""
    truth = links[links["source"] == "truth"]
    if not len(truth):
        return []
    kept = truth["status"].eq("kept").groupby(truth["frame"]).mean()
    worst = kept.idxmin()
    return [
        Chart(
            "Steps kept, frame by frame",
            figures.draw_by_frame(
                np.array(kept.index, dtype=float), np.array(kept, dtype=float)
            ),
            f"Part of the stain's steps that start in a frame and are kept. Fewest in "
            f"frame {worst:.0f}: {percent(float(kept.min()))}.",
        )
    ]
