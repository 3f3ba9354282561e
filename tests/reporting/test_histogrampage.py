"""The page about grey levels: its words, its histograms, its pictures."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy import ndimage

from frm_bridge.comparison import compare
from frm_bridge.imagej import find_workflow
from frm_bridge.images import create_image
from frm_bridge.reporting import write_report
from frm_bridge.reporting.histogramcharts import View, _draw_lines, _limits, _matrix
from frm_bridge.reporting.histogrampage import histogram_page
from frm_bridge.reporting.methods import methods

RELATIVE = {"frm_bridge.model.output_unit": "relative"}


def save(path, pixels, properties=()):
    path.parent.mkdir(exist_ok=True)
    with create_image(
        path,
        axes="YX",
        shape=pixels.shape,
        dtype=pixels.dtype,
        pixel_size_um=0.5,
        properties=dict(properties),
    ) as writer:
        writer.write_window(0, 0, 0, pixels)


def compared(folder, *, count=1, relative=False, transmitted=False, **parameters):
    """Compare ``count`` fields."""
    for number in range(count):
        noise = np.random.default_rng(number).normal(0, 1, (60, 80))
        smooth = ndimage.gaussian_filter(noise, 3)
        truth = (1000 + (3000 + 300 * number) * smooth).clip(0).astype(np.uint16)
        predicted = (0.5 * truth + 100 + 50 * noise).clip(0)
        predicted = predicted.astype(np.float32 if relative else np.uint16)
        predicted = predicted / 1000 if relative else predicted
        save(folder / "truth" / f"f{number}.tif", truth)
        properties = RELATIVE if relative else {}
        save(folder / "prediction" / f"f{number}.tif", predicted, properties)
        save(folder / "light" / f"f{number}.tif", truth)
    compare(
        folder / "truth",
        folder / "prediction",
        find_workflow("histogram").with_parameters(**parameters),
        folder / "out",
        transmitted=folder / "light" if transmitted else None,
    )
    return folder / "out"


def page_of(folder):
    record = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    return histogram_page(record, folder, 6), record


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("histogram")
    return compared(folder, count=3, bit_depth=12, feature_threshold=1200.0)


@pytest.fixture(scope="module")
def page(folder):
    return page_of(folder)[0]


@pytest.fixture(scope="module")
def record(folder):
    return page_of(folder)[1]


def test_the_headline_says_correlation_and_the_line_of_least_squares(page, record):
    levels = record["summary"]["levels"]
    r = levels["pearson"]
    assert page.headline[0] == (
        f"The grey levels of 3 fields correlate by {r['mean']:.2f} on average "
        f"({r['least']:.2f} to {r['greatest']:.2f})."
    )
    assert f"rises by {levels['slope']['mean']:.2f} grey levels" in page.headline[1]
    assert page.second_line.startswith("Where the stain is above 1,200 (")


def test_there_is_a_histogram_of_all_pixels_and_one_of_the_feature_regions(page):
    assert [chart.title for chart in page.charts] == [
        "All fields together",
        "All fields together: stain above 1,200",
        "Correlation of each field",
    ]
    for chart in page.charts[:2]:
        assert "prediction (grey levels)" in chart.svg
        assert "dashed: equal levels" in chart.caption
    assert page.charts[0].caption.startswith("14,400 pixels")


TABLE = pd.DataFrame(
    {
        "truth_low": [16.0, 32.0],
        "prediction_low": [0.0, 48.0],
        "count": [5, 7],
        "feature_count": [0, 7],
    }
)
SIDE = {"low": 0.0, "width": 16.0, "high": 64.0}
BINS = {"number": 4, "truth": SIDE, "prediction": SIDE}


def test_counts_stand_where_their_levels_are():
    view = View("", TABLE, BINS, whole=False, same_unit=False)
    counts, edges = _matrix(view)
    assert (counts[1, 0], counts[2, 3], counts.sum()) == (5, 7, 12)
    assert [each.tolist() for each in edges] == [[0, 16, 32, 48, 64]] * 2
    assert _limits(view, counts, edges) == ((16, 48), (0, 64))
    equal = View("", TABLE, BINS, whole=False, same_unit=True)
    assert _limits(equal, counts, edges) == ((0, 64), (0, 64))
    camera = View("", TABLE, BINS, whole=True, same_unit=True, above=20.0)
    assert _matrix(camera)[0].sum() == 7
    assert _limits(camera, counts, edges) == ((20, 64), (0, 64))


def test_each_axis_has_its_own_levels_where_bins_differ():
    table = TABLE.assign(prediction_low=[-0.5, 1.0])
    own = {"low": -0.5, "width": 0.5, "high": 1.5}
    bins = {**BINS, "prediction": own}
    view = View("", table, bins, whole=False, same_unit=False)
    counts, edges = _matrix(view)
    assert (counts[1, 0], counts[2, 3], counts.sum()) == (5, 7, 12)
    assert edges[0].tolist() == [0, 16, 32, 48, 64]
    assert edges[1].tolist() == [-0.5, 0, 0.5, 1, 1.5]
    assert _limits(view, counts, edges) == ((16, 48), (-0.5, 1.5))
    equal = View("", table, bins, whole=False, same_unit=True)
    assert _limits(equal, counts, edges) == ((-0.5, 48), (-0.5, 48))


def lines(view):
    """Give the ends of the lines of a chart."""
    axes = Figure().add_subplot()
    _draw_lines(axes, view, _matrix(view)[1])
    return [line.get_xydata().tolist() for line in axes.get_lines()]


def test_equal_levels_are_a_line_across_both_axes_where_units_agree():
    own = {"low": -0.5, "width": 20.0, "high": 79.5}
    table = TABLE.assign(prediction_low=[-0.5, 59.5])
    bins = {**BINS, "prediction": own}
    view = View("", table, bins, whole=False, same_unit=True)
    assert lines(view) == [[[-0.5, -0.5], [79.5, 79.5]]]
    fitted = View("", table, bins, whole=False, same_unit=False, fit=(0.5, 1.0))
    assert lines(fitted) == [[[0, 1], [64, 33]]]


def test_without_a_bit_depth_each_field_has_a_histogram_of_its_own(tmp_path):
    page, record = page_of(compared(tmp_path, count=2, bins=16))
    assert record["summary"]["bins"] is None
    assert [chart.title for chart in page.charts] == [
        "f0",
        "f1",
        "Correlation of each field",
    ]
    assert "thin line: least squares" in page.charts[0].caption
    assert "with bit_depth" in page.charts_note
    assert page.facts == [("bins", "those of each field's own range")]


def test_counts_of_relative_predictions_are_not_added_by_a_bit_depth(tmp_path):
    """It would put all of a relative prediction into one row."""
    page, _ = page_of(compared(tmp_path, count=2, relative=True))
    assert page.charts_note.endswith("so counts cannot be added.")


def test_the_bins_are_told_once_where_both_sides_have_the_same(page, tmp_path):
    assert page.facts == [("bins", "256 of 16, from 0 to 4096, on both axes")]
    other, record = page_of(compared(tmp_path, relative=True, bins=16))
    ((_, words),) = other.facts
    own = record["summary"]["bins"]["prediction"]
    assert words.startswith("stain 16 of ")
    assert words.endswith(
        f"; prediction 16 of {own['width']:g}, from {own['low']:g} to {own['high']:g}"
    )
    assert f"Bins: {words}." in other.matching[0]


def test_a_relative_prediction_is_not_judged_by_its_levels(tmp_path):
    page, record = page_of(compared(tmp_path, relative=True))
    assert "no unit" in page.headline[1]
    assert page.headline[0].startswith("The grey levels of one field correlate by 0.")
    assert "prediction (relative units)" in page.charts[0].svg
    assert "equal levels" not in page.charts[0].caption
    values = {tile.name: tile.value for tile in page.tiles}
    assert (values["Slope"], values["Intercept"]) == ("n/a", "n/a")
    assert "pair by pair" in methods(record, page.matching)


def test_the_pictures_are_stain_prediction_and_merge_with_the_input_if_given(
    page, tmp_path
):
    titles = [panel.title for panel in page.extra["pictures"][0][1]]
    assert titles == ["Stain (truth)", "Prediction", "Merge"]
    given, _ = page_of(compared(tmp_path, transmitted=True))
    titles = [panel.title for panel in given.extra["pictures"][0][1]]
    assert titles == ["Input (transmitted)", "Stain (truth)", "Prediction", "Merge"]


def test_a_constant_prediction_is_told_and_drawn(tmp_path):
    flat = np.full((20, 30), 9, np.uint16)
    truth = np.arange(600, dtype=np.uint16).reshape(20, 30)
    save(tmp_path / "truth.tif", truth)
    save(tmp_path / "flat.tif", flat)
    folder = tmp_path / "out"
    compare(tmp_path / "truth.tif", tmp_path / "flat.tif", "histogram", folder)
    page, _ = page_of(folder)
    assert "no correlation" in page.headline[0]
    assert len(page.charts) == 1


def test_the_page_holds_all_of_it_and_loads_nothing(folder, tmp_path):
    path = write_report(folder, output=tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    for title in ("Field by field", "Feature regions: stain above 1,200"):
        assert f"<h2>{title}</h2>" in text
    assert "2D histogram of raw grey levels (at most 256 bins on each axis" in text
    assert "merge.tif" in text
    assert 'class="key"' not in text
    assert "<script" not in text
    assert not re.search(r'(src|href)="(?!data:|#|https://doi\.org/)', text)
