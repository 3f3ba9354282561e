"""The example scripts for Appose, in an ImageJ that has Appose among its jars."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from frm_bridge.doors.apposebenchmark import write_blur
from frm_bridge.images import open_image
from frm_bridge.prediction import predict_file
from frm_bridge.shipped import shipped_folder

APPOSE = "org.apposed:appose:0.9.0"  # brings Groovy along
EXAMPLES = shipped_folder("fiji_scripts") / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("FRM_*"))
LONGEST_S = 240
# A process of its own: Appose is not on the class path of the embedded ImageJ.
PROGRAM = Path(__file__).with_name("appose_session.py")


@pytest.fixture(scope="module")
def jars() -> list[Path]:
    """Appose and what it needs, from Maven Central once."""
    import jgo

    try:
        return [Path(artifact.resolve()) for artifact in jgo.resolve(APPOSE)]
    except (RuntimeError, OSError) as error:
        pytest.skip(f"the jars of Appose cannot be had: {error}")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, jars: list[Path]) -> Path:
    """A folder with what the scripts did on a stack, twice, and where they failed."""
    folder = tmp_path_factory.mktemp("session é")
    write_blur(folder / "blur.onnx")
    random = np.random.default_rng(0)
    metadata = {"axes": "TZYX", "unit": "micron", "finterval": 30.0, "spacing": 2.0}
    options: dict[str, Any] = {"imagej": True, "resolution": (2.0, 2.0)}
    stack = random.integers(0, 4096, (2, 3, 70, 90), np.uint16)
    tifffile.imwrite(folder / "stack.tif", stack, **options, metadata=metadata)
    large = random.integers(0, 4096, (2000, 2000), np.uint16)
    tifffile.imwrite(folder / "large.tif", large, imagej=True)
    done = subprocess.run(
        [sys.executable, PROGRAM, folder, EXAMPLES, *jars],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def facts(session: Path) -> dict[str, Any]:
    return json.loads((session / "facts.json").read_text())


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_gives_the_prediction_of_python_with_scale_and_place(
    session: Path, facts: dict[str, Any], script: str, tmp_path: Path
) -> None:
    assert facts[script]["said"] == ["", ""]
    predict_file(
        session / "stack.tif", session / "blur.onnx", tmp_path / "out.tif", device="cpu"
    )
    expected = tifffile.imread(tmp_path / "out.tif")
    for number in range(2):
        path = session / f"{script}{number}.tif"
        np.testing.assert_array_equal(tifffile.imread(path), expected)
        with open_image(path) as image, open_image(session / "stack.tif") as source:
            for name in ("axes", "shape", "dtype", "pixel_size_um", "z_step_um"):
                assert getattr(image.info, name) == getattr(source.info, name)
            assert image.info.frame_interval_s == 30.0
    assert facts[script]["places"] == [[1, 3, 2]] * 2


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_tells_of_a_failure_with_its_fix_and_ends_at_esc(
    facts: dict[str, Any], script: str
) -> None:
    assert (
        "nowhere is neither a file nor the name of a model" in facts[script]["failure"]
    )
    assert "\nfix: give the path of an .onnx file" in facts[script]["failure"]
    assert "FRM Predict with Appose was stopped" in facts[script]["escaped"]


def test_one_worker_serves_all_runs_and_no_shared_memory_is_left(
    facts: dict[str, Any],
) -> None:
    assert len(SCRIPTS) == 2
    assert len({name for each in SCRIPTS for name in facts[each]["workers"]}) == 1
    assert facts["memory"]
    assert facts["mapped"] == 0
    left = [name for name in facts["memory"] if Path("/dev", "shm", name).exists()]
    assert left == []
