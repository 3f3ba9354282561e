"""Images of another microscope: their scale, their grey levels, and no shift."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from frm_bridge.errors import FrmError, InputError
from frm_bridge.images import create_image, open_image
from frm_bridge.images.resampling import resample
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.prediction import open_model, predict_file, predict_image
from frm_bridge.prediction.intensity import IntensityMap, read_map
from frm_bridge.prediction.matching import Matching

AS_IT_IS = Normalisation(
    InputNormalisation("global", 0.0, 1.0), OutputNormalisation(0.0, 1.0, "counts")
)
GLOBAL = Normalisation(
    InputNormalisation("global", 500.0, 80.0), OutputNormalisation(0.0, 1.0, "relative")
)
TO_THE_MODEL = Matching(scale="pixel size")


def _dots(shape, centres, sd=4.0):
    rows, columns = np.indices(shape)
    plane = np.full(shape, 100.0)
    for y, x in centres:
        plane += 900 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * sd**2))
    return plane.astype(np.float32)


def _centroid(plane, y, x, reach=20):
    window = plane[y - reach : y + reach + 1, x - reach : x + reach + 1] - 100.0
    rows, columns = np.indices(window.shape) - reach
    total = window.sum()
    return y + (rows * window).sum() / total, x + (columns * window).sum() / total


def _written(path, pixels, axes, pixel_size_um=None, **scales):
    with create_image(
        path,
        axes=axes,
        shape=pixels.shape,
        dtype="float32",
        pixel_size_um=pixel_size_um,
        **scales,
    ) as writer:
        planes = pixels.reshape(-1, *pixels.shape[-2:])
        for number, plane in enumerate(planes):
            writer.write_window(number, 0, 0, plane)
    return path


def _read(path):
    with open_image(path) as image:
        planes = range(image.info.plane_count)
        return image.info, [image.read_plane(plane) for plane in planes]


@pytest.fixture
def field(tmp_path):
    """1.825 um per pixel, two dots at known places, odd sizes."""
    pixels = _dots((203, 171), [(60, 50), (141, 120)])
    return _written(tmp_path / "field.tif", pixels, "YX", 1.825)


@pytest.mark.parametrize("shape", [(203, 171), (160, 192)])
@pytest.mark.parametrize("factor", [0.5, 0.7, 1.4038, 2.0])
@pytest.mark.parametrize("window", [64, None])
def test_a_dot_stays_at_its_centroid(shape, factor, window, make_identity):
    model = make_identity("same", normalisation=AS_IT_IS)
    image = _dots(shape, [(60, 50), (111, 120)])
    found = predict_image(
        image, model, matching=Matching(scale=factor), window=window, device="cpu"
    )
    assert found.shape == shape
    for y, x in ((60, 50), (111, 120)):
        assert _centroid(found, y, x) == pytest.approx((y, x), abs=0.1)
    assert np.abs(found - image).max() < 12  # of 1000: two resamplings


def test_the_network_sees_the_image_at_its_own_pixel_size(field, make_model, tmp_path):
    model = make_model(pixel_size_um=1.3)
    report = predict_file(
        field,
        model,
        tmp_path / "out.tif",
        dtype="float32",
        matching=replace(TO_THE_MODEL, grain=False),
        device="cpu",
    )
    assert report.factors == (pytest.approx(1.825 / 1.3, rel=1e-4),)
    assert report.warnings == ()
    _, (pixels,) = _read(field)
    at_scale = resample(pixels, (285, 240))
    expected = resample(predict_image(at_scale, model, device="cpu"), pixels.shape)
    info, (found,) = _read(tmp_path / "out.tif")
    np.testing.assert_allclose(found, expected, atol=2e-2)
    assert info.pixel_size_um == pytest.approx(1.825, rel=1e-4)
    told = info.properties
    assert float(told["frm_bridge.model.scale"]) == pytest.approx(1.4038, abs=1e-4)
    assert told["frm_bridge.model.scale_from"] == "pixel sizes"
    assert told["frm_bridge.model.pixel_size_um"] == "1.3"
    assert told["frm_bridge.model.input_px"] == "285 x 240 (resampled)"
    (sentence,) = report.matching
    assert "enlarged 1.4038 times" in sentence
    assert "203 x 171 px became 285 x 240 px" in sentence


def test_windows_of_a_rescaled_image_change_nothing(field, make_model, tmp_path):
    with open_model(make_model(pixel_size_um=1.3), device="cpu") as model:
        how = {"dtype": "float32", "matching": Matching(scale=2.0)}
        whole = predict_file(field, model, tmp_path / "whole.tif", **how)
        parts = predict_file(field, model, tmp_path / "parts.tif", window=256, **how)
    assert (whole.windows, parts.windows) == (1, 12)
    (a,), (b,) = (_read(tmp_path / f"{name}.tif")[1] for name in ("whole", "parts"))
    np.testing.assert_allclose(a, b, atol=1e-3)


def test_a_stack_and_models_of_several_pixel_sizes(tmp_path, make_identity):
    centres = [(40 + 9 * n, 90 - 7 * n) for n in range(4)]
    planes = np.stack([_dots((129, 131), [centre]) for centre in centres])
    scales = {"z_step_um": 2.0, "frame_interval_s": 30.0}
    pixels = planes.reshape(2, 2, 129, 131)
    path = _written(tmp_path / "stack.tif", pixels, "TZYX", 1.0, **scales)
    sizes = {"fine": 0.5, "same": 1.0, "coarse": 1.43}
    models = [
        make_identity(name, normalisation=AS_IT_IS, marker=name, pixel_size_um=size)
        for name, size in sizes.items()
    ]
    steps = []
    report = predict_file(
        path,
        models,
        tmp_path / "out.tif",
        dtype="float32",
        matching=TO_THE_MODEL,
        window=128,
        progress=lambda *step: steps.append(step),
    )
    assert report.factors == (2.0, 1.0, pytest.approx(1 / 1.43))
    assert steps == [(n + 1, report.windows) for n in range(report.windows)]
    info, found = _read(tmp_path / "out.tif")
    assert (info.axes, info.shape) == ("TZCYX", (2, 2, 3, 129, 131))
    assert info.channel_names == tuple(sizes)
    assert (info.pixel_size_um, info.z_step_um, info.frame_interval_s) == (1, 2, 30)
    for number, plane in enumerate(found):
        y, x = centres[number // 3]
        assert _centroid(plane, y, x) == pytest.approx((y, x), abs=0.1)
    for plane in range(4):
        np.testing.assert_array_equal(found[3 * plane + 1], planes[plane])
    told = info.properties
    assert told["frm_bridge.model.1.scale"] == "2"
    assert told["frm_bridge.model.2.input_px"] == "129 x 131 (as it is)"
    assert "not resampled for same" in report.matching[1]


def test_channels_are_kept(tmp_path, make_identity):
    planes = np.stack([_dots((64, 70), [(20 + 9 * n, 30)]) for n in range(3)])
    path = _written(tmp_path / "channels.tif", planes, "CYX", 2.0)
    model = make_identity("same", normalisation=AS_IT_IS, pixel_size_um=1.0)
    predict_file(path, model, tmp_path / "out.tif", matching=TO_THE_MODEL)
    info, found = _read(tmp_path / "out.tif")
    assert (info.axes, info.shape) == ("CYX", (3, 64, 70))
    for number, plane in enumerate(found):
        y = 20 + 9 * number
        assert _centroid(plane, y, 30, 18) == pytest.approx((y, 30), abs=0.1)


def test_a_pixel_size_that_is_missing_is_never_guessed(tmp_path, make_identity):
    pixels = _dots((64, 64), [(30, 30)])
    path = _written(tmp_path / "unknown.tif", pixels, "YX")
    model = make_identity("sized", pixel_size_um=0.5)
    with pytest.raises(InputError, match=r"E_PIXEL_SIZE.*unknown\.tif") as told:
        predict_file(path, model, tmp_path / "out.tif", matching=TO_THE_MODEL)
    assert "--pixel-size" in told.value.fix
    unsized = make_identity("unsized")
    path = _written(tmp_path / "known.tif", pixels, "YX", 0.5)
    with pytest.raises(InputError, match=r"E_PIXEL_SIZE_MODEL.*unsized") as told:
        predict_file(path, unsized, tmp_path / "out.tif", matching=TO_THE_MODEL)
    assert "--scale" in told.value.fix
    assert not (tmp_path / "out.tif").exists()


def test_a_pixel_size_that_is_given_takes_the_place_of_the_files(
    field, tmp_path, make_identity
):
    model = make_identity("sized", pixel_size_um=0.5)
    matching = replace(TO_THE_MODEL, pixel_size_um=0.25)
    report = predict_file(field, model, tmp_path / "out.tif", matching=matching)
    assert report.factors == (0.5,)
    info, _ = _read(tmp_path / "out.tif")
    assert info.pixel_size_um == pytest.approx(0.25)
    assert info.properties["frm_bridge.given_pixel_size_um"] == "0.25"


@pytest.mark.parametrize("size", [0.24, 10.0])
def test_a_factor_out_of_range_is_refused(field, tmp_path, make_identity, size):
    model = make_identity("far", pixel_size_um=size)
    with pytest.raises(InputError, match=r"E_SCALE .*field\.tif"):
        predict_file(field, model, tmp_path / "out.tif", matching=TO_THE_MODEL)


@pytest.mark.parametrize("factor", [0.0, -1.0, 0.19, 5.1, float("nan")])
def test_a_factor_that_is_none_is_refused(factor):
    with pytest.raises(InputError, match="E_SCALE"):
        Matching(scale=factor)


def test_a_factor_near_one_resamples_nothing(field, tmp_path, make_identity):
    model = make_identity("near", normalisation=AS_IT_IS, pixel_size_um=1.825 / 1.0049)
    how = {"matching": TO_THE_MODEL, "dtype": "float32"}
    report = predict_file(field, model, tmp_path / "out.tif", **how)
    assert report.factors == (1.0,)
    assert "not resampled" in report.matching[0]
    np.testing.assert_array_equal(_read(field)[1], _read(tmp_path / "out.tif")[1])


def test_what_would_be_too_small_is_refused(make_identity):
    with pytest.raises(InputError, match="E_IMAGE_SMALL"):
        predict_image(
            _dots((60, 90), [(30, 30)]),
            make_identity("same"),
            matching=Matching(scale=0.25),
        )


@pytest.mark.parametrize(
    ("pixels", "code"),
    [
        (np.full((64, 64), 0.3, np.float32), "E_IMAGE_CONSTANT"),
        (np.where(np.eye(64), np.nan, 1.0), "E_IMAGE_NOT_FINITE .*the first at y=0"),
    ],
)
def test_faults_of_the_image_are_found_in_its_own_pixels(pixels, code, make_identity):
    with pytest.raises(InputError, match=code):
        predict_image(pixels, make_identity("same"), matching=Matching(scale=1.4))


def test_the_published_algorithm_is_not_scaled(make_identity):
    with pytest.raises(InputError, match="E_OPTION"):
        predict_image(
            np.eye(256),
            make_identity("same"),
            algorithm="paper",
            matching=Matching(scale=2.0),
        )


def test_statistics_are_those_of_the_plane_that_the_network_sees(
    tmp_path, make_identity
):
    noise = np.random.default_rng(0).normal(100, 10, (128, 128)).astype(np.float32)
    path = _written(tmp_path / "noise.tif", noise, "YX")
    model = make_identity("own")
    how = Matching(scale=0.5, grain=False)
    predict_file(path, model, tmp_path / "out.tif", matching=how)
    info, _ = _read(tmp_path / "out.tif")
    ((mean, sd),) = json.loads(info.properties["frm_bridge.model.input_mean_sd"])
    shrunk = resample(noise, (64, 64)).astype(np.float64)
    assert (mean, sd) == pytest.approx((shrunk.mean(), shrunk.std()), rel=1e-5)
    assert sd < 0.7 * noise.std()


@pytest.mark.parametrize("factor", [0.5, 1.4, 2.0])
def test_the_noise_that_resampling_takes_is_put_back_and_told(
    tmp_path, make_identity, factor
):
    random = np.random.default_rng(0)
    planes = np.stack([random.normal(100, sd, (200, 240)) for sd in (3, 8)])
    path = _written(tmp_path / "noise.tif", planes.astype(np.float32), "TYX")
    model = make_identity("same")
    how = {"matching": Matching(scale=factor), "dtype": "float32"}
    report = predict_file(path, model, tmp_path / "out.tif", **how)
    told = _read(tmp_path / "out.tif")[0].properties
    scales = json.loads(told["frm_bridge.model.input_mean_sd"])
    assert [sd for _, sd in scales] == pytest.approx([3, 8], rel=0.3)
    lost_sds = json.loads(told["frm_bridge.model.grain_sd"])
    for sd, lost in zip((3, 8), lost_sds, strict=True):
        assert 0.6 * sd < lost < 1.02 * sd
    assert "pixel noise of sd" in report.matching[0]
    report = predict_file(path, model, tmp_path / "again.tif", **how)
    first, again = (tmp_path / f"{name}.tif" for name in ("out", "again"))
    assert first.read_bytes() == again.read_bytes()


def test_own_statistics_take_the_place_of_the_training_fields(
    tmp_path, make_model, make_identity
):
    """A linear map of the grey levels, of each plane alone."""
    planes = np.stack([_dots((64, 80), [(30, 30)]) * k + 7 * k for k in (0.5, 3)])
    path = _written(tmp_path / "movie.tif", planes, "TYX")
    model = make_identity("global", normalisation=GLOBAL)
    how = {"dtype": "float32", "matching": Matching(intensity="own")}
    report = predict_file(path, model, tmp_path / "out.tif", **how)
    info, found = _read(tmp_path / "out.tif")
    maps = json.loads(info.properties["frm_bridge.model.intensity_gain_offset"])
    for plane, (gain, offset), prediction in zip(planes, maps, found, strict=True):
        mapped = plane * gain + offset
        assert (mapped.mean(), mapped.std()) == pytest.approx((500, 80), rel=1e-4)
        np.testing.assert_allclose(prediction, (mapped - 500) / 80, atol=1e-4)
    assert info.properties["frm_bridge.model.intensity_from"] == "each plane itself"
    assert "training fields' for global" in report.matching[0]
    assert report.warnings == ()


def test_a_saved_map_is_one_for_all_planes(tmp_path, make_identity):
    planes = np.stack([_dots((64, 80), [(30, 30)]) * k for k in (1, 2)])
    path = _written(tmp_path / "movie.tif", planes, "TYX")
    IntensityMap(300.0, 50.0, images=("a.tif",)).save(tmp_path / "session.json")
    matching = Matching(intensity=read_map(tmp_path / "session.json"))
    model = make_identity("global", normalisation=GLOBAL)
    how = {"dtype": "float32", "matching": matching}
    report = predict_file(path, model, tmp_path / "out.tif", **how)
    info, found = _read(tmp_path / "out.tif")
    np.testing.assert_allclose(found, (planes - 300) / 50, atol=1e-4)
    told = info.properties
    assert told["frm_bridge.model.intensity_from"] == "the map session.json"
    assert told["frm_bridge.model.intensity_gain_offset"] == "[[1.6, 20.0]]"
    assert report.warnings == ()
    scaled = replace(matching, scale=2.0)
    report = predict_file(path, model, tmp_path / "2.tif", matching=scaled)
    assert any("measured at the scale 1" in said for said in report.warnings)


def test_a_model_that_takes_each_plane_alone_is_not_changed_and_says_so(
    field, tmp_path, make_identity
):
    model = make_identity("field")
    plain = predict_file(field, model, tmp_path / "plain.tif")
    assert (plain.factors, plain.matching, plain.warnings) == ((1.0,), (), ())
    matching = Matching(intensity="own")
    report = predict_file(field, model, tmp_path / "out.tif", matching=matching)
    (warning,) = report.warnings
    assert "changes nothing" in warning
    assert report.matching == ()
    a, b = (tifffile.imread(tmp_path / f"{name}.tif") for name in ("plain", "out"))
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": 2, "mean": 1, "sd": 1, "scale": 1, "images": []}',
        '{"schema": 1, "mean": 1, "sd": 0, "scale": 1, "images": []}',
        '{"schema": 1, "mean": NaN, "sd": 1, "scale": 1, "images": []}',
        '{"schema": 1, "mean": 1, "sd": 1, "scale": 1, "images": [], "more": 1}',
    ],
)
def test_a_file_that_is_no_map_is_refused(text, tmp_path):
    (tmp_path / "map.json").write_text(text)
    with pytest.raises(FrmError, match="E_INTENSITY_MAP"):
        read_map(tmp_path / "map.json")
