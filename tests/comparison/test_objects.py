"""Matching on label images made by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from frm_bridge.comparison.objects import match_objects, score_detection
from frm_bridge.errors import InputError


def labels(*boxes, shape=(24, 24)):
    """Draw boxes (label, y, x, height, width)."""
    image = np.zeros(shape, np.uint16)
    for label, y, x, height, width in boxes:
        image[y : y + height, x : x + width] = label
    return image


def test_a_shifted_nucleus_is_matched_by_its_overlap():
    truth = labels((3, 2, 2, 6, 6))
    predicted = labels((9, 2, 4, 6, 6))
    matches = match_objects(truth, predicted)
    # 24 shared, 48 together.
    assert matches.pairs == ((3, 9, 0.5),)
    assert (matches.missed, matches.invented) == ((), ())


def test_below_the_least_overlap_one_is_missed_and_one_invented():
    truth, predicted = labels((3, 2, 2, 6, 6)), labels((9, 2, 4, 6, 6))
    matches = match_objects(truth, predicted, min_iou=0.51)
    assert matches.pairs == ()
    assert (matches.missed, matches.invented) == ((3,), (9,))


def test_an_object_has_one_partner_only():
    truth = labels((1, 0, 0, 4, 8))
    predicted = labels((1, 0, 0, 4, 4), (2, 0, 4, 4, 4))
    matches = match_objects(truth, predicted, min_iou=0.3)
    assert len(matches.pairs) == 1
    assert matches.split == (1,)
    assert len(matches.invented) == 1


def test_a_blob_over_two_nuclei_is_called_merged():
    truth = labels((5, 2, 2, 4, 4), (6, 2, 7, 4, 4))
    predicted = labels((1, 2, 2, 4, 9))
    matches = match_objects(truth, predicted)
    assert matches.pairs == ()
    assert (matches.merged, matches.split) == ((1,), ())
    assert matches.missed == (5, 6)


def test_an_object_that_barely_reaches_in_makes_no_merger():
    truth = labels((5, 2, 2, 6, 6), (6, 2, 8, 6, 6))
    predicted = labels((1, 2, 2, 6, 8))
    matches = match_objects(truth, predicted)
    assert [pair[:2] for pair in matches.pairs] == [(5, 1)]
    assert (matches.merged, matches.missed) == ((), (6,))


def test_more_pairs_go_before_a_better_overlap():
    # Greedy would give truth 1 to prediction 1 (the best overlap) and lose a pair.
    truth = labels((1, 0, 0, 1, 10), (2, 0, 10, 1, 3))
    predicted = labels((1, 0, 4, 1, 9), (2, 0, 0, 1, 4))
    matches = match_objects(truth, predicted, min_iou=0.3)
    assert [pair[:2] for pair in matches.pairs] == [(1, 2), (2, 1)]


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [
        (labels(), labels()),
        (labels((1, 2, 2, 6, 6)), labels()),
        (labels(), labels((4, 2, 2, 6, 6))),
    ],
)
def test_no_objects_on_a_side_is_a_result(truth, predicted):
    matches = match_objects(truth, predicted)
    assert matches.pairs == ()
    assert len(matches.missed) == truth.any()
    assert len(matches.invented) == predicted.any()


def test_an_image_without_background_is_matched_too():
    full = np.ones((8, 8), np.uint16)
    assert match_objects(full, full).pairs == ((1, 1, 1.0),)


def test_label_images_of_different_sizes_are_refused():
    with pytest.raises(InputError) as caught:
        match_objects(labels(), labels(shape=(24, 25)))
    assert caught.value.code == "E_PAIR_SIZE"


@pytest.mark.parametrize("min_iou", [0, -0.1, 1.01])
def test_an_impossible_overlap_is_refused(min_iou):
    with pytest.raises(InputError) as caught:
        match_objects(labels(), labels(), min_iou=min_iou)
    assert caught.value.code == "E_OPTION"


def test_the_curve_falls_as_the_rule_hardens():
    truth = labels((1, 2, 2, 6, 6), (2, 12, 12, 6, 6))
    predicted = labels((1, 2, 2, 6, 6), (2, 12, 15, 6, 6))
    at = dict(match_objects(truth, predicted).matches_at)
    assert (at[0.1], at[0.3], at[0.4], at[0.9]) == (2, 2, 1, 1)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), min_iou=st.sampled_from([0.05, 0.2, 0.5]))
def test_groupwise_matching_is_as_good_as_one_dense_assignment(seed, min_iou):
    random = np.random.default_rng(seed)
    truth = np.kron(random.integers(0, 6, (5, 5)), np.ones((3, 3), int))
    predicted = np.roll(np.kron(random.integers(0, 6, (5, 5)), np.ones((3, 3), int)), 1)
    matches = match_objects(truth, predicted, min_iou=min_iou)
    table = np.zeros((6, 6))
    for t in range(1, 6):
        for p in range(1, 6):
            shared = np.sum((truth == t) & (predicted == p))
            table[t, p] = shared / max(1, np.sum((truth == t) | (predicted == p)))
    table[table < min_iou] = 0
    rows, columns = linear_sum_assignment((table > 0) * 10 + table, maximize=True)
    best = table[rows, columns]
    assert len(matches.pairs) == np.count_nonzero(best)
    assert sum(iou for *_, iou in matches.pairs) == pytest.approx(best.sum())


@pytest.mark.parametrize(
    ("matched", "truth", "predicted", "expected"),
    [
        (8, 10, 16, (0.5, 0.8, 8 / 13)),
        (0, 0, 0, (None, None, None)),
        (0, 0, 3, (0.0, None, 0.0)),
        (0, 3, 0, (None, 0.0, 0.0)),
    ],
)
def test_detection_scores_exist_only_where_they_mean_something(
    matched, truth, predicted, expected
):
    found = score_detection(matched=matched, truth=truth, predicted=predicted)
    for value, wanted in zip(
        (found.precision, found.recall, found.f1), expected, strict=True
    ):
        assert value == (None if wanted is None else pytest.approx(wanted))
