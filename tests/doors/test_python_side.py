"""FRM Compare and FRM Split as scripts: the request, the answer, errors and Esc."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from frm_bridge.comparison import DEFAULT_MIN_IOU, compare
from frm_bridge.doors import install, uninstall
from frm_bridge.imagej import nuclei, start_imagej
from frm_bridge.imagej.parameters import parse_parameters
from frm_bridge.imagej.scripts import run_script
from frm_bridge.imagej.workflows import request_scripts, shipped_scripts
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROPERTY = "frm_bridge.python"
LIBRARY = shipped_folder("fiji_scripts") / "lib"
# Looks for the Python in the record of an install that lies elsewhere.
LOOK = """
#@ String record
from frm import interpreter

places = interpreter._configurations
interpreter._configurations = lambda: [record]
try:
    interpreter.find_python()
finally:
    interpreter._configurations = places
"""


@pytest.fixture
def python() -> Iterator[Callable[[str], None]]:
    """Say which Python the scripts start; at first, this one. There is no server."""
    from scyjava import jimport

    start_imagej()
    system = jimport("java.lang.System")

    def choose(path: str) -> None:
        system.setProperty(PROPERTY, path)

    choose(sys.executable)
    system.setProperty("frm_bridge.server", "off")
    yield choose
    for name in (PROPERTY, "frm_bridge.server"):
        system.clearProperty(name)


def run(action: str, **values: Any) -> str:
    """Run a script as it is, with its defaults; give the failure that ended it."""
    script = request_scripts()[action]
    declared = parse_parameters(script.read_text())
    given = {name: each.check(values.pop(name, each.default))
             for name, each in declared.items()}  # fmt: skip
    assert not values
    return run_script(start_imagej(), script, given, library=LIBRARY)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    """A truth and its prediction, which misses one of three squares."""
    for side, count in (("truth", 3), ("prediction", 2)):
        plane = np.full((48, 96), 10, np.uint8)
        for number in range(count):
            plane[10:30, 8 + 30 * number : 28 + 30 * number] = 200
        (tmp_path / side).mkdir()
        tifffile.imwrite(tmp_path / side / "field é.tif", plane, imagej=True)
    return {side: str(tmp_path / side) for side in ("truth", "prediction")}


def test_requests_are_commands_but_no_workflows() -> None:
    assert list(request_scripts()) == ["compare", "predict", "split"]
    assert not set(request_scripts().values()) & set(shipped_scripts().values())
    compare_keys = parse_parameters(request_scripts()["compare"].read_text())
    assert compare_keys["min_iou"].default == DEFAULT_MIN_IOU


@pytest.mark.usefixtures("python")
def test_a_script_compares_as_python_does(
    folders: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "réglages.json"
    settings.write_text(json.dumps({"watershed": False}))
    output = tmp_path / "compared é"
    failure = run(
        "compare",
        **folders,
        parameters=str(settings),
        pixel_size_um=0.5,
        min_iou=0.7,
        output_folder=str(output),
    )
    assert failure == ""
    lines = capfd.readouterr().out.splitlines()
    expected = compare(
        *(folders["truth"], folders["prediction"], nuclei(watershed=False)),
        tmp_path / "python",
        min_iou=0.7,
        pixel_size_um=0.5,
    )
    records = [
        json.loads((folder / "comparison.json").read_text())
        for folder in (output, tmp_path / "python")
    ]
    for key in ("settings", "summary"):
        assert records[0][key] == records[1][key]
    assert records[0]["workflow"]["parameters"] == records[1]["workflow"]["parameters"]
    assert lines[-2:] == [
        f"FRM Compare: {expected.sentence()}",
        f"FRM Compare: {output / 'report.html'}",
    ]
    assert lines[:-2] == [f"FRM: {text}" for text in expected.warnings]


@pytest.mark.usefixtures("python")
def test_open_images_are_handed_over_by_their_current_channel_and_stay_as_they_are(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from scyjava import jimport

    pixels = np.arange(2 * 3 * 32 * 48, dtype=np.uint16).reshape(3, 2, 32, 48)
    metadata = {"axes": "TCYX", "unit": "um", "Info": "model=abc"}
    options = {"imagej": True, "resolution": (2, 2), "metadata": metadata}
    tifffile.imwrite(tmp_path / "films.tif", pixels, **options)
    films = jimport("ij.IJ").openImage(str(tmp_path / "films.tif"))
    films.setTitle("a / b: films.tif")
    films.setPosition(2, 1, 1)
    other = films.duplicate()
    other.setTitle("other")
    macros = jimport("ij.macro.Interpreter")  # images without a window
    macros.batchMode = True
    for each in (films, other):
        macros.addBatchModeImage(each)
    try:
        output = tmp_path / "tiles"
        failure = run(
            "split",
            input="a / b: films.tif",
            target="other",
            tile=16,
            output_folder=str(output),
        )
    finally:
        for each in (films, other):
            macros.removeBatchModeImage(each)
        macros.batchMode = False
    assert failure == ""
    assert "FRM Split: 6 pairs of sub-images\n" in capfd.readouterr().out
    (fourth,) = (output / "input").glob("*_tile00004.tif")
    assert fourth.name == "a _ b_ films_tile00004.tif"
    with tifffile.TiffFile(fourth) as tile:
        np.testing.assert_array_equal(tile.asarray(), pixels[:, 1, 16:32, :16])
    assert str(films.getTitle()) == "a / b: films.tif"
    assert films.getNChannels() == 2
    assert not films.changes


@pytest.mark.parametrize(
    ("action", "values", "said"),
    [
        ("compare", {}, "truth is empty\nfix: give a folder, a file, or the title"),
        (
            "compare",
            {"truth": "/nowhere é"},
            "truth is /nowhere é: neither an open image, nor a file or folder",
        ),
        ("split", {}, "output_folder is empty\nfix: name a folder for the tiles"),
    ],
)
@pytest.mark.usefixtures("python")
def test_what_is_not_there_is_said_before_python_is_asked(
    action: str, values: dict[str, str], said: str
) -> None:
    assert said in run(action, **values)


@pytest.mark.usefixtures("python")
def test_a_relative_output_folder_is_refused_and_a_tilde_is_the_users_home(
    folders: dict[str, str], tmp_path: Path
) -> None:
    from scyjava import jimport

    relative = run("compare", **folders, output_folder="compared")
    assert (
        "output_folder is compared; a whole path was expected\nfix: write" in relative
    )
    system = jimport("java.lang.System")
    home = system.setProperty("user.home", str(tmp_path))
    try:
        given = {"input": "~/prediction", "target": "~/truth", "tile": 16}
        assert run("split", **given, output_folder="~/tiles") == ""
    finally:
        system.setProperty("user.home", home)
    assert (tmp_path / "tiles" / "pairs.csv").is_file()


@pytest.mark.usefixtures("python")
def test_an_error_of_python_is_its_message_and_fix(
    folders: dict[str, str], tmp_path: Path
) -> None:
    folder = str(tmp_path / "o")
    printed = run("compare", **folders, workflow="dance", output_folder=folder)
    assert "Failure: FRM Compare: there is no workflow dance\nfix: choose" in printed
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    ("name", "found", "fix"),
    [
        (
            "/no/python é",
            "there is no Python at /no/python é, which the FRM commands were installed",
            "run frm-bridge install-fiji FOLDER again from the environment that has",
        ),
        (
            "true",
            "the Python at true gave no answer; it says: nothing",
            "run frm-bridge install-fiji FOLDER again from the environment that has",
        ),
    ],
)
def test_a_python_without_frm_bridge_is_told_to_the_user(
    name: str,
    found: str,
    fix: str,
    python: Callable[[str], None],
    folders: dict[str, str],
) -> None:
    python(name)
    printed = run("compare", **folders)
    assert f"Failure: {found}" in printed
    assert f"\nfix: {fix}" in printed


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
def test_a_python_without_frm_bridge_is_told_in_its_own_words(
    python: Callable[[str], None], folders: dict[str, str], tmp_path: Path
) -> None:
    venv.create(tmp_path / "bare")
    bare, program = tmp_path / "bare" / "bin" / "python", tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec env -u PYTHONPATH "{bare}" "$@"\n')
    program.chmod(0o755)
    python(str(program))
    printed = run("compare", **folders)
    assert f"Failure: the Python at {program} has no frm_bridge; it says: " in printed
    assert "No module named 'frm_bridge')\nfix: run frm-bridge install-fiji" in printed


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "is empty"), ("\0\7 no lines", "has no line python="), ("python=", "has no")],
)
def test_a_broken_record_of_the_install_is_told_as_it_is(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FRM_PYTHON", raising=False)
    record, script = tmp_path / "frm.txt", tmp_path / "look.py"
    record.write_text(text)
    script.write_text(LOOK)
    printed = run_script(
        start_imagej(), script, {"record": str(record)}, library=LIBRARY
    )
    assert f"frm_bridge's Python is not known here: {record} {said}" in printed
    assert "\nfix: run frm-bridge install-fiji FOLDER again from the" in printed


def test_an_unknown_python_is_told_with_the_places_looked_at(
    folders: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FRM_PYTHON", raising=False)
    printed = run("compare", **folders)
    assert "frm_bridge's Python is not known here: there is no " in printed
    places = [Path("scripts/Plugins/FRM/frm.txt"), Path("plugins/FRM/frm.txt")]
    assert all(str(place) in printed for place in places)
    assert "\nfix: run frm-bridge install-fiji FOLDER again from the" in printed


def test_the_folder_of_a_call_is_its_users_alone_and_names_its_imagej(
    python: Callable[[str], None], folders: dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "look"
    program.write_text(
        '#!/bin/sh\nfile=$(grep -l "^$PPID@" "${TMPDIR:-/tmp}"/frm*/owner.txt)\n'
        'echo "ERR E_X $(stat -c %a "$(dirname "$file")") $(cat "$file") | x"\n'
    )
    program.chmod(0o755)
    python(str(program))
    assert f"700 {os.getpid()}@{os.uname().nodename}" in run("compare", **folders)


def test_escape_ends_the_process(
    python: Callable[[str], None], folders: dict[str, str], tmp_path: Path
) -> None:
    from scyjava import jimport

    program = tmp_path / "slow"
    note = tmp_path / "pid"
    program.write_text(f'#!/bin/sh\necho $$ > "{note}"\necho RUN 1 4\nexec sleep 60\n')
    program.chmod(0o755)
    python(str(program))

    ended = threading.Event()

    def press() -> None:
        while not note.exists() or not note.read_text().strip():
            if ended.wait(0.05):
                return
        time.sleep(0.2)
        jimport("ij.IJ").setKeyDown(27)

    presser = threading.Thread(target=press)
    presser.start()
    start = time.monotonic()
    printed = run("compare", **folders)
    ended.set()
    presser.join()
    jimport("ij.IJ").resetEscape()
    assert "Stopped: FRM Compare was stopped" in printed
    assert time.monotonic() - start < 20
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


@pytest.mark.fiji
def test_installed_in_a_fiji_the_commands_have_their_names_library_and_python(
    folders: dict[str, str], tmp_path: Path
) -> None:
    source, fiji = Path(os.environ["FRM_FIJI"]), tmp_path / "Fiji"
    for name in ("jars", "plugins"):  # NB: of a link, SciJava takes the other's scripts
        shutil.copytree(
            source / name, fiji / name, ignore=shutil.ignore_patterns("Lib", "FRM")
        )
    before = sorted(fiji.rglob("*"))
    install(fiji)
    truth, prediction = folders.values()
    lines = {
        "FRM Compare": f"truth=[{truth}] prediction=[{prediction}] "
        f"parameters=[watershed=false] output_folder=[{tmp_path}/compared]",
        "FRM Split": f"input=[{prediction}] target=[{truth}] tile=16 "
        f"output_folder=[{tmp_path}/tiles]",
    }
    # pyimagej alone: start_imagej would say where the shared code is.
    code = (
        "import imagej, scyjava\n"
        "scyjava.config.set_java_constraints(fetch='auto')\n"
        "scyjava.config.endpoints.clear()\n"
        f"imagej.init({str(fiji)!r}, mode='headless')\n"
        f"for name, options in {lines!r}.items():\n"
        "    scyjava.jimport('ij.IJ').run(name, options)\n"
    )
    environment = os.environ.copy()
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # Jython heeds it too
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "compared" / "comparison.json").read_text())
    assert found["summary"]["objects"]["truth_count"] == 3
    assert "FRM Split: 18 pairs of sub-images" in done.stdout
    assert list((fiji / "jars/Lib/frm").glob("*$py.class"))
    assert uninstall(fiji).kept == []
    assert sorted(fiji.rglob("*")) == before
