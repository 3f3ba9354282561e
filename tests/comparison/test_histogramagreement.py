"""Grey levels of truth and prediction, counted by the real ImageJ."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from frm_bridge.comparison import compare
from frm_bridge.imagej import find_workflow

RELATIVE = {"frm_bridge.model.output_unit": "relative"}


def levels(seed, *, top=200):
    """Make a truth of whole grey levels, 30 x 40 px."""
    return np.random.default_rng(seed).integers(10, top, (30, 40)).astype(np.uint8)


def followed(truth, *, slope=0.5, intercept=20.0, noise=8.0, seed=9):
    """Make a prediction that follows a line, with noise."""
    scatter = np.random.default_rng(seed).normal(0, noise, truth.shape)
    wished = slope * truth + intercept + scatter
    return np.clip(np.rint(wished), 0, 255).astype(np.uint8)


@pytest.fixture
def run(save, tmp_path):
    """Compare images, ``{name: (truth, prediction)}``."""

    def compared(pairs, *, properties=(), **parameters):
        for name, (truth, prediction) in pairs.items():
            save("truth", name, truth)
            save("prediction", name, prediction, properties=properties)
        workflow = find_workflow("histogram").with_parameters(**parameters)
        return compare(
            tmp_path / "truth", tmp_path / "prediction", workflow, tmp_path / "out"
        )

    return compared


@pytest.fixture
def two():
    first, second = levels(1), levels(2)
    return {"001": (first, followed(first)), "002": (second, followed(second, seed=4))}


def test_correlation_and_line_are_those_of_numpy(run):
    truth = levels(1)
    predicted = followed(truth)
    found = run({"a": (truth, predicted)}).summary
    slope, intercept = np.polyfit(truth.ravel(), predicted.ravel(), 1)
    r = np.corrcoef(truth.ravel(), predicted.ravel())[0, 1]
    assert found.levels.pearson.mean == pytest.approx(r, abs=1e-6)
    assert found.levels.slope.mean == pytest.approx(slope, rel=1e-5)
    assert found.levels.intercept.mean == pytest.approx(intercept, rel=1e-5)
    assert found.levels.pixels == truth.size
    assert found.levels.truth_mean == pytest.approx(truth.mean())
    assert found.same_unit
    assert found.feature_levels is None


def test_with_a_bit_depth_the_counts_of_all_fields_are_added(run, two):
    found = run(two, bit_depth=8, bins=64)
    side = {"low": 0, "width": 4, "high": 256}
    bins = {"number": 64, "truth": side, "prediction": side}
    assert dict(found.summary.bins) == bins
    table = pd.read_csv(found.output / "histogram.csv")
    assert list(table) == ["truth_low", "prediction_low", "count", "feature_count"]
    edges = np.arange(0, 257, 4)
    truth, predicted = (
        np.concatenate([pair[side].ravel() for pair in two.values()]) for side in (0, 1)
    )
    expected = np.histogram2d(truth, predicted, bins=[edges, edges])[0]
    counted = np.zeros((64, 64))
    places = (table["truth_low"] // 4, table["prediction_low"] // 4)
    counted[tuple(each.astype(int) for each in places)] = table["count"]
    np.testing.assert_array_equal(counted, expected)
    assert table["feature_count"].isna().all()


def test_where_bins_differ_the_counts_stay_with_their_fields(run, two):
    found = run({**two, "003": (levels(3, top=90), levels(4, top=90))}, bins=32)
    assert found.summary.bins is None
    table = pd.read_csv(found.output / "histogram.csv", dtype={"field": str})
    assert next(iter(table)) == "field"
    assert table.groupby("field")["count"].sum().to_dict() == dict.fromkeys(
        ("001", "002", "003"), 1200
    )


def test_truth_and_prediction_have_bins_of_their_own_in_the_tables(run):
    truth = levels(1)
    noise = np.random.default_rng(6).normal(0, 0.1, truth.shape)
    relative = (truth / 255 + noise).astype(np.float32)
    found = run({"a": (truth, relative)}, bins=32, properties=RELATIVE)
    assert found.summary.bins is not None
    row = pd.read_csv(found.output / "fields.csv").iloc[0]
    assert row["bin_number"] == 32
    edges = []
    for side in ("truth", "prediction"):
        bins = found.summary.bins[side]
        assert row[f"{side}_bin_low"] == pytest.approx(bins["low"])
        assert row[f"{side}_bin_width"] == pytest.approx(bins["width"])
        edges.append(bins["low"] + bins["width"] * np.arange(33))
    assert (edges[0][0], edges[0][1]) == (truth.min(), truth.min() + 6)
    assert edges[1][[0, -1]] == pytest.approx([relative.min(), relative.max()])
    edges[1][-1] = relative.max()
    expected = np.histogram2d(truth.ravel(), relative.ravel(), bins=edges)[0]
    table = pd.read_csv(found.output / "histogram.csv")
    counted = np.zeros((32, 32))
    places = [
        np.rint((table[f"{side}_low"] - edge[0]) / (edge[1] - edge[0]))
        for side, edge in zip(("truth", "prediction"), edges, strict=True)
    ]
    counted[tuple(each.astype(int) for each in places)] = table["count"]
    assert np.abs(counted - expected).sum() <= 4  # 32 bits, at the edges


def test_fields_are_summarised_one_by_one_and_means_over_all_pixels(run, two):
    found = run(two, feature_threshold=120.0, bit_depth=8)
    fields = pd.read_csv(found.output / "fields.csv", dtype={"field": str})
    assert fields["field"].tolist() == ["001", "002"]
    for (truth, predicted), r in zip(two.values(), fields["pearson"], strict=True):
        expected = np.corrcoef(truth.ravel(), predicted.ravel())[0, 1]
        assert r == pytest.approx(expected, abs=1e-6)
    pooled = found.summary.levels
    assert pooled.pearson.mean == pytest.approx(fields["pearson"].mean())
    assert pooled.pearson.least == pytest.approx(fields["pearson"].min())
    assert found.sentence() == (
        f"grey levels of 2 fields; mean correlation {pooled.pearson.mean:.3f} "
        f"({pooled.pearson.least:.3f} to {pooled.pearson.greatest:.3f})"
    )


def test_the_feature_region_is_where_the_truth_is_above_the_threshold(run, two):
    found = run(two, feature_threshold=120.0, bit_depth=8)
    bright = [truth[truth > 120] for truth, _ in two.values()]
    region = found.summary.feature_levels
    assert region is not None
    assert region.pixels == sum(each.size for each in bright)
    assert region.truth_mean == pytest.approx(np.concatenate(bright).mean())
    table = pd.read_csv(found.output / "histogram.csv")
    assert table["feature_count"].sum() == region.pixels
    fields = pd.read_csv(found.output / "fields.csv")
    assert fields["feature_pixels"].tolist() == [each.size for each in bright]
    assert fields["feature_threshold"].tolist() == [120, 120]


def test_a_feature_region_without_pixels_counts_for_nothing_in_the_means(run, two):
    dark = levels(5, top=100)
    found = run({**two, "003": (dark, followed(dark))}, feature_threshold=120.0)
    region = found.summary.feature_levels
    assert region is not None
    bright = np.concatenate([truth[truth > 120] for truth, _ in two.values()])
    assert region.truth_mean == pytest.approx(bright.mean())
    assert region.pearson.n == 2
    assert any("no pixel of the truth is brighter" in each for each in found.warnings)


def test_a_relative_prediction_has_no_unit_in_common(run):
    truth = levels(1)
    relative = (truth / 100 - 1).astype(np.float32)
    found = run({"a": (truth, relative)}, properties=RELATIVE).summary
    assert not found.same_unit
    assert found.levels.pearson.mean == pytest.approx(1)


def test_a_constant_prediction_has_no_correlation(run):
    truth = levels(1)
    found = run({"a": (truth, np.full_like(truth, 7))})
    assert found.summary.levels.pearson.n == 0
    assert "no correlation" in found.sentence()
    record = json.loads((found.output / "comparison.json").read_text())
    assert record["kind"] == "histogram"
    assert record["fields"][0]["levels"]["pearson"] is None
