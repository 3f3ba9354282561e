"""Macros and scripts that know nothing of frm_bridge, run as they are."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from frm_bridge.errors import FrmError, InputError, WorkflowError
from frm_bridge.imagej import find_workflow, run_workflow
from frm_bridge.imagej.ownscripts import own_parameters
from frm_bridge.imagej.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from frm_bridge.imagej import WorkflowResult

PARTICLES = """\
#@ Double low (label="Threshold", value=100)
#@ String(label="a, b") note
print("note:", note);
setThreshold(low, 65535);
run("Set Measurements...", "area mean centroid display redirect=None decimal=1");
run("Analyze Particles...", "display clear");
"""
TABLE = """\
Label,Area,Mean,X,Y
fi eld.tif,25,500,5,5
fi eld.tif,112.5,700,17.5,18.75
"""


@pytest.fixture
def squares() -> NDArray[np.uint16]:
    """Two bright rectangles."""
    pixels = np.full((60, 60), 10, np.uint16)
    pixels[5:15, 5:15] = 500
    pixels[30:45, 20:50] = 700
    return pixels


@pytest.fixture
def run(
    tmp_path: Path, save: Callable[..., Path], squares: NDArray[np.uint16]
) -> Callable[..., WorkflowResult]:
    """Run the text of a script on the rectangles."""
    image = save(squares, pixel_size_um=0.5, name="fi eld")

    def measure(text: str, name: str = "my.ijm", **values: Any) -> WorkflowResult:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return run_workflow(
            str(tmp_path / name),
            image,
            tmp_path / "out",
            parameters=values,
            overwrite=True,
        )

    return measure


def text_of(result: WorkflowResult) -> str:
    return result.file("results").read_text(encoding="utf-8")


def test_a_macro_becomes_a_workflow_unedited(
    run: Callable[..., WorkflowResult],
) -> None:
    note = 'a "b" \\c µ\n'
    result = run(PARTICLES, note=note)
    assert text_of(result) == TABLE
    assert (result.count, result.things) == (2, "rows")
    said = result.result
    assert said["columns"] == ["Label", "Area", "Mean", "X", "Y"]
    assert said["parameters"] == {"low": 100, "note": note}
    assert said["printed"] == f"note: {note}"
    assert said["imagej_version"] == "1.54p"
    assert sorted(path.name for path in result.output.iterdir()) == [
        "result.json",
        "results.csv",
    ]
    assert run(PARTICLES, note="", low=600).count == 1


def test_a_jython_script_gets_the_image_and_its_parameters(
    run: Callable[..., WorkflowResult],
) -> None:
    result = run(
        "#@ ImagePlus imp\n#@ OpService ops\n#@ Double(value=1e-7) tiny\n"
        "#@output String unused\n"
        "from ij import IJ\nIJ.run(imp, 'Measure', '')\nprint 'tiny is', tiny\n",
        "my.py",
    )
    assert text_of(result).startswith("Area,Mean,Min,Max\n900,109.8611111,10,700\n")
    assert result.result["printed"] == "tiny is 1e-07"


def test_a_table_that_a_script_names_as_its_output_is_the_result(
    run: Callable[..., WorkflowResult],
) -> None:
    table = (
        "#@ String image_path\nassert image_path\n"
        "#@output ResultsTable out\nfrom ij.measure import ResultsTable\n"
        "out = ResultsTable()\nout.incrementCounter()\nout.addValue('a', 3.25)\n"
    )
    assert text_of(run(table, "my.py")) == "a\n3.25\n"


def test_texts_and_missing_numbers_survive_in_the_table(
    run: Callable[..., WorkflowResult],
) -> None:
    macro = (
        'setResult("x", 0, 1/3); setResult("t, u", 0, "say \\"a\\", b");\n'
        'setResult("x", 1, NaN); setResult("t, u", 1, "c"); updateResults();'
    )
    assert text_of(run(macro)) == ('x,"t, u"\n0.3333333333,"say ""a"", b"\nNaN,c\n')


def test_the_argument_of_a_macro_is_a_parameter(
    run: Callable[..., WorkflowResult],
) -> None:
    macro = 'setResult("x", 0, 2 * parseFloat(getArgument())); updateResults();'
    assert text_of(run(macro, argument="3.5")) == "x\n7\n"


def test_parameters_reach_the_functions_of_a_macro(
    run: Callable[..., WorkflowResult],
) -> None:
    macro = (
        "#@ Double f (value=1e-7)\n#@ Boolean b (value=true)\nvar k = 2;\n"
        'function q() { setResult("f", 0, f * k); setResult("b", 0, b); }\nq();\n'
    )
    assert text_of(run(macro)) == "f,b\n2e-07,1\n"


def test_the_image_is_one_among_others_as_in_a_window(
    run: Callable[..., WorkflowResult],
) -> None:
    macro = (
        't = getTitle(); run("Duplicate...", "title=b"); selectImage(t);\n'
        'run("Invert"); close("b"); selectWindow(t); run("Measure"); print(nImages);'
    )
    result = run(macro)
    assert result.result["printed"] == "1"
    assert "600.1388889" in text_of(result)


def test_no_row_is_a_result_and_no_table_is_an_error(
    run: Callable[..., WorkflowResult], tmp_path: Path
) -> None:
    empty = run('setThreshold(5000, 65535); run("Analyze Particles...", "display");')
    assert (empty.count, text_of(empty)) == (0, "\n")
    assert empty.warnings == ("the script left no row in ImageJ's Results table",)
    before = (tmp_path / "out" / "result.json").read_bytes()
    with pytest.raises(WorkflowError, match="it printed: all done") as caught:
        run('run("Invert"); print("all done");')
    assert caught.value.code == "E_WORKFLOW_NO_RESULT"
    assert (tmp_path / "out" / "result.json").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.ijm", "x = 1;\ny = foo(3);", "Undefined identifier in line 2"),
        ("a.ijm", "#@ Double d (value=2)\nx = (1;", r"'\)' expected in line 2"),
        ("a.ijm", 'print("so far");\nexit("no luck");', r"exit\(\) in line 2: no luck"),
        ("a.ijm", 'run("No such command");', 'Unrecognized command: "No such command"'),
        ("a.ijm", 'close(); run("Measure");', "There are no images open"),
        ("a.py", 'x = 1\nraise ValueError("no luck")', "ValueError: no luck"),
        ("a.py", "1 +", "SyntaxError: .* line 1"),
        ("a.py", "import sys\nsys.exit(3)", r"sys\.exit\(3\)"),
    ],
)
def test_a_script_that_fails_is_told_in_imagejs_own_words(
    run: Callable[..., WorkflowResult],
    tmp_path: Path,
    name: str,
    text: str,
    words: str,
) -> None:
    with pytest.raises(WorkflowError, match=words) as caught:
        run(text, name)
    assert caught.value.code == "E_WORKFLOW_FAILED"
    assert not (tmp_path / "out").exists()


def test_exit_without_words_is_a_good_end(run: Callable[..., WorkflowResult]) -> None:
    assert run('run("Measure"); exit; run("Measure");').count == 1
    assert run("from ij import IJ\nIJ.run('Measure')\nimport sys\nsys.exit()", "a.py")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('Dialog.create("x"); Dialog.addNumber("n", 3); Dialog.show();', "a dialog"),
        ('waitForUser("look");', "a dialog"),
        ('n = getNumber("n", 3);', "a dialog"),
        ('run("Analyze Particles..."); run("Measure");', r"filter\.ParticleAnalyzer"),
        (
            'setThreshold(100, 65535); run("Analyze Particles...", "display add");',
            "ROI Manager",
        ),
    ],
)
def test_a_script_that_asks_is_an_error_that_says_so(
    run: Callable[..., WorkflowResult], text: str, words: str
) -> None:
    with pytest.raises(WorkflowError, match=words) as caught:
        run(text)
    assert caught.value.code == "E_WORKFLOW_DIALOG"
    assert "--set" in caught.value.fix


def test_a_command_that_only_opens_a_window_is_left_out_with_a_warning(
    run: Callable[..., WorkflowResult],
) -> None:
    result = run('run("Threshold..."); run("Histogram"); run("Measure");')
    assert result.count == 1
    assert [text.split()[0] for text in result.warnings] == [
        "ij.plugin.frame.ThresholdAdjuster",
        "ij.plugin.Histogram",
    ]


def test_no_preference_and_no_locale_changes_the_table(
    run: Callable[..., WorkflowResult], preferences: Callable[[], Iterator[str]]
) -> None:
    from scyjava import jimport

    macro = 'setThreshold(100, 65535); run("Convert to Mask"); run("Measure");'
    tables, locale = {text_of(run(macro))}, jimport("java.util.Locale")
    default = locale.getDefault()
    for _ in preferences():
        tables.add(text_of(run(macro)))
    locale.setDefault(locale.GERMANY)
    tables.add(text_of(run(macro)))
    locale.setDefault(default)
    assert len(tables) == 1


FIRST = """\
from pathlib import Path
from frm_bridge.imagej import run_workflow
for name in ("one", "two"):
    run_workflow("my.py", next(Path().glob("*.tif")), name)
"""
BLACK = """\
#@ ImagePlus imp
from ij import IJ, Prefs
from ij.measure import ResultsTable
IJ.run("Measure")
ResultsTable.getResultsTable().setValue("black", 0, Prefs.blackBackground)
"""


def test_preferences_on_the_disk_change_nothing_in_the_first_run_of_a_process(
    tmp_path: Path, save: Callable[..., Path], squares: NDArray[np.uint16]
) -> None:
    save(squares)
    (tmp_path / "my.py").write_text(BLACK)
    (tmp_path / ".imagej").mkdir()
    every_option = f"prefs.options={2**30 - 1}\nmeasurements=0\n"
    (tmp_path / ".imagej" / "IJ_Prefs.txt").write_text(every_option)
    subprocess.run(
        [sys.executable, "-c", FIRST],
        cwd=tmp_path,
        env={**os.environ, "JAVA_TOOL_OPTIONS": f"-Duser.home={tmp_path}"},
        check=True,
        timeout=90,
    )
    one, two = (
        (tmp_path / name / "results.csv").read_text() for name in ("one", "two")
    )
    assert one == two
    assert one.splitlines()[0] == "Area,Mean,Min,Max,black"
    assert one.splitlines()[1].endswith(",0")


def test_one_run_leaves_nothing_to_the_next(
    run: Callable[..., WorkflowResult],
) -> None:
    from scyjava import jimport

    manager, prefs = jimport("ij.WindowManager"), jimport("ij.Prefs")
    first = text_of(run('run("Measure");'))
    run(
        'setOption("BlackBackground", true); run("Duplicate...", "title=b");\n'
        'run("Set Measurements...", "area redirect=None decimal=0");\n'
        'run("Measure"); run("Measure");'
    )
    assert not prefs.blackBackground
    assert manager.getImageCount() == 0
    assert text_of(run('run("Measure");')) == first


@pytest.mark.parametrize(
    "end", ['n = getNumber("n", 3);', "exit;", 'exit("enough");', "x = 1 +;", ""]
)
def test_however_a_macro_ends_no_macro_runs_after_it(
    run: Callable[..., WorkflowResult], end: str
) -> None:
    from scyjava import jimport

    with contextlib.suppress(WorkflowError):
        run(f'run("Measure"); {end}')
    assert not jimport("ij.IJ").isMacro()


def test_foreign_lines_are_read_as_scijava_reads_them() -> None:
    source = (
        "#@ Integer n (value=3, min=1, style='slider')\n"
        "#@input String(choices={'a', \"b\"}, value='a') which\n"
        "#@ File place\n#@ boolean fast\n#@output ResultsTable table\n"
        '#@ net.imagej.ops.OpService ops\n#@ ImagePlus imp\n#@script(name="x")\n'
    )
    declared = own_parameters(Path("my.py"), source)
    assert list(declared) == ["n", "which", "place", "fast"]
    assert declared["n"] == Parameter("n", int, 3, minimum=1)
    assert declared["which"].choices == ("a", "b")
    assert declared["fast"].default is False


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "my.ijm").write_text('run("Measure");\n#@ Dataset data\n')
    with pytest.raises(WorkflowError, match="line 2 of the script, '#@ Dataset"):
        find_workflow(tmp_path / "my.ijm")


def test_a_parameter_without_a_default_must_be_given(
    run: Callable[..., WorkflowResult],
) -> None:
    macro = '#@ Integer n\nsetResult("n", 0, n); updateResults();'
    with pytest.raises(InputError, match="asks for n") as caught:
        run(macro)
    assert caught.value.fix == "give one: --set n=..."
    assert text_of(run(macro, n=4)) == "n\n4\n"
    with pytest.raises(InputError, match="expected a whole number"):
        run(macro, n="four")
    assert run('#@ String s\nsetResult("s" + s, 0, 1);').count == 1


@pytest.mark.fiji
@pytest.mark.skipif("FRM_FIJI" not in os.environ, reason="no FRM_FIJI")
def test_a_macro_gives_the_same_table_and_errors_in_a_fiji(
    run: Callable[..., WorkflowResult], tmp_path: Path
) -> None:
    run(PARTICLES, note="µ")
    scripts = {"good.ijm": PARTICLES, "bad.ijm": "exit('no luck');", "ask.ijm": "x"}
    scripts["ask.ijm"] = 'waitForUser("look");'
    for name, text in scripts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    said = {}
    for name in ("bad.ijm", "ask.ijm"):
        with pytest.raises(FrmError) as caught:
            run(scripts[name], name)
        said[name] = str(caught.value)
    code = (
        "import json, os, sys\nfrom pathlib import Path\n"
        "from frm_bridge.imagej import run_workflow\n"
        "folder, said = Path(sys.argv[1]), {}\n"
        "def run(name, **values):\n"
        "    return run_workflow(str(folder / name), folder / 'fi eld.tif',\n"
        "        folder / 'fiji', parameters=values, overwrite=True,\n"
        "        fiji=Path(os.environ['FRM_FIJI']))\n"
        "run('good.ijm', note='µ')\n"
        "for name in ('bad.ijm', 'ask.ijm'):\n"
        "    try: run(name)\n"
        "    except Exception as error: said[name] = str(error)\n"
        "print(json.dumps(said))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == said
    there = (tmp_path / "fiji" / "results.csv").read_text(encoding="utf-8")
    assert there == TABLE


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        ('run("Measure"); run("Measure"); run("Measure");', 3),
        ('makeLine(0, 0, 9, 9); run("Measure"); run("Measure");', 2),
        ('run("Measure"); run("Clear Results"); run("Measure");', 1),
        (
            'setThreshold(100, 65535); run("Analyze Particles...", "display clear"); '
            'resetThreshold(); run("Select None"); run("Measure");',
            3,
        ),
    ],
)
def test_rows_of_measure_add_up_as_with_a_results_window(
    run: Callable[..., WorkflowResult], lines: str, rows: int
) -> None:
    result = run(f"{lines} print(nResults);")
    assert (result.count, result.result["printed"].strip()) == (rows, str(rows))


def test_an_error_names_its_line_and_keeps_its_accents(
    run: Callable[..., WorkflowResult],
) -> None:
    with pytest.raises(WorkflowError, match="Undefined variable in line 3"):
        run("a = 1;\nb = 2;\nc = nothing + 1;\nd = 3;\n")
    with pytest.raises(WorkflowError, match="ValueError: bad é"):
        run("raise ValueError('bad é')\n", "my.py")
    with pytest.raises(WorkflowError, match="needs the ROI Manager"):
        run('run("Measure"); roiManager("Add");')


def test_a_text_that_nobody_gave_is_told_of(
    run: Callable[..., WorkflowResult],
) -> None:
    result = run('#@ String name\n#@OUTPUT String said\nrun("Measure");')
    assert result.warnings[0].startswith("the script asks for name, and was given none")
