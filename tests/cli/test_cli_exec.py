"""``exec``: never a blank answer, on standard output alone, with the right status."""

from __future__ import annotations

import json
import os
import shutil
import sys

import pytest
import tifffile


def test_a_prediction_is_answered_with_progress_and_its_path(
    in_a_process, models, fields, place
):
    image, output = next(fields[0].iterdir()), place / "a = b.tif"
    words = [f"model={models / 'nuclei.onnx'}", f"input={image}", f"output={output}"]
    done = in_a_process("exec", "--ij", "action=predict", *words, "device=cpu")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == "RUN 0 1" or lines[0].startswith("RUN 1 ")
    assert lines[-1] == f"OK {output}"
    assert tifffile.imread(output).shape == tifffile.imread(image).shape


def test_an_answer_is_never_blank_though_the_code_page_lacks_its_letters(
    in_a_process, place
):
    words = ["action=predict", "model=nuclei-brightfield", "input=/日本.tif"]
    done = in_a_process(
        "exec", "--ij", *words, f"output={place / 'p.tif'}", PYTHONIOENCODING="cp1252"
    )
    assert done.returncode == 1
    assert done.stdout.startswith(r"ERR E_IMAGE_MISSING /\u65e5\u672c.tif ")


def test_an_analysis_names_its_files_and_the_json_names_imagej(frm, fields, place):
    image, output = next(fields[1].iterdir()), place / "measured"
    words = ["action=analyze", "workflow=nuclei", f"input={image}", f"output={output}"]
    ended = frm("exec", *words, "blur_sigma_px=2", "watershed=false")
    answer = json.loads(ended.out)
    assert (ended.status, ended.err) == (0, "")
    assert answer["status"] == "ok"
    assert answer["provider"] == "ImageJ 1.54p"
    assert answer["outputs"][0] == str(output)
    result = json.loads((output / "result.json").read_text(encoding="utf-8"))
    assert result["parameters"]["blur_sigma_px"] == 2.0
    assert result["parameters"]["watershed"] is False
    again = frm("exec", *words)
    assert again.status == 1
    assert json.loads(again.out)["code"] == "E_OUTPUT_EXISTS"
    empty = frm("exec", "--ij", *words, "overwrite=true", "min_area=1e6")
    lines = empty.out.splitlines()
    assert (empty.status, empty.err) == (0, "")
    assert lines[0].startswith("WARN no object was kept")
    assert f"FILE {output / 'objects.csv'}" in lines
    assert lines[-1] == f"OK {output}"


def test_a_comparison_is_answered_with_its_report(frm, fields, place):
    stain = next(fields[1].iterdir())
    predicted = shutil.copy(stain, place / "predicted.tif")
    request = {
        "action": "compare",
        "workflow": "nuclei",
        "truth": str(stain),
        "input": str(predicted),
        "output": str(place / "compared"),
    }
    (place / "request.json").write_text(json.dumps(request), encoding="utf-8")
    ended = frm("exec", "--ij", place / "request.json")
    last = ended.out.splitlines()[-1]
    assert (ended.status, last) == (0, f"OK {place / 'compared' / 'report.html'}")
    assert (place / "compared" / "report.html").is_file()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", "E_REQUEST"),
        ("--nonsense", "E_REQUEST"),
        ("action=predict --overwrite input=a output=b", "E_REQUEST"),
        ("action=analyze workflow=none input=a output=b", "E_WORKFLOW_UNKNOWN"),
        ("action=analyze workflow=nuclei input=a output=b s=1", "E_WORKFLOW_PARAMETER"),
        ("action=analyze workflow=nuclei input=a.tif output=b", "E_IMAGE_MISSING"),
        ("action=predict model=m.onnx input=a.tif output=b.tif", "E_MODEL_MISSING"),
        (
            "action=predict model=nuclei-brightfield input=a.tif output=b.tif",
            "E_IMAGE_MISSING",
        ),
        (
            "action=predict model=m.onnx input=a.tif output=b.tif device=tpu",
            "E_OPTION",
        ),
    ],
)
def test_every_failure_is_one_last_line_and_status_1(
    words, code, frm, place, monkeypatch
):
    monkeypatch.chdir(place)
    (place / "a").write_text("")
    ended = frm("exec", "--ij", *words.split())
    last = ended.out.splitlines()[-1]
    assert (ended.status, ended.err) == (1, "")
    assert last.startswith(f"ERR {code} ")
    assert " | " in last
    assert sorted(path.name for path in place.iterdir()) == ["a"]


def test_a_fault_of_ours_is_an_answer_and_its_noise_comes_before_it(monkeypatch, capfd):
    """What C code or Java writes on standard error may not get lost, nor come last."""
    from frm_bridge import doors
    from frm_bridge.cli import main

    def fail(*_: object, **__: object) -> None:
        os.write(2, b"noise\n")
        sys.stderr.write("more noise\n")
        raise ZeroDivisionError

    monkeypatch.setattr(doors, "perform", fail, raising=False)
    words = ["action=analyze", "workflow=nuclei", "input=a", "output=b"]
    assert main(["exec", "--ij", *words]) == 1
    out, err = capfd.readouterr()
    assert err == ""
    assert sorted(out.splitlines()[:-1]) == ["more noise", "noise"]
    assert out.splitlines()[-1].startswith("ERR E_INTERNAL ZeroDivisionError: ")
