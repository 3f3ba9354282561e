"""Numbers and sentences."""

import pytest

from frm_bridge.reporting.wording import (
    displacement,
    error_percent,
    fixed,
    headline,
    number,
    percent,
    summary_sentence,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (0, "0"),
        (12345, "12,345"),
        (0.123456, "0.123"),
        (1.0, "1.00"),
        (-2.5, "\N{MINUS SIGN}2.50"),
        (4321.7, "4,322"),
    ],
)
def test_numbers_have_sensible_digits(value, text):
    assert number(value) == text


def test_what_does_not_exist_is_called_so():
    assert {percent(None), error_percent(None), fixed(None)} == {"n/a"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.26, "+3.3 %"), (-5.74, "\N{MINUS SIGN}5.7 %"), (0.0, "0.0 %"), (0.04, "0.0 %")],
)
def test_errors_carry_their_sign(value, text):
    assert error_percent(value) == text


def record(**objects):
    pair = {"median": 1.2}
    found = {
        "truth_count": 20,
        "predicted_count": 18,
        "count_error_percent": -10.0,
        "matched": 16,
        "missed": 4,
        "invented": 2,
        "recall": 0.8,
        "area_ratio": {"median": 1.104},
        "displacement_px": pair,
        "displacement_um": {"median": 0.48},
    }
    return {"summary": {"objects": found | objects}, "workflow": {"name": "nuclei"}}


def test_the_headline_is_plain():
    first, second = headline(record())
    assert first == (
        "The nuclei workflow counted 20 nuclei on the stain and 18 on the prediction "
        "(\N{MINUS SIGN}10.0 %)."
    )
    assert second.startswith("16 of the stained nuclei (80 %) were found")
    assert summary_sentence(record()) == (
        "Matched nuclei are, at the median, 10 % larger than on the stain, and their "
        "centroids lie 1.2 px (0.48 µm) away."
    )


def test_a_stain_without_nuclei_has_no_percentage():
    first, second = headline(record(truth_count=0, count_error_percent=None))
    assert "%" not in first
    assert second == "There was nothing to find on the stain."


def test_without_a_match_nothing_is_said_of_area_and_place():
    sentence = summary_sentence(record(area_ratio={"median": None}))
    assert "No nuclei were matched" in sentence


def test_displacement_is_in_px_alone_where_uncalibrated():
    bare = record(displacement_um={"median": None})["summary"]["objects"]
    assert displacement(bare, "median") == "1.2 px"


def test_another_workflow_finds_objects():
    other = record()
    other["workflow"]["name"] = "junctions"
    assert "counted 20 objects" in headline(other)[0]
