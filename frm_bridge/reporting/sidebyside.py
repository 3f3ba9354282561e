"""Input, stain, prediction and merge of a field, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.display import Outline, Region, merge, read_side, stretch
from frm_bridge.reporting.panels import (
    TITLES,
    Mark,
    Panel,
    make_panel,
    shown_levels,
)
from frm_bridge.reporting.wording import level_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]

_CLOSE_PART = 0.5


def side_panels(
    field: Record,
    *,
    outlines: tuple[Outline, ...] = (),
    marks: tuple[Mark, ...] = (),
    close: Region | None = None,
) -> list[Panel]:
    """Show a field's images, all with the same drawn over them.

    Parameters
    ----------
    field : mapping
        Its entry in ``comparison.json``.
    outlines, marks : tuple
        In px of the field.
    close : Region, optional
        What to show in place of the whole; the whole stain comes first then, with the
        region as a box.
    """
    shown = {
        role: stretch(read_side(field, role))
        for role in ("transmitted", "truth", "prediction")
        if field[role] is not None
    }
    whole = Region(0, 0, field["height"], field["width"])
    size = field["pixel_size_um"]
    pictures = [
        (TITLES[role], shown_levels(image, level_unit(field, role)), image.pixels)
        for role, image in shown.items()
    ]
    merged = merge(shown["truth"].pixels, shown["prediction"].pixels)
    panels = [
        make_panel(
            title, caption, pixels, close or whole, size, outlines=outlines, marks=marks
        )
        for title, caption, pixels in [*pictures, ("Merge", "", merged)]
    ]
    if close is None:
        return panels
    stain = shown["truth"].pixels
    overview = make_panel(
        "Whole field, stain", "", stain, whole, size, outlines=outlines, box=close
    )
    return [overview, *panels]


def closer(field: Record, points: list[tuple[float, float]]) -> Region | None:
    """Choose a square around some points, where that is a small part of the field.

    Parameters
    ----------
    field : mapping
        Its entry in ``comparison.json``.
    points : list of (x, y)
        In px of the field.
    """
    height, width = int(field["height"]), int(field["width"])
    xs, ys = zip(*points, strict=True)
    span = max(max(xs) - min(xs), max(ys) - min(ys))
    side = int(1.4 * span) + 32
    if side > _CLOSE_PART * min(height, width):
        return None
    middle = (min(ys) + max(ys)) / 2, (min(xs) + max(xs)) / 2
    y, x = (
        int(min(max(at - side / 2, 0), length - side))
        for at, length in zip(middle, (height, width), strict=True)
    )
    return Region(y, x, side, side)
