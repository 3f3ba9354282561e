"""Running a workflow: what goes in, what comes out, what happens on failure."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile

from frm_bridge.errors import InputError, OutputError, WorkflowError
from frm_bridge.imagej import nuclei, run_workflow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

OUTPUTS = ["labels.tif", "objects.csv", "result.json", "rois.zip"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_folder_holds_four_files_and_the_result_says_everything(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    image, output = save(field, pixel_size_um=0.5), tmp_path / "a b" / "fältä µm"
    result = run_workflow(nuclei(min_area=20.0), image, output)
    assert names(output) == OUTPUTS
    assert names(output.parent) == ["fältä µm"]
    written = json.loads((output / "result.json").read_text(encoding="utf-8"))
    assert written == result.result
    assert written["status"] == "ok"
    assert written["image"] == str(image)
    assert written["sha256"] == nuclei(min_area=20.0).sha256
    assert written["parameters"] == dict(nuclei(min_area=20.0).parameters)
    assert written["pixel_size_um"] == 0.5
    assert written["imagej_version"] == result.imagej_version == "1.54p"
    assert written["jython_version"] == "2.7.4"
    assert written["java_version"]
    assert result.count == written["count"] == 12


def test_existing_results_stay_unless_they_may_be_replaced(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    image, output = save(field), tmp_path / "out"
    output.mkdir()
    (output / "notes.txt").write_text("mine")
    assert run_workflow("nuclei", image, output).count == 12
    with pytest.raises(OutputError) as caught:
        run_workflow("nuclei", image, output, parameters={"min_area": 1e6})
    assert caught.value.code == "E_OUTPUT_EXISTS"
    again = run_workflow(
        "nuclei", image, output, parameters={"min_area": 1e6}, overwrite=True
    )
    assert again.count == 0
    assert names(output) == sorted([*OUTPUTS, "notes.txt"])


@pytest.mark.parametrize(
    "broken", ["raise ValueError('no luck')", "import nothing", "1 +"]
)
def test_a_failing_script_surfaces_with_its_words_and_leaves_nothing(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any], broken: str
) -> None:
    script = tmp_path / "scripts" / "Broken.py"
    script.parent.mkdir()
    paths = '#@ String image_path (value="")\n#@ String output_folder (value="")\n'
    script.write_text(f"{paths}{broken}\n")
    with pytest.raises(WorkflowError) as caught:
        run_workflow(str(script), save(field), tmp_path / "out")
    assert caught.value.code == "E_WORKFLOW_FAILED"
    words = {"raise": "ValueError: no luck", "import": "nothing", "1 +": "SyntaxError"}
    assert words[broken[:6].split()[0] if broken != "1 +" else broken] in (
        caught.value.message
    )
    assert "Traceback" in caught.value.__notes__[0] or broken == "1 +"
    assert names(tmp_path) == ["field.tif", "scripts"]


def test_a_failure_that_the_script_reports_keeps_older_results(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    image, output = save(field), tmp_path / "out"
    run_workflow("nuclei", image, output)
    before = (output / "result.json").read_bytes()
    with pytest.raises(WorkflowError, match="failed: area_unit is um2, but") as caught:
        run_workflow(
            "nuclei", image, output, parameters={"area_unit": "um2"}, overwrite=True
        )
    assert "FRM_Nuclei.py" in caught.value.__notes__[0]
    assert (output / "result.json").read_bytes() == before
    assert names(tmp_path) == ["field.tif", "out"]


def test_bad_parameters_fail_before_anything_is_written(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    image = save(field)
    for parameters in ({"sigma": 1.0}, {"min_area": "big"}):
        with pytest.raises(InputError) as caught:
            run_workflow("nuclei", image, tmp_path / "out", parameters=parameters)
        assert caught.value.code == "E_WORKFLOW_PARAMETER"
    assert names(tmp_path) == ["field.tif"]


def test_an_image_with_nan_is_an_error(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    field[3, 3] = np.nan
    with pytest.raises(InputError) as caught:
        run_workflow("nuclei", save(field), tmp_path / "out")
    assert caught.value.code == "E_IMAGE_NOT_FINITE"
    assert names(tmp_path) == ["field.tif"]


def test_png_and_tiff_of_the_same_pixels_give_the_same_table(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    pixels = (field / 4).astype(np.uint8)
    grey, rgb = tmp_path / "grey.png", tmp_path / "rgb.png"
    imageio.imwrite(grey, pixels)
    imageio.imwrite(rgb, np.stack([pixels] * 3, axis=-1))
    tables = {
        run_workflow("nuclei", path, tmp_path / f"out_{path.stem}").objects.read_bytes()
        for path in (grey, rgb, save(pixels))
    }
    assert len(tables) == 1


def test_a_stack_needs_a_plane(tmp_path: Path, field: NDArray[Any]) -> None:
    stack = tmp_path / "stack.tif"
    noise = np.random.default_rng(0).normal(100, 5, field.shape).astype(np.float32)
    planes = np.stack([noise, field, field])
    planes[2, :120] = noise[:120]
    tifffile.imwrite(stack, planes, imagej=True, metadata={"axes": "TYX"})
    with pytest.raises(InputError, match="has 3 planes") as caught:
        run_workflow("nuclei", stack, tmp_path / "out")
    assert caught.value.code == "E_IMAGE_PLANES"
    with pytest.raises(InputError, match="no plane 3"):
        run_workflow("nuclei", stack, tmp_path / "out", plane=3)
    counts = [
        run_workflow("nuclei", stack, tmp_path / f"out{plane}", plane=plane).count
        for plane in range(3)
    ]
    assert counts == [0, 12, 4]


def test_a_given_pixel_size_wins_over_the_files(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    image = save(field, pixel_size_um=0.5)
    result = run_workflow("nuclei", image, tmp_path / "out", pixel_size_um=2.0)
    assert result.result["pixel_size_um"] == 2.0


def test_many_images_in_one_jvm_leave_none_open(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    from scyjava import jimport

    image = save(field)
    for _ in range(5):
        run_workflow("nuclei", image, tmp_path / "out", overwrite=True)
    manager = jimport("ij.WindowManager")
    assert manager.getImageCount() == 0
    assert manager.getIDList() is None


def test_a_disk_that_fills_up_under_the_script_is_called_so(
    tmp_path: Path,
    save: Callable[..., Path],
    field: NDArray[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = tmp_path / "FRM_Broken.py"
    script.write_text(
        '#@ String image_path (value="")\n#@ String output_folder (value="")\n'
        "import codecs, os\n"
        "out = codecs.open(os.path.join(output_folder, 'result.json'), 'w', 'utf-8')\n"
        "out.write(u'{')\nout.close()\n"
    )
    image, output = save(field), tmp_path / "out"
    with pytest.raises(WorkflowError, match=r"a broken result\.json"):
        run_workflow(str(script), image, output)
    usage = shutil._ntuple_diskusage(10**9, 10**9, 100)  # type: ignore[attr-defined]
    room = iter([10**9])  # for the plane that is handed over
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: usage._replace(free=next(room, usage.free))
    )
    with pytest.raises(OutputError, match=str(output)) as caught:
        run_workflow(str(script), image, output)
    assert caught.value.code == "E_DISK_FULL"
    assert not output.exists()
