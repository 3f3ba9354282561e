"""The ``#@`` lines, read in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from frm_bridge.errors import InputError, WorkflowError
from frm_bridge.imagej.parameters import (
    Parameter,
    check_values,
    parse_parameters,
    read_parameters,
)

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("sigma", "2", 2.0),
        ("count", "4", 4),
        ("fast", "False", False),
        ("method", "Li", "Li"),
        ("note", "1.5", "1.5"),
    ],
)
def test_a_text_becomes_a_value_of_the_declared_type(
    name: str, text: str, value: object
) -> None:
    read = parse_parameters(SCRIPT)[name].read(text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "text"),
    [("sigma", "wide"), ("sigma", "11"), ("count", "2.5"), ("fast", "maybe")],
)
def test_a_text_that_is_no_value_is_refused(name: str, text: str) -> None:
    with pytest.raises(InputError, match=name) as caught:
        parse_parameters(SCRIPT)[name].read(text)
    assert caught.value.code == "E_WORKFLOW_PARAMETER"


@pytest.mark.parametrize(
    "text", ['{"sigma": 2.0}', '{"status": "ok", "parameters": {"sigma": 2.0}}']
)
def test_parameters_are_read_from_a_result_or_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(text)
    assert read_parameters(path) == {"sigma": 2.0}


@pytest.mark.parametrize("text", ["sigma = 2", "[1, 2]", '{"parameters": 3}', None])
def test_a_file_without_parameters_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "p.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=r"p\.json") as caught:
        read_parameters(path)
    assert caught.value.code == "E_PARAMETERS_FILE"
