"""Starting ImageJ once, and saying clearly why it cannot start."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from frm_bridge.errors import EnvironmentProblem, InputError
from frm_bridge.imagej import Source, run_workflow, start_imagej

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_starting_again_gives_the_same_imagej() -> None:
    first = start_imagej()
    assert start_imagej() is first
    assert (first.kind, first.version) == ("embedded", "1.54p")
    assert first.jython_version == "2.7.4"


def test_another_kind_in_the_same_process_is_an_error(tmp_path: Path) -> None:
    start_imagej()
    for name in ("jars", "plugins"):
        (tmp_path / name).mkdir()
    with pytest.raises(EnvironmentProblem, match="the embedded ImageJ") as caught:
        start_imagej(fiji=tmp_path)
    assert caught.value.code == "E_IMAGEJ_RUNNING"


def test_a_folder_that_is_no_fiji_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "jars").mkdir()
    with pytest.raises(InputError, match="no folder plugins") as caught:
        start_imagej(fiji=tmp_path)
    assert caught.value.code == "E_FIJI_FOLDER"


def test_python_ends_quietly_after_imagej_has_filtered(tmp_path: Path) -> None:
    # ImageJ's filter threads never end: without care, Python waits for them for ever.
    done = run_python(
        "from frm_bridge.imagej import start_imagej; start_imagej()\n"
        "from scyjava import jimport\n"
        "ip = jimport('ij.process.FloatProcessor')(600, 600)\n"
        "jimport('ij.plugin.filter.GaussianBlur')().blurGaussian(ip, 2.0, 2.0, 0.01)\n"
        "jimport('ij.plugin.filter.RankFilters')().rank(ip, 1.0, 4)\n",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_java_thread_asks_for_python_while_python_ends() -> None:
    # Else the process aborts now and then with status 134, after all work is done.
    done = run_python(
        "import atexit, jpype\n"
        "from frm_bridge.imagej import start_imagej\n"
        "queue = 'org.jpype.ref.JPypeReferenceQueue'\n"
        "atexit.register(\n"
        "    lambda: print(jpype.JClass(queue).getInstance().isRunning()))\n"
        "start_imagej()\n",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


def test_no_jars_and_no_network_is_a_clear_error(tmp_path: Path) -> None:
    done = run_python(
        "from frm_bridge.errors import FrmError\n"
        "from frm_bridge.imagej import start_imagej\n"
        "try: start_imagej()\n"
        "except FrmError as error: print(error)\n",
        JGO_CACHE_DIR=str(tmp_path / "jgo"),
        M2_REPO=str(tmp_path / "m2"),
        https_proxy="http://127.0.0.1:9",
        HTTPS_PROXY="http://127.0.0.1:9",
    )
    assert done.stdout.startswith("E_NO_IMAGEJ ImageJ's jars are not on this machine")
    assert "connect to a network" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_importing_the_room_starts_no_java() -> None:
    done = run_python(
        "import sys, frm_bridge.imagej\n"
        "print({'scyjava', 'jpype', 'imagej'} & set(sys.modules))"
    )
    assert done.stdout.strip() == "set()", done.stderr


@pytest.mark.fiji
@pytest.mark.skipif("FRM_FIJI" not in os.environ, reason="FRM_FIJI names no Fiji")
@pytest.mark.parametrize(
    ("workflow", "table", "parameters"),
    [
        ("nuclei", "objects", {}),
        ("junctions", "objects", {}),
        ("profile", "profile", {"x1": 5.0, "y1": 8.0, "x2": 90.5, "y2": 120.0}),
        ("histogram", "histogram", {}),
    ],
)
def test_a_fiji_gives_the_table_of_the_embedded_imagej(
    tmp_path: Path,
    data_folder: Path,
    in_fiji: Callable[..., Path],
    workflow: str,
    table: str,
    parameters: dict[str, float],
) -> None:
    image = data_folder / "mitocheck" / "xy_8bit__mitocheck_incenp_t1.tif"
    images = [image] * (2 if workflow == "histogram" else 1)
    sources = [Source(each) for each in images]
    here = run_workflow(workflow, sources, tmp_path / "here", parameters=parameters)
    there = in_fiji(workflow, *images, **parameters)
    assert (there / f"{table}.csv").read_bytes() == here.file(table).read_bytes()
