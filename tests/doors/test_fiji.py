"""FRM Predict in a user's real Fiji, with windows and without: ``FRM_FIJI``."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

import frm_bridge
from frm_bridge.doors import install
from frm_bridge.imagej.java import check_java

pytestmark = pytest.mark.fiji
LONGEST_S = 90
# NB: ImageJ2 first, since it changes the classes of ij as they load.
SESSION = """
import sys, traceback
from net.imagej import ImageJ
FIJI = ImageJ()
from ij import IJ
from java.lang import System
# BEFORE
try:
    FIJI.ui().showUI()
    while IJ.getInstance() is None:
        pass
    IJ.runMacroFile(sys.argv[1])
except:
    traceback.print_exc()
System.exit(0)
"""


@pytest.fixture
def fiji(tmp_path: Path) -> Path:
    """A Fiji of one's own with the commands in it."""
    source, folder = Path(os.environ["FRM_FIJI"]), tmp_path / "Fiji é"
    for name in ("jars", "plugins"):  # NB: of a link, SciJava takes the other's scripts
        shutil.copytree(
            source / name, folder / name, ignore=shutil.ignore_patterns("Lib", "FRM")
        )
    install(folder)
    return folder


def run_macro(fiji: Path, macro: str, *, pressing: bool = False) -> str:
    """Let a Fiji with windows run a macro, and give what it wrote."""
    said = fiji.parent / "said.txt"
    file, session = fiji.parent / "macro.ijm", fiji.parent / "session.py"
    file.write_text(macro.replace("SAID", said.as_posix()), encoding="latin-1")
    before = PRESSING.replace("SAID", said.as_posix()) if pressing else ""
    session.write_text(SESSION.replace("# BEFORE\n", before))
    jars = os.pathsep.join(f"{fiji}/{each}/*" for each in ("jars", "plugins"))
    java = [str(check_java(fiji).home / "bin" / "java"), f"-Dplugins.dir={fiji}"]
    java += [f"-Dimagej.dir={fiji}", f"-Duser.home={fiji.parent}"]
    java += [f"-Djava.util.prefs.userRoot={fiji.parent}"]
    java += ["--add-opens=java.base/java.lang=ALL-UNNAMED", "-cp", jars]
    done = subprocess.Popen(
        ["xvfb-run", "-a", *java, "org.python.util.jython", str(session), str(file)],
        env=os.environ | {"PYTHONPATH": str(Path(frm_bridge.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed = done.communicate(timeout=LONGEST_S)[0]
    except subprocess.TimeoutExpired:
        os.killpg(done.pid, signal.SIGTERM)
        pytest.fail(done.communicate()[0])
    assert said.exists(), printed
    return said.read_text(encoding="utf-8")


# Presses OK in ImageJ's dialog of an error, and tells of it.
PRESSING = """
import codecs, threading
from ij.gui import GenericDialog
from java.awt import Window
from java.awt.event import ActionEvent
from java.lang import Thread
def press():
    while True:
        for each in Window.getWindows():
            if isinstance(each, GenericDialog) and each.isShowing():
                with codecs.open("SAID", "w", "utf-8") as out:
                    out.write(each.getTitle() + u"\\n" + IJ.getLog())
                event = ActionEvent(each, ActionEvent.ACTION_PERFORMED, "OK")
                event.setSource(each.getButtons()[0])
                each.actionPerformed(event)
        Thread.sleep(50)
presser = threading.Thread(target=press)
presser.setDaemon(True)
presser.start()
"""


UNKNOWN = [
    "FRM Predict: none is neither a file nor the name of a model (nuclei-brightfield)",
    "fix: give the path of an .onnx file, or one of these names",
    "(E_MODEL_MISSING)",
]
MISSPELT = ["FRM Predict has no key devise", "fix: write device", "(E_REQUEST)"]


@pytest.mark.parametrize(
    ("options", "logged"),
    [
        ("model=none device=cpu", UNKNOWN),
        ("model=[a [b] devices=no] tile=0 devise=cpu", MISSPELT),
    ],
)
@pytest.mark.usefixtures("server_home")
def test_a_failure_is_shown_and_logged_and_ends_the_macro(
    options: str, logged: list[str], fiji: Path, tmp_path: Path
) -> None:
    macro = f"""
        newImage("a", "16-bit ramp", 64, 48, 1);
        run("FRM Predict", "{options}");
        File.saveString("goes on", "SAID.on");
    """
    said = run_macro(fiji, macro, pressing=True)
    assert said.splitlines() == ["Macro Error", *logged]
    assert not (tmp_path / "said.txt.on").exists()


def write_movie(folder: Path) -> Path:
    path = folder / "movie.tif"
    pixels = np.arange(2 * 3 * 2 * 64 * 96, dtype=np.uint16).reshape(2, 3, 2, 64, 96)
    metadata = {"axes": "TZCYX", "unit": "nm", "spacing": 700, "finterval": 90.5}
    options = {"imagej": True, "resolution": (1 / 325, 1 / 325), "metadata": metadata}
    tifffile.imwrite(path, pixels, **options)
    return path


@pytest.mark.usefixtures("server_home")
def test_a_macro_line_asks_nothing_and_its_image_is_the_active_one(
    fiji: Path, blur: Path, tmp_path: Path
) -> None:
    shutil.copy(blur, tmp_path / "blur.onnx")
    movie = write_movie(tmp_path)
    options = f"model=[{tmp_path.as_posix()}/blur.onnx] device=cpu"
    said = run_macro(
        fiji,
        f"""
        open("{movie.as_posix()}");
        Stack.setPosition(2, 3, 1);
        makeRectangle(1, 2, 10, 12);
        run("FRM Predict", "{options}");
        s = getTitle() + " " + is("changes");
        getDimensions(width, height, channels, slices, frames);
        Stack.getPosition(channel, slice, frame);
        s += " " + channels + " " + slices + " " + frames + " " + slice;
        s += " " + Stack.getFrameInterval() + "\\n";
        selectImage("movie.tif");
        s += "" + is("changes") + " " + selectionType() + "\\n";
        // A window stays open, while the images of batch mode have none.
        setBatchMode(true);
        newImage("batch", "16-bit ramp", 128, 100, 1);
        run("FRM Predict", "{options} tile=64");
        s += getTitle() + " " + getWidth() + "\\n";
        selectImage("batch");
        run("FRM Predict", "{options} window=64");
        s += getTitle() + " " + nImages + "\\n";
        run("FRM Nuclei", "image_path=[] output_folder=[] blur_sigma_px=1 "
            + "threshold_method=Otsu fill_holes=true watershed=true min_area=0 "
            + "max_area=0 area_unit=auto min_circularity=0 max_circularity=1 "
            + "exclude_edges=false min_contrast=0");
        s += getTitle() + "\\n";
        setBatchMode(false);
        s += getInfo("log");
        File.saveString(s, "SAID");
        """,
    )
    lines = said.splitlines()
    assert lines[:5] == [
        "Prediction of movie.tif 1 1 3 2 3 90.5",
        "0 0",
        "Prediction of batch 128",
        "Prediction of batch 5",
        "Labels of Prediction of batch",
    ]
    said = [line for line in lines[5:] if line.startswith("FRM")]
    windows = [line.split(": ")[2].split()[0] for line in said]
    assert len(windows) == 3
    assert windows[0] == "6"
    assert windows[1] == windows[2] != "1"


@pytest.mark.usefixtures("server_home")
def test_without_windows_the_prediction_is_the_current_image_and_a_file(
    fiji: Path, blur: Path, tmp_path: Path
) -> None:
    movie = write_movie(tmp_path)
    line = f"model=[{blur}] device=cpu output_folder=[{tmp_path}/kept]"
    code = f"""
import imagej, scyjava
scyjava.config.set_java_constraints(fetch='auto')
scyjava.config.endpoints.clear()
imagej.init({str(fiji)!r}, mode='headless')
IJ, manager = (scyjava.jimport('ij.' + name) for name in ('IJ', 'WindowManager'))
imp = IJ.openImage({str(movie)!r})
manager.setTempCurrentImage(imp)
IJ.run("FRM Predict", {line!r})
print(manager.getCurrentImage().getTitle(), imp.getTitle(), imp.changes)
print(IJ.runMacro('run("FRM Predict", "{line} overwrite=true"); return getTitle();'))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(Path(frm_bridge.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert "Prediction of movie.tif movie.tif False" in lines, done.stderr
    assert lines[-1] == "Prediction of Prediction of movie.tif", done.stderr
    assert tifffile.imread(tmp_path / "kept" / "movie.tif").shape == (2, 3, 64, 96)
