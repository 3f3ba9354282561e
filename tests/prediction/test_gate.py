"""Green, amber, red, and why; all training fields here are synthetic."""

import dataclasses

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from frm_bridge.errors import InputError
from frm_bridge.images import open_image
from frm_bridge.models.card import read_card, write_card
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.models.passport import Passport
from frm_bridge.prediction import open_model, predict_file
from frm_bridge.prediction.arrays import ArrayImage, predict_into
from frm_bridge.prediction.calibration import build_passport, measure_field
from frm_bridge.prediction.engine import predict_image
from frm_bridge.prediction.gate import judge, judge_source
from frm_bridge.prediction.measures import measure_plane, read_tiles

SIDE = 512


def tiles(pixels):
    return read_tiles(ArrayImage(pixels), 0)


def measured(pixels):
    return measure_plane(tiles(pixels), pixels.shape)


@pytest.fixture(scope="module")
def passport(draw_field):
    """Of ten synthetic fields of ten positions."""
    fields = [draw_field(seed, cells=25 + seed) for seed in range(10)]
    return build_passport(
        [
            measure_field(tiles(field), field.shape, name=f"f{n}", group=f"p{n}")
            for n, field in enumerate(fields)
        ]
    )


@pytest.fixture(scope="module")
def model(make_model, passport, tmp_path_factory):
    """A network of its own kind with that passport."""
    path = tmp_path_factory.mktemp("gate") / "judging.onnx"
    plain = make_model(pixel_size_um=0.5, name="judging")
    path.write_bytes(plain.read_bytes())
    scales = Normalisation(
        InputNormalisation("field"), OutputNormalisation(0.0, 1.0, "relative")
    )
    card = dataclasses.replace(
        read_card(plain), passport=passport, normalisation=scales
    )
    write_card(path, card)
    return path


@pytest.fixture(scope="module")
def card(model):
    return read_card(model)


@pytest.fixture(scope="module")
def new(draw_field):
    """A field of an eleventh position."""
    return draw_field(101, cells=30)


def test_a_new_field_of_the_same_kind_is_green(card, new):
    verdict = judge(card, measured(new), pixel_size_um=0.52)
    assert (verdict.colour, verdict.reasons) == ("green", ())


def test_gain_and_offset_leave_a_field_green_where_each_is_normalised(card, new):
    assert judge(card, measured(new.astype(np.uint16) * 40 + 500)).colour == "green"


def spoilt_in(way, field):
    random = np.random.default_rng(0)
    pixels = field.astype(np.float32)
    spoilt = {
        "blurred": ndimage.gaussian_filter(pixels, 1.5),
        "noisy": pixels + random.normal(0, 60, pixels.shape),
        "inverted": 255 - pixels,
        "saturated": pixels * 2.2,
        "dark": pixels - 109,
        "enlarged": ndimage.zoom(pixels, 2, order=3),
        "noise alone": random.normal(110, 5, pixels.shape),
    }[way]
    return np.clip(np.rint(spoilt), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("way", "word"),
    [
        ("blurred", "blurred, or made of"),
        ("noisy", "noise"),
        ("inverted", "bright field is inverted relative to training (polarity +"),
        ("saturated", "of the pixels hold the highest level (255)"),
        ("dark", "of the pixels hold the lowest level (0)"),
        ("enlarged", "weaker"),
        ("noise alone", "inverted relative|unclear what is bright|unlike|noisier"),
    ],
)
def test_a_spoilt_field_is_red_and_the_reason_has_numbers(card, new, way, word):
    verdict = judge(card, measured(spoilt_in(way, new)))
    assert verdict.colour == "red"
    said = " | ".join(verdict.texts)
    assert any(each in said for each in word.split("|")), said
    assert any(letter.isdigit() for letter in said)


@pytest.mark.parametrize(
    ("size", "colour", "said"),
    [
        (0.5, "green", ""),
        (
            0.6,
            "amber",
            "pixels are 1.20 times larger than in training (0.6 um, 0.5 um)",
        ),
        (0.25, "red", "pixels are 2.00 times smaller than in training"),
    ],
)
def test_pixel_sizes_are_compared_where_both_are_known(card, new, size, colour, said):
    verdict = judge(card, measured(new), pixel_size_um=size)
    assert verdict.colour == colour
    assert said in "".join(verdict.texts)
    assert verdict.is_scale == bool(said)


def test_a_global_model_cares_for_grey_levels(card, new):
    scales = Normalisation(
        InputNormalisation("global", 110.0, 10.0),
        OutputNormalisation(0.0, 1.0, "counts"),
    )
    globally = dataclasses.replace(card, normalisation=scales)
    darker = (new.astype(np.float32) - 40).clip(0).round().astype(np.uint8)
    verdict = judge(globally, measured(darker))
    assert verdict.colour == "red"
    assert any(
        "standard deviations darker than any training field" in text
        for text in verdict.texts
    )
    assert judge(globally, measured(new)).colour == "green"
    flat = (new.astype(np.float32) / 4 + 85).round().astype(np.uint8)
    assert any(
        "less contrast" in text for text in judge(globally, measured(flat)).texts
    )


def test_without_a_passport_nothing_is_judged(card, new):
    bare = dataclasses.replace(card, passport=None)
    assert judge(bare, measured(new)).colour is None
    empty = dataclasses.replace(card, passport=Passport(()))
    assert judge_source(ArrayImage(new), empty).colour is None


def test_a_part_of_a_field_is_judged_in_part(card, new):
    part = new[:400, :400]
    verdict = judge(card, measured(part))
    assert verdict.colour == "green"
    assert "judged in part" in verdict.note
    assert judge(card, measured(255 - part)).colour == "amber"
    assert judge(card, measured(spoilt_in("blurred", part))).colour == "amber"
    small = judge(card, measured(new[:200, :]))
    assert (small.colour, small.reasons) == (None, ())
    assert "too small" in small.note
    field = measured(new[:200, :])
    strongly = {name: 2.0 for name in field.values if name.startswith("polarity")}
    shining = dataclasses.replace(field, values={**field.values, **strongly})
    assert judge(card, shining).colour == "amber"


def test_few_positions_judge_no_likeness_and_say_so(card, draw_field, new):
    fields = [draw_field(seed) for seed in range(3)]
    few = build_passport(
        [
            measure_field(tiles(field), field.shape, name=f"f{n}", group=f"p{n}")
            for n, field in enumerate(fields)
        ]
    )
    assert few.limits == {}
    verdict = judge(
        dataclasses.replace(card, passport=few), measured(spoilt_in("blurred", new))
    )
    assert verdict.colour == "green"
    assert "3 position(s)" in verdict.note
    inverted = measured(255 - new)
    assert judge(dataclasses.replace(card, passport=few), inverted).colour == "amber"


def test_two_fields_of_one_position_are_no_measure_of_each_other(draw_field):
    def build(group):
        return build_passport(
            [
                measure_field(tiles(field), field.shape, name=f"f{n}", group=group(n))
                for n, field in enumerate(
                    draw_field(seed // 2, side=256, cells=8, noise=3 + seed // 2)
                    for seed in range(12)
                )
            ]
        )

    twins, strangers = build(lambda n: f"p{n // 2}"), build(lambda n: f"p{n}")
    assert strangers.limits["novelty"] == pytest.approx(0, abs=1e-6)
    assert twins.limits["novelty"] > 1


def test_a_movie_is_red_only_where_half_its_planes_are(card, new):
    good, bad = new, spoilt_in("inverted", new)
    assert judge_source(ArrayImage(np.stack([good] * 5)), card).colour == "green"
    one_bad = judge_source(ArrayImage(np.stack([good, bad, good, good])), card)
    assert one_bad.colour == "amber"
    assert "(plane 2; 4 planes looked at)" in one_bad.texts[0]
    assert judge_source(ArrayImage(np.stack([good, bad])), card).colour == "red"


@pytest.fixture
def write(tmp_path):
    def write(pixels, name="field.tif"):
        path = tmp_path / name
        tifffile.imwrite(path, pixels)
        return path

    return write


def info_of(path):
    with open_image(path) as image:
        return image.info.properties


def test_a_green_image_is_predicted_and_the_output_says_green(
    model, new, write, tmp_path
):
    report = predict_file(write(new), model, tmp_path / "out.tif")
    assert report.verdict.colour == "green"
    assert report.warnings == ()
    assert info_of(report.output)["frm_bridge.gate"] == "green"


def test_a_red_image_is_refused_before_the_first_window(model, new, write, tmp_path):
    windows = []
    with pytest.raises(InputError) as caught:
        predict_file(
            write(255 - new),
            model,
            tmp_path / "out.tif",
            progress=lambda *done: windows.append(done),
        )
    assert caught.value.code == "E_DRIFT"
    assert "inverted relative to training" in caught.value.message
    assert "--force" in caught.value.fix
    assert "--match-scale" not in caught.value.fix
    assert not (tmp_path / "out.tif").exists()
    assert windows == []


def test_another_pixel_size_is_told_to_be_matched(model, new, tmp_path):
    path = tmp_path / "scaled.tif"
    tifffile.imwrite(
        path, new, imagej=True, resolution=(1.25, 1.25), metadata={"unit": "um"}
    )
    with pytest.raises(InputError, match=r"1\.60 times larger") as caught:
        predict_file(path, model, tmp_path / "out.tif")
    assert "--match-scale" in caught.value.fix


def test_a_red_image_is_predicted_by_force_and_its_output_carries_the_stamp(
    model, new, write, tmp_path
):
    report = predict_file(write(255 - new), model, tmp_path / "out.tif", force=True)
    assert report.verdict.colour == "red"
    lines = info_of(report.output)
    assert lines["frm_bridge.gate"] == "red (forced)"
    assert "inverted relative to training" in lines["frm_bridge.gate_reasons"]
    assert any("inverted" in warning for warning in report.warnings)


def test_an_amber_image_is_predicted_with_a_warning(model, new, write, tmp_path):
    report = predict_file(write(255 - new[:256, :256]), model, tmp_path / "out.tif")
    assert report.verdict.colour == "amber"
    assert info_of(report.output)["frm_bridge.gate"].startswith("amber (smaller")
    assert any("may be unlike" in warning for warning in report.warnings)


def test_the_output_says_where_nothing_was_judged(make_model, new, write, tmp_path):
    report = predict_file(write(new), make_model(), tmp_path / "out.tif")
    assert report.verdict.colour is None
    assert (
        info_of(report.output)["frm_bridge.gate"]
        == "not judged: the model has no passport"
    )


def test_of_several_models_the_gravest_verdict_counts(
    make_model, model, new, write, tmp_path
):
    both = [make_model(), model]
    with pytest.raises(InputError, match="judging"):
        predict_file(write(255 - new), both, tmp_path / "out.tif")
    report = predict_file(write(255 - new), both, tmp_path / "out.tif", force=True)
    assert report.verdict.colour == "red"


def test_arrays_are_refused_and_forced_alike(model, new):
    with pytest.raises(InputError, match="inverted"):
        predict_image(255 - new, model)
    assert predict_image(255 - new, model, force=True).shape == new.shape
    output = np.empty(new.shape, np.float32)
    with open_model(model) as loaded:
        report = predict_into(ArrayImage(255 - new), loaded, output, force=True)
    assert any("inverted" in warning for warning in report.warnings)
