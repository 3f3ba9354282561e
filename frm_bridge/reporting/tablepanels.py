"""The images that a script of one's own has measured, and a closer look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import uniform_filter

from frm_bridge.reporting.display import Region, merge, read_side, stretch
from frm_bridge.reporting.panels import (
    PANEL_PX,
    TITLES,
    Panel,
    make_panel,
    shown_levels,
)
from frm_bridge.reporting.wording import level_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Record = Mapping[str, Any]

_ZOOM = 6  # sides of the part that is shown larger, in that of the field
_LEAST_PX = 96


def show_images(field: Record) -> list[Panel]:
    """Show the images as the script got them, their merge, and a part of each."""
    whole = Region(0, 0, field["height"], field["width"])
    size = field["pixel_size_um"]
    shown = {
        role: stretch(read_side(field, role))
        for role in ("transmitted", "truth", "prediction")
        if field[role] is not None
    }
    pictures = [
        (TITLES[role], shown_levels(image, level_unit(field, role)), image.pixels)
        for role, image in shown.items()
    ]
    merged = merge(shown["truth"].pixels, shown["prediction"].pixels)
    caption = "Green: stain. Magenta: prediction. White: both."
    pictures.append(("Merge", caption, merged))
    part = _brightest_part(shown["truth"].pixels)
    closer = [("", "", pixels) for _, _, pixels in pictures] if part else []
    return [
        *(make_panel(*picture, whole, size, box=part) for picture in pictures),
        *(make_panel(*picture, part or whole, size) for picture in closer),
    ]


def _brightest_part(pixels: NDArray[np.uint8]) -> Region | None:
    """Choose the square of most light; None in a field that is shown in full size."""
    height, width = pixels.shape
    if max(height, width) <= PANEL_PX:
        return None
    side = min(height, width, max(_LEAST_PX, min(height, width) // _ZOOM))
    light = uniform_filter(pixels.astype(np.float32), side, mode="constant")
    y, x = np.unravel_index(int(light.argmax()), light.shape)
    return Region(
        y=int(np.clip(y - side // 2, 0, height - side)),
        x=int(np.clip(x - side // 2, 0, width - side)),
        height=side,
        width=side,
    )
