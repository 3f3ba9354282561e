"""Numbers and sentences."""

import pytest

from frm_bridge.reporting.objectpage import headline, summary_sentence
from frm_bridge.reporting.wording import (
    displacement,
    error_percent,
    extent,
    field_title,
    fixed,
    held_out,
    number,
    percent,
    pixel_size,
    unit_of,
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
    workflow = {"name": "nuclei", "things": "nuclei", "is_shipped": True}
    return {"summary": {"objects": found | objects}, "workflow": workflow}


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
    assert second == "No nuclei were counted on the stain."


def test_without_a_match_nothing_is_said_of_area_and_place():
    sentence = summary_sentence(record(area_ratio={"median": None}))
    assert "No nuclei were matched" in sentence


def test_displacement_is_in_px_alone_where_uncalibrated():
    bare = record(displacement_um={"median": None})["summary"]["objects"]
    assert displacement(bare, "median") == "1.2 px"


def test_another_workflow_finds_objects():
    other = record()
    other["workflow"] = {"name": "junctions", "things": "cells"}
    assert "The junctions workflow counted 20 cells" in headline(other)[0]


def fields(*images, sizes=(None,), given=False):
    """Give a record of planes; each image name stands for one plane of it."""
    planes = [
        {
            "name": f"{image}_plane{number:04d}",
            "image": image,
            "place": {"T": number} if images.count(image) > 1 else {},
            "pixel_size_um": sizes[number % len(sizes)],
        }
        for number, image in enumerate(images, 1)
    ]
    return {
        "kind": "objects",
        "fields": planes,
        "summary": {"fields": len(planes)},
        "settings": {"pixel_size_is_given": given},
        "model": None,
    }


@pytest.mark.parametrize(
    ("images", "text", "unit"),
    [
        (["a"], "one field", "field"),
        (["a", "b"], "2 fields", "field"),
        (["a", "a", "a"], "3 planes of one image", "plane"),
        (["a", "a", "b"], "3 planes of 2 images", "plane"),
    ],
)
def test_planes_of_a_stack_are_not_called_fields(images, text, unit):
    record = fields(*images)
    assert (extent(record), unit_of(record)) == (text, unit)


def test_a_plane_is_named_with_its_place():
    assert field_title(fields("a", "a")["fields"][1]) == "a_plane0002 (T 2)"
    assert field_title(fields("a")["fields"][0]) == "a_plane0001"


@pytest.mark.parametrize(
    ("sizes", "given", "text"),
    [
        ([None], False, "not known: uncalibrated"),
        ([0.65], False, "0.65 µm, from the image files"),
        ([0.65], True, "0.65 µm, given by the user"),
        ([0.65, 0.5], False, "0.5 µm to 0.65 µm, from the image files"),
        ([0.65, None], False, "0.65 µm, from the image files; not known for 1"),
    ],
)
def test_the_pixel_size_is_told_with_its_source(sizes, given, text):
    assert pixel_size(fields("a", "b", sizes=sizes, given=given)) == text


def test_fields_are_called_held_out_only_where_the_card_names_them():
    record = fields("a", "b")
    assert held_out(record) == ""
    scored = [{"name": "a_plane0001"}]
    record["model"] = {"evaluation": {"fields": scored}}
    assert held_out(record) == ""
    scored.append({"name": "b_plane0002"})
    assert held_out(record).startswith("These fields were kept out")
