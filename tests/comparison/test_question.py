"""Questions: what may be asked, and what is explained in place of an answer."""

import math

import pytest

from frm_bridge.comparison.question import FORM, read_question
from frm_bridge.errors import InputError


@pytest.mark.parametrize(
    ("text", "quantity", "column", "things", "tolerance", "unit"),
    [
        ("count nuclei within 5 %", "count", "", "nuclei", 5, "%"),
        ("Count of cells  within 2.5%", "count", "", "cells", 2.5, "%"),
        ("count within 5 %", "count", "", "", 5, "%"),
        ("area of nucleus within 10 %", "area", "", "nuclei", 10, "%"),
        ("centroid of nuclei within 2 px", "centroid", "", "nuclei", 2, "px"),
        ("centroid within .5 µm", "centroid", "", "", 0.5, "um"),
        ("junction area within 10 %", "junction area", "", "", 10, "%"),
        ("track speed of tracks within 5 %", "track speed", "", "tracks", 5, "%"),
        ("intensity within 5 %", "intensity", "", "", 5, "%"),
        ("column Mean of spots within 5 %", "column", "Mean", "spots", 5, "%"),
        ("column Feret Angle within 5 px", "column", "Feret Angle", "", 5, "px"),
        ('column "Sum of all" within 5 um', "column", "Sum of all", "", 5, "um"),
        ("column %Area within 5 %", "column", "%Area", "", 5, "%"),
    ],
)
def test_a_question_is_read(text, quantity, column, things, tolerance, unit):
    found = read_question(text)
    assert (found.quantity, found.column, found.things) == (quantity, column, things)
    assert (found.tolerance, found.unit) == (tolerance, unit)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("is it good?", "another form"),
        ("count nuclei within five %", "another form"),
        ("count of within 5 %", "another form"),
        ("number of nuclei within 5 %", "another form"),
        ("count nuclei within 5 px", "count is asked within %"),
        ("centroid within 5 %", "centroid is asked within px or um"),
        ("area within 0 %", "more than 0"),
        ("area within 100 %", "less than 100"),
    ],
)
def test_anything_else_is_an_error_that_shows_the_form(text, why):
    with pytest.raises(InputError) as told:
        read_question(text)
    assert told.value.code == "E_QUESTION"
    assert why in told.value.message
    assert FORM in told.value.message
    assert "count nuclei within 5 %" in told.value.fix


def test_within_5_percent_is_from_95_to_105_percent():
    low, high = read_question("count within 5 %").limits
    assert (math.exp(low), math.exp(high)) == pytest.approx((0.95, 1.05))
    assert read_question("centroid within 2 px").limits == (-2, 2)


@pytest.mark.parametrize(
    ("text", "workflow"),
    [
        ("count nuclei within 5 %", "nuclei"),
        ("area within 5 %", "nuclei"),
        ("junction area within 5 %", "junctions"),
        ("count cells within 5 %", "junctions"),
        ("count tracks within 5 %", "tracks"),
        ("track speed of nuclei within 5 %", "tracks"),
    ],
)
def test_a_question_names_its_workflow(text, workflow):
    assert read_question(text).workflow == workflow
