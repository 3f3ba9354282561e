import numpy as np
import pytest
import tifffile

from frm_bridge.errors import InputError
from frm_bridge.training.fields import (
    load_fields,
    training_normalisation,
    without_hot_pixels,
)
from frm_bridge.training.pairs import Pair


def test_global_statistics_are_the_population_mean_and_sd_of_all_training_pixels(pairs):
    training = [pair for pair in pairs if pair.split == "train"]
    normalisation = training_normalisation("global", training)
    for side, scale in (
        ("input", normalisation.input),
        ("target", normalisation.output),
    ):
        pixels = np.stack([tifffile.imread(getattr(p, side)) for p in training])
        assert scale.mean == pytest.approx(pixels.mean(dtype=np.float64), rel=1e-12)
        assert scale.sd == pytest.approx(pixels.std(dtype=np.float64), rel=1e-12)
    assert normalisation.output.unit == "counts"


def test_held_out_fields_do_not_touch_the_global_statistics(pairs):
    training = [pair for pair in pairs if pair.split == "train"]
    before = training_normalisation("global", training)
    tifffile.imwrite(pairs[3].input, np.full((96, 80), 60000, np.uint16))
    assert training_normalisation("global", training) == before


def test_field_normalisation_gives_every_plane_mean_0_and_sd_1(pairs):
    normalisation = training_normalisation("field", pairs)
    for field in load_fields(pairs, normalisation):
        image, _ = field.normalised(slice(None), slice(None))
        assert image.mean() == pytest.approx(0, abs=1e-5)
        assert image.std() == pytest.approx(1, abs=1e-5)
    assert normalisation.output.unit == "relative"


def test_hot_pixels_leave_a_relative_target_and_nothing_else_does():
    random = np.random.default_rng(0)
    pixels = random.integers(98, 103, (64, 64), dtype=np.uint16)
    pixels[30:50, 20:40] = 180
    hot = pixels.copy()
    hot[5, 5] = hot[40, 30] = 65535
    clean = without_hot_pixels(hot)
    assert clean.dtype == np.uint16
    assert clean[5, 5] < 103
    assert clean[40, 30] == 180
    assert np.mean(clean != pixels) < 0.005  # the square's corners are cut


def test_every_relative_field_weighs_alike_in_the_loss(tmp_path):
    random = np.random.default_rng(0)
    for number, (level, size) in enumerate([(40, 20), (400, 60)]):
        pixels = random.normal(100, 3, (128, 128))
        pixels[30 : 30 + size, 30 : 30 + size] += level
        path = tmp_path / f"{number}.tif"
        tifffile.imwrite(path, pixels.astype(np.uint16))
        pair = Pair(path, path, "n")
        (field,) = load_fields([pair], training_normalisation("field", [pair]))
        _, target = field.normalised(slice(None), slice(None))
        assert target.std() == pytest.approx(1, abs=1e-5)
        assert np.median(target) == pytest.approx(0, abs=1e-5)


def test_signal_is_where_nuclei_are(tmp_path):
    pixels = np.random.default_rng(0).normal(100, 3, (128, 128))
    pixels[30:50, 60:80] += 60
    path = tmp_path / "nucleus.tif"
    tifffile.imwrite(path, pixels.astype(np.uint16))
    pair = Pair(path, path, "n")
    (field,) = load_fields([pair], training_normalisation("field", [pair]))
    mask = np.zeros((128, 128), bool)
    mask.ravel()[field.signal] = True
    assert mask[32:48, 62:78].all()
    assert not mask[:24].any()


def test_nan_in_a_target_is_an_error_that_names_the_file(tmp_path):
    paths = [tmp_path / "image.tif", tmp_path / "target.tif"]
    pixels = np.random.default_rng(0).normal(size=(32, 32)).astype(np.float32)
    tifffile.imwrite(paths[0], pixels)
    pixels[3, 4] = np.nan
    tifffile.imwrite(paths[1], pixels)
    pair = Pair(*paths, "g")
    with pytest.raises(InputError, match=r"target\.tif") as caught:
        load_fields([pair], training_normalisation("field", [pair]))
    assert caught.value.code == "E_IMAGE_NOT_FINITE"


def test_every_plane_of_a_stack_is_a_field(tmp_path):
    stack = np.random.default_rng(0).integers(0, 255, (3, 40, 48), dtype=np.uint8)
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "TYX"})
    pair = Pair(path, path, "movie")
    fields = load_fields([pair], training_normalisation("global", [pair]))
    assert [field.name for field in fields] == ["movie[0]", "movie[1]", "movie[2]"]
    np.testing.assert_array_equal(fields[2].image, stack[2])
