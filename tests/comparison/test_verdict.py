"""Verdicts on fields of known errors."""

import math

import numpy as np
import pytest

from frm_bridge.comparison.changes import place_between, shuffle_partners
from frm_bridge.comparison.question import read_question
from frm_bridge.comparison.readouts import Readout, Readouts
from frm_bridge.comparison.verdict import judge

AREA = read_question("area of nuclei within 5 %")
COUNT = read_question("count nuclei within 5 %")
PLACE = read_question("centroid of nuclei within 2 px")


def areas(*percents, groups=None):
    names = groups or [f"p{i}" for i in range(len(percents))]
    return Readouts(
        tuple(
            Readout(f"f{i}", group, 200.0, 200.0 * (1 + p / 100))
            for i, (p, group) in enumerate(zip(percents, names, strict=True))
        ),
        is_counted=False,
    )


def counts(*pairs):
    return Readouts(
        tuple(Readout(f"f{i}", f"p{i}", t, p) for i, (t, p) in enumerate(pairs)),
        is_counted=True,
    )


@pytest.mark.parametrize(
    ("readouts", "answer"),
    [
        (areas(0, 1, -1, 0.5, 2), "fit"),
        (areas(20, 22, 18, 25, 21), "not fit"),
        (areas(-20, -22, -18, -25, -21), "not fit"),
        (areas(0, 9, -8, 4, 6), "cannot tell"),
        (areas(4, 5, 4.5, 5.5, 4.8), "cannot tell"),
        (areas(0.1, 0.2), "cannot tell"),
    ],
)
def test_the_interval_decides(readouts, answer):
    found = judge(AREA, readouts)
    assert found.answer == answer
    low, high = found.limits
    if found.measured.interval is not None:
        below, above = found.measured.interval
        assert (low < below and above < high) == (answer == "fit")
        assert (above < low or below > high) == (answer == "not fit")


def test_the_estimate_is_the_mean_logarithm_over_positions_not_images():
    # Three images of one position weigh as much as one of another.
    found = judge(AREA, areas(10, 10, 10, 0, 0, groups=["a", "a", "a", "b", "c"]))
    assert found.measured.estimate == pytest.approx(math.log(1.1) / 3)
    assert (found.measured.groups, found.measured.fields) == (3, 5)
    assert any("5 fields are of 3 positions" in note for note in found.notes)


def test_many_images_of_two_positions_cannot_tell():
    readouts = areas(*[0.1] * 40, groups=["a"] * 20 + ["b"] * 20)
    found = judge(AREA, readouts)
    assert found.answer == "cannot tell"
    assert "2 independent fields" in found.because
    assert found.measured.interval is None


def test_places_are_judged_by_their_distance():
    readouts = Readouts(
        tuple(Readout(f"f{i}", f"p{i}", 0.0, 1 + i / 10) for i in range(6)),
        is_counted=False,
    )
    found = judge(PLACE, readouts)
    assert found.answer == "fit"
    assert found.measured.estimate == pytest.approx(1.25)
    assert "+1.25 px" in found.because


def test_an_empty_field_on_both_sides_says_nothing_of_a_ratio():
    found = judge(COUNT, counts((100, 101), (0, 0), (99, 98), (150, 150)))
    assert found.measured.groups == 3
    assert found.changes[1].value is None
    assert any("nothing on either side: f1" in note for note in found.notes)


def test_of_a_count_that_is_0_on_one_side_half_is_added_to_both():
    found = judge(COUNT, counts((10, 0), (0, 3), (10, 10)))
    values = [change.value for change in found.changes]
    assert values == pytest.approx([math.log(0.5 / 10.5), math.log(3.5 / 0.5), 0])
    assert any("half a thing" in note for note in found.notes)


def test_few_things_that_agree_by_chance_are_not_called_fit():
    # Of 15 nuclei, up to three in fifteen may be wrong where none was seen to be.
    few = judge(COUNT, counts((5, 5), (5, 5), (5, 5)))
    assert few.answer == "cannot tell"
    assert few.measured.interval == pytest.approx((-0.2, 0.2))
    assert any("so few things" in note for note in few.notes)
    many = judge(COUNT, counts((50, 50), (50, 50), (50, 50)))
    assert (many.answer, many.notes[:-1]) == ("fit", ())


def test_a_field_without_a_number_on_one_side_forbids_fit_alone():
    good = [Readout(f"f{i}", f"p{i}", 100.0, 101.0 + i / 10) for i in range(5)]
    lacking = Readout("lost", "p9", 100.0, None)
    assert judge(AREA, Readouts(tuple(good), is_counted=False)).answer == "fit"
    found = judge(AREA, Readouts((*good, lacking), is_counted=False))
    assert found.answer == "cannot tell"
    assert "gave no number on one side" in found.because
    assert any(note.endswith("one side: lost") for note in found.notes)


def test_a_ratio_of_what_is_not_positive_is_not_made():
    readouts = Readouts(
        tuple(Readout(f"f{i}", f"p{i}", -1.0, 2.0) for i in range(4)), is_counted=False
    )
    assert judge(AREA, readouts).measured.estimate is None


def test_grey_levels_without_a_unit_are_not_fit():
    readouts = Readouts(areas(0, 0, 0).values, is_counted=False, has_unit=False)
    found = judge(read_question("intensity within 50 %"), readouts)
    assert found.answer == "not fit"
    assert "no unit" in found.because


def test_shuffled_partners_keep_the_mean_and_lose_the_fields():
    truth = np.array([10.0, 100.0, 1000.0, 50.0])
    readouts = counts(*zip(truth, truth * 1.02, strict=True))
    own, shuffled = judge(COUNT, readouts).measured, shuffle_partners(COUNT, readouts)
    assert shuffled.estimate == pytest.approx(own.estimate)
    assert shuffled.typical > 20 * own.typical


def test_images_of_one_position_are_no_partners():
    readouts = areas(0, 0, groups=["a", "a"])
    assert shuffle_partners(AREA, readouts).estimate is None


@pytest.mark.parametrize(
    ("typical", "floor", "ceiling", "place"),
    [
        (1, 1, 0, 0),
        (0, 1, 0, 1),
        (0.25, 1, 0, 0.75),
        (1, 1, 1, None),
        (1, None, 0, None),
    ],
)
def test_a_result_stands_between_floor_and_ceiling(typical, floor, ceiling, place):
    assert place_between(typical, floor, ceiling) == place


def test_at_the_limit_at_most_one_in_twenty_is_called_fit():
    random = np.random.default_rng(0)
    question = read_question("area within 10 %")
    fit = 0
    for _ in range(300):
        changes = random.normal(math.log(1.1), 0.05, 6)
        fit += judge(question, areas(*(100 * np.expm1(changes)))).answer == "fit"
    assert fit / 300 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)
