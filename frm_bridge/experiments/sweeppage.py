"""The page about a scale sweep: before and after, and every factor."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

import frm_bridge
from frm_bridge.outputs import check_absent, make_folder, write_text
from frm_bridge.reporting.canvas import (
    INK,
    PREDICTION_COLOUR,
    QUIET,
    as_svg,
    new_axes,
    styled,
)
from frm_bridge.reporting.display import Region, stretch
from frm_bridge.reporting.page import Chart, Page, Table, Tile
from frm_bridge.reporting.panels import Panel, make_panel
from frm_bridge.reporting.report import render
from frm_bridge.reporting.wording import NOT_AVAILABLE, fixed

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from frm_bridge.experiments.scalesweep import ScaleSweep, SweepPoint

PAGE, TABLE = "scale-sweep.html", "sweep.csv"
_CLOSE_PX = 256


def write_sweep(sweep: ScaleSweep, output: Path, *, overwrite: bool = False) -> Path:
    """Write the page and the table of a sweep into a folder.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        ``E_OUTPUT_EXISTS``, and those of a folder that cannot be written.
    """
    make_folder(output)
    for name in (PAGE, TABLE):
        check_absent(output / name, overwrite=overwrite)
    page = sweep_page(sweep)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    record = {
        "warnings": [],
        "versions": {"frm_bridge": frm_bridge.__version__},
        "created": now,
    }
    text = render(
        page, title="Scale sweep", record=record, facts=[("The sweep", page.facts)]
    )
    write_text(output / TABLE, _as_csv(sweep), overwrite=overwrite)
    write_text(output / PAGE, text, overwrite=overwrite)
    return output / PAGE


def sweep_page(sweep: ScaleSweep) -> Page:
    """Give the parts of the page."""
    chosen = sweep.best or sweep.steadiest
    shown = chosen.prediction if sweep.stain is None and chosen else sweep.stain
    light = stretch(sweep.pixels if shown is None else shown).pixels
    close = _busiest(light.astype(np.float64), _CLOSE_PX)
    return Page(
        template="sweep.html.j2",
        headline=headline(sweep),
        second_line=_second_line(sweep),
        tiles=_tiles(sweep),
        charts=_charts(sweep),
        charts_title="By factor",
        tables=[_table(sweep)],
        reading=_reading(sweep),
        matching=[],
        facts=[
            ("image", str(sweep.image)),
            ("part that was predicted", f"{_size(sweep.pixels)}, the image's middle"),
            ("pixel size of the image", _um(sweep.pixel_size_um)),
            ("model", sweep.model_name),
            ("pixel size of the model", _um(sweep.model_pixel_size_um)),
            ("SHA-256 of the model", sweep.model_sha256),
        ],
        extra={
            "model": sweep.model_name,
            "introduction": _introduction(sweep),
            "sides": _sides(sweep, chosen),
            "factors": [_factor_panels(sweep, each, close) for each in sweep.points],
        },
    )


def headline(sweep: ScaleSweep) -> tuple[str, str]:
    """Say what came out, in two sentences."""
    best, own, steady = sweep.best, sweep.as_it_is, sweep.steadiest
    if best is not None:
        first = (
            f"Of {len(sweep.points)} factors, {best.factor:.3g} correlates best with "
            f"the stain: PCC {fixed(best.pcc)}."
        )
        if best is own:
            return first, "That is the image as it is: there is nothing to correct."
        as_it_is = NOT_AVAILABLE if own is None else fixed(own.pcc)
        return first, f"As it is (factor 1) the PCC is {as_it_is}."
    if steady is None:
        return "No factor can be told from another.", "The predictions are constant."
    return (
        f"The prediction is steadiest near the factor {steady.factor:.3g}.",
        "This is an indicator and no proof: only a stain of the same field can tell.",
    )


def _second_line(sweep: ScaleSweep) -> str:
    if sweep.pixel_size_um is None or sweep.model_pixel_size_um is None:
        return "The pixel size of image or model is not known."
    ratio = sweep.pixel_size_um / sweep.model_pixel_size_um
    return f"By the pixel sizes the factor is {ratio:.4g}."


def _tiles(sweep: ScaleSweep) -> list[Tile]:
    tiles = []
    for name, point, detail in (
        ("As it is", sweep.as_it_is, "factor 1"),
        ("Best", sweep.best, "highest PCC with the stain"),
        ("Steadiest", sweep.steadiest, "neighbours agree most"),
    ):
        if point is not None:
            pcc = f"PCC {fixed(point.pcc)}" if point.pcc is not None else ""
            value = f"{point.factor:.3g}"
            words = ", ".join(each for each in (pcc, detail) if each)
            tiles.append(Tile(name, value, words))
    return tiles


def _charts(sweep: ScaleSweep) -> list[Chart]:
    charts = []
    if sweep.best is not None:
        charts.append(
            Chart(
                "Correlation with the stain",
                _draw(sweep, "PCC"),
                "Over all pixels of the part that was predicted.",
            )
        )
    charts.append(
        Chart(
            "Agreement with the neighbouring factors",
            _draw(sweep, "agreement"),
            "Correlation of a prediction with those at the next smaller and the next "
            "larger factor. An indicator, no proof.",
        )
    )
    return charts


@styled
def _draw(sweep: ScaleSweep, what: str) -> str:
    figure, axes = new_axes(f"sweep-{what}")
    is_pcc = what == "PCC"
    points = [
        (each.factor, value)
        for each in sweep.points
        if (value := each.pcc if is_pcc else each.agreement) is not None
    ]
    chosen = sweep.best if is_pcc else sweep.steadiest
    axes.axvline(1, color=QUIET, lw=1, ls="--")
    axes.plot(*zip(*points, strict=True), "o-", color=INK, ms=4, lw=1.3)
    if chosen is not None:
        axes.axvline(chosen.factor, color=PREDICTION_COLOUR, lw=1.2)
    axes.set_xscale("log")
    ticks = [each.factor for each in sweep.points][:: 1 + len(sweep.points) // 7]
    axes.set_xticks(ticks, [f"{each:.2g}" for each in ticks])
    axes.minorticks_off()
    axes.set(xlabel="factor", ylabel=what)
    axes.set_ylim(min(0.0, min(value for _, value in points)), 1.02)
    return as_svg(figure, f"{what} of each factor")


def _table(sweep: ScaleSweep) -> Table:
    rows = [
        [
            f"{each.factor:.4g}" + (" (as it is)" if each.factor == 1 else ""),
            _size(each.seen),
            fixed(each.pcc, 3),
            fixed(each.agreement, 3),
        ]
        for each in sweep.points
    ]
    heads = ["factor", "what the network was given", "PCC with the stain", "agreement"]
    return Table("Numbers", heads, rows)


def _reading(sweep: ScaleSweep) -> list[str]:
    lines = [
        "A factor is the pixels of the model for each pixel of the image: the image's "
        "pixel size over the model's.",
        "Use one with predict --scale FACTOR, for all images of this objective.",
        "One field is one example: try several before you trust a factor.",
    ]
    if sweep.best is None:
        lines.append(
            "Without the stain nothing here measures how right a prediction is. A "
            "prediction can be steady and wrong, most of all where it is empty."
        )
    return lines


def _introduction(sweep: ScaleSweep) -> str:
    if sweep.best is not None:
        return "Corrected means the factor of the highest PCC."
    return "Corrected means the factor at which the prediction is steadiest."


def _sides(sweep: ScaleSweep, chosen: SweepPoint | None) -> list[Panel]:
    shown: list[tuple[str, NDArray[Any]]] = [("Input", sweep.pixels)]
    if sweep.as_it_is is not None:
        shown.append(("Prediction, as it is", sweep.as_it_is.prediction))
    if chosen is not None and chosen is not sweep.as_it_is:
        title = f"Prediction, factor {chosen.factor:.3g}"
        shown.append((title, chosen.prediction))
    if sweep.stain is not None:
        shown.append(("Stain", sweep.stain))
    whole = Region(0, 0, *sweep.pixels.shape)
    return [
        make_panel(title, "", stretch(pixels).pixels, whole, sweep.pixel_size_um)
        for title, pixels in shown
    ]


def _factor_panels(
    sweep: ScaleSweep, point: SweepPoint, close: Region
) -> tuple[Panel, Panel]:
    """Show a part of the field as given to the network, and as predicted."""
    height, width = sweep.pixels.shape
    scale = point.seen.shape[0] / height, point.seen.shape[1] / width
    seen = Region(
        round(close.y * scale[0]),
        round(close.x * scale[1]),
        round(close.height * scale[0]),
        round(close.width * scale[1]),
    )
    size = sweep.pixel_size_um
    title = f"Factor {point.factor:.3g}" + (", as it is" if point.factor == 1 else "")
    said = "" if point.pcc is None else f"PCC {fixed(point.pcc)}"
    return (
        make_panel(
            title,
            "",
            stretch(point.seen).pixels,
            seen,
            None if size is None else size / point.factor,
        ),
        make_panel("", said, stretch(point.prediction).pixels, close, size),
    )


def _busiest(pixels: NDArray[Any], side: int) -> Region:
    """Choose the square with most light, in steps of a quarter of its side."""
    height, width = (min(side, each) for each in pixels.shape)
    light = np.cumsum(np.cumsum(np.pad(pixels, ((1, 0), (1, 0))), 0), 1)
    step = max(1, side // 4)
    places = [
        (y, x)
        for y in (*range(0, pixels.shape[0] - height, step), pixels.shape[0] - height)
        for x in (*range(0, pixels.shape[1] - width, step), pixels.shape[1] - width)
    ]

    def inside(place: tuple[int, int]) -> float:
        y, x = place
        low, high = light[y], light[y + height]
        return float(high[x + width] - high[x] - low[x + width] + low[x])

    return Region(*max(places, key=inside), height, width)


def _as_csv(sweep: ScaleSweep) -> str:
    lines = ["factor,pcc,agreement,seen_height_px,seen_width_px"]
    for each in sweep.points:
        numbers = ("" if v is None else f"{v:.6f}" for v in (each.pcc, each.agreement))
        height, width = each.seen.shape
        lines.append(f"{each.factor:g},{','.join(numbers)},{height},{width}")
    return "\n".join(lines) + "\n"


def _size(pixels: NDArray[Any]) -> str:
    return f"{pixels.shape[0]} x {pixels.shape[1]} px"


def _um(value: float | None) -> str:
    return "not known" if value is None else f"{value:g} µm"
