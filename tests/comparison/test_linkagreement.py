"""Places compared in the real ImageJ: a planted shift comes back with its spread."""

import json

import numpy as np
import pandas as pd
import pytest

from frm_bridge.comparison import LinkComparison, compare

SMALL = {"min_area": 50.0, "area_unit": "px"}


def test_a_shifted_field_is_as_far_as_it_was_shifted(save, tmp_path, stain, blurred):
    truth, moved = save("truth", "a", stain), save("prediction", "a", blurred)
    result = compare(truth, moved, "displacement", tmp_path / "out")
    assert isinstance(result, LinkComparison)
    found = result.summary.links
    assert found.linked == found.truth_count >= 5
    assert found.shift_x_px == pytest.approx(2, abs=0.5)
    assert found.shift_y_px == pytest.approx(-1, abs=0.5)
    px, um = found.displacement_px, found.displacement_um
    assert um.mean == pytest.approx(px.mean * 0.1)
    assert px.n == found.linked >= px.n_without_outliers
    record = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert record["kind"] == "links"
    assert record["fields"][0]["runs"] == ["pair"]
    assert record["fields"][0]["linker"].startswith("laptrack")
    links = pd.read_csv(tmp_path / "out" / "links.csv")
    assert len(links) == found.linked
    row = pd.read_csv(tmp_path / "out" / "fields.csv").iloc[0]
    assert row["displacement_px_mean"] == pytest.approx(px.mean)


def test_fields_are_pooled_and_an_empty_one_counts_as_unlinked(save, tmp_path, stain):
    noise = np.random.default_rng(0).integers(8, 12, stain.shape).astype(np.uint8)
    for name, prediction in (("a", stain[::-1]), ("b", noise)):
        save("truth", name, np.ascontiguousarray(stain[::-1]))
        save("prediction", name, np.ascontiguousarray(prediction))
    result = compare(
        tmp_path / "truth", tmp_path / "prediction", "displacement", tmp_path / "out"
    )
    one, none = (field.agreement for field in result.fields)
    assert (one.linked, one.displacement_px.mean) == (one.truth_count, 0)
    assert (none.linked, none.displacement_px.mean) == (0, None)
    pooled = result.summary.links
    assert pooled.truth_count == 2 * one.truth_count
    assert pooled.truth_unlinked == one.truth_count
    assert pooled.linked_part == 0.5


def test_nothing_linked_anywhere_is_a_result(save, tmp_path, stain):
    flat = np.random.default_rng(0).integers(8, 12, stain.shape).astype(np.uint8)
    result = compare(
        save("truth", "a", stain), save("p", "a", flat), "displacement", tmp_path / "o"
    )
    assert result.summary.links.linked == 0
    assert result.sentence().startswith("0 of ")
    assert (tmp_path / "o" / "links.csv").read_text().count("\n") == 1
