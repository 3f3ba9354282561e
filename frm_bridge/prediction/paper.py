"""The published algorithm (CL-120 to CL-126), kept as a baseline.

Windows of 256 px at every 64 px; of each prediction the central 128 x 128 are added up
and divided by how often a pixel was met: 4 times inside, once in the corners. It
computes each pixel 16 times, is not exact (64 px of context where the network reads
94), and never predicts the outer 64 px, which the original leaves at 0 in its output
file; so they are 0 here. Only its truncation to uint16 is not repeated: files are
rounded and clipped here, where the original wraps above 65535 (CL-071).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.errors import InputError
from frm_bridge.models.normalisation import normalise
from frm_bridge.prediction.exact import Tiles, in_output_units

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from frm_bridge.prediction.exact import Progress, View, Write
    from frm_bridge.prediction.loaded import LoadedModel

WINDOW = 256
STRIDE = 64
FRAME = 64


def paper_origins(length: int) -> range:
    """Give the first rows, or columns, of the windows along one side.

    Raises
    ------
    InputError
        ``E_PAPER_SIZE`` for a side that the published code cannot tile (CL-124).
    """
    if length < WINDOW or length % STRIDE:
        raise InputError(
            "E_PAPER_SIZE",
            f"the published algorithm takes sides that are multiples of {STRIDE} px "
            f"and at least {WINDOW} px, got {length} px",
            "crop the image, or leave --algorithm paper out: the exact one takes any",
        )
    return range(0, length - WINDOW + STRIDE, STRIDE)


def predict_as_published(
    views: Sequence[View],
    *,
    write: Write,
    progress: Progress | None = None,
) -> Tiles:
    """Predict all planes with all models, a run for each window.

    Parameters
    ----------
    views, write, progress
        As for :func:`~frm_bridge.prediction.exact.predict_exactly`.
    """
    source = views[0].source  # it is never scaled here
    info = source.info
    per_plane = len(paper_origins(info.height)) * len(paper_origins(info.width))
    total = per_plane * info.plane_count * len(views)
    written = 0

    def step() -> None:
        nonlocal written
        written += 1
        if progress:
            progress(written, total)

    for plane in range(info.plane_count):
        pixels = source.read_window(plane, 0, 0, info.height, info.width)
        for place, view in enumerate(views):
            scaled = normalise(pixels, *view.scales[plane])
            average = _average(scaled, view.model, step)
            inner = average[FRAME:-FRAME, FRAME:-FRAME]
            framed = np.zeros(average.shape, np.float32)
            framed[FRAME:-FRAME, FRAME:-FRAME] = in_output_units(inner, view.model.card)
            write(place, plane, 0, 0, framed)
    return Tiles(side=WINDOW, count=total)


def _average(
    image: NDArray[np.float32], model: LoadedModel, step: Callable[[], None]
) -> NDArray[np.float64]:
    """Average the windows' centres; NaN where no centre reaches."""
    height, width = image.shape
    sums = np.zeros((height, width))
    coverage = np.zeros((height, width))
    centre = slice(FRAME, WINDOW - FRAME)
    for y in paper_origins(height):
        for x in paper_origins(width):
            window = image[np.newaxis, np.newaxis, y : y + WINDOW, x : x + WINDOW]
            output = model.run(np.ascontiguousarray(window))[0, 0]
            inner = (
                slice(y + FRAME, y + WINDOW - FRAME),
                slice(x + FRAME, x + WINDOW - FRAME),
            )
            sums[inner] += output[centre, centre]
            coverage[inner] += 1
            step()
    with np.errstate(invalid="ignore"):  # 0 / 0 in the frame
        return sums / coverage
