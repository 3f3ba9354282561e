"""What a plane looks like, in numbers; all images here are synthetic."""

import numpy as np
import pytest
from scipy import ndimage

from frm_bridge.models.passport import MEASURES
from frm_bridge.prediction.arrays import ArrayImage
from frm_bridge.prediction.measures import measure_plane, read_tiles, sampled_planes


def measured(pixels):
    return measure_plane(read_tiles(ArrayImage(pixels), 0), pixels.shape).values


@pytest.fixture(scope="module")
def field(draw_field):
    return draw_field(0)


def test_every_measure_has_a_value_and_a_spread_over_tiles(draw_field):
    field = draw_field(1, side=1024, cells=100)
    found = measure_plane(read_tiles(ArrayImage(field), 0), field.shape, spread=True)
    assert set(found.values) == set(found.spread) == set(MEASURES)
    assert np.isfinite([*found.values.values(), *found.spread.values()]).all()
    assert found.spread["mean"] > 0
    assert (found.values["height"], found.values["width"]) == (1024, 1024)


def test_polarity_changes_its_sign_where_the_image_is_inverted(field):
    plain, inverted = measured(field), measured(255 - field)
    for scale in (2, 4):
        name = f"polarity_{scale}"
        assert inverted[name] == pytest.approx(-plain[name], abs=1e-4)
    assert plain["polarity_2"] < -0.1  # fine grain lies in the dark rims


def test_gain_and_offset_move_the_spectra_by_one_number_and_polarity_not_at_all(field):
    plain = measured(field.astype(np.float32))
    changed = measured(4 * field.astype(np.float32) + 1000)
    for name in MEASURES:
        if name.startswith(("background", "objects")):
            assert changed[name] - plain[name] == pytest.approx(2, abs=0.05)
        if name.startswith("polarity"):
            assert changed[name] == pytest.approx(plain[name], abs=1e-3)


def test_the_bands_find_the_period_of_a_wave():
    x = np.arange(512)
    for period in (3.4, 6.7, 19):
        wave = 100 + 10 * np.sin(2 * np.pi * x / period)
        found = measured(np.tile(wave.astype(np.float32), (512, 1)))
        bands = {
            name: value for name, value in found.items() if name.startswith("objects")
        }
        assert max(bands, key=bands.get) == f"objects_{period:g}"


def test_white_noise_has_its_sd_in_every_band_of_the_background():
    random = np.random.default_rng(0)
    found = measured(random.normal(1000, 8, (1024, 1024)).astype(np.float32))
    for band in ("2.4", "3.4", "4.8", "6.7"):
        assert found[f"background_{band}"] == pytest.approx(3, abs=0.35)


def test_blur_takes_the_finest_bands_away(field):
    blurred = ndimage.gaussian_filter(field.astype(np.float32), 1)
    plain, after = measured(field), measured(blurred)
    assert after["background_2.4"] < plain["background_2.4"] - 2
    assert after["background_19"] > plain["background_19"] - 0.3


def test_clipped_pixels_are_counted_at_both_ends(field):
    dark = np.maximum(field, 110) - 110
    assert measured(dark)["empty"] == pytest.approx((dark == 0).mean(), abs=0.02)
    bright = np.minimum(field, 112)
    found = measured(bright)
    assert found["saturated"] == pytest.approx((bright == 112).mean(), abs=0.02)
    assert (found["high"], found["low"]) == (112, bright.min())


@pytest.mark.parametrize("shape", [(16, 16), (17, 300), (70, 63), (600, 40)])
def test_small_and_odd_planes_are_measured_as_well(shape):
    pixels = np.random.default_rng(0).integers(0, 4000, shape, dtype=np.uint16)
    assert np.isfinite(list(measured(pixels).values())).all()


def test_a_constant_plane_gives_finite_numbers():
    assert np.isfinite(list(measured(np.full((64, 64), 7)).values())).all()


def test_at_most_nine_tiles_are_read_and_they_reach_all_borders():
    image = ArrayImage(np.arange(3000 * 2000, dtype=np.float32).reshape(3000, 2000))
    tiles = read_tiles(image, 0)
    assert len(tiles) == 9
    assert tiles[0][0, 0] == 0
    assert tiles[-1][-1, -1] == 3000 * 2000 - 1
    assert {tile.shape for tile in tiles} == {(512, 512)}


def test_the_first_plane_the_last_and_seven_between_are_looked_at():
    assert sampled_planes(1) == [0]
    assert sampled_planes(3) == [0, 1, 2]
    assert sampled_planes(100) == [0, 12, 25, 37, 50, 62, 74, 87, 99]
