"""Workflow runs in processes of their own: in order, alike, and within a time limit."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from frm_bridge.errors import FrmError, InputError, WorkflowError
from frm_bridge.imagej import (
    Job,
    WorkflowResult,
    default_time_limit,
    find_workflow,
    nuclei,
    run_workflows,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from frm_bridge.imagej import Workflow

HANGS_ON_1 = """\
if (getTitle() == "field1.tif") while (true) wait(20);
if (getTitle() == "field2.tif") exit("no luck");
run("Measure");
"""


@pytest.fixture
def jobs(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> Callable[[Workflow, str], list[Job]]:
    """Make a job for each of four fields."""
    images = [save(field + 10 * n, name=f"field{n}") for n in range(4)]

    def make(workflow: Workflow, output: str) -> list[Job]:
        return [
            Job(workflow, image, tmp_path / output / image.stem) for image in images
        ]

    return make


@pytest.fixture
def hanging(tmp_path: Path) -> Workflow:
    """A macro that hangs on one field and fails on another."""
    (tmp_path / "my.ijm").write_text(HANGS_ON_1)
    return find_workflow(tmp_path / "my.ijm")


def tables(outcomes: list[WorkflowResult | FrmError]) -> list[bytes]:
    for outcome in outcomes:
        assert isinstance(outcome, WorkflowResult), outcome
    return [each.objects.read_bytes() for each in outcomes]  # type: ignore[union-attr]


def test_two_java_machines_give_the_tables_of_one_in_order(
    jobs: Callable[[Workflow, str], list[Job]],
) -> None:
    one = list(run_workflows(jobs(nuclei(), "one")))
    two = list(run_workflows(jobs(nuclei(), "two"), workers=2))
    assert tables(two) == tables(one)
    assert [result.output.name for result in two] == [f"field{n}" for n in range(4)]
    assert two[0].imagej_version == one[0].imagej_version


def test_a_run_past_its_limit_is_ended_and_the_others_go_on(
    jobs: Callable[[Workflow, str], list[Job]], hanging: Workflow, tmp_path: Path
) -> None:
    outcomes = list(run_workflows(jobs(hanging, "out"), time_limit_s=15))
    codes = [getattr(outcome, "code", "ok") for outcome in outcomes]
    assert codes == ["ok", "E_WORKFLOW_TIMEOUT", "E_WORKFLOW_FAILED", "ok"]
    assert "field1.tif: the workflow my was stopped after 15 s" in str(outcomes[1])
    assert "no luck" in str(outcomes[2])
    left = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert left == ["field0", "field3"]


def test_the_only_run_that_is_ended_leaves_no_folder(
    jobs: Callable[[Workflow, str], list[Job]], hanging: Workflow, tmp_path: Path
) -> None:
    (outcome,) = run_workflows(jobs(hanging, "deep/out")[1:2], time_limit_s=1)
    assert getattr(outcome, "code", None) == "E_WORKFLOW_TIMEOUT"
    assert not (tmp_path / "deep").exists()


def test_a_worker_that_dies_is_an_error_of_its_image(
    jobs: Callable[[Workflow, str], list[Job]], tmp_path: Path
) -> None:
    script = tmp_path / "my.py"
    script.write_text(
        "#@ ImagePlus imp\nfrom ij import IJ\nfrom java.lang import Runtime\n"
        "if imp.getTitle() == 'field0.tif': Runtime.getRuntime().halt(3)\n"
        "IJ.run(imp, 'Measure', '')\n"
    )
    two = jobs(find_workflow(script), "out")[:2]
    died, lived = run_workflows(two, time_limit_s=60)
    assert isinstance(died, WorkflowError)
    assert "ended by itself (exit status 3)" in died.message
    assert isinstance(lived, WorkflowResult)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["field1"]


def test_an_error_keeps_its_notes_in_another_process() -> None:
    error = WorkflowError("E_X", "message", "fix")
    error.add_note("Traceback")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (str(again), again.__notes__) == (str(error), ["Traceback"])


@pytest.mark.parametrize("options", [{"workers": 0}, {"time_limit_s": 0.0}])
def test_numbers_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        run_workflows([], **options)
    assert caught.value.code == "E_OPTION"


def test_scripts_of_ones_own_have_a_limit_and_shipped_ones_none(
    hanging: Workflow,
) -> None:
    assert default_time_limit(hanging) == 600
    assert default_time_limit(nuclei()) is None


def test_who_stops_early_leaves_no_process_and_nothing_half_written(
    jobs: Callable[[Workflow, str], list[Job]], hanging: Workflow, tmp_path: Path
) -> None:
    running = run_workflows(jobs(hanging, "out"), workers=2)
    assert isinstance(next(running), WorkflowResult)
    children = psutil.Process().children(recursive=True)
    workers = [
        each for each in children if "resource_tracker" not in each.cmdline()[-1]
    ]
    assert len(workers) == 2
    running.close()
    assert not psutil.wait_procs(workers, timeout=20)[1]
    left = [path.name for path in (tmp_path / "out").iterdir()]
    assert not [name for name in left if name.startswith(".")]


def test_who_waits_can_end_a_run_that_hangs_and_nothing_of_it_is_left(
    jobs: Callable[[Workflow, str], list[Job]], hanging: Workflow, tmp_path: Path
) -> None:
    heard = 0

    def stop() -> None:
        nonlocal heard
        heard += 1
        if heard == 5:
            raise KeyboardInterrupt

    running = jobs(hanging, "deep/out")[1:2]
    with pytest.raises(KeyboardInterrupt):
        list(run_workflows(running, time_limit_s=600, while_waiting=stop))
    assert not (tmp_path / "deep").exists()
