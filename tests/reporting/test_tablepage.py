"""The page about Results tables, from macros that really ran."""

import json
import re
from html import unescape

import numpy as np
import pytest

from frm_bridge.comparison import compare
from frm_bridge.images import create_image, open_image
from frm_bridge.reporting import write_report
from frm_bridge.reporting.tablepanels import show_images

PARTICLES = """\
setThreshold(40, 100000);
run("Set Measurements...", "area mean centroid shape feret's display decimal=3");
run("Analyze Particles...", "size=100-Infinity pixel display clear");
for (i = 0; i < nResults; i++) setResult('<b>"$x', i, i * i);
"""
WHOLE = """\
run("Set Measurements...", "area mean standard center display decimal=3");
run("Measure");
"""
NOTHING = 'setThreshold(1e6, 2e6); run("Analyze Particles...", "display clear");'


@pytest.fixture(scope="module")
def images(tmp_path_factory, data_folder):
    """Three fields; on the predictions, some nuclei are missing."""
    folder = tmp_path_factory.mktemp("tables")
    path = data_folder / "mitocheck" / "xy_8bit__mitocheck_incenp_t1.tif"
    with open_image(path) as image:
        stain = image.read_plane()
    for number, cut in enumerate((200, 260, 364)):
        truth = stain + np.uint8(3 * number)
        predicted = 0.9 * truth.astype(np.float32)
        predicted[cut:] = 10
        for side, pixels in (("truth", truth), ("prediction", predicted)):
            (folder / side).mkdir(exist_ok=True)
            with create_image(
                folder / side / f"f{number}.tif",
                axes="YX",
                shape=pixels.shape,
                dtype=pixels.dtype,
                pixel_size_um=0.1,
            ) as writer:
                writer.write_window(0, 0, 0, pixels)
    return folder


@pytest.fixture(scope="module")
def page(images):
    """Give the page and the record of a comparison by the text of a macro."""
    done = {}

    def make(text, name):
        if name not in done:
            macro = images / f"{name}.ijm"
            macro.write_text(text, encoding="utf-8")
            sides = images / "truth", images / "prediction"
            out = images / f"out {name}"
            compare(*sides, str(macro), out, report=write_report)
            done[name] = out
        html = (done[name] / "report.html").read_text(encoding="utf-8")
        words = unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.S))
        record = json.loads((done[name] / "comparison.json").read_text("utf-8"))
        return html, " ".join(words.split()), record

    return make


def test_the_headline_says_rows_and_which_columns_agree_best_and_worst(page):
    _, words, record = page(PARTICLES, "spots")
    found = record["summary"]["table"]
    percent = f"{found['row_error_percent']:.1f}".replace("-", "\N{MINUS SIGN}")
    assert (
        f"spots gave {found['truth_rows']} rows on the stain and "
        f"{found['predicted_rows']} on the prediction ({percent} %)." in words
    )
    assert f"{found['best']} agrees best (KS distance 0." in words
    assert f", and {found['worst']} worst (KS distance" in words


def test_every_column_is_on_the_page_and_the_first_are_drawn(page):
    html, words, record = page(PARTICLES, "spots")
    rows = words[words.index("Column by column") : words.index("Field by field")]
    for column in record["summary"]["table"]["columns"]:
        assert column["name"] in rows
    assert "Not compared: Label (number or name of a row); X, Y, FeretX" in rows
    assert "Angles, which have no mean: FeretAngle." in rows
    assert html.count('<figure class="chart">') == 6
    assert "Rows, field by field" in words
    for name in ("Area", "Mean", "Circ.", "Feret", "FeretAngle"):
        assert f"Histogram of {name}, stain" in html


def test_headings_are_escaped_everywhere(page):
    html, words, record = page(PARTICLES, "spots")
    name = '<b>"$x'
    assert name in [each["name"] for each in record["summary"]["table"]["columns"]]
    assert name in words
    assert "<b>" not in html


def test_the_page_says_that_rows_are_not_matched_and_what_a_distance_is(page):
    _, words, record = page(PARTICLES, "spots")
    reading = words[words.index("How to read this") :]
    assert "Rows are not matched one to one" in reading
    n, m = (record["summary"]["table"][f"{s}_rows"] for s in ("truth", "predicted"))
    chance = 1.36 * np.sqrt((n + m) / (n * m))
    assert f"of {n} rows and {m}" in reading
    assert f"stay below about {chance:.2f} in 95" in reading
    assert "two-sample Kolmogorov-Smirnov distance as an effect size" in reading


def test_one_row_for_each_field_is_drawn_as_pairs(page):
    html, words, record = page(WHOLE, "whole")
    assert "whole measured 3 fields: one row each, on stain and prediction." in words
    assert "agrees best (mean absolute difference" in words
    assert "Predicted against true Mean" in html
    assert "Histogram of" not in html
    assert "One dot per field (n = 3)." in words
    assert "Limits of agreement" in words
    assert "One value in all rows of both sides: Area." in words
    assert "Positions, which are not ranked: XM, YM." in words
    mean = record["summary"]["table"]["columns"][1]
    assert f"Pearson r {mean['pairs']['pearson']:.2f}." in words


def test_no_row_at_all_has_a_page_without_charts(page):
    html, words, _ = page(NOTHING, "none")
    assert "none gave 0 rows on the stain and 0 on the prediction." in words
    assert "There is nothing to compare." in words
    assert '<figure class="chart">' not in html
    assert html.count('class="picture"') == 3 * 3


def test_of_a_large_field_the_brightest_part_is_shown_larger(tmp_path):
    pixels = np.zeros((600, 900), np.float32)
    pixels[400:440, 700:740] = 100
    field = {"height": 600, "width": 900, "pixel_size_um": None, "transmitted": None}
    for side in ("truth", "prediction"):
        path = tmp_path / f"{side}.tif"
        shape, dtype = pixels.shape, pixels.dtype
        with create_image(path, axes="YX", shape=shape, dtype=dtype) as writer:
            writer.write_window(0, 0, 0, pixels)
        field[side] = {"path": str(path), "channel": None, "provenance": {}}
    panels = show_images({**field, "planes": [1]})
    assert len(panels) == 6
    part = panels[-1].region
    assert (part.height, part.width) == (100, 100)
    assert part.y <= 400 <= 440 <= part.y + 100
    assert part.x <= 700 <= 740 <= part.x + 100
    assert panels[0].box == part
