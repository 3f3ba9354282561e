"""The real plain ImageJ 1.54 on a screen of its own: same keys, same tables.

A dialog that nobody answers is a time-out, and so a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import tifffile

from frm_bridge.comparison import compare
from frm_bridge.imagej import find_workflow, nuclei, run_workflow
from frm_bridge.imagej.workflows import shipped_scripts

if TYPE_CHECKING:
    from collections.abc import Callable

    from frm_bridge.imagej import WorkflowResult

pytestmark = pytest.mark.skipif(
    shutil.which("xvfb-run") is None, reason="xvfb-run is not installed"
)
LONGEST_S = 90
# What a person may have set, and what is different in Germany.
PREFERENCES = """
setOption("BlackBackground", true);
run("Set Measurements...", "median limit redirect=None decimal=0");
run("Input/Output...", "jpeg=10 file=.txt use_file copy_row save_column");
"""


def same_files(folder: Path, result: WorkflowResult) -> None:
    for name, path in result.files.items():
        if name != "rois":  # a ZIP knows when it was made
            assert (folder / path.name).read_bytes() == path.read_bytes(), name


def test_menu_commands_give_the_tables_of_python_whatever_the_preferences(
    run_macro: Callable[..., str], tmp_path: Path, data_folder: Path
) -> None:
    nuclei = data_folder / "mitocheck/xy_8bit__mitocheck_incenp_t1.tif"
    source = data_folder / "epitools/test_image-projected.tif"
    plane = np.squeeze(tifffile.imread(source)).astype(np.float32)
    cells = tmp_path / "cells.tif"
    tifffile.imwrite(cells, plane)
    movie = np.stack([np.zeros_like(plane)] * 3 + [plane])
    movie = movie.reshape(2, 2, *plane.shape)  # frames, channels
    tifffile.imwrite(
        tmp_path / "films.tif", movie, imagej=True, metadata={"axes": "TCYX"}
    )
    values = {
        "blur_sigma_px": 1.23456789,
        "threshold_method": "Li",
        "watershed": False,
    }
    here = tmp_path.as_posix()
    printed = run_macro(
        PREFERENCES
        + f"""
        open("{nuclei.as_posix()}");
        run("Invert LUT");
        setMinAndMax(30, 60);
        makeOval(10, 20, 30, 40);
        run("FRM Nuclei", "blur_sigma_px=1.23456789 threshold_method=Li "
            + "watershed=false output_folder=[{here}/all nuclei]");
        Table.save("{here}/shown.csv", "Objects of {nuclei.name}");
        s = getTitle() + "\\n";
        selectImage("{nuclei.name}");
        getSelectionBounds(x, y, width, height);
        s += "" + is("changes") + " " + selectionType() + " " + x + " " + y + "\\n";
        run("FRM Nuclei", "image_path=[{nuclei.as_posix()}] min_area=1e6");
        s += "" + Table.size("Objects of {nuclei.name}") + " "
            + Table.headings("Objects of {nuclei.name}") + "\\n";
        open("{here}/films.tif");
        Stack.setPosition(2, 1, 2);
        run("FRM Junctions", "threshold_percent=20 output_folder=[{here}/cells]");
        s += "" + Table.size("Objects of films.tif");
        File.saveString(s, "{here}/said.txt");
        run("Quit");
        """,
        window=True,
    )
    expected = run_workflow("nuclei", nuclei, tmp_path / "1", parameters=values)
    same_files(tmp_path / "all nuclei", expected)
    assert expected.count == 6  # two touch, with watershed off
    shown = pd.read_csv(tmp_path / "shown.csv")
    pd.testing.assert_frame_equal(
        shown, pd.read_csv(expected.objects), check_dtype=False, atol=6e-4, rtol=0
    )
    found = run_workflow(
        "junctions", cells, tmp_path / "2", parameters={"threshold_percent": 20.0}
    )
    same_files(tmp_path / "cells", found)
    assert (tmp_path / "said.txt").read_text().splitlines() == [
        f"Labels of {nuclei.name}",
        "0 1 10 20",
        "0 " + "\t".join(pd.read_csv(expected.objects).columns),
        str(found.count),
    ]
    assert printed == ""
    assert not list(tmp_path.glob("frm*"))


def test_a_failure_is_its_message_and_closes_no_table_but_its_own_old_one(
    run_macro: Callable[..., str], tmp_path: Path, data_folder: Path
) -> None:
    nuclei = data_folder / "mitocheck/xy_8bit__mitocheck_incenp_t1.tif"
    printed = run_macro(
        f"""
        run("FRM Nuclei", "blur_sigma_px=2");
        open("{nuclei.as_posix()}");
        Table.create("Objects of {nuclei.name}");
        Table.set("label", 0, 1);
        Table.create("Summary of {nuclei.name}");
        Table.set("Count", 0, 7);
        run("FRM Nuclei", "blur_sigma_px=2,5");
        print(isOpen("Objects of {nuclei.name}"));
        print(isOpen("Summary of {nuclei.name}"));
        print(nImages);
        run("Properties...", "unit=um pixel_width=3 pixel_height=3 global");
        run("FRM Junctions", "threshold_percent=20");
        """,
    )
    assert printed.splitlines() == [
        "FRM Nuclei needs an open image",
        "fix: open one, and choose the command again",
        "FRM Nuclei: blur_sigma_px is '2,5'; expected a number",
        "fix: give blur_sigma_px another value, or leave it out for 1.5",
        "(E_WORKFLOW_PARAMETER)",
        "0",
        "1",
        "1",
        "FRM Junctions: a global scale replaces the scale of every image",
        "fix: untick Global in Analyze > Set Scale, and choose the command again",
    ]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Give the addresses opened in the browser, which is a small program here."""
    folder, log = tmp_path / "bin", tmp_path / "opened.txt"
    folder.mkdir()
    browser = folder / "xdg-open"
    browser.write_text(f'#!/bin/sh\necho "$1" >> "{log}"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def read() -> list[str]:
        return log.read_text().splitlines() if log.exists() else []

    return read


def make_pair(folder: Path) -> tuple[Path, Path]:
    """Write truth and prediction of one field: six nuclei, of which one is missed."""
    rows, columns = np.indices((96, 128))
    planes = np.full((2, 96, 128), 10, np.uint16)
    for number in range(6):
        y, x = 24 + 44 * (number // 3), 24 + 40 * (number % 3)
        for side in range(2 if number else 1):
            inside = (rows - y) ** 2 + (columns - x - side) ** 2 <= (9 + number) ** 2
            planes[side][inside] = 500 + 20 * number
    for side, plane in zip(("truth", "predicted #1"), planes, strict=True):
        (folder / side).mkdir()
        tifffile.imwrite(folder / side / "field a.tif", plane, imagej=True)
    return folder / "truth", folder / "predicted #1"


def numbers(folder: Path) -> dict[str, object]:
    """Read what a comparison found, without when, where and how long."""
    record = json.loads((folder / "comparison.json").read_text())
    one = record["fields"][0]
    return {
        "settings": record["settings"],
        "summary": record["summary"],
        "parameters": record["workflow"]["parameters"],
        "field": {key: one[key] for key in ("name", "objects", "pixels")},
    }


def test_a_comparison_from_the_menu_is_that_of_python_and_opens_its_page(
    run_macro: Callable[..., str], opened: Callable[[], list[str]], tmp_path: Path
) -> None:
    truth, prediction = make_pair(tmp_path)
    here = tmp_path.as_posix()
    movie = np.stack([tifffile.imread(prediction / "field a.tif")] * 2)
    movie[0] = 10  # the channel that is not shown
    other = {"axes": "CYX", "Info": "kept"}
    tifffile.imwrite(tmp_path / "prediction.tif", movie, imagej=True, metadata=other)
    common = "parameters=[watershed=false blur_sigma_px=1] min_iou=0.6"
    run_macro(
        f"""
        run("FRM Compare", "truth=[{truth.as_posix()}] prediction=["
            + "{prediction.as_posix()}] workflow=nuclei {common} "
            + "output_folder=[{here}/from folders]");
        s = "" + Table.size("Fields of FRM Compare") + "\\n";
        open("{here}/prediction.tif");
        setSlice(2);
        makeRectangle(1, 2, 3, 4);
        open("{(truth / "field a.tif").as_posix()}");
        rename("truth");
        run("FRM Compare", "truth=truth prediction=prediction.tif {common} "
            + "output_folder=[{here}/from images]");
        s += getTitle() + " " + nImages + "\\n";
        selectImage("prediction.tif");
        getSelectionBounds(x, y, width, height);
        s += "" + is("changes") + " " + x + " " + y + " " + width + " " + height;
        File.saveString(getInfo("log"), "{here}/log.txt");
        File.saveString(s, "{here}/said.txt");
        run("Quit");
        """,
        window=True,
    )
    parameters = {"watershed": False, "blur_sigma_px": 1.0}
    expected = compare(
        *(truth, prediction, nuclei(**parameters), tmp_path / "python"), min_iou=0.6
    )
    assert "6 on the truth, 5 on the prediction (-16.7 %)" in expected.sentence()
    wanted = numbers(tmp_path / "python")
    assert numbers(tmp_path / "from folders") == wanted
    wanted["field"] |= {"name": "truth"}  # type: ignore[operator]
    assert numbers(tmp_path / "from images") == wanted
    assert (tmp_path / "said.txt").read_text().splitlines() == [
        "1",
        "truth 2",
        "0 1 2 3 4",
    ]
    pages = [
        tmp_path / f"from {each}" / "report.html" for each in ("folders", "images")
    ]
    assert opened() == [page.as_uri() for page in pages]
    log = (tmp_path / "log.txt").read_text().splitlines()
    assert f"FRM Compare: {expected.sentence()}" in log
    assert f"FRM Compare: {pages[0]}" in log
    assert any(line.startswith("FRM: uncalibrated: ") for line in log)
    assert not list(tmp_path.glob("frm*"))


def test_a_split_from_the_menu_is_that_of_python_and_errors_are_shown(
    run_macro: Callable[..., str], opened: Callable[[], list[str]], tmp_path: Path
) -> None:
    truth, prediction = make_pair(tmp_path)
    here = tmp_path.as_posix()
    line = f"input=[{prediction.as_posix()}] target=[{truth.as_posix()}] tile=32"
    printed = run_macro(
        f"""
        run("FRM Split", "{line} output_folder=[{here}/tiles]");
        print(Table.size("Pairs of FRM Split"));
        run("FRM Split", "{line} output_folder=[{here}/tiles]");
        run("FRM Split", "{line} output_folder=[{here}/tiles] overwrite=true");
        open("{(truth / "field a.tif").as_posix()}");
        run("Duplicate...", "title=[other: one]");
        run("FRM Split", "input=[field a.tif] target=[other: one] tile=32 "
            + "output_folder=[{here}/cut]");
        run("FRM Split", "{line}");
        run("FRM Split", "{line} output_folder=[tiles too]");
        run("FRM Split", "{line} output_folder=~ann/tiles");
        run("FRM Split", "input=[~/predicted #1] target=~/truth tile=32 "
            + "output_folder=[~/of home]");
        run("FRM Split", "input=[{here}/none] target=x output_folder=[{here}/x]");
        run("FRM Compare", "truth=[{here}]");
        run("FRM Compare", "truth=[{truth.as_posix()}] prediction=["
            + "{truth.as_posix()}] workflow=dance output_folder=[{here}/x]");
        """,
    )
    assert "12 pairs of sub-images" in printed
    missing = "fix: give a folder, a file, or the title of an open image"
    whole = "fix: write it from the root, or the drive, on, or as ~/ and what follows"
    known = ", ".join(shipped_scripts())
    done = ["FRM Split: 12 pairs of sub-images", f"FRM Split: {here}/tiles/pairs.csv"]
    assert printed.splitlines() == [
        *done,
        "12",
        f"FRM Split: {here}/tiles/pairs.csv exists already",
        "fix: choose another output_folder, or allow it with overwrite=true",
        "(E_OUTPUT_EXISTS)",
        *done,
        done[0],
        f"FRM Split: {here}/cut/pairs.csv",
        "FRM Split: output_folder is empty",
        "fix: name a folder",
        "FRM Split: output_folder is tiles too; a whole path was expected",
        whole,
        "(E_REQUEST)",
        "FRM Split: output_folder is ~ann/tiles; a whole path was expected",
        whole,
        "(E_REQUEST)",
        done[0],
        f"FRM Split: {here}/of home/pairs.csv",
        f"FRM Split: input is {here}/none: neither an open image, nor a file or folder",
        missing,
        "FRM Compare: prediction is empty",
        missing,
        "FRM Compare: there is no workflow dance",
        f"fix: choose one of {known}, or give the path of a .py or .ijm script",
        "(E_WORKFLOW_UNKNOWN)",
    ]
    tiles = sorted((tmp_path / "tiles" / "target").iterdir())
    assert [path.name for path in tiles][::11] == [
        "field a_tile00001.tif",
        "field a_tile00012.tif",
    ]
    whole = tifffile.imread(truth / "field a.tif")
    for folder in ("tiles", "cut"):
        sixth = tmp_path / folder / "target" / "field a_tile00006.tif"
        np.testing.assert_array_equal(tifffile.imread(sixth), whole[32:64, 32:64])
    assert opened() == []
    assert not list(tmp_path.glob("frm*"))


def test_a_python_without_frm_bridge_is_told(
    run_macro: Callable[..., str], imagej: Path, data_folder: Path, tmp_path: Path
) -> None:
    nuclei = data_folder / "mitocheck/xy_8bit__mitocheck_incenp_t1.tif"
    record = imagej / "plugins" / "FRM" / "frm.txt"
    installed = record.read_text()
    macro = f"""open("{nuclei.as_posix()}"); run("FRM Nuclei", "blur_sigma_px=x");"""
    bare = tmp_path / "bare python"
    venv.create(bare)
    python = str(bare / "bin" / "python")

    def said(text: str) -> list[str]:
        record.write_text(text)
        return run_macro(macro, PYTHONPATH="").splitlines()

    try:
        moved = said(installed.replace(sys.executable, "/no/python here"))
        silent = said(installed.replace(sys.executable, "true"))
        other = said(installed.replace(sys.executable, python))
        empty = said("")
        broken = said("\x00\x07 no lines")
        record.unlink()
        gone = run_macro(macro).splitlines()
    finally:
        record.write_text(installed)
    again = (
        "fix: run frm-bridge install-fiji FOLDER again from the environment that has"
    )
    assert moved == [
        "FRM Nuclei: there is no Python at /no/python here, which the FRM commands "
        "were installed from",
        f"{again} frm_bridge",
    ]
    here = f"{again} frm_bridge, or install frm_bridge into this one by pip"
    server, call = "FRM: no server (", "); Python is started for this call"
    assert silent == [
        f"{server}its Python says nothing{call}",
        "FRM Nuclei: the Python at true gave no answer; it says: nothing",
        here,
    ]
    reason = "ModuleNotFoundError: No module named 'frm_bridge'"
    assert other == [
        f"{server}{reason}{call}",
        f"FRM Nuclei: the Python at {python} has no frm_bridge; it says: {reason}",
        here,
    ]
    named = (
        f"{again} frm_bridge, or name its Python in the environment variable FRM_PYTHON"
    )
    unknown = "FRM Nuclei: frm_bridge's Python is not known here:"
    assert empty == [f"{unknown} {record} is empty", named]
    assert broken == [f"{unknown} {record} has no line python=", named]
    assert gone == [f"{unknown} there is no {record}", named]


@pytest.mark.slow
def test_what_a_person_does_by_mouse_is_recorded_and_replays(tmp_path: Path) -> None:
    program = Path(__file__).parents[2] / "docs" / "pictures.py"
    done = subprocess.run(
        [sys.executable, str(program), "--output", str(tmp_path)],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=2 * LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    values = find_workflow("nuclei").parameters
    values = {**values, "blur_sigma_px": 2, "threshold_method": "Li"}
    options = [f"{name}={value}" for name, value in values.items()]
    line = " ".join([*options, "output_folder=[]"])
    line = line.replace("=True", "=true").replace("=False", "=false")
    predicted, measured = done.stdout.splitlines()[-2:]
    assert measured == f'run("FRM Nuclei", "{line}");'
    assert predicted == (
        'run("FRM Predict", "output_folder=[] model=nuclei-brightfield device=auto '
        "window=0 require_gpu=false match_scale=false match_intensity=false "
        'force=false overwrite=false");'
    )
    names = ["dialog", "menu", "nuclei", "predict"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"imagej-{name}.png" for name in names
    ]


def test_a_failure_names_the_image_by_its_title_and_keys_of_the_line(
    run_macro: Callable[..., str], tmp_path: Path
) -> None:
    here = tmp_path.as_posix()
    printed = run_macro(
        f"""
        newImage("flat: 1 %.tif", "16-bit black", 64, 48, 1);
        run("FRM Predict", "device=cpu");
        run("FRM Nuclei", "blur_sigma_px=1");
        newImage("small", "16-bit ramp", 64, 48, 1);
        newImage("large", "16-bit ramp", 64, 56, 1);
        run("FRM Split", "input=small target=large output_folder=[{here}/cut]");
        run("FRM Compare", "truth=small prediction=large output_folder=[{here}/c]");
        """,
    )
    assert [line for line in printed.splitlines() if line.startswith("FRM")] == [
        "FRM Predict: flat: 1 %.tif: every pixel is 0; an image with structure was "
        "expected",
        "FRM Nuclei: the workflow nuclei failed: every pixel of the image is 0: it is "
        "constant",
        "FRM Split: input and target must have one size: small (48, 64) and large "
        "(56, 64)",
        "FRM Compare: truth and prediction must have one size: small is 64 x 48 px, "
        "large is 64 x 56 px",
    ]
