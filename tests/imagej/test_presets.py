"""Presets: each fits its workflow, and tells where its numbers come from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from frm_bridge.errors import InputError
from frm_bridge.imagej import find_workflow, list_presets, nuclei
from frm_bridge.imagej.parameters import read_parameters
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from frm_bridge.imagej.presets import Preset


@pytest.mark.parametrize("preset", list_presets(), ids=lambda each: each.name)
def test_a_preset_fits_its_workflow_and_says_what_is_whose(preset: Preset) -> None:
    workflow = find_workflow(preset.workflow).with_preset(preset.name)
    for name, value in preset.parameters.items():
        assert workflow.parameters[name] == value
    assert preset.source.startswith("From the paper")
    assert "Our choice" in preset.source
    if preset.pixel_size_um is not None:
        assert f"{preset.pixel_size_um:g} um per px" in preset.source


def test_names_are_single_and_are_those_of_the_files() -> None:
    names = [preset.name.lower().replace(" ", "-") for preset in list_presets()]
    files = sorted((shipped_folder("fiji_scripts") / "presets").glob("*.json"))
    assert names == [path.stem for path in files]
    assert "5x-mdck-nuclei" in names


def test_pixel_sizes_are_the_papers() -> None:
    """Camera pixels of 6.5 and 7.3 um behind 5X, 10X and 20X."""
    sizes = {"5X": 6.5 / 5, "10X": 7.3 / 10, "20X": 7.3 / 20}
    for preset in list_presets():
        known = re.match(r"(\d+X)", preset.name)
        if known:
            assert preset.pixel_size_um == pytest.approx(sizes[known[1]])


def test_a_preset_is_found_by_either_spelling_and_may_be_changed() -> None:
    workflow = nuclei().with_preset("5x-mdck-nuclei")
    assert workflow == nuclei().with_preset(" 5X MDCK nuclei")
    assert workflow.parameters["area_unit"] == "um2"
    assert workflow.with_parameters(min_area=9).parameters["min_area"] == 9


def test_an_unknown_preset_gets_the_known_ones_of_the_workflow() -> None:
    with pytest.raises(InputError, match="no preset '4x'") as caught:
        nuclei().with_preset("4x")
    assert caught.value.code == "E_PRESET"
    assert "5X MDCK nuclei" in caught.value.fix
    assert "junctions" not in caught.value.fix
    with pytest.raises(InputError, match="it is one of junctions"):
        nuclei().with_preset("20x-mdck-junctions")


def test_the_file_of_a_preset_can_be_given_as_parameters() -> None:
    path = shipped_folder("fiji_scripts") / "presets" / "20x-mdck-junctions.json"
    assert read_parameters(path)["threshold_percent"] == 30
