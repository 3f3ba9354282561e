"""Images for the eye."""

import numpy as np
import pytest

from frm_bridge.reporting.display import (
    choose_region,
    data_uri,
    merge,
    nice_length,
    outline_objects,
    reduce,
    stretch,
)


def test_contrast_is_stretched_between_percentiles():
    image = np.linspace(100, 1100, 256 * 256).reshape(256, 256).astype(np.uint16)
    shown = stretch(image)
    assert (shown.pixels.min(), shown.pixels.max()) == (0, 255)
    assert shown.black == pytest.approx(105, abs=1)
    assert shown.white == pytest.approx(1097, abs=1)


@pytest.mark.parametrize("value", [0, 7])
def test_a_constant_image_can_be_shown(value):
    assert np.unique(stretch(np.full((20, 20), value)).pixels).size == 1


def test_a_lone_bright_spot_on_nothing_is_seen():
    image = np.zeros((500, 500), np.uint16)
    image[3:5, 4:6] = 9000
    assert stretch(image).pixels.max() == 255


def test_agreement_is_white_truth_green_and_prediction_magenta():
    on, off = np.full((1, 1), 255, np.uint8), np.zeros((1, 1), np.uint8)
    assert merge(on, on).tolist() == [[[255, 255, 255]]]
    assert merge(on, off).tolist() == [[[0, 255, 0]]]
    assert merge(off, on).tolist() == [[[255, 0, 255]]]


def test_large_images_are_reduced_and_small_ones_left_alone():
    assert reduce(np.zeros((900, 300), np.uint8), side=300).shape == (300, 100)
    small = np.zeros((90, 30), np.uint8)
    assert reduce(small, side=300) is small
    assert data_uri(small).startswith("data:image/jpeg;base64,")


def test_an_outline_runs_along_the_edges_of_the_pixels():
    labels = np.zeros((20, 30), np.uint16)
    labels[5:9, 10:16] = 4
    labels[0:2, 0:2] = 5
    (outline,) = outline_objects(labels, {4: ("missed", "no. 4")}, tolerance_px=0.2)
    assert (outline.kind, outline.title) == ("missed", "no. 4")
    numbers = outline.path.strip("MZ").replace("L", " ").split()
    x, y = np.array(numbers, float).reshape(-1, 2).T
    # Columns 10 to 15 reach from 10.0 to 16.0; the corners are cut by half a pixel.
    assert (x.min(), x.max(), y.min(), y.max()) == (10, 16, 5, 9)


def test_the_closer_look_goes_where_most_disagreement_is():
    matched = np.array([[20.0, 20.0]] * 4)
    unmatched = np.array([[150.0, 250.0], [155.0, 255.0]])
    region = choose_region((200, 300), matched, unmatched, side=64)
    assert region.y <= 150 < region.y + region.height
    assert region.x <= 250 < region.x + region.width
    assert (region.height, region.width) == (64, 64)
    # However many agree elsewhere, one that does not is more to look at.
    many = np.repeat(matched, 20, axis=0)
    region = choose_region((200, 300), many, unmatched, side=64)
    assert region.x <= 250 < region.x + region.width
    crowded = choose_region((200, 300), matched, unmatched[:0], side=64)
    assert crowded.y <= 20 < crowded.y + crowded.height


def test_the_closer_look_fits_into_a_small_image():
    nothing = np.empty((0, 2))
    region = choose_region((40, 300), nothing, nothing, side=64)
    assert (region.height, region.width) == (40, 64)


@pytest.mark.parametrize(("limit", "bar"), [(26, 20), (19.9, 10), (0.07, 0.05), (1, 1)])
def test_scale_bars_have_round_lengths(limit, bar):
    assert nice_length(limit) == pytest.approx(bar)
