"""``predict``: files, folders, stacks, several models, models without a card."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from frm_bridge.images import create_image, open_image
from frm_bridge.models.card import read_card, write_card
from frm_bridge.models.normalisation import InputNormalisation

TRAINED = InputNormalisation("global", 500.0, 80.0)


@pytest.fixture
def stack(place, make_pixels):
    """Two time points of three slices, calibrated."""
    path = place / "movie µ.tif"
    pixels = make_pixels(6, 48, 64)
    with create_image(
        path,
        axes="TZYX",
        shape=(2, 3, 48, 64),
        dtype="uint16",
        pixel_size_um=0.5,
        z_step_um=2.0,
        frame_interval_s=60.0,
    ) as writer:
        for plane in range(6):
            writer.write_window(plane, 0, 0, pixels[plane])
    return path


def test_a_file_is_predicted_and_the_line_says_where(frm, models, fields, place):
    source = fields[0] / "µ field0.tif"
    ended = frm("predict", models / "nuclei.onnx", source, "-o", place / "out µ")
    assert (ended.status, ended.err) == (0, "")
    output = place / "out µ" / "µ field0.tif"
    assert ended.out.startswith(f"{output}  uint16, counts; 1 window(s) of ")
    assert "ExecutionProvider in " in ended.out
    with open_image(output) as image:
        assert image.info.shape == (96, 112)
        assert image.info.dtype == np.uint16
        info = dict(image.info.properties)
    with tifffile.TiffFile(output) as tiff:
        written = tiff.imagej_metadata["Info"]
    assert info
    for said in ("nuclei", "sha256", "ExecutionProvider", "µ field0.tif"):
        assert said in written


def test_a_folder_is_predicted_whole_and_the_inputs_stay(
    frm, models, fields, place, listing
):
    before = listing(fields[0])
    ended = frm("predict", models / "nuclei.onnx", fields[0], "-o", place / "out")
    assert ended.status == 0
    assert len(ended.out.splitlines()) == 4
    names = {path.name for path in (place / "out").iterdir()}
    assert names == {path.name for path in fields[0].iterdir()}
    assert listing(fields[0]) == before


def test_a_stack_keeps_axes_and_calibration(frm, models, stack, place):
    ended = frm("predict", models / "nuclei.onnx", stack, "-o", place / "out")
    assert ended.status == 0
    assert "6 window(s)" in ended.out
    with open_image(place / "out" / stack.name) as image:
        info = image.info
    assert (info.axes, info.shape) == ("TZYX", (2, 3, 48, 64))
    assert (info.pixel_size_um, info.z_step_um) == (0.5, 2.0)
    assert info.frame_interval_s == 60.0


def test_two_models_give_one_image_of_two_channels(frm, models, stack, place):
    both = f"{models / 'nuclei.onnx'}, {models / 'actin.onnx'}"
    ended = frm("predict", both, stack, "-o", place / "out")
    assert ended.status == 0
    assert "float32, mixed; 12 window(s)" in ended.out
    with open_image(place / "out" / stack.name) as image:
        assert (image.info.axes, image.info.shape) == ("TZCYX", (2, 3, 2, 48, 64))
        assert image.info.channel_names == ("nuclei", "actin")


def test_a_comma_may_be_part_of_a_models_name(frm, models, fields, place):
    model = place / "nuclei, my best.onnx"
    shutil.copy(models / "nuclei.onnx", model)
    ended = frm("predict", model, fields[0], "-o", place / "out")
    assert ended.status == 0


def test_a_model_without_card_takes_its_statistics_from_options(
    frm, models, fields, place
):
    source, model = fields[0] / "µ field0.tif", models / "cardless.onnx"
    numbers = ("--input-mean", 300, "--input-sd", 50, "--output-mean", 1000)
    by_hand = (*numbers, "--output-sd", 10)
    ended = frm("predict", model, source, "-o", place / "all", *by_hand)
    assert ended.status == 0
    assert "uint16, counts" in ended.out
    result = tifffile.imread(place / "all" / source.name)
    pixels = tifffile.imread(source).astype(np.float64)
    expected = 1000 + 10 * (pixels[20:23, 30:33].mean() - 300) / 50
    assert abs(int(result[21, 31]) - expected) <= 1
    ended = frm("predict", model, source, "-o", place / "field", "--normalise", "field")
    assert ended.status == 0
    assert "float32, relative" in ended.out
    ended = frm("predict", model, source, "-o", place / "half", *numbers)
    assert ended.status == 1
    assert "--output-mean and --output-sd belong together" in ended.err
    ended = frm("predict", model, source, "-o", place / "none", "--input-mean", 3)
    assert ended.status == 1
    assert "E_NORMALISATION" in ended.err


def test_a_result_is_replaced_only_with_overwrite(frm, models, fields, place):
    source, out = fields[0] / "µ field0.tif", place / "out"
    arguments = ("predict", models / "nuclei.onnx", source, "-o", out)
    assert frm(*arguments).status == 0
    before = (out / source.name).read_bytes()
    refused = frm(*arguments, "--dtype", "float32")
    assert refused.status == 1
    assert f"E_OUTPUT_EXISTS {out / source.name}" in refused.err
    assert (out / source.name).read_bytes() == before
    assert frm(*arguments, "--dtype", "float32", "--overwrite").status == 0
    assert tifffile.imread(out / source.name).dtype == np.float32


def test_an_ome_tiff_is_not_called_one_when_it_is_none(frm, models, place, make_pixels):
    tifffile.imwrite(place / "cells.ome.tif", make_pixels(48, 64), ome=True)
    ended = frm(
        "predict", models / "nuclei.onnx", place / "cells.ome.tif", "-o", place / "out"
    )
    assert ended.status == 0
    assert [path.name for path in (place / "out").iterdir()] == ["cells.tif"]


def test_window_and_algorithm_are_obeyed_and_told(frm, models, fields, place):
    source = fields[0] / "µ field0.tif"
    arguments = ("predict", models / "nuclei.onnx", source, "-o")
    assert frm(*arguments, place / "whole").status == 0
    tiled = frm(*arguments, place / "tiled", "--window", 64, "--device", "cpu")
    assert tiled.status == 0
    assert "of 64 px on CPUExecutionProvider" in tiled.out
    whole = tifffile.imread(place / "whole" / source.name).astype(int)
    parts = tifffile.imread(place / "tiled" / source.name).astype(int)
    assert abs(whole - parts).max() <= 1
    paper = frm(*arguments, place / "paper", "--algorithm", "paper")
    assert paper.status == 1  # the published windows are larger than this image
    assert "E_PAPER_SIZE" in paper.err


def test_no_onnx_runtime_is_a_clear_error(frm_without, models, fields, place):
    arguments = ("predict", models / "nuclei.onnx", fields[0], "-o", place / "out")
    ended = frm_without(("onnxruntime",), *arguments)
    assert ended.status == 1
    assert ended.err.startswith("error: E_NO_RUNTIME no ONNX Runtime is installed\n")
    assert "pip install onnxruntime" in ended.err
    assert not (place / "out").exists()


def test_two_onnx_runtimes_are_a_clear_error(
    frm_without, models, fields, place, tmp_path
):
    second = tmp_path / "site" / "onnxruntime_gpu-1.30.0.dist-info"
    second.mkdir(parents=True)
    (second / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: onnxruntime-gpu\nVersion: 1.30.0\n"
    )
    arguments = ("predict", models / "nuclei.onnx", fields[0], "-o", place / "out")
    ended = frm_without((), *arguments, also=second.parent)
    assert ended.status == 1
    assert ended.err.startswith("error: E_TWO_RUNTIMES onnxruntime-gpu and onnxruntime")
    assert "pip uninstall -y onnxruntime-gpu onnxruntime" in ended.err
    assert not (place / "out").exists()


def test_flags_are_for_the_files_without_a_card_alone(frm, models, fields, place):
    both = f"{models / 'nuclei.onnx'},{models / 'cardless.onnx'}"
    source = fields[0] / "µ field0.tif"
    arguments = ("predict", both, source, "--normalise", "field")
    ended = frm(*arguments, "-o", place / "a")
    assert ended.status == 0, ended.err
    assert "96 px; give --halo" in ended.err
    told = frm(*arguments, "--halo", 16, "-o", place / "b")
    assert (told.status, told.err) == (0, "")


def _sized(models, place, pixel_size_um):
    """Give the model a pixel size, in a file of its own."""
    model = place / "sized.onnx"
    shutil.copy(models / "nuclei.onnx", model)
    write_card(model, replace(read_card(model), pixel_size_um=pixel_size_um))
    return model


def test_the_scale_is_matched_by_pixel_sizes_and_told(frm, models, stack, place):
    model = _sized(models, place, 0.25)
    arguments = ("predict", model, stack, "-o", place / "out")
    plain = frm(*arguments)
    assert "match the scale (predict --match-scale)" in plain.err
    ended = frm(*arguments, "--match-scale", "--overwrite")
    assert (ended.status, ended.err) == (0, "")
    first, last = ended.out.splitlines()
    assert first.startswith("movie µ.tif: enlarged 2 times for nuclei (0.5 um per")
    assert last.startswith(f"{place / 'out' / stack.name}  uint16, counts; 6 window(s)")
    with open_image(place / "out" / stack.name) as image:
        assert image.info.shape == (2, 3, 48, 64)
        assert image.info.pixel_size_um == 0.5
    ended = frm(*arguments, "--match-scale", "--pixel-size", 0.125, "--overwrite")
    assert "shrunk 0.5 times" in ended.out
    with open_image(place / "out" / stack.name) as image:
        assert image.info.pixel_size_um == 0.125


def test_an_image_without_pixel_size_is_named_and_left_out(
    frm, models, stack, fields, place
):
    model, source = _sized(models, place, 0.25), fields[0] / "µ field0.tif"
    arguments = ("predict", model, stack, source, "-o", place / "out", "--match-scale")
    ended = frm(*arguments)
    assert ended.status == 1
    assert f"error: E_PIXEL_SIZE {source} does not say its pixel size" in ended.err
    assert "fix: give it in µm with --pixel-size" in ended.err
    assert [path.name for path in (place / "out").iterdir()] == [stack.name]
    plain = models / "nuclei.onnx"
    ended = frm("predict", plain, stack, "-o", place / "other", "--match-scale")
    assert ended.status == 1
    assert "E_PIXEL_SIZE_MODEL the model nuclei does not say" in ended.err


def test_the_scale_may_be_given_outright(frm, models, fields, place):
    source = fields[0] / "µ field0.tif"
    arguments = ("predict", models / "nuclei.onnx", source, "-o", place / "out")
    ended = frm(*arguments, "--scale", 1.4)
    assert ended.status == 0
    assert "96 x 112 px became 134 x 157 px" in ended.out
    for wrong in (("--scale", 1, "--match-scale"), ("--scale", 9)):
        ended = frm(*arguments, *wrong, "--overwrite")
        assert ended.status == 1
        assert "E_OPTION" in ended.err or "E_SCALE" in ended.err


def test_matching_the_intensity_says_where_it_is_in_vain(frm, models, fields, place):
    arguments = ("predict", models / "nuclei.onnx", fields[0], "-o", place / "out")
    ended = frm(*arguments, "--match-intensity")
    assert ended.status == 0
    assert "matching intensity changes nothing" in ended.err
    wrong = ("--match-intensity", "--intensity-map", place / "map.json")
    ended = frm(*arguments, *wrong)
    assert ended.status == 1
    assert "leave out --match-intensity or --intensity-map" in ended.err


def test_a_map_of_grey_levels_is_made_and_used(frm, models, fields, place):
    model, path = place / "global.onnx", place / "session µ.json"
    shutil.copy(models / "nuclei.onnx", model)
    scales = replace(read_card(model).normalisation, input=TRAINED)
    write_card(model, replace(read_card(model), normalisation=scales))
    make = ("models", "map-intensity", model, fields[0], "-o", path)
    ended = frm(*make)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"{path}  4 image(s): mean 3")
    refused = frm(*make)
    assert "E_OUTPUT_EXISTS" in refused.err
    arguments = ("predict", model, fields[0], "-o", place / "out")
    ended = frm(*arguments, "--intensity-map", path)
    assert (ended.status, ended.err) == (0, "")
    assert "mean and sd of the map session µ.json took the place of the" in ended.out
    every = [tifffile.imread(field) for field in fields[0].iterdir()]
    mean, sd = np.mean(every), np.std(every)
    for field in fields[0].iterdir():
        found = tifffile.imread(place / "out" / field.name).astype(float)
        window = tifffile.imread(field)[20:23, 30:33].mean()
        assert found[21, 31] == pytest.approx(1000 + 100 * (window - mean) / sd, abs=1)


def test_a_map_is_not_made_for_a_model_without_a_card(frm, models, fields, place):
    make = ("models", "map-intensity", models / "cardless.onnx", fields[0])
    ended = frm(*make, "-o", place / "map.json")
    assert ended.status == 1
    assert "E_MODEL_NO_CARD" in ended.err
    make = ("models", "map-intensity", models / "nuclei.onnx", fields[0])
    ended = frm(*make, "-o", place / "map.json")
    assert ended.status == 0
    assert "it needs no map" in ended.err
