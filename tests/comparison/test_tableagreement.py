"""Results tables of somebody's own macro, in the real ImageJ, column by column."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from frm_bridge.comparison import TableComparison, compare

PARTICLES = """\
setThreshold(40, 100000);
run("Set Measurements...", "area mean centroid shape feret's display decimal=3");
run("Analyze Particles...", "size=100-Infinity pixel display clear");
"""
WHOLE = """\
run("Set Measurements...", "area mean standard center display decimal=3");
run("Measure");
"""
RELATIVE = {"frm_bridge.model.output_unit": "relative"}
SIDES = ("truth", "prediction")


@pytest.fixture
def run(tmp_path, save, stain):
    """Compare, by the text of a macro, fields with known predictions."""

    def measure(text, fields, **properties):
        for name, (truth, prediction) in fields.items():
            save("truth", name, truth)
            predicted = np.asarray(prediction, np.float32)
            save("prediction", name, predicted, properties=properties)
        (tmp_path / "my.ijm").write_text(text, encoding="utf-8")
        sides = (tmp_path / side for side in SIDES)
        return compare(*sides, str(tmp_path / "my.ijm"), tmp_path / "out")

    return measure


@pytest.fixture
def alone(stain):
    """The same field with its lower half of darkness: fewer nuclei."""
    pixels = stain.astype(np.float32)
    pixels[180:] = 10
    return pixels


def columns_of(comparison):
    return {each.name: each for each in comparison.summary.table.columns}


def test_columns_of_a_macro_are_compared_and_rows_are_not_matched(run, stain, alone):
    comparison = run(PARTICLES, {"a": (stain, alone), "b": (stain, stain * 1.0)})
    assert isinstance(comparison, TableComparison)
    found, columns = comparison.summary.table, columns_of(comparison)
    tables = {
        side: pd.concat(
            pd.read_csv(one.results[side].file("results")) for one in comparison.fields
        )
        for side in SIDES
    }
    truth, predicted = tables["truth"], tables["prediction"]
    assert (found.truth_rows, found.predicted_rows) == (len(truth), len(predicted))
    assert found.row_error == len(predicted) - len(truth) < 0
    assert found.row_error_percent == pytest.approx(100 * found.row_error / len(truth))
    assert not found.one_row

    area = columns["Area"]
    assert area.truth.mean == pytest.approx(truth["Area"].mean())
    change = predicted["Area"].mean() / truth["Area"].mean() - 1
    assert area.mean_difference_percent == pytest.approx(100 * change)
    ratio = predicted["Area"].median() / truth["Area"].median()
    assert area.median_ratio == pytest.approx(ratio)
    distance = stats.ks_2samp(truth["Area"], predicted["Area"]).statistic
    assert area.ks_distance == pytest.approx(distance)
    assert area.pairs is None

    left_out = comparison.summary.left_out
    assert left_out["Label"] == "number or name of a row"
    assert {left_out[name] for name in ("X", "Y", "FeretX")} == {"position"}
    assert columns["FeretAngle"].mean_difference_percent is None
    ranked = {c.name: c.ks_distance for c in found.columns if c.kind == "quantity"}
    assert "FeretAngle" not in ranked
    assert ranked[found.best] == min(ranked.values())
    assert ranked[found.worst] == max(ranked.values()) > ranked[found.best]
    # Of each field by itself, too.
    a, b = (one.agreement for one in comparison.fields)
    assert a.row_error == found.row_error
    assert b.row_error == 0
    assert [each.ks_distance for each in b.columns] == [0] * len(b.columns)


def test_the_files_hold_all_rows_all_columns_and_all_fields(run, stain, alone):
    comparison = run(PARTICLES, {"NA": (stain, alone), "b": (stain, stain * 1.0)})
    out, found = comparison.output, comparison.summary.table
    files = ["columns.csv", "comparison.json", "fields", "fields.csv", "results.csv"]
    assert sorted(path.name for path in out.iterdir()) == files
    rows = pd.read_csv(out / "results.csv", keep_default_na=False)
    assert rows.columns[:3].tolist() == ["field", "source", "Label"]
    assert (rows["source"] == "truth").sum() == found.truth_rows
    assert rows["field"].unique().tolist() == ["NA", "b"]
    columns = pd.read_csv(out / "columns.csv").set_index("column")
    assert columns.loc["X", "left_out"] == "position"
    area = columns_of(comparison)["Area"]
    assert columns.loc["Area", "ks_distance"] == pytest.approx(area.ks_distance)
    assert len(columns) == len(rows.columns) - 2
    fields = pd.read_csv(out / "fields.csv", keep_default_na=False)
    assert fields["predicted_rows"].sum() == found.predicted_rows
    assert fields["ks_distance Area"].tolist()[1] == 0
    record = json.loads((out / "comparison.json").read_text())
    assert record["kind"] == "table"
    assert record["fields"][0]["table"]["truth_rows"] == fields["truth_rows"][0]
    assert "agrees best (KS distance" in comparison.sentence()


def test_one_row_of_each_field_makes_pairs_over_the_fields(run, stain):
    base = stain.astype(np.float32)
    fields = {f"f{n}": (base * n, base * n * 1.1 + 5) for n in (1, 2, 4)}
    comparison = run(WHOLE, fields)
    columns = columns_of(comparison)
    assert comparison.summary.table.one_row
    truth = base.mean() * np.array([1, 2, 4])
    difference = 0.1 * truth + 5
    mean = columns["Mean"]
    assert mean.ks_distance is None
    assert mean.pairs.n == 3
    assert mean.pairs.mean_difference == pytest.approx(difference.mean(), rel=1e-5)
    percent = 100 * (difference / truth).mean()
    assert mean.pairs.mean_absolute_difference_percent == pytest.approx(
        percent, rel=1e-5
    )
    sd = difference.std(ddof=1)
    low, high = mean.pairs.limits
    assert (high - low) / 2 == pytest.approx(1.96 * sd, rel=1e-4)
    assert mean.pairs.pearson == pytest.approx(1)
    # The centre of light is a position: of pairs it can be compared, and has no rank.
    assert columns["XM"].pairs.n == 3
    assert columns["XM"].disagreement is None
    assert columns["Area"].kind == "constant"
    assert "mean absolute difference" in comparison.sentence()
    table = pd.read_csv(comparison.output / "columns.csv").set_index("column")
    assert table.loc["Mean", "pairs_upper_limit"] == pytest.approx(high)


@pytest.mark.parametrize("empty", ["prediction", "both"])
def test_no_row_on_a_side_is_a_result(run, stain, empty):
    nothing = np.full(stain.shape, 5.0, np.float32)
    nothing[0, 0] = 6
    truth = nothing if empty == "both" else stain
    comparison = run(PARTICLES, {"a": (truth, nothing)})
    found = comparison.summary.table
    assert found.predicted_rows == 0
    assert (found.truth_rows == 0) == (empty == "both")
    assert found.row_error_percent == (None if empty == "both" else -100)
    assert (found.best, found.worst) == (None, None)
    for column in found.columns:
        assert column.prediction.n == 0
        assert column.ks_distance is None
    # What is not there lacks no columns.
    assert not [text for text in comparison.warnings if "columns" in text]
    assert any("left no row" in text for text in comparison.warnings)
    assert (comparison.output / "columns.csv").read_text().startswith("column,left_out")


def test_columns_of_one_side_only_are_told_and_texts_left_out(run, stain):
    text = """\
    getStatistics(area, mean, min, max);
    for (i = 0; i < 2; i++) {
        setResult("both", i, mean + i);
        setResult("word", i, "a" + i);
        setResult("field", i, i);
        setResult("inf", i, i / 0);
        if (max > 1000) setResult("bright", i, max); else setResult("dark", i, max);
    }
    """
    comparison = run(text, {"a": (stain, stain * 50.0)})
    assert comparison.summary.left_out == {
        "word": "text",
        "dark": "on the truth only",
        "bright": "on the prediction only",
    }
    assert list(columns_of(comparison)) == ["both", "field (script)", "inf"]
    for words in (
        "on the truth only, and that are not compared: dark",
        "on the prediction only, and that are not compared: bright",
        "infinite values were taken as not known in the columns inf",
    ):
        assert any(words in warning for warning in comparison.warnings)
    rows = pd.read_csv(comparison.output / "results.csv")
    assert rows["word"].tolist() == ["a0", "a1"] * 2
    assert rows["field"].unique().tolist() == ["a"]


def test_grey_levels_of_a_prediction_without_unit_are_not_ranked(run, stain):
    comparison = run(PARTICLES, {"a": (stain, stain * 2.0)}, **RELATIVE)
    mean = columns_of(comparison)["Mean"]
    assert mean.kind == "grey level"
    assert (mean.ks_distance, mean.mean_difference_percent) == (None, None)
    assert mean.truth.n > 0
    assert "Mean" not in (
        comparison.summary.table.best,
        comparison.summary.table.worst,
    )


def test_an_earlier_comparison_of_tables_is_replaced_as_a_whole(run, tmp_path, stain):
    comparison = run(PARTICLES, {"a": (stain, stain * 1.0)})
    sides = (tmp_path / side for side in SIDES)
    compare(*sides, "nuclei", comparison.output, overwrite=True)
    names = {path.name for path in comparison.output.iterdir()}
    assert names == {"comparison.json", "fields", "fields.csv", "objects.csv"}
