"""The keys of the commands, which macros hold: they may grow, and never lose one."""

from __future__ import annotations

import re

import pytest

from frm_bridge.doors.wrappers import renamed_keys, wrapper_text
from frm_bridge.imagej.parameters import parse_parameters
from frm_bridge.imagej.workflows import menu_scripts

# NB: to take one away breaks somebody's macro; rename by a line "# was: old=new".
KEYS = {
    "FRM Compare": "truth prediction workflow parameters min_iou pixel_size_um "
    "overwrite output_folder",
    "FRM Displacement": "image_path output_folder prediction_image blur_sigma_px "
    "threshold_method watershed min_area max_area area_unit min_contrast "
    "linking_distance length_unit linker",
    "FRM Intensity Histogram": "image_path output_folder prediction_image bins "
    "bit_depth feature_threshold saturated_percent",
    "FRM Junctions": "image_path output_folder blur_sigma_px background_radius_px "
    "saturated_percent threshold_percent min_area max_area area_unit exclude_edges",
    "FRM Line Profile": "image_path output_folder x1 y1 x2 y2 roi_file line_width_px "
    "normalise saturated_percent",
    "FRM Nuclei": "image_path output_folder blur_sigma_px threshold_method fill_holes "
    "watershed min_area max_area area_unit min_circularity max_circularity "
    "exclude_edges min_contrast",
    "FRM Predict": "image_path output_folder model device window require_gpu overwrite "
    "match_scale match_intensity force",
    "FRM Split": "input target tile input_suffix target_suffix overwrite output_folder",
    "FRM Track": "image_path output_folder detector blur_sigma_px threshold_method "
    "watershed min_area max_area area_unit min_contrast spot_radius spot_quality "
    "linking_distance gap_distance max_frame_gap splitting_distance length_unit "
    "slices_are_frames linker",
    "FRM Tune": "workflow",
}
# The names that keys had before, which macros hold as well.
OLD = {"FRM Predict": {"tile": "window"}}
SCRIPTS = {script.stem.replace("_", " "): script for script in menu_scripts()}
_READ = re.compile(r'^(\w+) = (?:Dialog\.|frmGiven\("\1")', re.MULTILINE)


def test_no_command_is_gone() -> None:
    assert set(SCRIPTS) == set(KEYS)


@pytest.mark.parametrize("command", KEYS)
def test_no_key_is_gone(command: str) -> None:
    declared = list(parse_parameters(SCRIPTS[command].read_text()))
    assert not set(KEYS[command].split()) - set(declared)
    assert not [key for key in declared if not re.fullmatch("[a-z][a-z0-9_]*", key)]


@pytest.mark.parametrize("command", sorted(set(KEYS) - {"FRM Tune"}))
def test_both_forms_have_the_same_keys(command: str) -> None:
    declared = parse_parameters(SCRIPTS[command].read_text())
    text = wrapper_text(SCRIPTS[command])
    given = set(_READ.findall(text))
    if 'image_path = frmImage("' in text:
        given.add("image_path")
    assert given == set(declared)


@pytest.mark.parametrize("command", SCRIPTS)
def test_old_names_stay_and_are_no_one_elses(command: str) -> None:
    renamed = dict(renamed_keys(SCRIPTS[command]))
    assert OLD.get(command, {}).items() <= renamed.items()
    declared = set(parse_parameters(SCRIPTS[command].read_text()))
    assert set(renamed.values()) <= declared
    assert not set(renamed) & declared
    # ImageJ takes _tile= for tile=.
    assert not [old for old in renamed for key in declared if key.endswith(f"_{old}")]
