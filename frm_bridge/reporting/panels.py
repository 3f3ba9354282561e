"""The pictures of one field: what the page shows of it, and where it looks closer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import tifffile

from frm_bridge.reporting.display import (
    Outline,
    Region,
    Stretched,
    choose_region,
    data_uri,
    merge,
    nice_length,
    outline_objects,
    read_side,
    reduce,
    stretch,
)
from frm_bridge.reporting.wording import level_unit, number

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    Record = Mapping[str, Any]

Thing = TypeVar("Thing")

PANEL_PX = 760
"""Longest side of an overview, as stored in the page."""

_ZOOM_DIAMETERS = 9
_ZOOM_PX = (96, 384)


@dataclass(frozen=True, slots=True)
class Mark:
    """A few letters over a picture; ``x`` and ``y`` in px of the field."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture with what is drawn over it.

    Attributes
    ----------
    title, caption : str
        Above and below it.
    uri : str
        The picture.
    region : Region
        What it shows of the field; outlines are in px of the field.
    outlines : tuple of Outline
        Drawn over it.
    marks : tuple of Mark
        Written over it.
    box : Region or None
        A rectangle to mark.
    bar_px, bar_label
        Scale bar.
    """

    title: str
    caption: str
    uri: str
    region: Region
    outlines: tuple[Outline, ...] = ()
    box: Region | None = None
    bar_px: float = 0.0
    bar_label: str = ""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldPictures:
    """Everything that is shown of one field."""

    overview: tuple[Panel, ...]
    outlined: Panel
    zoom: tuple[Panel, ...]
    region: Region

    @property
    def share(self) -> float:
        """Part of the page's width that makes both halves of the closer look equal."""
        whole = self.outlined.region
        part = 1.03 / (1.0 + whole.height / whole.width)
        return min(max(part, 0.45), 0.62)


def picture_field(field: Record, folder: Path, ledger: pd.DataFrame) -> FieldPictures:
    """Prepare the pictures of one field.

    Parameters
    ----------
    field : mapping
        Its entry in ``comparison.json``.
    folder : Path
        The comparison's folder.
    ledger : DataFrame
        The field's rows of ``objects.csv``.
    """
    shown = {
        role: stretch(read_side(field, role))
        for role in ("transmitted", "truth", "prediction")
        if field[role] is not None
    }
    merged = merge(shown["truth"].pixels, shown["prediction"].pixels)
    whole = Region(0, 0, field["height"], field["width"])
    region = _zoom_region(field, ledger)
    scale = max(1.0, max(whole.height, whole.width) / PANEL_PX)
    outlines = _outlines(field, folder, ledger, tolerance_px=0.35 * scale)
    pixel = field["pixel_size_um"]
    pictures = [
        (TITLES[role], shown_levels(image, level_unit(field, role)), image.pixels)
        for role, image in shown.items()
    ]
    pictures.append(
        ("Merge", "Green: stain. Magenta: prediction. White: both.", merged)
    )
    return FieldPictures(
        overview=tuple(
            make_panel(title, caption, pixels, whole, pixel)
            for title, caption, pixels in pictures
        ),
        outlined=make_panel(
            "Outlines over the stain",
            "",
            shown["truth"].pixels,
            whole,
            pixel,
            outlines=(*outlines["truth"], *outlines["invented"]),
            box=region,
        ),
        zoom=_zoom(shown, merged, region, outlines, pixel),
        region=region,
    )


def choose_fields(
    record: Record, count: int, score: Callable[[Record], float]
) -> list[Record]:
    """Take all fields, or best, worst and some between, in the record's order."""
    return choose_evenly(record["fields"], count, score)


def choose_evenly(
    things: Sequence[Thing], count: int, score: Callable[[Thing], float]
) -> list[Thing]:
    """Take all things, or best, worst and some between, in the order given."""
    if len(things) <= count:
        return list(things)
    ranked = sorted(range(len(things)), key=lambda index: score(things[index]))
    last = len(ranked) - 1
    ranks = {round(step * last / max(1, count - 1)) for step in range(count)}
    return [things[index] for index in sorted(ranked[rank] for rank in ranks)]


TITLES = {
    "transmitted": "Input (transmitted)",
    "truth": "Stain (truth)",
    "prediction": "Prediction",
}


def _zoom(
    shown: Mapping[str, Stretched],
    merged: NDArray[np.uint8],
    region: Region,
    outlines: Mapping[str, list[Outline]],
    pixel_size_um: float | None,
) -> tuple[Panel, ...]:
    """Look at the region with and without outlines, in the pixels' own size."""
    pictures: list[tuple[str, NDArray[np.uint8], list[Outline]]] = [
        ("Stain", shown["truth"].pixels, outlines["truth"] + outlines["invented"]),
        (
            "Prediction",
            shown["prediction"].pixels,
            outlines["prediction"] + outlines["missed"],
        ),
        ("Merge", merged, []),
    ]
    if "transmitted" in shown:
        pictures.append(("Input", shown["transmitted"].pixels, []))
    return tuple(
        make_panel(title, "", pixels, region, pixel_size_um, outlines=tuple(drawn))
        for title, pixels, drawn in pictures
    )


def make_panel(
    title: str,
    caption: str,
    pixels: NDArray[np.uint8],
    region: Region,
    pixel_size_um: float | None,
    *,
    outlines: tuple[Outline, ...] = (),
    box: Region | None = None,
    marks: tuple[Mark, ...] = (),
) -> Panel:
    """Prepare one picture with its scale bar; pixels are those of the whole field."""
    bar = nice_length(region.width * (pixel_size_um or 1.0) / 4)
    unit = "px" if pixel_size_um is None else "µm"
    return Panel(
        title=title,
        caption=caption,
        uri=data_uri(reduce(pixels[region.window], side=PANEL_PX)),
        region=region,
        outlines=outlines,
        box=box,
        bar_px=bar / (pixel_size_um or 1.0),
        bar_label=f"{bar:g} {unit}",
        marks=marks,
    )


def shown_levels(image: Stretched, unit: str) -> str:
    """Say which grey levels are shown as black and white."""
    return f"Shown: {number(image.black)} to {number(image.white)} {unit}."


def _outlines(
    field: Record, folder: Path, ledger: pd.DataFrame, *, tolerance_px: float
) -> dict[str, list[Outline]]:
    """Trace both sides: all of the truth, the invented, and all of the prediction."""
    found = {}
    for side in ("truth", "prediction"):
        labels = tifffile.imread(folder / field["folder"] / side / "labels.tif")
        rows = ledger[ledger["source"] == side]
        kinds = {
            int(row["label"]): (str(row["status"]), _tooltip(row))
            for row in rows.to_dict("records")
        }
        found[side] = outline_objects(labels, kinds, tolerance_px=tolerance_px)
    for kind, side in (("missed", "truth"), ("invented", "prediction")):
        found[kind] = [one for one in found[side] if one.kind == kind]
    return found


def _tooltip(row: Mapping[Hashable, Any]) -> str:
    where = "stain" if row["source"] == "truth" else "prediction"
    # An empty cell was read as NaN.
    note = f", {row['note']}" if isinstance(row["note"], str) else ""
    what = f"no. {row['label']} of the {where}, {row['area_px']:.0f} px"
    return f"{row['status']}{note}: {what}"


def _zoom_region(field: Record, ledger: pd.DataFrame) -> Region:
    """Choose where to look closer: about nine nuclei wide."""
    areas = ledger["area_px"].to_numpy(dtype=float)
    diameter = float(np.sqrt(np.median(areas) * 4 / np.pi)) if areas.size else 0.0
    side = int(np.clip(_ZOOM_DIAMETERS * diameter, *_ZOOM_PX))
    centroids = ledger[["centroid_y_px", "centroid_x_px"]].to_numpy(dtype=float)
    alone = (ledger["status"] != "matched").to_numpy()
    return choose_region(
        (field["height"], field["width"]),
        centroids[~alone],
        centroids[alone],
        side=side,
    )
