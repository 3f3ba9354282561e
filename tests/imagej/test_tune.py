"""Tuning without a window, and outlines on the image, in the real embedded ImageJ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from frm_bridge.imagej import find_workflow, run_workflow, start_imagej
from frm_bridge.imagej.parameters import read_parameters
from frm_bridge.imagej.scripts import run_script
from frm_bridge.imagej.workflows import library_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

TRIES: list[tuple[str, dict[str, Any]]] = [
    ("nuclei", {}),
    ("nuclei", {"blur_sigma_px": 3.0, "threshold_method": "Li", "watershed": False}),
    ("nuclei", {"min_area": 150.0, "area_unit": "px", "exclude_edges": True}),
    ("nuclei", {"min_area": 9e6}),
    ("junctions", {}),
    ("junctions", {"threshold_percent": 15.0, "exclude_edges": False}),
    ("junctions", {"background_radius_px": 9.0, "max_area": 300.0}),
]


@pytest.fixture(autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """Close what a run on the active image shows: other tests share this ImageJ."""
    yield
    from scyjava import jimport

    manager = jimport("ij.WindowManager")
    for number in manager.getIDList() or ():
        manager.getImage(number).close()


@pytest.fixture
def jython() -> Callable[..., Any]:
    """Run Jython code in the embedded ImageJ; give its ``said``, which is JSON."""

    def run(code: str, **given: str) -> Any:
        start_imagej()
        from scyjava import jimport

        interpreter = jimport("org.python.util.PythonInterpreter")()
        library = str(library_folder(find_workflow("nuclei").script))
        interpreter.set("library", library)
        for name, value in given.items():
            interpreter.set(name, value)
        interpreter.exec_(
            "import json, sys\n"
            "sys.dont_write_bytecode = True\n"
            "if library not in sys.path: sys.path.insert(0, library)\n"
            "from ij import IJ\n"
            "from frm import declared, overlays, tune\n" + code
        )
        said = json.loads(str(interpreter.get("said")))
        interpreter.close()
        return said

    return run


@pytest.fixture
def images(
    save: Callable[..., Path], field: NDArray[Any], data_folder: Path
) -> dict[str, Path]:
    """An image for each workflow."""
    wing = tifffile.imread(data_folder / "epitools/test_image-projected.tif")
    return {
        "nuclei": save(field, name="nuclei"),
        "junctions": save(wing.squeeze().astype(np.float32), name="cells"),
    }


@pytest.mark.parametrize(("workflow", "values"), TRIES)
def test_a_preview_counts_what_the_run_counts(
    workflow: str,
    values: dict[str, Any],
    images: dict[str, Path],
    jython: Callable[..., Any],
    tmp_path: Path,
) -> None:
    counts = jython(
        "values = dict((one.name, one.default) for one in\n"
        "              declared.parameters_of(tune.COMMANDS[workflow]))\n"
        "values.update(json.loads(changes))\n"
        "found = tune.Subject(IJ.openImage(image)).find(workflow, values)\n"
        "said = json.dumps(found.counts)",
        workflow=workflow,
        image=str(images[workflow]),
        changes=json.dumps(values),
    )
    run = run_workflow(workflow, images[workflow], tmp_path / "o", parameters=values)
    assert counts == run.result["counts"]
    assert counts["found"] > 0


@pytest.mark.parametrize("workflow", ["nuclei", "junctions"])
def test_the_window_has_the_parameters_of_the_script(
    workflow: str, jython: Callable[..., Any]
) -> None:
    said = jython(
        "said = json.dumps([[one.name, one.label, one.description, one.default,\n"
        "    one.minimum, one.maximum, one.choices]\n"
        "    for one in declared.parameters_of(tune.COMMANDS[workflow])])",
        workflow=workflow,
    )
    assert said == [
        [
            *(one.name, one.label, one.description, one.default),
            *(one.minimum, one.maximum, list(one.choices)),
        ]
        for one in find_workflow(workflow).declared.values()
    ]


def test_a_number_outside_its_limits_is_told(jython: Callable[..., Any]) -> None:
    said = jython(
        "one = [each for each in declared.parameters_of('FRM Nuclei')\n"
        "       if each.name == 'min_circularity'][0]\n"
        "values = (0.0, 1.0, -0.1, 1.1, float('nan'))\n"
        "said = json.dumps([one.problem(value) for value in values])"
    )
    assert said[:2] == [None, None]
    assert ["less than 0" in said[2], "more than 1" in said[3]] == [True, True]
    assert "no number" in said[4]


def test_saved_parameters_are_those_that_the_command_line_takes(
    jython: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "à.json"
    path.write_text("an older one")
    jython(
        "values = dict((one.name, one.default) for one in\n"
        "              declared.parameters_of('FRM Nuclei'))\n"
        "values['blur_sigma_px'] = 2.25\n"
        "tune.write_parameters(path, 'nuclei', values)\nsaid = '0'",
        path=str(path),
    )
    assert json.loads(path.read_text())["workflow"] == "nuclei"
    workflow = find_workflow("nuclei").with_parameters(**read_parameters(path))
    assert workflow == find_workflow("nuclei").with_parameters(blur_sigma_px=2.25)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_of_many_changes_the_first_and_the_last_are_shown(
    jython: Callable[..., Any],
) -> None:
    said = jython(
        "import threading\n"
        "begun, go, shown = threading.Event(), threading.Event(), []\n"
        "def work(number):\n"
        "    begun.set(); go.wait(20)\n"
        "    return number * 10\n"
        "latest = tune.Latest(work, lambda *both: shown.append(both))\n"
        "latest.ask(0)\n"
        "begun.wait(20)\n"
        "for number in range(1, 50): latest.ask(number)\n"
        "go.set(); latest.wait(); latest.end()\n"
        "said = json.dumps(shown)"
    )
    assert said == [[0, 0], [49, 490]]


def test_of_a_huge_image_the_selection_or_the_middle_is_tried(
    jython: Callable[..., Any],
) -> None:
    said = jython(
        "from ij import ImagePlus\n"
        "from ij.process import ByteProcessor\n"
        "imp = ImagePlus('', ByteProcessor(5000, 3000))\n"
        "def asked():\n"
        "    it = tune.region_of(imp)\n"
        "    return [it.x, it.y, it.width, it.height, it.describe() != '']\n"
        "tried = [asked()]\n"
        "imp.setRoi(10, 20, 300, 400); tried.append(asked())\n"
        "imp = ImagePlus('', ByteProcessor(500, 300)); imp.setRoi(1, 2, 3, 4)\n"
        "tried.append(asked())\n"
        "said = json.dumps(tried)"
    )
    assert said == [
        [1476, 476, 2048, 2048, True],
        [10, 20, 300, 400, True],
        [0, 0, 500, 300, False],
    ]


def outlined(imp: Any, workflow: str, output: Path, **values: Any) -> list[str]:
    """Run a workflow on the active image; give the names of all outlines on it."""
    from scyjava import jimport

    manager = jimport("ij.WindowManager")
    given = {**find_workflow(workflow).with_parameters(**values).parameters}
    script = find_workflow(workflow).script
    manager.setTempCurrentImage(imp)
    try:
        printed = run_script(
            start_imagej(),
            script,
            {"image_path": "", "output_folder": str(output), **given},
            library=library_folder(script),
        )
    finally:
        manager.setTempCurrentImage(None)
    assert printed == ""
    overlay = imp.getOverlay()
    return [] if overlay is None else [str(roi.getName()) for roi in overlay.toArray()]


def test_a_run_outlines_its_objects_and_keeps_the_users_overlay(
    images: dict[str, Path], tmp_path: Path
) -> None:
    start_imagej()
    from scyjava import jimport

    imp = jimport("ij.IJ").openImage(str(images["nuclei"]))
    own = jimport("ij.gui.Roi")(1, 2, 3, 4)
    own.setName("mine")
    imp.setOverlay(jimport("ij.gui.Overlay")(own))
    pixels = list(imp.getProcessor().getPixels())
    names = outlined(imp, "nuclei", tmp_path / "1")
    assert names == ["mine", *map(str, range(1, 13))]
    assert outlined(imp, "nuclei", tmp_path / "2", min_area=1e6) == ["mine"]
    assert len(outlined(imp, "nuclei", tmp_path / "3")) == 13
    assert imp.getOverlay().get(0).equals(own)
    assert list(imp.getProcessor().getPixels()) == pixels


def test_tracks_are_outlined_frame_by_frame(data_folder: Path, tmp_path: Path) -> None:
    start_imagej()
    from scyjava import jimport

    imp = jimport("ij.IJ").openImage(str(data_folder / "mitocheck/movie.tif"))
    names = outlined(imp, "tracks", tmp_path / "o", linker="laptrack")
    table = np.genfromtxt(tmp_path / "o/spots.csv", delimiter=",", names=True)
    assert len(names) == len(table) > 0
    frames = [roi.getTPosition() or roi.getPosition() for roi in imp.getOverlay()]
    assert frames == [int(frame) for frame in table["frame"]]
    assert [int(name) for name in names if name] == [
        int(track) for track in table["track"] if track > 0
    ]


def test_a_pair_is_outlined_in_two_colours(data_folder: Path, tmp_path: Path) -> None:
    start_imagej()
    from scyjava import jimport

    name = "mitocheck/xy_8bit__mitocheck_incenp_t1.tif"
    one = jimport("ij.IJ").openImage(str(data_folder / name))
    stack = jimport("ij.ImageStack")()
    for _ in range(2):
        stack.addSlice(one.getProcessor())
    imp = jimport("ij.ImagePlus")("pair", stack)
    names = outlined(imp, "displacement", tmp_path / "o", linker="laptrack")
    half = len(names) // 2
    assert names[:half] == names[half:] != []
    colours = [str(roi.getStrokeColor()) for roi in imp.getOverlay()]
    assert len(set(colours[:half])) == len(set(colours[half:])) == 1
    assert colours[0] != colours[-1]
