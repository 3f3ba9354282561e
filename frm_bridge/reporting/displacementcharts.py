"""Charts of how far, and where, predicted nuclei lie from the true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.reporting import figures
from frm_bridge.reporting.page import Chart
from frm_bridge.reporting.wording import fixed, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    Record = Mapping[str, Any]


def displacement_charts(
    pairs: pd.DataFrame, summary: Record, *, things: str
) -> list[Chart]:
    """Draw distances and directions.

    Parameters
    ----------
    pairs : DataFrame
        ``distance_px``, ``distance_um``, ``dx_px`` and ``dy_px`` of each pair.
    summary : mapping
        ``displacement_px``, ``displacement_um``, ``shift_x_px`` and ``shift_y_px``.
    things : str
        What they are.
    """
    unit = "um" if summary["displacement_um"]["n"] == len(pairs) else "px"
    label = "µm" if unit == "um" else "px"
    d = summary[f"displacement_{unit}"]
    values = pairs[f"distance_{unit}"].to_numpy(float)
    dx, dy = (pairs[f"d{axis}_px"].to_numpy(float) for axis in "xy")
    return [
        Chart(
            "Centroid displacement",
            figures.draw_displacement(values, unit=label, things=things),
            f"Mean {number(d['mean'], 2)} {label}, 95 % are below "
            f"{number(d['p95'], 2)} {label} (n = {d['n']}); without outliers mean "
            f"{number(d['mean_without_outliers'], 2)} {label} (n = "
            f"{d['n_without_outliers']}).",
        ),
        Chart(
            "Direction of the displacement",
            figures.draw_register(dx, dy),
            f"Mean shift {_towards(summary['shift_x_px'], 'right', 'left')} and "
            f"{_towards(summary['shift_y_px'], 'down', 'up')}. A cloud off the centre "
            "means that the two images are out of register.",
        ),
    ]


def _towards(shift_px: float, ahead: str, back: str) -> str:
    return f"{fixed(abs(shift_px))} px {ahead if shift_px >= 0 else back}"
