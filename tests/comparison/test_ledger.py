"""The ledger and its summary, on nuclei placed by hand."""

import numpy as np
import pandas as pd
import pytest

from frm_bridge.comparison.ledger import build_ledger, read_objects
from frm_bridge.comparison.objects import match_objects
from frm_bridge.comparison.pixels import measure_pixels
from frm_bridge.comparison.summary import Distribution, ObjectSummary, summarise_objects
from frm_bridge.errors import WorkflowError

HEADINGS = "label,area_px,area_um2,centroid_x_px,centroid_y_px,mean_intensity\n"


def draw(*boxes):
    """Draw boxes (label, y, x, side) and write their table."""
    image = np.zeros((40, 60), np.uint16)
    text = HEADINGS
    for label, y, x, side in boxes:
        image[y : y + side, x : x + side] = label
        text += f"{label},{side**2},,{x + side / 2},{y + side / 2},7\n"
    return image, text


@pytest.fixture
def compare_boxes(tmp_path):
    def compare(truth_boxes, predicted_boxes, *, pixel_size_um=None, name="f"):
        tables, images = {}, []
        for side, boxes in (("truth", truth_boxes), ("prediction", predicted_boxes)):
            image, text = draw(*boxes)
            images.append(image)
            (tmp_path / f"{side}.csv").write_text(text)
            tables[side] = read_objects(tmp_path / f"{side}.csv")
        matches = match_objects(*images)
        ledger = build_ledger(name, tables, matches, pixel_size_um=pixel_size_um)
        return ledger, matches

    return compare


def test_every_object_has_a_row_and_a_fate(compare_boxes):
    ledger, _ = compare_boxes(
        [(1, 2, 2, 10), (2, 20, 2, 10)],
        [(4, 3, 4, 10), (5, 20, 40, 10)],
        pixel_size_um=0.5,
    )
    fates = list(zip(ledger["source"], ledger["label"], ledger["status"], strict=True))
    assert fates == [
        ("truth", 1, "matched"),
        ("truth", 2, "missed"),
        ("prediction", 4, "matched"),
        ("prediction", 5, "invented"),
    ]
    pair = ledger.iloc[2]
    assert pair["partner"] == 1
    assert pair["displacement_px"] == pytest.approx(np.hypot(2, 1))
    assert pair["displacement_um"] == pytest.approx(np.hypot(2, 1) / 2)
    assert (pair["shift_x_px"], pair["shift_y_px"]) == (2, 1)
    assert pair["area_ratio"] == 1
    assert pair["mean_intensity"] == 7
    assert np.isnan(ledger.iloc[0]["displacement_px"])


def test_without_a_pixel_size_there_is_no_length_in_um(compare_boxes):
    ledger, matches = compare_boxes([(1, 2, 2, 10)], [(1, 2, 3, 10)])
    assert ledger["displacement_um"].isna().all()
    summary = summarise_objects(ledger, [matches])
    assert summary.displacement_px.median == 1
    assert (summary.displacement_um.n, summary.displacement_um.mean) == (0, None)
    assert summary.truth_area_um2.mean is None


def test_the_summary_counts_what_was_found(compare_boxes):
    ledger, matches = compare_boxes(
        [(1, 0, 0, 10), (2, 20, 0, 10), (3, 20, 20, 10), (4, 0, 20, 10)],
        [(1, 0, 0, 11), (2, 20, 0, 11), (3, 0, 40, 10)],
    )
    found = summarise_objects(ledger, [matches])
    assert (found.truth_count, found.predicted_count, found.matched) == (4, 3, 2)
    assert (found.missed, found.invented) == (2, 1)
    assert (found.count_error, found.count_error_percent) == (-1, -25.0)
    assert (found.precision, found.recall) == (2 / 3, 0.5)
    assert found.f1 == pytest.approx(4 / 7)
    assert found.area_ratio.mean == pytest.approx(1.21)
    # All objects count here, not the matched alone: (121 + 121 + 100) / 3 against 100.
    assert found.area_bias_percent == pytest.approx(14.0)
    assert found.shift_x_px == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("truth", "predicted", "percent"),
    [
        ([], [], None),
        ([(1, 2, 2, 10)], [], -100.0),
        ([], [(1, 2, 2, 10)], None),
    ],
)
def test_no_objects_on_a_side_is_a_result(compare_boxes, truth, predicted, percent):
    ledger, matches = compare_boxes(truth, predicted)
    found = summarise_objects(ledger, [matches])
    assert found.count_error == len(predicted) - len(truth)
    assert found.count_error_percent == percent
    assert (found.matched, found.area_ratio.n, found.shift_x_px) == (0, 0, None)
    assert len(ledger) == len(truth) + len(predicted)


def test_a_table_that_disagrees_with_its_label_image_is_refused(compare_boxes):
    with pytest.raises(WorkflowError) as caught:
        # The second box hides the first.
        compare_boxes([(1, 2, 2, 10), (2, 2, 2, 10)], [])
    assert caught.value.code == "E_WORKFLOW_TABLE"


def test_a_table_without_the_needed_columns_is_refused(tmp_path):
    path = tmp_path / "objects.csv"
    path.write_text("label,area_px\n1,5\n")
    with pytest.raises(WorkflowError, match="centroid_x_px"):
        read_objects(path)


def test_a_distribution_says_how_many_values_were_left_out():
    d = Distribution.of([1, 2, 3, 4, 100, float("nan")])
    assert (d.n, d.n_without_outliers) == (5, 4)
    assert (d.mean, d.mean_without_outliers, d.median) == (22, 2.5, 3)


def test_fields_are_pooled_by_their_objects(compare_boxes):
    one = compare_boxes([(1, 2, 2, 10)], [(1, 2, 2, 10)], name="one")
    two = compare_boxes([(1, 2, 2, 10), (2, 20, 2, 10)], [], name="two")
    none = compare_boxes([], [(1, 2, 2, 10)], name="none")
    random = np.random.default_rng(0)
    pixels = [
        measure_pixels(image, image + random.random(image.shape), signal_threshold=0.9)
        for image in random.random((3, 256, 300))
    ]
    ledgers, matches = zip(one, two, none, strict=True)
    summary = ObjectSummary.of(ledgers, matches, pixels)
    assert summary.fields == 3
    assert (summary.objects.truth_count, summary.objects.matched) == (3, 1)
    assert summary.objects.f1_at[0] == (0.1, pytest.approx(2 / 5))
    # The field without true nuclei has no percentage.
    assert summary.absolute_count_error_percent.n == 2
    assert summary.absolute_count_error_percent.mean == 50
    assert summary.p_sub_images.n_total == 3
    assert summary.p_fields.n_kept == 3


def test_ledgers_join_without_losing_their_types(compare_boxes):
    full, _ = compare_boxes([(1, 2, 2, 10)], [(1, 2, 2, 10)])
    empty, _ = compare_boxes([], [])
    joined = pd.concat([empty, full], ignore_index=True)
    assert joined["area_px"].tolist() == [100, 100]
