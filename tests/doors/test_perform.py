"""Performing a request: the rooms are called, and every end is an answer."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from frm_bridge.doors import Request, perform
from frm_bridge.doors.job import Cancelled
from frm_bridge.doors.request import check_absolute, with_whole_paths
from frm_bridge.imagej import run_workflow
from frm_bridge.images import open_image
from frm_bridge.models.card import file_sha256, read_card, write_card
from frm_bridge.models.library import install_model
from frm_bridge.models.registry import find_model

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def stain(tmp_path: Path) -> Path:
    # With a camera's noise: the drift gate refuses an image that is mostly one level.
    pixels = np.random.default_rng(0).integers(0, 20, (64, 64), np.uint8)
    pixels[20:40, 20:40] += 190
    tifffile.imwrite(tmp_path / "stain.tif", pixels)
    return tmp_path / "stain.tif"


def test_an_analysis_is_that_of_run_workflow_with_texts_in_the_declared_types(
    stain: Path, tmp_path: Path
) -> None:
    given = {"blur_sigma_px": "2", "watershed": "false", "min_area": 60}
    request = Request(
        "analyze", stain, tmp_path / "a", workflow="nuclei", parameters=given
    )
    answer = perform(request)
    values = {"blur_sigma_px": 2.0, "watershed": False, "min_area": 60.0}
    expected = run_workflow("nuclei", stain, tmp_path / "b", parameters=values)
    assert answer.status == "ok"
    assert answer.outputs[0] == tmp_path / "a"
    assert {path.name for path in answer.outputs[1:]} == {
        path.name for path in expected.files.values()
    }
    objects = (tmp_path / "a" / "objects.csv").read_bytes()
    assert objects == expected.objects.read_bytes()
    assert answer.provider == f"ImageJ {expected.imagej_version}"
    assert answer.seconds > 0


def test_a_prediction_tells_provider_model_windows_and_progress(
    make_pixels: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    tifffile.imwrite(tmp_path / "bf.tif", make_pixels(48, 64))
    request = Request(
        "predict",
        tmp_path / "bf.tif",
        tmp_path / "out.tif",
        model="nuclei-brightfield",
        device="cpu",
    )
    seen: list[tuple[int, int]] = []
    answer = perform(request, progress=lambda done, total: seen.append((done, total)))
    assert (answer.status, answer.outputs) == ("ok", (tmp_path / "out.tif",))
    assert answer.provider == "CPUExecutionProvider"
    assert [len(digest) for digest in answer.model_sha256] == [64]
    assert seen[-1] == (answer.windows, answer.windows)


def test_a_prediction_matches_the_scale_and_says_so(
    stain: Path, tmp_path: Path
) -> None:
    model = tmp_path / "sized.onnx"
    shutil.copy(find_model("nuclei-brightfield"), model)
    card = read_card(model)
    assert card is not None
    write_card(model, replace(card, pixel_size_um=0.25))
    named = {"model": str(model), "device": "cpu", "match_scale": True, "force": True}
    given = {"match_intensity": True, "pixel_size_um": 0.5}
    answer = perform(Request("predict", stain, tmp_path / "o.tif", **named, **given))
    assert answer.status == "ok", answer.message
    assert "; enlarged 2 times for nuclei-brightfield (0.5 um per pixel" in (
        answer.message
    )
    assert any("matching intensity changes nothing" in each for each in answer.warnings)
    with open_image(tmp_path / "o.tif") as predicted, open_image(stain) as image:
        assert predicted.info.shape == image.info.shape
        assert predicted.info.pixel_size_um == 0.5
    refused = perform(Request("predict", stain, tmp_path / "p.tif", **named))
    assert (refused.code, refused.fix) == (
        "E_PIXEL_SIZE",
        "give it in µm with pixel_size_um, or set it in ImageJ (Image > "
        "Properties...) and save the image as TIFF",
    )


def test_outputs_are_whole_paths_where_the_request_has_relative_ones(
    stain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = {"workflow": "nuclei"}
    measured = perform(Request("analyze", Path(stain.name), Path("a"), **named))
    assert measured.outputs[0] == tmp_path / "a"
    assert tmp_path / "a" / "objects.csv" in measured.outputs
    model = {"model": "nuclei-brightfield", "device": "cpu"}
    predicted = perform(Request("predict", stain, Path("p.tif"), **model))
    assert predicted.outputs == (tmp_path / "p.tif",)


@pytest.mark.parametrize(
    "name", ["blur", "blur@1.2.0", "blur@sha256:{digest}", "blur,nuclei-brightfield"]
)
def test_a_prediction_takes_an_installed_model_by_its_name(
    name: str,
    make_pixels: Callable[..., np.ndarray],
    make_model: Callable[..., Path],
    home: Path,
    tmp_path: Path,
) -> None:
    """As a macro has it: run("FRM Predict", "model=[blur@1.2.0]")."""
    tifffile.imwrite(tmp_path / "bf.tif", make_pixels(48, 64))
    model = make_model(name="blur", version="1.2.0")
    install_model(model)
    digest = file_sha256(model)
    request = Request(
        "predict",
        tmp_path / "bf.tif",
        tmp_path / "out.tif",
        model=name.format(digest=digest[:8]),
        device="cpu",
    )
    check_absolute(request)
    answer = perform(request)
    assert (answer.status, answer.message[:4]) == ("ok", "blur")
    assert answer.model_sha256[0] == digest
    again = replace(with_whole_paths(request), output=tmp_path / "again.tif")
    assert perform(again).model_sha256 == answer.model_sha256


def test_a_comparison_says_what_came_out_and_names_the_tables_it_wrote(
    stain: Path, tmp_path: Path
) -> None:
    pixels = tifffile.imread(stain)
    pixels[50:60, 50:60] = 200
    tifffile.imwrite(tmp_path / "predicted.tif", pixels)
    request = Request(
        "compare",
        tmp_path / "predicted.tif",
        tmp_path / "o",
        truth=stain,
        workflow="nuclei",
        parameters={"watershed": "false"},
        min_iou=0.9,
        pixel_size_um=0.5,
    )
    answer = perform(request)
    assert (answer.status, answer.code) == ("ok", "")
    assert answer.message.startswith("1 on the truth, 2 on the prediction (+100.0 %)")
    names = ["report.html", "fields.csv", "objects.csv", "comparison.json"]
    assert answer.outputs == tuple(tmp_path / "o" / name for name in names)
    record = json.loads((tmp_path / "o" / "comparison.json").read_text())
    assert record["settings"]["min_iou"] == 0.9
    assert record["fields"][0]["pixel_size_um"] == 0.5


def test_a_split_is_that_of_split_images_with_the_remainder_as_a_warning(
    write_tiff: Callable[..., Path],
    make_pixels: Callable[..., np.ndarray],
    tmp_path: Path,
) -> None:
    for side, end in (("bf", "_BF"), ("dapi", "")):
        (tmp_path / side).mkdir()
        write_tiff(f"{side}/one{end}", make_pixels(40, 64))
    given = {"tile": "32", "input_suffix": "_BF"}
    folders = {"truth": tmp_path / "dapi", "parameters": given}
    request = Request("split", tmp_path / "bf", tmp_path / "o", **folders)
    seen: list[tuple[int, int]] = []
    answer = perform(request, progress=lambda done, total: seen.append((done, total)))
    assert answer.outputs == (tmp_path / "o" / "pairs.csv",)
    assert answer.message == "2 pairs of sub-images"
    assert answer.warnings == (
        "left out: up to 8 rows at the bottom and 0 columns on the right that fill no "
        "tile",
    )
    assert len(list((tmp_path / "o").rglob("*.tif"))) == 4
    assert seen == [(1, 1)]
    wrong = perform(Request("split", tmp_path / "bf", tmp_path / "p", truth=Path("no")))
    assert (wrong.status, wrong.code) == ("error", "E_IMAGE_MISSING")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"workflow": "none"}, "E_WORKFLOW_UNKNOWN"),
        ({"parameters": {"blur_sigma_px": True}}, "E_WORKFLOW_PARAMETER"),
        ({"parameters": {"sigma": "2"}}, "E_WORKFLOW_PARAMETER"),
        ({"input": Path("missing.tif")}, "E_IMAGE_MISSING"),
        ({"parameters": {"threshold_method": "IJ_IsoData "}}, "E_WORKFLOW_PARAMETER"),
    ],
)
def test_a_failure_is_an_answer(
    changes: dict[str, object], code: str, stain: Path, tmp_path: Path
) -> None:
    common = {"input": stain, "output": tmp_path / "o", "workflow": "nuclei"}
    answer = perform(Request("analyze", **{**common, **changes}))
    assert (answer.status, answer.code) == ("error", code)
    assert answer.fix
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("action", ["analyze", "compare"])
def test_a_script_of_ones_own_that_hangs_can_be_cancelled(
    action: str, stain: Path, tmp_path: Path
) -> None:
    (tmp_path / "hangs.ijm").write_text("while (true) wait(100);")
    other = tmp_path / "other.tif"
    tifffile.imwrite(other, 255 - tifffile.imread(stain))
    request = Request(
        action,  # type: ignore[arg-type]
        other,
        tmp_path / "out",
        truth=stain if action == "compare" else None,
        workflow=str(tmp_path / "hangs.ijm"),
    )
    asked = 0

    def cancel(done: int, total: int) -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        perform(request, progress=cancel)
    assert not (tmp_path / "out").exists()
