"""FRM Predict as a script: what it hands over, and the image that comes back."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from frm_bridge.doors.runtimefile import read_record
from frm_bridge.imagej import start_imagej
from frm_bridge.imagej.parameters import parse_parameters
from frm_bridge.imagej.scripts import run_script
from frm_bridge.imagej.workflows import request_scripts
from frm_bridge.prediction.engine import predict_file
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from frm_bridge.doors.runtimefile import ServerRecord

LIBRARY = shipped_folder("fiji_scripts") / "lib"


@pytest.fixture
def predict(blur: Path, server_home: Path) -> Iterator[Callable[..., str]]:
    """Run FRM Predict with a small model; give the failure that ended it."""
    from scyjava import jimport

    imagej, system = start_imagej(), jimport("java.lang.System")
    properties = {
        "frm_bridge.python": sys.executable,
        "frm_bridge.home": str(server_home),
    }
    for name, value in properties.items():
        system.setProperty(name, value)
    script = request_scripts()["predict"]
    declared = parse_parameters(script.read_text())

    def run(**values: Any) -> str:
        values = {"model": str(blur), "device": "cpu"} | values
        given = {name: values.pop(name, each.default)
                 for name, each in declared.items()}  # fmt: skip
        assert not values
        return run_script(imagej, script, given, library=LIBRARY)

    yield run
    for name in properties:
        system.clearProperty(name)


@pytest.fixture
def long(active: Callable[..., Any]) -> None:
    """An active image that takes its time."""
    from scyjava import jimport

    active(jimport("ij.IJ").createImage("long", "16-bit ramp", 512, 512, 60))


@pytest.fixture
def when_running(server_home: Path) -> Callable[[Callable[[ServerRecord], None]], None]:
    """Do something as soon as a prediction has begun."""

    def begin(act: Callable[[ServerRecord], None]) -> None:
        log = server_home / "server.log"

        def watch() -> None:
            while not (log.exists() and "predict begins" in log.read_text()):
                time.sleep(0.02)
            record = read_record()
            assert record is not None
            act(record)

        threading.Thread(target=watch, daemon=True).start()

    return begin


@pytest.fixture
def active() -> Iterator[Callable[..., Any]]:
    """Make an image the active one, or give the one that is."""
    from scyjava import jimport

    start_imagej()
    manager = jimport("ij.WindowManager")

    def choose(imp: Any = None) -> Any:
        if imp is not None:
            manager.setTempCurrentImage(imp)
        return manager.getCurrentImage()

    yield choose
    manager.setTempCurrentImage(None)


@pytest.fixture
def movie(tmp_path: Path) -> Any:
    """A hyperstack with T, Z and C, a scale, an interval and another range."""
    from scyjava import jimport

    pixels = np.arange(2 * 3 * 2 * 32 * 48, dtype=np.uint16).reshape(2, 3, 2, 32, 48)
    path = tmp_path / "films é.ome.tif"
    metadata = {"axes": "TZCYX", "unit": "nm", "spacing": 700, "finterval": 90.5}
    options = {"imagej": True, "resolution": (1 / 325, 1 / 325), "metadata": metadata}
    tifffile.imwrite(path, pixels, **options)
    imp = jimport("ij.IJ").openImage(str(path))
    imp.setPosition(2, 3, 1)
    imp.setDisplayRange(7, 77)
    imp.setRoi(1, 2, 10, 12)
    imp.getCalibration().xOrigin = 4.5
    imp.changes = False
    return imp


def test_the_active_image_is_predicted_and_stays_as_it_is(
    predict: Callable[..., str],
    active: Callable[..., Any],
    movie: Any,
    tmp_path: Path,
    blur: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    active(movie)
    before = str(movie.getCalibration()), str(movie.getLuts())
    kept = tmp_path / "kept à"
    assert predict(output_folder=str(kept)) == ""
    result = active()
    assert str(result.getTitle()) == "Prediction of films é.ome.tif"
    assert list(result.getDimensions()) == [48, 32, 1, 3, 2]
    assert result.isHyperStack()
    assert (result.getC(), result.getSlice(), result.getFrame()) == (1, 3, 1)
    scale = result.getCalibration()
    assert (scale.pixelWidth, scale.pixelHeight, scale.pixelDepth) == (325, 325, 700)
    assert (str(scale.getUnit()), scale.frameInterval) == ("nm", 90.5)
    assert scale.xOrigin == 4.5
    assert not result.changes
    # The same as Python gives of the channel that was shown.
    source = tmp_path / "films é.ome.tif"
    predict_file(source, blur, tmp_path / "p.tif", channel=2, device="cpu")
    expected = tifffile.imread(tmp_path / "p.tif")
    np.testing.assert_array_equal(tifffile.imread(kept / "films é.tif"), expected)
    limits = result.getDisplayRangeMin(), result.getDisplayRangeMax()
    outside = (expected < limits[0]) | (expected > limits[1])
    assert outside.mean() < 0.004
    assert limits[1] - limits[0] > 0.9 * np.ptp(expected)
    assert str(movie.getTitle()) == source.name
    assert (movie.getC(), movie.getSlice(), movie.getFrame()) == (2, 3, 1)
    assert (movie.getDisplayRangeMin(), movie.getDisplayRangeMax()) == (7, 77)
    assert (str(movie.getCalibration()), str(movie.getLuts())) == before
    assert movie.getRoi() is not None
    assert not movie.changes
    said, path = capfd.readouterr().out.splitlines()
    assert said.startswith("FRM Predict: blur on CPUExecutionProvider: 6 windows in ")
    assert path == f"FRM Predict: {kept / 'films é.tif'}"


def test_without_a_folder_the_prediction_is_new_and_unsaved(
    predict: Callable[..., str], active: Callable[..., Any], movie: Any
) -> None:
    active(movie)
    assert predict() == ""
    assert active().changes
    assert active().getOriginalFileInfo() is None
    assert list(active().getDimensions()) == [48, 32, 1, 3, 2]


def test_a_file_is_predicted_as_it_is(
    predict: Callable[..., str], active: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "plane.png"
    tifffile.imwrite(tmp_path / "plane.tif", np.eye(32, dtype=np.uint8))
    assert predict(image_path=str(tmp_path / "plane.tif"), window=64) == ""
    assert str(active().getTitle()) == "Prediction of plane.tif"
    assert "ImageJ" not in predict(image_path=str(path))


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_image_is_never_replaced_by_its_prediction(
    overwrite: bool,
    predict: Callable[..., str],
    active: Callable[..., Any],
    tmp_path: Path,
) -> None:
    from scyjava import jimport

    path = tmp_path / "plane.tif"
    tifffile.imwrite(path, np.eye(32, dtype=np.uint8))
    before = path.read_bytes()
    active(jimport("ij.IJ").openImage(str(path)))
    failure = predict(output_folder=str(tmp_path), overwrite=overwrite)
    assert "the prediction would be written over the image" in failure
    assert "fix: choose another output_folder" in failure
    assert path.read_bytes() == before


def test_an_earlier_prediction_stays_unless_it_may_go(
    predict: Callable[..., str],
    active: Callable[..., Any],
    movie: Any,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "films é.tif").write_text("an earlier one")
    active(movie)
    fix = "fix: choose another output_folder, or allow it with overwrite=true"
    assert f"exists already\n{fix}" in predict(output_folder=str(folder))
    assert active().getTitle() == movie.getTitle()
    assert predict(output_folder=str(folder), overwrite=True) == ""
    assert tifffile.imread(folder / "films é.tif").shape == (2, 3, 32, 48)


def test_what_cannot_be_predicted_is_said_with_its_fix(
    predict: Callable[..., str], active: Callable[..., Any], movie: Any
) -> None:
    from scyjava import jimport

    assert "there is no open image\nfix: open one" in predict()
    active(movie)
    failure = predict(model="no such model")
    assert "FRM Predict: no such model is neither a file nor" in failure
    assert "\nfix: " in failure
    active(jimport("ij.IJ").createImage("flat: 1.tif", "16-bit black", 32, 32, 1))
    assert "FRM Predict: flat: 1.tif: every pixel is 0" in predict()
    active(jimport("ij.IJ").createImage("colours", "RGB black", 32, 32, 1))
    assert "colours is a colour image\nfix: choose a grey one" in predict()


def test_a_palette_is_no_scale_of_grey_and_a_hue_is_one(
    predict: Callable[..., str], active: Callable[..., Any]
) -> None:
    from scyjava import jimport

    imagej = jimport("ij.IJ")
    for table in ("Green", "Grays", "Invert LUT", "3-3-2 RGB"):
        imp = imagej.createImage(table, "8-bit ramp", 64, 48, 1)
        imagej.run(imp, table, "")
        active(imp)
        failure = predict()
        assert bool(failure) == (table == "3-3-2 RGB"), failure
    assert "3-3-2 RGB has a palette of colours\nfix: choose a grey one; " in failure


@pytest.mark.usefixtures("long")
def test_a_server_killed_in_the_middle_is_told_and_the_next_call_works(
    predict: Callable[..., str],
    when_running: Callable[[Callable[[ServerRecord], None]], None],
    active: Callable[..., Any],
    movie: Any,
    server_home: Path,
    tmp_path: Path,
) -> None:
    when_running(lambda server: os.kill(server.pid, signal.SIGKILL))
    failure = predict(model="nuclei-brightfield", output_folder=str(tmp_path / "kept"))
    assert "Failure: the server ended in the middle of the work\nfix: choose" in failure
    assert not list(tmp_path.glob("kept/*.tif"))
    active(movie)
    assert predict() == ""
    assert (server_home / "server.log").read_text().count(" serves at ") == 2


@pytest.mark.usefixtures("long")
def test_escape_cancels_the_job_at_once_and_leaves_nothing(
    predict: Callable[..., str],
    when_running: Callable[[Callable[[ServerRecord], None]], None],
    server_home: Path,
    tmp_path: Path,
) -> None:
    from scyjava import jimport

    when_running(lambda _: jimport("ij.IJ").setKeyDown(27))
    failure = predict(model="nuclei-brightfield", output_folder=str(tmp_path / "kept"))
    jimport("ij.IJ").resetEscape()
    assert "Stopped: FRM Predict was stopped" in failure
    assert "it was cancelled: its client cancelled it" in (
        (server_home / "server.log").read_text()
    )
    assert not list(tmp_path.glob("kept/*"))


def test_where_no_server_can_start_the_log_says_so_and_it_is_predicted_all_the_same(
    predict: Callable[..., str],
    active: Callable[..., Any],
    movie: Any,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from scyjava import jimport

    (tmp_path / "file").write_text("where a folder is wanted")
    jimport("java.lang.System").setProperty(
        "frm_bridge.home", str(tmp_path / "file" / "home")
    )
    active(movie)
    assert predict() == ""
    assert active().getTitle() == "Prediction of films é.ome.tif"
    first, second = capfd.readouterr().out.splitlines()
    assert first.startswith("FRM: no server (ERR E_HOME ")
    assert first.endswith("); Python is started for this call")
    assert second.startswith("FRM Predict: blur on CPUExecutionProvider: ")
