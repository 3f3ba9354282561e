"""Bad input: a code, a fix, status 1, no traceback, and nothing half-written."""

from __future__ import annotations

import shutil
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile

IMAGES = [
    ("truncated", "E_IMAGE_TRUNCATED", "is cut off"),
    ("text", "E_IMAGE_FORMAT", "text"),
    ("small", "E_IMAGE_SMALL", "12 x 112"),
    ("nan", "E_IMAGE_NOT_FINITE", "NaN"),
    ("infinite", "E_IMAGE_NOT_FINITE", "infinite"),
    ("colour", "E_IMAGE_COLOUR", "Split Channels"),
    ("absent", "E_IMAGE_MISSING", "does not exist"),
]
# What is wrong; the command; the code; what the user must read.
ROWS = [
    *(
        (f"{name} image: {verb}", f"{command} {{bad}}/{name}.tif -o {{out}}", *said)
        for verb, command in (
            ("predict", "predict {models}/nuclei.onnx"),
            ("analyze", "analyze nuclei"),
        )
        for name, *said in IMAGES
    ),
    *(
        (
            f"{name} image: compare",
            f"compare --truth {{bad}}/{name}.tif --prediction {{one}} -o {{out}}",
            *said,
        )
        for name, *said in IMAGES
    ),
    *(
        (
            f"{name} image: {verb}",
            f"{verb} --input {{lone_bad}}/{name} --target {{lone_bad}}/{name} {{to}}",
            *said,
        )
        for verb in ("pairs", "split")
        for name, *said in IMAGES[:3]
    ),
    (
        "constant image: predict",
        "predict {models}/nuclei.onnx {bad}/constant.tif -o {out}",
        "E_IMAGE_CONSTANT",
        "every pixel is 7",
    ),
    *(
        (
            f"empty folder: {command.split()[0]}",
            command,
            "E_FOLDER_EMPTY",
            "found: nothing",
        )
        for command in (
            "predict {models}/nuclei.onnx {empty} -o {out}",
            "analyze nuclei {empty} -o {out}",
            "compare --truth {stain} --prediction {empty} -o {out}",
            "pairs --input {light} --target {empty}",
            "split --input {light} --target {empty} -o {out}",
            "train --input {empty} --target {stain} -o {out}",
        )
    ),
    *(
        (f"other sizes: {command.split()[0]}", command, "E_PAIR_SIZE", "field1.tif")
        for command in (
            "compare --truth {stain} --prediction {cropped} -o {out}",
            "pairs --input {light} --target {cropped}",
            "split --input {light} --target {cropped} -o {out}",
            "train --input {light} --target {cropped} -o {out}",
        )
    ),
    *(
        (f"missing partner: {command.split()[0]}", command, "E_PAIR_MISSING", "field3")
        for command in (
            "compare --truth {stain} --prediction {fewer} -o {out}",
            "compare --truth {stain} --prediction {light} --input {fewer} -o {out}",
            "pairs --input {light} --target {fewer}",
            "split --input {fewer} --target {stain} -o {out}",
            "train --input {light} --target {fewer} -o {out}",
        )
    ),
    *(
        (
            f"{name}: predict",
            f"predict {{models}}/{name}.onnx {{one}} -o {{out}}",
            *said,
        )
        for name, *said in (
            ("text", "E_MODEL_FORMAT", "is not an ONNX model"),
            ("absent", "E_MODEL_MISSING", "one of these names"),
            ("cardless", "E_MODEL_NO_CARD", "--input-mean, --input-sd"),
            ("cardless", "E_MODEL_NO_CARD", "--normalise field"),
            ("two-channels", "E_MODEL_CHANNELS", "one channel"),
        )
    ),
    *(
        (f"output exists: {command.split()[0]}", command, "E_OUTPUT_EXISTS", "--overw")
        for command in (
            "predict {models}/nuclei.onnx {one} -o {full}",
            "analyze nuclei {one} -o {full}",
            "compare --truth {stain} --prediction {light} -o {full}",
            "split --input {light} --target {stain} --tile 32 -o {full}",
            "train --input {light} --target {stain} -o {full}",
            "demo -o {full}",
        )
    ),
    *(
        (f"{kind}: {command.split()[0]}", f"{command} -o {{{kind}}}/résultats", *said)
        for kind, *said in (
            ("read_only", "E_OUTPUT_READ_ONLY", "may write to"),
            ("a_file", "E_OUTPUT_FOLDER", "is a file"),
        )
        for command in (
            "predict {models}/nuclei.onnx {one}",
            "analyze nuclei {one}",
            "compare --truth {stain} --prediction {light}",
            "split --input {light} --target {stain} --tile 32",
            "train --input {light} --target {stain}",
            "demo",
        )
    ),
    (
        "own input",
        "predict {models}/nuclei.onnx {stain} -o {stain}",
        "E_OUTPUT_IS_INPUT",
        "choose another --output",
    ),
    (
        "a result beside its image",
        "predict {models}/nuclei.onnx {lone_png} -o {lone_png}",
        "E_OUTPUT_IS_INPUT",
        "stand beside its image",
    ),
    (
        "truth is the prediction",
        "compare --truth {stain} --prediction {stain} -o {out}",
        "E_PAIR_SAME",
        "one and the same file",
    ),
    (
        "input is the target",
        "train --input {stain} --target {stain} -o {out}",
        "E_PAIR_SAME",
        "--input-channel",
    ),
    (
        "a channel that is not there",
        "predict {models}/nuclei.onnx {one} -o {out} --channel 2",
        "E_IMAGE_CHANNEL",
        "has 1 channel",
    ),
    (
        "a channel 0",
        "compare --truth {stain} --prediction {light} -o {out} --truth-channel 0",
        "E_IMAGE_CHANNEL",
        "there is no channel 0",
    ),
    *(
        (
            f"a pixel size below zero: {command.split()[0]}",
            f"{command} -o {{out}} --pixel-size -1",
            "E_OPTION",
            "the pixel size is -1 µm",
        )
        for command in (
            "analyze nuclei {stain}",
            "compare --truth {stain} --prediction {light}",
        )
    ),
    (
        "tiles among their images",
        "split --input {mine}/input --target {mine}/target --tile 32 -o {mine}",
        "E_OUTPUT_IS_INPUT",
        "would lie among the images",
    ),
    (
        "tiles among other files",
        "split {two} --tile 32 -o {mine}",
        "E_OUTPUT_EXISTS",
        "--overwrite",
    ),
    (
        "a card for a model that has one",
        "predict {models}/nuclei.onnx {one} -o {out} --normalise field",
        "E_OPTION",
        "nuclei.onnx has a card",
    ),
    (
        "a network that halves the image",
        "predict {models}/half.onnx {one} -o {out} --normalise field",
        "E_MODEL_SIZE",
        "one pixel for each was expected",
    ),
    (
        "a network whose weights are elsewhere",
        "predict {models}/outside.onnx {one} -o {out} --normalise field",
        "E_MODEL_FORMAT",
        "keeps its weights in another file",
    ),
    (
        "a text that is called json",
        "models inspect {models}/text.json",
        "E_MODEL_FORMAT",
        "",
    ),
    (
        "an option of folders with a table",
        "train --pairs {table} --group-by x -o {out}",
        "E_OPTION",
        "--group-by is for",
    ),
    (
        "a table and folders",
        "train --pairs {table} {two} -o {out}",
        "E_OPTION",
        "given: --pairs, --input, --target",
    ),
    (
        "a model's name with a folder",
        "train {two} --name a/b -o {out}",
        "E_OPTION",
        "without a folder",
    ),
    (
        "no epochs",
        "train {two} --epochs 0 -o {out}",
        "E_TRAINING",
        "epochs is 0",
    ),
    (
        "a script that is not there",
        "analyze nosuch.py {one} -o {out}",
        "E_WORKFLOW_UNKNOWN",
        "there is no script nosuch.py",
    ),
    (
        "own input, to be overwritten",
        "predict {models}/nuclei.onnx {one} -o {stain} --overwrite",
        "E_OUTPUT_IS_INPUT",
        "choose another --output",
    ),
    (
        "results to be cleared away are the input",
        "compare --truth {full}/fields --prediction {stain} -o {full} --overwrite",
        "E_OUTPUT_IS_INPUT",
        "choose another --output",
    ),
    (
        "own data where a training is kept",
        "train --input {mine}/training --target {stain} -o {mine} --overwrite",
        "E_OUTPUT_EXISTS",
        "is no training of frm_bridge",
    ),
    (
        "two images of one name",
        "predict {models}/nuclei.onnx {light} {stain} -o {out}",
        "E_IMAGE_NAMES",
        "field0.tif",
    ),
    (
        "a table that is none",
        "train --pairs {one} -o {out}",
        "E_PAIRS_TABLE",
        "not a CSV file",
    ),
    (
        "an option's value",
        "predict {models}/nuclei.onnx {one} -o {out} --device gpu",
        "E_OPTION",
        "auto, cuda, openvino, cpu",
    ),
    (
        "a threshold that ImageJ has not",
        "analyze nuclei {one} -o {out} --threshold Lii",
        "E_WORKFLOW_PARAMETER",
        "Triangle",
    ),
    (
        "a workflow that is none",
        "analyze cells {one} -o {out}",
        "E_WORKFLOW_UNKNOWN",
        "nuclei",
    ),
    (
        "a Fiji that is none",
        "analyze nuclei {one} -o {out} --fiji {bad}",
        "E_FIJI",
        "j",
    ),
    ("neither table nor folders", "split -o {out}", "E_OPTION", "--pairs"),
    ("a tile larger than the image", "split {two} --tile 128 -o {out}", "E_TILE", "96"),
]


@pytest.fixture
def places(place, fields, bad, models, read_only_folder):
    """All that the rows name."""
    light, stain = fields
    made = {
        name: place / name
        for name in (
            "empty",
            "cropped",
            "fewer",
            "full",
            "mine",
            "lone_bad",
            "lone_png",
        )
    }
    for folder in made.values():
        folder.mkdir()
    for path in stain.iterdir():
        tifffile.imwrite(made["cropped"] / path.name, tifffile.imread(path)[:80])
    for path in sorted(stain.iterdir())[:3]:
        shutil.copy(path, made["fewer"])
    shutil.copytree(light, made["mine"] / "training")
    shutil.copytree(light, made["mine"] / "input")
    shutil.copytree(stain, made["mine"] / "target")
    (place / "table.csv").write_text("input,target\n")
    for path in bad.iterdir():
        (made["lone_bad"] / path.stem).mkdir()
        shutil.copy(path, made["lone_bad"] / path.stem)
    one = stain / "µ field0.tif"
    imageio.imwrite(
        made["lone_png"] / "a.png",
        np.arange(96 * 112).reshape(96, 112).astype(np.uint8),
    )
    for name in ("µ field0.tif", "pairs.csv", "model.onnx", "comparison.json"):
        (made["full"] / name).write_text("the user's own")
    (made["full"] / "µ field0").mkdir()
    (made["full"] / "µ field0" / "result.json").write_text("{}")
    shutil.copytree(stain, made["full"] / "fields")
    (place / "a_file").write_text("")
    return {
        **made,
        **{"light": light, "stain": stain, "one": one, "bad": bad, "models": models},
        **{"other": light / one.name, "table": place / "table.csv"},
        **{"out": place / "sortie µ", "a_file": place / "a_file"},
        **{"read_only": read_only_folder, "two": f"--input {light} --target {stain}"},
    }


def words(command: str, places: dict[str, object]) -> list[str]:
    """Fill in the places after splitting: their names have spaces."""
    command = command.replace("{two}", "--input {light} --target {stain}")
    verb = command.split()[0]
    command = command.replace("{to}", "" if verb == "pairs" else "-o {out}")
    return [word.format(**places) for word in command.split()]


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_bad_input_is_explained_and_leaves_nothing(
    command, code, said, places, place, frm, listing
):
    before = listing(place)
    ended = frm(*words(command, places))
    assert ended.status == 1, ended
    lines = ended.err.splitlines()
    error = next(line for line in lines if line.startswith("error: "))
    fix = next(line for line in lines if line.startswith("fix: "))
    assert error.startswith(f"error: {code}")
    assert len(fix) > len("fix: ")
    assert said in error + fix
    assert "Traceback" not in ended.err + ended.out
    assert ended.out == "" or command.startswith("demo")
    assert listing(place) == before


@pytest.fixture
def small_quota():
    """Let no file grow beyond 8 kB, as a full quota does."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    "command",
    [
        "predict {models}/nuclei.onnx {one} -o {out}",
        "predict {models}/nuclei.onnx {one} -o {full} --overwrite",
        "analyze nuclei {one} -o {out}",
        "compare --truth {one} --prediction {other} -o {out}",
        "split {two} --tile 96 -o {out}",
    ],
)
def test_full_disk_is_explained_and_keeps_what_was_there(
    command, places, place, frm, listing, request
):
    arguments, before = words(command, places), listing(place)
    request.getfixturevalue("small_quota")
    ended = frm(*arguments)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("error: E_DISK_FULL")
    assert "fix: " in ended.err
    left = {name for name in listing(place) if not Path(place / name).is_dir()}
    assert left == {name for name in before if not Path(place / name).is_dir()}


def test_disk_without_room_is_found_before_the_work(frm, places, monkeypatch):
    usage = shutil._ntuple_diskusage(10**9, 10**9, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    ended = frm(*words("predict {models}/nuclei.onnx {one} -o {out}", places))
    assert ended.status == 1
    assert ended.err.startswith("error: E_DISK_FULL")
    assert list(places["out"].glob("*")) == []


def test_all_faulty_files_of_a_folder_are_told_before_any_work(frm, bad, models, place):
    ended = frm("predict", models / "nuclei.onnx", bad, "-o", place / "out")
    assert ended.status == 1
    assert ended.out == ""
    for name, code in (
        ("truncated.tif", "E_IMAGE_TRUNCATED"),
        ("colour.tif", "E_IMAGE_COLOUR"),
        ("small.tif", "E_IMAGE_SMALL"),
        ("text.tif", "E_IMAGE_FORMAT"),
    ):
        assert f"error: {code} {bad / name}" in ended.err
    assert "E_IMAGES 4 of 7 images cannot be used" in ended.err
    assert "nothing was written" in ended.err
    assert not (place / "out").exists()


@pytest.mark.parametrize("verb", ["predict", "analyze"])
def test_an_image_of_unusable_pixels_does_not_stop_the_others(
    verb, frm, fields, models, place
):
    light, _ = fields
    broken = np.full((96, 112), np.nan, np.float32)
    tifffile.imwrite(light / "µ field1.tif", broken)
    what = models / "nuclei.onnx" if verb == "predict" else "nuclei"
    ended = frm(verb, what, light, "-o", place / "out")
    assert ended.status == 1
    assert f"error: E_IMAGE_NOT_FINITE {light / 'µ field1.tif'}" in ended.err
    assert "E_IMAGES 1 of 4 images cannot be used: µ field1.tif" in ended.err
    assert {path.stem for path in (place / "out").iterdir()} == {
        "µ field0",
        "µ field2",
        "µ field3",
    }
    for name in ("µ field0", "µ field2", "µ field3"):
        assert str(place / "out" / name) in ended.out


def test_a_fault_of_ours_is_told_without_a_traceback(frm, models, fields, monkeypatch):
    def broken(*arguments, **options):
        msg = "no such luck"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr("frm_bridge.prediction.engine.predict_file", broken)
    arguments = ("predict", models / "nuclei.onnx", fields[0], "-o", fields[1] / "out")
    ended = frm(*arguments)
    assert ended.status == 1
    assert "error: E_INTERNAL ZeroDivisionError: no such luck" in ended.err
    assert "FRM_BRIDGE_DEBUG=1" in ended.err
    monkeypatch.setenv("FRM_BRIDGE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        frm(*arguments)
