"""Running a script: what reaches it, and what comes back when it fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from frm_bridge.doors import install
from frm_bridge.errors import FrmError
from frm_bridge.imagej import find_workflow, run_workflow
from frm_bridge.imagej.scripts import _end_at_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

in_a_fiji = pytest.mark.skipif("FRM_FIJI" not in os.environ, reason="no FRM_FIJI")
PATHS = '#@ String image_path (value="")\n#@ String output_folder (value="")\n'
BROKEN = {
    "raise": "raise ValueError('no luck')",
    "unicode": "raise ValueError(u'f\\xe4lt\\xe4')",
    "import": "import nothing",
    "syntax": "1 +",
    "java": "from ij.process import ByteProcessor\nByteProcessor(-1, 5)",
    "exit": "import sys\nprint 'so far'\nsys.exit(3)",
    "silent": "print 'all done'",
    "declared": "# -*- coding: utf-8 -*-\nraise ValueError(u'f\u00e4lt\u00e4')",
}
REPEAT = """
#@ Integer count (value=7)
#@ Double factor (value=2.5)
#@ Boolean flag (value=true)
#@ String text (value="abc")
raise ValueError(repr([count, factor, flag, text]))
"""
VALUES: list[dict[str, Any]] = [
    {"count": -3, "factor": 1e-7, "flag": False, "text": ""},
    {},
    {"text": 'a "b" \\c, f\u00e4lt\u00e4=[x] {y}\n', "factor": 4},
]


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def link_or_copy(source: str, target: str) -> None:
    """Copy the jars whose own place says where scripts/ and jars/Lib are."""
    if Path(source).name.startswith(("imagej-2", "jython-")):
        shutil.copy(source, target)
    else:
        os.symlink(source, target)


def failures(
    image: str, jobs: list[tuple[str, dict[str, Any]]], fiji: str | None
) -> list[str]:
    """Run workflows that must fail; give each message with its note."""
    said = []
    for script, parameters in jobs:
        output = Path(image).parent / "out"
        with pytest.raises(FrmError) as caught:
            run_workflow(
                script,
                image,
                output,
                parameters=parameters,
                fiji=None if fiji is None else Path(fiji),
            )
        said.append("\n".join([str(caught.value), *caught.value.__notes__]))
    return said


def failures_in_fiji(image: Path, jobs: list[tuple[str, dict[str, Any]]]) -> list[str]:
    code = (
        "import json, os, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from test_scripts import failures\n"
        "image, jobs = json.loads(sys.argv[2])\n"
        "print(json.dumps(failures(image, jobs, os.environ['FRM_FIJI'])))"
    )
    done = run_python(code, str(Path(__file__).parent), json.dumps([str(image), jobs]))
    said: list[str] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_a_java_package_named_io_does_not_hide_pythons(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    # Every Fiji has io.scif; the embedded ImageJ has io.netty, when something loads it.
    image = save(field)
    run_python(
        "import sys\n"
        "from frm_bridge.imagej import run_workflow, start_imagej\n"
        "start_imagej()\n"
        "from scyjava import jimport\n"
        "jimport('io.netty.util.AsciiString')\n"
        "run_workflow('nuclei', sys.argv[1], sys.argv[2])",
        str(image),
        str(tmp_path / "out"),
    )
    assert (tmp_path / "out" / "objects.csv").is_file()


def test_an_error_ends_with_its_own_words() -> None:
    jython = (
        'Traceback:\n  File "a.py", line 3\n\tat ij.IJ.run(IJ.java)\nError: no luck\n'
    )
    java = "\n\tat org.python.core.Py.f(Py.java:1)\nCaused by: x\n\t... 9 more\n"
    assert _end_at_error(jython + java) == jython
    assert _end_at_error("all done\n") == "all done\n"
    assert _end_at_error("") == ""


@pytest.mark.fiji
@in_a_fiji
def test_a_script_fails_in_a_fiji_with_the_words_of_the_embedded_imagej(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    image, jobs = save(field), []
    for name, text in BROKEN.items():
        script = tmp_path / f"{name}.py"
        lines = text.splitlines(keepends=True)
        head = lines.pop(0) if "coding" in lines[0] else ""
        script.write_text(f"{head}{PATHS}{''.join(lines)}\n", encoding="utf-8")
        jobs.append((str(script), {}))
    here = failures(str(image), jobs, None)
    assert failures_in_fiji(image, jobs) == here
    assert all(message.startswith("E_WORKFLOW_FAILED") for message in here)


@pytest.mark.fiji
@in_a_fiji
def test_parameters_reach_a_script_in_a_fiji_and_stay_in_no_memory(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    script = tmp_path / "repeat.py"
    script.write_text(PATHS + REPEAT)
    image, jobs = save(field), [(str(script), values) for values in VALUES]
    here = failures(str(image), jobs, None)
    assert failures_in_fiji(image, jobs) == here
    assert "[-3, 1e-07, False, u'']" in here[0]
    assert "[7, 2.5, True, u'abc']" in here[1]


COMMANDS = {
    "nuclei": ("FRM Nuclei", "objects", ""),
    "junctions": ("FRM Junctions", "objects", " threshold_percent=20"),
    "tracks": ("FRM Track", "links", ""),
    "displacement": ("FRM Displacement", "links", ""),
    "profile": ("FRM Line Profile", "profile", " x1=5 y1=6 x2=90 y2=70"),
    "histogram": ("FRM Intensity Histogram", "histogram", ""),
}


@pytest.mark.fiji
@in_a_fiji
def test_macro_lines_of_installed_commands_give_the_tables_of_python(
    tmp_path: Path, field: NDArray[Any]
) -> None:
    fiji, stack = tmp_path / "Fiji.app", tmp_path / "stack.tif"
    shutil.copytree(os.environ["FRM_FIJI"], fiji, copy_function=link_or_copy)
    install(fiji)
    pair = np.stack([field, np.roll(field, 2, axis=1)])
    tifffile.imwrite(stack, pair, imagej=True, metadata={"axes": "TYX"})
    lines = []
    for workflow, (command, _, options) in COMMANDS.items():
        image = stack if workflow in ("tracks", "displacement", "histogram") else None
        path = image or tmp_path / "plane.tif"
        folder = tmp_path / "menu" / workflow
        line = f"image_path=[{path}] output_folder=[{folder}]{options}"
        lines.append(f'run("{command}", "{line}");')
    tifffile.imwrite(tmp_path / "plane.tif", field, imagej=True)
    run_python(
        "import sys\n"
        "from pathlib import Path\n"
        "from frm_bridge.imagej import gateway\n"
        "gateway.shipped_folder = lambda name: Path('nowhere')\n"
        "gateway.start_imagej(fiji=sys.argv[1])\n"
        "from scyjava import jimport\n"
        "jimport('ij.IJ').runMacro(sys.argv[2])\n",
        str(fiji),
        "\n".join(lines),
    )
    for workflow, (_, table, options) in COMMANDS.items():
        there = tmp_path / "menu" / workflow
        result = json.loads((there / "result.json").read_text())
        assert result["status"] == "ok"
        found = find_workflow(workflow)
        given = dict(each.split("=") for each in options.split())
        values = {name: found.declared[name].read(text) for name, text in given.items()}
        image = stack if found.measures != "plane" else tmp_path / "plane.tif"
        here = run_workflow(found, image, tmp_path / workflow, parameters=values)
        assert (there / f"{table}.csv").read_bytes() == here.file(table).read_bytes()
        assert result["count"] == here.count
        assert here.count > 0 or workflow == "junctions"
