"""The commands in the menu of a real Fiji, on a screen of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

import frm_bridge
from frm_bridge.imagej import nuclei, run_workflow
from frm_bridge.shipped import shipped_folder

pytestmark = [
    pytest.mark.fiji,
    pytest.mark.skipif("FRM_FIJI" not in os.environ, reason="no FRM_FIJI"),
    pytest.mark.skipif(
        shutil.which("xvfb-run") is None, reason="xvfb-run is not installed"
    ),
]
ROOT = Path(frm_bridge.__file__).parents[1]
IMAGE = "mitocheck/xy_8bit__mitocheck_incenp_t1.tif"
LONGEST_S = 240


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a session by mouse, macro and tune window wrote."""
    folder = tmp_path_factory.mktemp("session")
    program = Path(__file__).parents[2] / "docs" / "pictures.py"
    done = subprocess.run(
        [
            *(sys.executable, str(program), "--fiji", os.environ["FRM_FIJI"]),
            *("--output", str(folder / "pictures"), "--notes", str(folder / "notes")),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "notes"


def same_as_shown(shown: Path, table: Path) -> None:
    """Compare with a table in a window: three decimals, and no empty columns."""
    pd.testing.assert_frame_equal(
        pd.read_csv(shown, sep="\t"),
        pd.read_csv(table).dropna(axis=1, how="all"),
        check_dtype=False,
        atol=6e-4,
        rtol=0,
    )


def test_every_script_is_a_command_of_the_menu(notes: Path) -> None:
    scripts = shipped_folder("fiji_scripts").glob("Plugins/FRM/*.py")
    expected = {script.stem.replace("_", " ") for script in scripts}
    assert set((notes / "commands.txt").read_text().split("\n")) == expected


def test_dialog_and_recorded_macro_give_the_table_of_python(
    notes: Path, data_folder: Path, tmp_path: Path
) -> None:
    workflow = nuclei(blur_sigma_px=2.0, threshold_method="Li")
    here = run_workflow(workflow, data_folder / IMAGE, tmp_path / "here")
    assert here.count == 7
    there = notes / "replayed" / here.objects.name
    assert there.read_bytes() == here.objects.read_bytes()
    same_as_shown(notes / "first.txt", here.objects)
    values = {name: f"{value}" for name, value in workflow.parameters.items()}
    line = (notes / "recorded.ijm").read_text().splitlines()[0]
    for name, value in values.items():
        value = value.lower() if value in ("True", "False") else value
        assert f" {name}={value}" in line


def test_run_in_the_tune_window_gives_what_it_showed_and_records_it(
    notes: Path, data_folder: Path, tmp_path: Path
) -> None:
    workflow = nuclei(blur_sigma_px=4.5)
    here = run_workflow(workflow, data_folder / IMAGE, tmp_path / "here")
    assert int((notes / "previewed.txt").read_text()) == here.count
    same_as_shown(notes / "tuned.txt", here.objects)
    lines = (notes / "tuned.ijm").read_text().splitlines()
    (line,) = (each for each in lines if each.startswith("run("))
    assert line.startswith('run("FRM Nuclei", "image_path=[] output_folder=[] ')
    assert " blur_sigma_px=4.5 " in line


def test_the_other_commands_show_the_tables_of_python(
    notes: Path, data_folder: Path, tmp_path: Path
) -> None:
    image, pair = data_folder / IMAGE, notes / "pair.tif"
    line = {"x1": 20.0, "y1": 30.0, "x2": 200.0, "y2": 300.0}
    for command, workflow, source, table, values in (
        ("FRM Junctions", "junctions", image, "objects", {}),
        ("FRM Line Profile", "profile", image, "profile", line),
        ("FRM Displacement", "displacement", pair, "links", {}),
        ("FRM Track", "tracks", pair, "links", {}),
    ):
        here = run_workflow(workflow, source, tmp_path / workflow, parameters=values)
        shown = notes / f"{command}.txt"
        if here.count:
            same_as_shown(shown, here.file(table))
        else:  # no cells in an image of nuclei: no row
            assert command == "FRM Junctions"
            assert len(shown.read_text().splitlines()) <= 1
    here = run_workflow("histogram", pair, tmp_path / "histogram")
    np.testing.assert_array_equal(
        tifffile.imread(notes / "FRM Intensity Histogram.tif"),
        tifffile.imread(here.file("histogram_image")),
    )
