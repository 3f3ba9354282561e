"""The ``#@`` lines, read in Python."""

from __future__ import annotations

from typing import Any

import pytest

from frm_bridge.errors import InputError, WorkflowError
from frm_bridge.imagej.parameters import Parameter, check_values, parse_parameters

SCRIPT = """#@ String method (label="A, or (b)", value="Otsu", choices={"Otsu", "Li"})
#@ Double sigma (value=1.5, min=0, max=10, description="in px; \\"sd\\"", persist=false)
#@ Integer count (value=3)
#@Boolean fast (value=true)
#@ String note (value="")
print method  #@ not a parameter
"""


def test_lines_give_types_defaults_choices_and_limits() -> None:
    declared = parse_parameters(SCRIPT)
    assert list(declared) == ["method", "sigma", "count", "fast", "note"]
    assert declared["method"] == Parameter(
        "method", str, "Otsu", label="A, or (b)", choices=("Otsu", "Li")
    )
    assert declared["sigma"] == Parameter(
        "sigma", float, 1.5, description='in px; "sd"', minimum=0, maximum=10
    )
    assert declared["count"].default == 3
    assert declared["fast"].default is True
    assert declared["note"].default == ""


def test_what_is_not_given_has_its_default() -> None:
    values = check_values(parse_parameters(SCRIPT), {"sigma": 2, "fast": False})
    assert values == {
        "method": "Otsu",
        "sigma": 2.0,
        "count": 3,
        "fast": False,
        "note": "",
    }
    assert isinstance(values["sigma"], float)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("sigma", -1, "at least 0"),
        ("sigma", 11, "at most 10"),
        ("sigma", "2", "a number"),
        ("sigma", float("nan"), "a number"),
        ("sigma", True, "a number"),
        ("count", 2.5, "a whole number"),
        ("fast", 1, "true or false"),
        ("fast", "true", "true or false"),
        ("method", "Foo", "one of Otsu, Li"),
        ("note", 5, "a text"),
    ],
)
def test_unsuitable_values_are_named(name: str, value: Any, expected: str) -> None:
    with pytest.raises(InputError, match=expected) as caught:
        check_values(parse_parameters(SCRIPT), {name: value})
    assert caught.value.code == "E_WORKFLOW_PARAMETER"
    assert name in caught.value.message


def test_an_unknown_name_gets_the_known_ones() -> None:
    with pytest.raises(InputError, match="no parameter sigmas") as caught:
        check_values(parse_parameters(SCRIPT), {"sigmas": 1})
    assert caught.value.fix == "it has: method, sigma, count, fast, note"


@pytest.mark.parametrize(
    "line",
    [
        "#@ File image (value='a.tif')",
        "#@ Double sigma",
        "#@ Double sigma (value=1.0",
        '#@ Double sigma (label "x", value=1.0)',
        "#@ String image (required=false)",
    ],
)
def test_lines_that_would_surprise_in_fiji_are_errors(line: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        parse_parameters(line)
    assert caught.value.code == "E_WORKFLOW_SCRIPT"
