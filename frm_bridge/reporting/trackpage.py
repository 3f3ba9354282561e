"""The page about tracks: spots matched, links kept, lost and invented, speeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.display import Region, read_side, stretch
from frm_bridge.reporting.fieldrows import rows_by_field
from frm_bridge.reporting.page import Page, Table, Tile
from frm_bridge.reporting.panels import (
    TITLES,
    Panel,
    choose_fields,
    make_panel,
    shown_levels,
)
from frm_bridge.reporting.segments import link_lines, with_ends
from frm_bridge.reporting.spread import sides, spread_table
from frm_bridge.reporting.stored import read_table
from frm_bridge.reporting.trackcharts import draw_charts
from frm_bridge.reporting.wording import (
    caution,
    error_percent,
    field_title,
    fixed,
    level_unit,
    number,
    percent,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    Record = Mapping[str, Any]

KEY = (
    ("kept", "kept: this step is in both"),
    ("lost", "lost: on the stain only"),
    ("invented", "invented: on the prediction only"),
)
COLUMNS = (
    "Movie",
    "Tracks, stain",
    "Prediction",
    "Whole",
    "Links, stain",
    "Kept",
    "Lost",
    "Invented",
    "Link F1",
    "Divisions",
    "Mean speed (px/frame)",
    "PCC",
)


def track_page(record: Record, folder: Path, shown_fields: int) -> Page:
    """Give the page about tracks.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    folder : Path
        Where it lies, with ``spots.csv``, ``links.csv`` and ``tracks.csv``.
    shown_fields : int
        How many movies are shown as pictures.
    """
    spots, links, tracks = (
        read_table(folder, name, texts=("reason",))
        for name in ("spots", "links", "tracks")
    )
    found = record["summary"]["tracks"]
    return Page(
        template="panels.html.j2",
        headline=_headline(found),
        second_line=_second_line(found),
        tiles=_tiles(record),
        charts=draw_charts(record, links, tracks),
        tables=[
            Table(
                "Movie by movie",
                COLUMNS,
                _rows(record),
                "Whole: tracks of the stain all of whose links are kept. Divisions and "
                "speed: stain → prediction.",
            ),
            spread_table(
                [
                    *sides("Speed of a link", "px/frame", found["speed_px_per_frame"]),
                    *sides("Speed of a link", "µm/s", found["speed_um_per_s"]),
                    *sides(
                        "Mean speed of a track",
                        "px/frame",
                        found["track_speed_px_per_frame"],
                    ),
                    *sides("Path of a track", "px", found["path_px"]),
                    *sides("Displacement of a track", "px", found["displacement_px"]),
                    *sides("Length of a track", "spots", found["track_spots"]),
                ]
            ),
        ],
        reading=_reading(record),
        matching=_matching(record),
        facts=[
            ("linker", _linkers(record)),
            ("largest distance of a pair", f"{number(found['match_distance_px'])} px"),
        ],
        extra={
            "heading": "Where the tracks run",
            "introduction": "All steps of all frames, over the last frame.",
            "key": KEY,
            "pictures": [
                (field_title(field), _panels(field, spots, links))
                for field in choose_fields(record, shown_fields, _link_f1)
            ],
        },
    )


def _link_f1(field: Record) -> float:
    return field["tracks"]["link_f1"] or 0.0


def _linkers(record: Record) -> str:
    return " and ".join(dict.fromkeys(field["linker"] for field in record["fields"]))


def _headline(found: Record) -> tuple[str, str]:
    first = (
        f"{number(found['truth_tracks'])} tracks on the stain, "
        f"{number(found['predicted_tracks'])} on the prediction "
        f"({error_percent(found['track_error_percent'])})."
    )
    if not found["truth_links"]:
        return first, "There is no step on the stain to find again."
    return first, (
        f"{number(found['kept_links'])} of {number(found['truth_links'])} steps of the "
        f"stain ({percent(found['link_recall'])}) were found again; "
        f"{number(found['lost_links'])} were lost, and "
        f"{number(found['invented_links'])} were invented."
    )


def _second_line(found: Record) -> str:
    if not found["lost_links"]:
        return "No step was lost."
    return (
        f"{number(found['lost_for_want_of_a_spot'])} of the "
        f"{number(found['lost_links'])} lost steps lack a nucleus on the prediction; "
        "the others have both, but were linked otherwise."
    )


def _tiles(record: Record) -> list[Tile]:
    f, pcc = record["summary"]["tracks"], record["summary"]["pcc"]
    return [
        Tile(
            "Tracks",
            f"{number(f['truth_tracks'])} → {number(f['predicted_tracks'])}",
            f"stain → prediction, {error_percent(f['track_error_percent'])}",
        ),
        Tile(
            "Links kept", percent(f["link_recall"]), f"of {f['truth_links']} true ones"
        ),
        Tile(
            "Link precision",
            percent(f["link_precision"]),
            f"of {f['predicted_links']} predicted are true",
        ),
        Tile(
            "Whole tracks",
            f"{f['whole_tracks']} of {f['truth_tracks']}",
            "every step of theirs is kept",
        ),
        Tile(
            "Spots found",
            percent(
                f["matched_spots"] / f["truth_spots"] if f["truth_spots"] else None
            ),
            f"within {number(f['match_distance_px'], 2)} px",
        ),
        Tile(
            "Mean speed",
            _means(f["speed_px_per_frame"]),
            "px per frame",
        ),
        Tile("PCC", fixed(pcc["mean"]), "mean of all frames"),
    ]


def _rows(record: Record) -> list[tuple[str, ...]]:
    return rows_by_field(record, "tracks", _cells)


def _cells(f: Record, pcc: float | None) -> tuple[str, ...]:
    return (
        number(f["truth_tracks"]),
        number(f["predicted_tracks"]),
        number(f["whole_tracks"]),
        number(f["truth_links"]),
        number(f["kept_links"]),
        number(f["lost_links"]),
        number(f["invented_links"]),
        fixed(f["link_f1"]),
        f"{number(f['truth_divisions'])} → {number(f['predicted_divisions'])}",
        _means(f["speed_px_per_frame"]),
        fixed(pcc, 3),
    )


def _means(speed: Record) -> str:
    return " → ".join(number(speed[s]["mean"], 2) for s in ("truth", "prediction"))


def _reading(record: Record) -> list[str]:
    found = record["summary"]["tracks"]
    return [
        "The stain is the reference, but its nuclei were found and linked by the same "
        "workflow, which makes errors of its own.",
        "Two spots of a frame are one nucleus when they lie within "
        f"{number(found['match_distance_px'], 2)} px. A step is kept when both its "
        "ends have such partners and these are linked, too.",
        "One nucleus missed in one frame costs two steps, and a whole track its "
        "wholeness: steps tell how good the linking is, whole tracks how far one can "
        "follow a cell.",
        "Speeds are those of all links on each side, true or not: a wrong link is "
        "usually a long one, and raises the mean.",
        *caution(record),
    ]


def _matching(record: Record) -> list[str]:
    found = record["summary"]["tracks"]
    return [
        f"Spots were linked by {_linkers(record)} (linear assignment problem, "
        "Jaqaman et al., 2008). Spots of both sides were matched frame by frame within "
        f"{number(found['match_distance_px'], 2)} px (Hungarian method: most pairs, "
        "then least total distance); a link of the stain was called kept when the "
        "partners of its spots are linked in the prediction, else lost; predicted "
        "links that keep none were called invented."
    ]


def _panels(field: Record, spots: pd.DataFrame, links: pd.DataFrame) -> list[Panel]:
    """Show the last frame of both sides with all their steps."""
    whole = Region(0, 0, field["height"], field["width"])
    panels = []
    for side in ("truth", "prediction"):
        image = stretch(read_side(field, side, frame=-1))
        mine = (links["field"] == field["name"]) & (links["source"] == side)
        here = (spots["field"] == field["name"]) & (spots["source"] == side)
        drawn = with_ends(links[mine], spots[here])
        lines = [
            link_lines(
                drawn[(drawn["status"] == status) & (drawn["track"] == track)],
                kind=status,
                title=f"{status}: track {track} of the "
                f"{'stain' if side == 'truth' else 'prediction'}",
            )
            for status, track in drawn[["status", "track"]]
            .drop_duplicates()
            .itertuples(index=False)
        ]
        panels.append(
            make_panel(
                TITLES[side],
                shown_levels(image, level_unit(field, side)),
                image.pixels,
                whole,
                field["pixel_size_um"],
                outlines=tuple(lines),
            )
        )
    return panels
