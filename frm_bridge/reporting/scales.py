"""Where the axes of charts start and end, how they are binned, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]


def top_of(values: Values) -> float:
    """Give an axis limit that a few giants do not stretch; they lie beyond it."""
    usual = 2.0 * float(np.percentile(values, 95))
    return min(float(values.max()) * 1.05, usual) or 1.0


def beyond_axis(values: Values) -> int:
    """Say how many values lie beyond the limit that the charts choose."""
    return int(np.sum(values > top_of(values)))


def level_edges(values: Values, low: float, high: float) -> Values:
    """Give about 90 bins; of whole grey levels each bin holds equally many."""
    if high <= low:
        return np.array([low - 0.5, low + 0.5])
    if np.any(values % 1):
        return np.linspace(low, high, 91)
    width = max(1, round((high - low) / 90))
    return np.arange(np.floor(low) - 0.5, high + width, width)


def bin_edges(top: float, n: int, *, low: float = 0.0) -> list[float]:
    """Give edges, more of them for more values."""
    count = int(np.clip(np.sqrt(n) * 1.5, 8, 40))
    return [float(edge) for edge in np.linspace(low, top, count + 1)]


def axis_label(quantity: str, unit: str) -> str:
    """Name an axis; a dollar in a column's heading starts no formula."""
    return f"{quantity} ({unit})".removesuffix(" ()").replace("$", r"\$")


def limits_of(values: Values) -> tuple[float, float]:
    """Give the ends of an axis for values of any kind, negative ones too.

    It starts at 0 where the values do not lie far from it, and does not stretch to a
    few giants.
    """
    first, last = (float(v) for v in np.percentile(values, [1, 99]))
    room = 0.25 * (last - first)
    low = max(float(values.min()), first - room)
    top = min(float(values.max()), last + room)
    if 0 <= low < 0.5 * top:
        return 0.0, 1.05 * top
    pad = 0.04 * (top - low) or 0.05 * abs(top) or 0.5
    return low - pad, top + pad
