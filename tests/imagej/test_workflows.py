"""Workflows as frozen objects, and the rules that every shipped script keeps."""

from __future__ import annotations

import ast
import dataclasses
import pickle
import re
from typing import TYPE_CHECKING

import pytest

from frm_bridge.errors import InputError
from frm_bridge.imagej import Workflow, find_workflow, nuclei
from frm_bridge.imagej.workflows import shipped_scripts
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = sorted(shipped_folder("fiji_scripts").glob("Plugins/FRM/*.py"))


def test_nuclei_is_found_with_all_its_defaults() -> None:
    workflow = find_workflow("nuclei")
    assert workflow.parameters["threshold_method"] in (
        workflow.declared["threshold_method"].choices
    )
    assert "image_path" not in workflow.parameters
    assert nuclei() == workflow


def test_a_script_of_ones_own_is_a_workflow(tmp_path: Path) -> None:
    script = tmp_path / "FRM_Spots.py"
    script.write_text('#@ String image_path (value="")\n#@ Double size (value=2.0)\n')
    workflow = find_workflow(script)
    assert (workflow.name, dict(workflow.parameters)) == ("spots", {"size": 2.0})


def test_an_unknown_workflow_gets_the_known_ones() -> None:
    with pytest.raises(InputError, match="no workflow nucleus") as caught:
        find_workflow("nucleus")
    assert caught.value.code == "E_WORKFLOW_UNKNOWN"
    assert "nuclei" in caught.value.fix


def test_a_workflow_cannot_be_changed() -> None:
    workflow = nuclei(min_area=5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        workflow.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        workflow.parameters["min_area"] = 6  # type: ignore[index]
    assert workflow.with_parameters(min_area=6).parameters["min_area"] == 6
    assert workflow.parameters["min_area"] == 5


def test_a_command_for_people_is_no_workflow() -> None:
    names = {path.name for path in shipped_scripts().values()}
    assert {path.name for path in SCRIPTS} - names >= {"FRM_Tune.py"}
    assert "tune" not in shipped_scripts()


def test_no_limit_changes_the_meaning_of_another() -> None:
    for parameters in ({}, {"min_area": 5}, {"max_area": 5}):
        assert nuclei(**parameters).parameters == {**nuclei().parameters, **parameters}
    assert nuclei().parameters["area_unit"] == "auto"


def test_the_digest_tells_parameters_and_scripts_apart(tmp_path: Path) -> None:
    assert nuclei(min_area=5).sha256 == nuclei(min_area=5.0).sha256
    assert nuclei(min_area=5).sha256 != nuclei(min_area=6).sha256
    script = tmp_path / "FRM_Nuclei.py"
    script.write_text(nuclei().source + "\n# changed\n")
    assert Workflow("nuclei", script).sha256 != nuclei().sha256


def test_a_workflow_crosses_process_borders() -> None:
    workflow = nuclei(min_area=5)
    assert pickle.loads(pickle.dumps(workflow)) == workflow  # noqa: S301
    assert hash(workflow) == hash(nuclei(min_area=5))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_keep_fijis_rules(script: Path) -> None:
    lines = script.read_text(encoding="utf-8").splitlines()
    parameters = [line for line in lines if line.startswith("#@")]
    assert lines[: len(parameters)] == parameters, "parameters come first"
    assert lines[len(parameters)].startswith('"""'), "then the docstring"
    assert len(lines) < 120
    for line in parameters:
        # Else Fiji fills in what another script was given last.
        assert "persist=false" in line
        assert "value=" in line
        # Macro.getValue lower-cases the keys; primitives are not recorded.
        assert re.match(r"#@ (String|Integer|Double|Boolean) [a-z][a-z0-9_]* \(", line)
    assert not any("coding:" in line for line in lines), "SciJava cannot parse it"


@pytest.mark.parametrize(
    "source",
    sorted(shipped_folder("fiji_scripts").rglob("*.py")),
    ids=lambda path: path.stem,
)
def test_jython_code_is_plain_ascii_and_asks_no_preference(source: Path) -> None:
    text = source.read_text(encoding="ascii")
    names = {
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
    }
    names |= {
        node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)
    }
    # What belongs to a user's own script is run as ImageJ's defaults have it.
    assert source.stem == "pristine" or not names & {
        "Prefs",
        "blackBackground",
        "runMacro",
        "GenericDialog",
    }
    # A person who presses Run in the window of FRM Tune runs the command.
    assert source.stem == "tunewindow" or "IJ.run(" not in text
    assert "IJ.getImage(" not in text
