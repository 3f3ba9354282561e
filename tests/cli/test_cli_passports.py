"""Passports on the command line, and ``predict --force``."""

import dataclasses
import json
import shutil

import pytest
import tifffile

from frm_bridge.models.card import read_card, write_card


@pytest.fixture(scope="module")
def fields(tmp_path_factory, draw_field):
    """Six synthetic fields of six positions, and a table of them."""
    folder = tmp_path_factory.mktemp("fields")
    lines = ["input,target,group,split"]
    for number in range(6):
        pixels = draw_field(number, side=256, cells=8)
        tifffile.imwrite(folder / f"p{number}_t1.tif", pixels)
        tifffile.imwrite(folder / f"stain{number}.tif", pixels // 2)
        lines.append(f"p{number}_t1.tif,stain{number}.tif,p{number},train")
    (folder / "pairs.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def model(make_model, tmp_path):
    path = tmp_path / "own.onnx"
    shutil.copy(make_model(), path)
    return path


@pytest.fixture
def judging(model, frm, fields):
    assert (
        frm(
            "models", "passport", model, "--from", fields / "pairs.csv", "--write"
        ).status
        == 0
    )
    return model


@pytest.fixture
def negative(fields, tmp_path):
    path = tmp_path / "negative.tif"
    tifffile.imwrite(path, 255 - tifffile.imread(fields / "p0_t1.tif"))
    return path


def test_a_model_without_passport_says_so(frm, model, fields):
    ended = frm("models", "passport", model)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("none:")
    assert json.loads(frm("models", "passport", model, "--json").out) is None
    ended = frm("models", "compare-passport", model, fields / "p0_t1.tif")
    assert ended.status == 0
    assert "not judged: the model has no passport" in ended.out


def test_a_passport_is_shown_before_it_is_written(frm, model, fields):
    ended = frm("models", "passport", model, "--from", fields / "pairs.csv")
    assert "6 of 6 positions" in ended.out
    assert read_card(model).passport is None


def test_a_passport_is_written_and_nothing_else_changes(frm, model, fields):
    before = read_card(model)
    ended = frm("models", "passport", model, "--from", fields / "pairs.csv", "--write")
    assert f"written into {model}" in ended.out
    after = read_card(model)
    assert after.passport.positions == 6
    assert dataclasses.replace(after, passport=None) == before
    shown = json.loads(frm("models", "passport", model, "--json").out)
    assert [each["group"] for each in shown["fields"]] == [f"p{n}" for n in range(6)]
    assert "6 training fields of 6 positions" in frm("models", "inspect", model).out


def test_a_passport_from_images_takes_positions_from_their_names(frm, model, fields):
    names = [fields / f"p{number}_t1.tif" for number in range(6)]
    more = [word for name in names for word in ("--from", name)]
    ended = frm("models", "passport", model, *more, "--json")
    assert {each["group"] for each in json.loads(ended.out)["fields"]} == {
        f"p{number}" for number in range(6)
    }


def test_write_alone_is_a_clear_error(frm, model):
    ended = frm("models", "passport", model, "--write")
    assert ended.status == 1
    assert "E_OPTION --write" in ended.err


def test_a_file_without_card_cannot_have_a_passport(frm, models, fields):
    ended = frm(
        "models", "compare-passport", models / "cardless.onnx", fields / "p0_t1.tif"
    )
    assert (ended.status, ended.out) == (1, "")
    assert "E_MODEL_NO_CARD" in ended.err


def test_images_are_compared_and_red_is_an_exit_status(frm, judging, fields, negative):
    ended = frm("models", "compare-passport", judging, fields / "p1_t1.tif")
    assert (ended.status, ended.out) == (0, "green  p1_t1.tif\n")
    ended = frm("models", "compare-passport", judging, fields / "p1_t1.tif", negative)
    assert (ended.status, ended.err) == (1, "")
    assert "red    negative.tif" in ended.out
    assert "is inverted relative to training" in ended.out


def test_the_table_as_json_and_a_pixel_size_from_the_user(frm, model, judging, fields):
    card = read_card(judging)
    write_card(model, dataclasses.replace(card, pixel_size_um=1.0))
    image = fields / "p1_t1.tif"
    ended = frm("models", "compare-passport", model, image, "--pixel-size", 2, "--json")
    assert ended.status == 1
    (row,) = json.loads(ended.out)
    assert (row["image"], row["colour"]) == (str(image), "red")
    assert "pixels are 2.00 times larger" in row["reasons"][0]


def test_predict_leaves_a_red_image_out_unless_it_is_forced(
    frm, judging, fields, negative, tmp_path
):
    good, output = fields / "p1_t1.tif", tmp_path / "out"
    ended = frm("predict", judging, negative, good, "-o", output)
    assert ended.status == 1
    assert "E_DRIFT negative.tif" in ended.err
    assert "--force" in ended.err
    assert sorted(path.name for path in output.iterdir()) == ["p1_t1.tif"]
    ended = frm("predict", judging, negative, "-o", output, "--force")
    assert ended.status == 0
    assert "warning: negative.tif is unlike the training images (red)" in ended.err
    assert (output / "negative.tif").is_file()


def test_the_study_writes_a_page_with_its_own_command(frm, judging, fields, tmp_path):
    page = tmp_path / "drift.md"
    words = ["models", "drift-study", judging, fields / "pairs.csv"]
    words += ["--other", f"stains={fields}"]
    ended = frm(*words, "-o", page)
    assert ended.status == 0, ended.err
    assert "6 fields" in ended.out
    text = page.read_text()
    assert f"frm-bridge models drift-study {judging}" in text
    assert "| saturation | 50% of the pixels |" in text
    assert "| stains | " in text
    assert "E_OUTPUT_EXISTS" in frm(*words, "-o", page).err
    ended = frm(*words[:4], "--other", "stains", "-o", tmp_path / "no.md")
    assert "E_OPTION --other is 'stains'" in ended.err
