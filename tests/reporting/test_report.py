"""The page: complete, self-contained, and true to the numbers."""

import json
import re
import shutil
from html.parser import HTMLParser

import pandas as pd
import pytest

from frm_bridge.errors import InputError, OutputError
from frm_bridge.reporting import write_report
from frm_bridge.reporting.methods import methods

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Collects what a browser would load, the text, and whether tags are balanced."""

    def __init__(self, text):
        super().__init__()
        self.links, self.tags, self.text, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [(tag, v) for k, v in attrs if k in {"src", "href", "xlink:href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def record(comparison):
    return json.loads((comparison / "comparison.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def text(comparison, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    return write_report(comparison, output=path).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_page_loads_nothing_and_runs_nothing(page, text):
    assert not page.open
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    for tag, link in page.links:
        if tag == "a":
            assert link.startswith("https://doi.org/10.")
        else:
            assert link.startswith(("data:image/", "#"))
    assert "@import" not in text
    assert not re.search(r"url\((?!#|\"#)", text)


def test_the_headline_says_the_counts_and_no_verdict(page, record):
    words = " ".join(" ".join(page.text).split())
    found = record["summary"]["objects"]
    assert (
        f"counted {found['truth_count']} nuclei on the stain and "
        f"{found['predicted_count']} on the prediction" in words
    )
    assert f"{found['missed']} were missed" in words
    assert not re.search(r"\b(un)?fit\b|good enough to\b", words.lower())


def test_every_field_parameter_version_and_digest_is_on_the_page(page, record):
    words = " ".join(page.text)
    for field in record["fields"]:
        assert field["name"] in words
        assert field["truth"]["sha256"] in words
        assert field["prediction"]["sha256"] in words
    for name in record["workflow"]["parameters"]:
        assert name in words
    assert record["workflow"]["sha256"] in words
    for name, version in record["versions"].items():
        assert name in words
        assert version in words
    assert "0123456789abcdef" * 4 in words


def test_names_of_files_are_escaped(text):
    assert "one&lt;b&gt;" in text
    assert "one<b>" not in text


def test_each_field_is_shown_with_its_outlines(text, record):
    assert text.count('class="picture"') == 3 * (4 + 1 + 4)
    for kind in ("matched", "missed"):
        assert f'class="outline {kind}"' in text
    # One title per truth outline on the overview, and more in the closer look.
    matched = record["summary"]["objects"]["matched"]
    assert text.count("<title>matched") >= 2 * matched > 0
    assert "µm</text>" in text


def test_a_relative_prediction_is_marked(page):
    assert "intensity has no unit and is not usable" in " ".join(page.text)


def test_the_methods_name_tool_steps_and_rules(page):
    text = " ".join(page.text)
    for words in (
        "ImageJ 1.54p",
        "Gaussian blur (sigma 2 px)",
        "area at least 100 px²",
        "intersection over union of 0.5",
        "the model 'trial' (SHA-256 0123456789ab, ONNX Runtime, CPUExecution",
        "above 60 grey levels",
        "rmoutliers",
    ):
        assert words in text


def test_an_uncalibrated_record_says_so_in_its_methods(record):
    bare = json.loads(json.dumps(record))
    bare["workflow"]["parameters"]["area_unit"] = "auto"
    assert "at least 100 µm²" in methods(bare, [])
    for field in bare["fields"]:
        field["pixel_size_um"] = None
    assert "at least 100 px²" in methods(bare, [])


def test_of_many_fields_the_best_and_the_worst_are_shown(comparison, tmp_path):
    path = write_report(comparison, output=tmp_path / "r.html", shown_fields=2)
    text = path.read_text(encoding="utf-8")
    assert text.count('class="picture"') == 2 * 9
    assert "Shown are 2 of 3 fields" in text


def test_the_report_tells_the_pixel_size_and_the_relative_axis(page, record):
    words = " ".join(page.text)
    assert "0.1 µm, from the image files" in words
    assert "Pixel size: 0.1 µm, from the image files." in methods(record, [])
    assert "prediction (relative units)" in words
    assert words.count("relative units.") == 3  # below each field's prediction


def test_the_page_is_the_same_each_time(comparison, text, tmp_path):
    again = write_report(comparison, output=tmp_path / "r.html")
    assert again.read_text(encoding="utf-8") == text


def test_fields_with_and_without_a_pixel_size_can_stand_together(comparison, tmp_path):
    mixed = tmp_path / "mixed"
    shutil.copytree(comparison, mixed)
    record = json.loads((mixed / "comparison.json").read_text(encoding="utf-8"))
    bare = record["fields"][0]
    bare["pixel_size_um"] = None
    (mixed / "comparison.json").write_text(json.dumps(record), encoding="utf-8")
    ledger = pd.read_csv(mixed / "objects.csv", dtype=str, keep_default_na=False)
    ledger.loc[ledger["field"] == bare["name"], "area_um2"] = ""
    ledger.to_csv(mixed / "objects.csv", index=False)
    page = write_report(mixed, overwrite=True).read_text(encoding="utf-8")
    assert "not known for 1" in page
    assert "area (px²)" in page


def test_a_page_is_replaced_only_when_allowed(comparison, tmp_path):
    path = write_report(comparison, output=tmp_path / "r.html", shown_fields=1)
    with pytest.raises(OutputError):
        write_report(comparison, output=path)
    write_report(comparison, output=path, shown_fields=1, overwrite=True)


def test_a_folder_without_a_comparison_is_refused(tmp_path):
    with pytest.raises(InputError) as caught:
        write_report(tmp_path)
    assert caught.value.code == "E_REPORT_MISSING"


def test_an_image_that_has_gone_is_named(comparison, record, tmp_path):
    gone = json.loads(json.dumps(record))
    gone["fields"][1]["truth"]["path"] = str(tmp_path / "gone.tif")
    (tmp_path / "comparison.json").write_text(json.dumps(gone), encoding="utf-8")
    (tmp_path / "objects.csv").write_bytes((comparison / "objects.csv").read_bytes())
    with pytest.raises(InputError, match=r"gone\.tif") as caught:
        write_report(tmp_path)
    assert caught.value.code == "E_REPORT_IMAGE"
    assert not (tmp_path / "report.html").exists()
