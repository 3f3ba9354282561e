"""The macros for plain ImageJ are what the scripts' own lines say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from frm_bridge.doors import wrapper_text
from frm_bridge.imagej.parameters import parse_parameters
from frm_bridge.imagej.workflows import (
    find_workflow,
    request_scripts,
    shipped_scripts,
)
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = shipped_folder("fiji_scripts") / "ImageJ1" / "FRM"
SCRIPTS = shipped_scripts()
REQUESTS = request_scripts()
ALL = SCRIPTS | REQUESTS
_FIELD = re.compile(r'^Dialog\.add(?:String|Choice|Directory)\("(\w+): ', re.MULTILINE)
_SENT = re.compile(r'=" \+ (?:frmNamed\()?(\w+)')


def test_the_shipped_macros_are_those_that_the_scripts_give() -> None:
    """``make wrappers`` writes them anew."""
    shipped = {path.name: path.read_text() for path in FOLDER.iterdir()}
    assert shipped == {
        f"{script.stem}.ijm": wrapper_text(script) for script in ALL.values()
    }


@pytest.mark.parametrize("name", REQUESTS)
def test_the_keys_of_a_request_are_the_scripts_own_and_each_reaches_python(
    name: str,
) -> None:
    text = wrapper_text(REQUESTS[name])
    keys = list(parse_parameters(REQUESTS[name].read_text()))
    asked = [key for key in keys if key != "image_path"]
    assert _FIELD.findall(text) == asked
    assert f'"action={name}"' in text
    sent = set(_SENT.findall(text))
    assert {"image_path" if name == "predict" else "output_folder", *asked} - sent == (
        {"output_folder"} if name == "predict" else set()
    )


@pytest.mark.parametrize("name", ALL)
def test_the_readme_names_each_command_and_its_keys(name: str) -> None:
    command = ALL[name].stem.replace("_", " ")
    text = (shipped_folder("fiji_scripts") / "README.md").read_text(encoding="utf-8")
    keys = text[text.index("## Keys") :]
    (row,) = re.findall(rf"^\| {command} \| (.*) \|$", keys, re.MULTILINE)
    declared = parse_parameters(ALL[name].read_text())
    hidden = ("image_path", "output_folder")
    assert row.replace("`", "").split() == [k for k in declared if k not in hidden]


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_keys_are_the_scripts_own_and_each_reaches_python(name: str) -> None:
    text, declared = wrapper_text(SCRIPTS[name]), find_workflow(name).declared
    assert _FIELD.findall(text) == [*declared, "output_folder"]
    assert {*declared} <= set(_SENT.findall(text))


@pytest.mark.parametrize("name", ALL)
def test_no_key_ends_another_which_imagej_would_take_for_it(name: str) -> None:
    keys = [*parse_parameters(ALL[name].read_text()), "image_path"]
    assert not [
        (one, other) for one in keys for other in keys if other.endswith(f"_{one}")
    ]


@pytest.mark.parametrize("name", ALL)
def test_a_macro_is_ascii_since_imagej_reads_it_as_latin_1(name: str) -> None:
    assert wrapper_text(ALL[name]).isascii()


def test_a_movie_is_handed_over_whole(tmp_path: Path) -> None:
    script = tmp_path / "FRM_Drift.py"
    script.write_text(
        '#@ String image_path (value="")\n'
        '#@ String output_folder (label="Folder", value="")\n'
        '#@ String note (label="Say \\"no\\"", value="a\\\\b")\n'
        "# measures: movie\n"
    )
    text = wrapper_text(script)
    assert 'frmSave("movie", image_path);' in text
    assert 'Dialog.addString("note: Say \\"no\\"", "a\\\\b", 25);' in text
