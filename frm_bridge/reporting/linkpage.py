"""The page about displacement: the truth as frame 0, the prediction as frame 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from frm_bridge.reporting.displacementcharts import displacement_charts
from frm_bridge.reporting.display import (
    Region,
    choose_region,
    merge,
    read_side,
    stretch,
)
from frm_bridge.reporting.fieldrows import rows_by_field
from frm_bridge.reporting.page import Page, Table, Tile
from frm_bridge.reporting.panels import Panel, choose_fields, make_panel
from frm_bridge.reporting.segments import link_lines, spot_rings
from frm_bridge.reporting.spread import spread_table
from frm_bridge.reporting.stored import read_table
from frm_bridge.reporting.wording import (
    caution,
    displacement,
    field_title,
    fixed,
    number,
    percent,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Record = Mapping[str, Any]

KEY = (
    ("linked", "linked: a line from its place on the stain to that on the prediction"),
    ("missed", "on the stain, not linked"),
    ("invented", "on the prediction, not linked"),
)
_CLOSER_PX = 256
_FAR = 0.9  # quantile of the displacement
COLUMNS = (
    "Field",
    "Stain",
    "Prediction",
    "Linked",
    "Not linked, stain",
    "Not linked, prediction",
    "Mean displacement",
    "Median",
    "Without outliers",
    "PCC",
)


def link_page(record: Record, folder: Path, shown_fields: int) -> Page:
    """Give the page about linked places.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    folder : Path
        Where it lies, with ``links.csv``.
    shown_fields : int
        How many fields are shown as pictures.
    """
    found = record["summary"]["links"]
    links = read_table(folder, "links")
    shown = choose_fields(record, shown_fields, _linked_part)
    return Page(
        template="panels.html.j2",
        headline=_headline(record),
        second_line=_second_line(found),
        tiles=_tiles(record),
        charts=displacement_charts(links, found, things="nuclei")
        if found["linked"]
        else [],
        tables=[
            Table(
                f"{unit_of(record).capitalize()} by {unit_of(record)}",
                COLUMNS,
                _rows(record),
            ),
            spread_table(
                [
                    ("Displacement (px)", found["displacement_px"]),
                    ("Displacement (µm)", found["displacement_um"]),
                    (f"PCC of a {unit_of(record)}", record["summary"]["pcc"]),
                ]
            ),
        ],
        reading=_reading(record),
        matching=[
            "Nuclei of both were linked as if they had moved from one frame to the "
            f"next, by the linear assignment of {_linkers(record)} (Jaqaman et al., "
            "2008), as in LaChance & Cohen (2020)."
        ],
        facts=[("linker", _linkers(record))],
        extra={
            "heading": "Where the nuclei lie",
            "introduction": "Green: stain. Magenta: prediction. White: both.",
            "key": KEY,
            "pictures": [
                (field_title(field), _panels(field, folder, links)) for field in shown
            ],
        },
    )


def _linked_part(field: Record) -> float:
    return field["links"]["linked_part"] or 0.0


def _linkers(record: Record) -> str:
    return " and ".join(dict.fromkeys(field["linker"] for field in record["fields"]))


def _headline(record: Record) -> tuple[str, str]:
    found = record["summary"]["links"]
    first = (
        f"{number(found['linked'])} of {number(found['truth_count'])} nuclei of the "
        f"stain ({percent(found['linked_part'])}) were linked to one of the prediction."
    )
    if not found["linked"]:
        return first, "There is no displacement to tell."
    removed = (
        found["displacement_px"]["n"] - found["displacement_px"]["n_without_outliers"]
    )
    return first, (
        f"They lie {displacement(found, 'mean')} apart on average; "
        f"{displacement(found, 'mean_without_outliers')} without {number(removed)} "
        "outliers."
    )


def _second_line(found: Record) -> str:
    return (
        f"Linked to none: {number(found['truth_unlinked'])} on the stain, "
        f"{number(found['predicted_unlinked'])} on the prediction."
    )


def _tiles(record: Record) -> list[Tile]:
    found, pcc = record["summary"]["links"], record["summary"]["pcc"]
    px = found["displacement_px"]
    kept = f"{px['n_without_outliers']} of {px['n']} kept"
    return [
        Tile(
            "Linked",
            percent(found["linked_part"]),
            f"of {found['truth_count']} stained",
        ),
        Tile("Not linked", number(found["truth_unlinked"]), "nuclei of the stain"),
        Tile("Not linked", number(found["predicted_unlinked"]), "of the prediction"),
        _distance_tile("Mean displacement", found, "mean", "all that are linked"),
        _distance_tile("Median", found, "median", "all that are linked"),
        _distance_tile("Without outliers", found, "mean_without_outliers", kept),
        Tile(
            "PCC",
            fixed(pcc["mean"]),
            "all pixels" if pcc["n"] == 1 else f"mean of {pcc['n']}, all pixels",
        ),
    ]


def _distance_tile(name: str, found: Record, what: str, detail: str) -> Tile:
    px, um = found["displacement_px"][what], found["displacement_um"][what]
    if px is None or um is None:
        return Tile(name, displacement(found, what), detail)
    return Tile(name, f"{number(um, 2)} µm", f"{number(px, 2)} px; {detail}")


def _rows(record: Record) -> list[tuple[str, ...]]:
    return rows_by_field(record, "links", _cells)


def _cells(found: Record, pcc: float | None) -> tuple[str, ...]:
    return (
        number(found["truth_count"]),
        number(found["predicted_count"]),
        f"{number(found['linked'])} ({percent(found['linked_part'])})",
        number(found["truth_unlinked"]),
        number(found["predicted_unlinked"]),
        displacement(found, "mean"),
        displacement(found, "median"),
        displacement(found, "mean_without_outliers"),
        fixed(pcc, 3),
    )


def _reading(record: Record) -> list[str]:
    largest = record["workflow"]["parameters"].get("linking_distance")
    limit = "" if largest is None else f" (here {largest:g})"
    return [
        "The truth is taken as frame 0 and the prediction as frame 1 of a movie, and "
        "nuclei are linked as a tracker would do it.",
        f"No link is longer than the largest step{limit}: a displacement above it is a "
        "nucleus that is not linked, and the mean knows linked ones only.",
        "A nucleus of the stain that has no link was not predicted, or lies too far.",
        *caution(record),
    ]


def _panels(field: Record, folder: Path, links: pd.DataFrame) -> list[Panel]:
    """Show the merge as it is, and with links and unlinked nuclei drawn over it."""
    truth, predicted = (stretch(read_side(field, s)) for s in ("truth", "prediction"))
    merged = merge(truth.pixels, predicted.pixels)
    whole = Region(0, 0, field["height"], field["width"])
    spots = pd.read_csv(folder / field["folder"] / "pair" / "spots.csv")
    lone = spots[spots["track"].isna()]
    own = links[links["field"] == field["name"]].rename(
        columns={
            "truth_x_px": "x0",
            "truth_y_px": "y0",
            "prediction_x_px": "x1",
            "prediction_y_px": "y1",
        }
    )
    lines = (
        link_lines(own, kind="linked", title="linked"),
        spot_rings(lone[lone["frame"] == 1], kind="missed", title="on the stain alone"),
        spot_rings(
            lone[lone["frame"] == 2], kind="invented", title="on the prediction alone"
        ),
    )
    size, region = field["pixel_size_um"], _closer(field, own, lone)
    return [
        make_panel("Merge", "", merged, whole, size, box=region),
        make_panel("Links", "", truth.pixels, whole, size, outlines=lines, box=region),
        make_panel("The dotted square", "", merged, region, size, outlines=lines),
    ]


def _closer(field: Record, links: pd.DataFrame, lone: pd.DataFrame) -> Region:
    """Choose a square where nuclei have no link, or lie far apart."""
    far = links["distance_px"] > links["distance_px"].quantile(_FAR)
    alone = [
        lone[["y_px", "x_px"]].to_numpy(float),
        links.loc[far, ["y0", "x0"]].to_numpy(float),
    ]
    side = min(field["height"], field["width"], _CLOSER_PX)
    return choose_region(
        (field["height"], field["width"]),
        links.loc[~far, ["y0", "x0"]].to_numpy(float),
        np.concatenate(alone),
        side=side,
    )
