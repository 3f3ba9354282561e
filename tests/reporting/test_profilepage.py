"""The page about line profiles: its words, its curves, its lines."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from scipy import ndimage

from frm_bridge.comparison import compare
from frm_bridge.imagej import find_workflow
from frm_bridge.images import create_image
from frm_bridge.reporting import write_report
from frm_bridge.reporting.methods import methods
from frm_bridge.reporting.profilepage import profile_page

LINE = {"x1": 10.0, "y1": 30.0, "x2": 90.0, "y2": 30.0}
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


def compared(folder, *, count=1, properties=(), size=(60, 100), **parameters):
    """Compare ``count`` fields along one line."""
    for number in range(count):
        noise = np.random.default_rng(number).random(size) * 1000
        truth = ndimage.gaussian_filter(noise, 4).astype(np.float32)
        predicted = ndimage.gaussian_filter(noise, 5).astype(np.float32)
        if number == count - 1:
            truth, predicted = np.roll(truth, 1, 1), np.roll(predicted, 4, 1)
        save(folder / "truth" / f"f{number}.tif", truth)
        save(folder / "prediction" / f"f{number}.tif", predicted, properties)
    workflow = find_workflow("profile").with_parameters(**{**LINE, **parameters})
    compare(folder / "truth", folder / "prediction", workflow, folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return compared(tmp_path_factory.mktemp("profiles"), count=8)


@pytest.fixture(scope="module")
def record(folder):
    return json.loads((folder / "comparison.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(folder, record):
    return profile_page(record, folder, 3)


def test_the_headline_says_correlation_and_peaks(page, record):
    found = record["summary"]["profiles"]
    r = found["pearson"]
    assert page.headline[0] == (
        f"8 line profiles: the curves correlate by {r['mean']:.2f} on average "
        f"({r['least']:.2f} to {r['greatest']:.2f})."
    )
    assert re.fullmatch(
        r"Peaks lie \d.* px \(\d.* µm\) apart at the median\.", page.headline[1]
    )


def test_one_line_is_told_in_the_singular(tmp_path):
    folder = compared(tmp_path)
    record = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    page = profile_page(record, folder, 6)
    assert page.headline[0].startswith("1 line profile: the two curves correlate by ")
    assert page.headline[1].startswith("The peaks lie ")
    assert [chart.title for chart in page.charts] == ["Line 1"]


def test_each_chart_shows_both_curves_and_only_fields_that_are_on_the_page(page):
    shown = [title for title, _ in page.extra["pictures"]]
    curves = page.charts[: len(shown)]
    assert [chart.title for chart in curves] == [f"{name}, line 1" for name in shown]
    for chart in curves:
        assert "#00805d" in chart.svg
        assert "#b5418b" in chart.svg
        assert "distance along the line (µm)" in chart.svg
        assert chart.caption.startswith("Correlation 0.")
    assert [chart.title for chart in page.charts[len(shown) :]] == [
        "Correlation of all lines",
        "Peaks of all lines",
        "Widths of all lines",
    ]
    assert "Shown are 3 of 8 lines" in page.charts_note


def test_the_charts_share_no_id(page):
    ids = [set(re.findall(r'clipPath id="([^"]+)"', one.svg)) for one in page.charts]
    assert sum(map(len, ids)) == len(set.union(*ids))


def test_the_line_lies_on_every_picture_where_imagej_measured(page):
    for _, panels in page.extra["pictures"]:
        assert [panel.title for panel in panels] == [
            "Stain (truth)",
            "Prediction",
            "Merge",
        ]
        for panel in panels:
            (line,) = panel.outlines
            # ImageJ's 10, 30 is the centre of a pixel that covers 10 to 11, 30 to 31.
            assert line.path == "M10.50 30.50L90.50 30.50"
            (mark,) = panel.marks
            assert (mark.text, mark.y) == ("1", 30.5)
            assert mark.x < 10.5


def test_a_short_line_on_a_large_field_is_looked_at_more_closely(tmp_path):
    folder = compared(tmp_path, size=(300, 400), y1=200.0, y2=200.0, x2=60.0)
    record = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    ((_, panels),) = profile_page(record, folder, 6).extra["pictures"]
    assert panels[0].title == "Whole field, stain"
    close = panels[0].box
    assert panels[0].region.width == 400
    assert [panel.region for panel in panels[1:]] == [close] * 3
    assert close.x <= 10 < 60 < close.x + close.width
    assert close.y < 200 < close.y + close.height


def test_a_relative_prediction_has_an_axis_of_its_own(tmp_path):
    folder = compared(tmp_path, properties=RELATIVE)
    record = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    page = profile_page(record, folder, 6)
    assert "axis of its own" in page.charts_note
    assert "prediction (relative units)" in page.charts[0].svg
    (tile,) = [tile for tile in page.tiles if tile.name == "RMS difference"]
    assert (tile.value, tile.detail) == ("n/a", "no unit in common")


def test_stretched_to_16_bits_both_share_an_axis(tmp_path):
    folder = compared(tmp_path, properties=RELATIVE, normalise="range16")
    record = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    page = profile_page(record, folder, 6)
    assert "both share an axis" in page.charts_note
    assert "16-bit range" in page.charts[0].svg
    assert "relative units" not in page.charts[0].svg
    text = methods(record, page.matching)
    assert "stretch to 16 bits (0.35 % saturated), grey values along lines" in text


def test_the_page_holds_all_of_it_and_loads_nothing(folder, tmp_path):
    path = write_report(folder, output=tmp_path / "report.html", shown_fields=3)
    text = path.read_text(encoding="utf-8")
    assert text.index("<h2>Along the lines") < text.index("<h2>Where the lines lie")
    assert text.count('class="outline line"') == 3 * 3 + 1  # and the key
    assert text.count('class="mark"') == 3 * 3
    for table in ("Field by field", "Line by line", "With and without outliers"):
        assert f"<h2>{table}</h2>" in text
    assert "<script" not in text
    assert not re.search(r'(src|href)="(?!data:|#|https://doi\.org/)', text)
