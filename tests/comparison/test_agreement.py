"""Whole comparisons, with the nuclei workflow in the real ImageJ."""

import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr

from frm_bridge.comparison import compare
from frm_bridge.errors import FrmError, InputError, OutputError, WorkflowError
from frm_bridge.imagej import find_workflow, nuclei
from frm_bridge.models.card import file_sha256

WORKFLOW = nuclei(min_area=100, area_unit="px")
NAMES = ["comparison.json", "fields", "fields.csv", "objects.csv"]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def pair(save, stain, blurred):
    """Two fields: one predicted well, one whose truth is empty."""
    told = {"frm_bridge.model": "trial", "frm_bridge.model.sha256": "ab12"}
    save("truth", "good", stain)
    save("prediction", "good", blurred, properties=told)
    noise = np.random.default_rng(0).integers(8, 12, stain.shape).astype(np.uint8)
    save("truth", "empty", noise)
    last = save("prediction", "empty", blurred, properties=told)
    return last.parents[1] / "truth", last.parents[1] / "prediction"


@pytest.fixture
def done(pair, tmp_path):
    steps = []
    comparison = compare(
        *pair,
        WORKFLOW,
        tmp_path / "out",
        signal_threshold=60,
        progress=lambda *step: steps.append(step),
    )
    return comparison, steps


def test_a_comparison_gives_numbers_files_and_progress(done, pair, stain, blurred):
    comparison, steps = done
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert names(comparison.output) == NAMES
    empty, good = comparison.fields
    assert (empty.field.name, good.field.name) == ("empty", "good")

    # The field of seven nuclei; what moved and blurred it is known.
    assert good.objects.truth_count == good.results["truth"].count
    assert good.objects.matched == good.objects.truth_count >= 5
    assert good.objects.recall == 1
    assert good.objects.shift_x_px == pytest.approx(2, abs=0.5)
    assert good.objects.shift_y_px == pytest.approx(-1, abs=0.5)
    px, um = good.objects.displacement_px.mean, good.objects.displacement_um.mean
    assert um == pytest.approx(0.1 * px)
    expected = pearsonr(stain.ravel().astype(float), blurred.ravel().astype(float))
    assert good.pixels.pcc == pytest.approx(expected.statistic, abs=1e-9)

    # No nuclei on the truth is a result.
    assert empty.objects.truth_count == 0
    assert empty.objects.count_error == empty.objects.predicted_count > 0
    assert empty.objects.count_error_percent is None
    assert empty.objects.recall is None
    assert (empty.pixels.signal, good.pixels.signal) == (False, True)
    assert comparison.summary.p_fields.n_kept == 1


def test_the_record_holds_parameters_hashes_versions_and_no_nan(done, pair):
    comparison, _ = done
    text = (comparison.output / "comparison.json").read_text()
    assert "NaN" not in text
    record = json.loads(text)
    assert record["workflow"]["parameters"]["min_area"] == 100
    assert record["workflow"]["sha256"] == WORKFLOW.sha256
    assert record["versions"]["imagej"] == "1.54p"
    assert record["settings"]["min_iou"] == 0.5
    empty, good = record["fields"]
    assert empty["objects"]["count_error_percent"] is None
    assert good["truth"]["sha256"] == file_sha256(pair[0] / "good.tif")
    assert good["prediction"]["provenance"]["frm_bridge.model"] == "trial"
    ratio = record["summary"]["objects"]["area_ratio"]
    assert ratio["n"] >= ratio["n_without_outliers"] > 0
    assert any(": empty, truth" in warning for warning in record["warnings"])


def test_the_tables_agree_with_the_record(done):
    comparison, _ = done
    objects = pd.read_csv(comparison.output / "objects.csv")
    fields = pd.read_csv(comparison.output / "fields.csv")
    pooled = comparison.summary.objects
    assert (objects["source"] == "truth").sum() == pooled.truth_count
    assert (objects["status"] == "invented").sum() == pooled.invented
    assert fields["field"].tolist() == ["empty", "good"]
    assert fields["matched"].sum() == pooled.matched
    assert fields["count_error_percent"].isna().tolist() == [True, False]
    assert objects["displacement_px"].mean() == pytest.approx(
        pooled.displacement_px.mean
    )


def test_truth_against_itself_agrees_in_everything(save, stain, tmp_path):
    truth, copy = save("truth", "a", stain), save("copy", "a", stain)
    comparison = compare(truth, copy, WORKFLOW, tmp_path / "out")
    found = comparison.summary.objects
    assert any("copies of one image?: a" in text for text in comparison.warnings)
    assert (found.precision, found.recall, found.f1) == (1, 1, 1)
    assert (found.area_ratio.mean, found.displacement_px.mean) == (1, 0)


def test_a_pixel_size_in_place_of_the_files_is_told(save, stain, blurred, tmp_path):
    comparison = compare(
        save("t", "a", stain),
        save("p", "a", blurred),
        WORKFLOW,
        tmp_path / "out",
        pixel_size_um=0.25,
    )
    assert comparison.fields[0].field.pixel_size_um == 0.25
    (said,) = [text for text in comparison.warnings if "replaces" in text]
    assert said.startswith("the pixel size of 0.25 µm was given")
    assert "0.1 µm: a, truth; a, prediction" in said
    record = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert record["settings"]["pixel_size_is_given"] is True


def test_a_constant_prediction_is_an_error(save, stain, tmp_path):
    flat = save("p", "a", np.full(stain.shape, 3.5, np.float32))
    with pytest.raises(WorkflowError, match="every pixel of the image is 3") as error:
        compare(save("t", "a", stain), flat, WORKFLOW, tmp_path / "out")
    assert error.value.code == "E_IMAGE_CONSTANT"
    assert not (tmp_path / "out").exists()


def test_a_relative_prediction_has_no_squared_error(save, stain, blurred, tmp_path):
    told = {"frm_bridge.model.output_unit": "relative"}
    comparison = compare(
        save("t", "a", stain),
        save("p", "a", blurred / 50, properties=told),
        WORKFLOW,
        tmp_path / "out",
    )
    assert comparison.fields[0].pixels.mse is None
    assert comparison.fields[0].pixels.pcc > 0.5
    assert any("relative" in warning for warning in comparison.warnings)


def test_a_stack_gives_one_field_per_plane(save, stain, blurred, tmp_path):
    truth = save("t", "a", np.stack([stain, stain]).astype(np.float32))
    prediction = save("p", "a", np.stack([stain.astype(np.float32), blurred]))
    comparison = compare(truth, prediction, WORKFLOW, tmp_path / "out")
    first, second = comparison.fields
    assert first.field.name == "a_plane0001"
    assert first.pixels.pcc == pytest.approx(1)
    assert first.objects.displacement_px.mean == 0
    assert second.objects.displacement_px.mean > 1
    table = pd.read_csv(tmp_path / "out" / "fields.csv")
    assert table["image"].tolist() == ["a", "a"]
    assert table["t"].tolist() == [1, 2]
    assert table[["z", "c"]].isna().all(axis=None)
    record = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert [field["plane"] for field in record["fields"]] == [1, 2]
    assert [field["place"] for field in record["fields"]] == [{"T": 1}, {"T": 2}]
    for field in record["fields"]:
        result = tmp_path / "out" / field["folder"] / "truth" / "result.json"
        assert json.loads(result.read_text())["plane"] == field["plane"]


def test_an_earlier_comparison_is_replaced_only_when_allowed(done, pair):
    output = done[0].output
    before = (output / "comparison.json").read_bytes()
    with pytest.raises(OutputError) as caught:
        compare(*pair, WORKFLOW, output)
    assert caught.value.code == "E_OUTPUT_EXISTS"
    assert (output / "comparison.json").read_bytes() == before
    (output / "mine.txt").write_text("stays")
    compare(*pair, WORKFLOW, output, min_iou=0.3, overwrite=True)
    assert json.loads((output / "comparison.json").read_text())["settings"][
        "min_iou"
    ] == pytest.approx(0.3)
    assert names(output) == sorted([*NAMES, "mine.txt"])


def test_a_failure_leaves_nothing_behind(pair, save, stain, tmp_path):
    broken = stain.astype(np.float32)
    broken[3, 4] = np.nan
    save("prediction", "good", broken)
    output = tmp_path / "out"
    with pytest.raises(InputError) as caught:
        compare(*pair, WORKFLOW, output)
    assert caught.value.code == "E_IMAGE_NOT_FINITE"
    assert not output.exists()


def content(path):
    """Read a file, without the times in it."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    if path.suffix == ".json":
        record = json.loads(path.read_bytes())
        return {**record, "created": None, "seconds": None}
    return path.read_bytes()


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): content(path) for path in files}


def test_two_java_machines_give_the_comparison_of_one(done, pair, tmp_path):
    steps = []
    compare(
        *pair,
        WORKFLOW,
        tmp_path / "two",
        signal_threshold=60,
        jobs=2,
        progress=lambda *step: steps.append(step),
    )
    assert steps == done[1]
    two, one = contents(tmp_path / "two"), contents(done[0].output)
    assert two == one
    assert len(one) == 3 + 2 * 2 * 4  # files of the comparison, and of its runs


def test_the_first_run_that_takes_too_long_ends_all_and_leaves_nothing(pair, tmp_path):
    macro = tmp_path / "my.ijm"
    macro.write_text("while (true) wait(20);\n")
    output = tmp_path / "out"
    with pytest.raises(WorkflowError) as caught:
        compare(*pair, find_workflow(macro), output, jobs=2, time_limit_s=1)
    assert caught.value.code == "E_WORKFLOW_TIMEOUT"
    assert "empty.tif: the workflow my was stopped after 1 s" in caught.value.message
    assert not output.exists()


def test_a_script_that_fails_is_told_with_its_image(pair, tmp_path):
    macro = tmp_path / "my.ijm"
    macro.write_text('exit("no luck");\n')
    with pytest.raises(WorkflowError) as caught:
        compare(*pair, find_workflow(macro), tmp_path / "out")
    first = pair[0] / "empty.tif"
    assert caught.value.message.startswith(f"{first}: the workflow my failed: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"min_iou": 0}, "E_OPTION"),
        ({"jobs": 0}, "E_OPTION"),
        ({"time_limit_s": 0.0}, "E_OPTION"),
        ({"transmitted": "truth"}, "E_PAIR_MISSING"),
    ],
)
def test_mistakes_are_found_before_anything_runs(pair, tmp_path, options, code):
    if "transmitted" in options:
        options = {"transmitted": pair[0] / "good.tif"}
    output = tmp_path / "out"
    with pytest.raises(FrmError) as caught:
        compare(*pair, WORKFLOW, output, **options)
    assert caught.value.code == code
    assert not output.exists()
