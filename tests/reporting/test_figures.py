"""Charts that can be drawn from little, and that stand alone."""

import re

import matplotlib as mpl
import numpy as np
import pytest

from frm_bridge.reporting import figures
from frm_bridge.reporting.scales import beyond_axis, level_edges, limits_of

ONE = np.array([120.0])
AREAS = {"quantity": "area", "unit": "px²", "things": "nuclei"}
MANY = np.random.default_rng(0).gamma(4, 80, 300)


@pytest.mark.parametrize("values", [ONE, MANY], ids=["one", "many"])
def test_every_chart_can_be_drawn_from_one_value_or_many(values):
    charts = [
        figures.draw_sides(values, values * 1.1, **AREAS),
        figures.draw_sides(values, values[:0], **AREAS),
        figures.draw_pairs(values, values * 1.1, quantity="area", unit="px²"),
        figures.draw_displacement(values * 0, unit="px", things="nuclei"),
        figures.draw_displacement(values, unit="px", things="nuclei"),
        figures.draw_register(values, -values),
        figures.draw_intensities(values, values * 0, unit="grey levels"),
        figures.draw_intensities(values.round(), values, unit="grey levels"),
        figures.draw_counts(values, values, things="nuclei"),
        figures.draw_pcc(values / 1000, values[:0], unit="fields"),
        figures.draw_f1_curve([(0.1, 0.9), (0.5, 0.7), (0.9, None)], 0.5),
    ]
    for svg in charts:
        assert svg.startswith("<svg")
        assert svg.rstrip().endswith("</svg>")
        assert "aria-label" in svg
        assert "<metadata" not in svg


def test_two_charts_on_one_page_share_no_id():
    ids = [
        set(re.findall(r'clipPath id="([^"]+)"', svg))
        for svg in (
            figures.draw_sides(MANY, MANY, **AREAS),
            figures.draw_pairs(MANY, MANY, quantity="area", unit="px²"),
        )
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_the_callers_style_changes_nothing():
    plain = figures.draw_register(MANY, MANY)
    with mpl.rc_context({"font.size": 40}):
        assert figures.draw_register(MANY, MANY) == plain
        assert mpl.rcParams["font.size"] == 40


def test_giants_lie_beyond_the_axis_and_are_counted():
    values = np.append(np.full(99, 10.0), 500.0)
    assert beyond_axis(values) == 1
    assert beyond_axis(ONE) == 0


def test_bins_of_whole_grey_levels_hold_equally_many():
    svg = figures.draw_intensities(
        np.arange(200.0), np.arange(200.0), unit="relative units"
    )
    assert "image/png" in svg
    edges = level_edges(np.arange(200.0), 0, 199)
    assert set(np.diff(edges)) == {2.0}
    assert edges[0] == -0.5


def test_a_heading_is_no_markup_and_no_formula():
    names = {"quantity": '<b>" $x_$', "unit": ""}
    for svg in (
        figures.draw_sides(MANY, MANY, things="rows", limits=(-5, 500), **names),
        figures.draw_pairs(MANY, MANY, **names),
    ):
        assert "<b>" not in svg
        assert "&lt;b&gt;&quot; $x_$" in svg
        assert '&lt;b&gt;" $x_$' in svg


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([0, 10], (0, 10.5)),
        ([-10, 10], (-10.8, 10.8)),
        ([90, 100], (89.6, 100.4)),
        ([3, 3], (2.85, 3.15)),
        ([0, 0], (-0.5, 0.5)),
    ],
)
def test_an_axis_starts_at_0_unless_the_values_lie_far_from_it(values, ends):
    assert limits_of(np.array(values, float)) == pytest.approx(ends)
