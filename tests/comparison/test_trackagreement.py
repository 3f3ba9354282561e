"""Tracks compared in the real ImageJ: what was planted is found."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from frm_bridge.comparison import TrackComparison, compare
from frm_bridge.errors import InputError
from frm_bridge.images import open_image


@pytest.fixture(scope="module")
def movie(data_folder):
    """Twelve frames of HeLa nuclei."""
    with open_image(data_folder / "mitocheck" / "movie.tif") as image:
        planes = [image.read_plane(frame) for frame in range(12)]
    return np.stack(planes)


def test_a_copy_keeps_every_link(save, tmp_path, movie):
    truth, copy = save("truth", "a", movie), save("prediction", "a", movie)
    result = compare(truth.parent, copy.parent, "tracks", tmp_path / "out")
    assert isinstance(result, TrackComparison)
    found = result.summary.tracks
    assert found.truth_links == found.kept_links == found.predicted_links > 100
    assert found.whole_tracks == found.truth_tracks == found.predicted_tracks
    assert (found.lost_links, found.invented_links, found.link_f1) == (0, 0, 1)
    assert found.speed_px_per_frame.truth == found.speed_px_per_frame.prediction
    record = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert record["kind"] == "tracks"
    assert record["fields"][0]["planes"] == list(range(1, 13))
    assert record["summary"]["tracks"]["kept_links"] == found.kept_links
    assert record["summary"]["pcc"]["mean"] == pytest.approx(1)


def test_a_nucleus_rubbed_out_in_one_frame_costs_two_links(save, tmp_path, movie):
    # The nucleus at (155, 85) stays there for all twelve frames.
    without = movie.copy()
    without[5, 144:167, 74:97] = 3
    truth, worse = save("truth", "a", movie), save("prediction", "a", without)
    result = compare(truth, worse, "tracks", tmp_path / "out")
    found = result.summary.tracks
    assert found.truth_spots - found.matched_spots == 1
    assert found.lost_links == found.lost_for_want_of_a_spot == 2
    assert found.invented_links == 1  # the gap is closed over
    assert found.whole_tracks == found.truth_tracks - 1
    links = pd.read_csv(tmp_path / "out" / "links.csv", keep_default_na=False)
    lost = links[links["status"] == "lost"]
    assert lost["frame"].tolist() == [5, 6]
    assert set(lost["reason"]) == {"spot"}


def test_the_match_distance_is_a_radius_unless_given(save, tmp_path, movie):
    moved = ndimage.shift(movie.astype(float), (0, 0, 4), order=1, mode="nearest")
    truth, shifted = save("truth", "a", movie), save("p", "a", moved.astype(np.float32))
    wide = compare(truth, shifted, "tracks", tmp_path / "wide")
    assert 4 < wide.summary.tracks.match_distance_px < 9
    assert wide.summary.tracks.link_recall > 0.9
    narrow = compare(truth, shifted, "tracks", tmp_path / "n", match_distance_px=2.0)
    assert narrow.summary.tracks.match_distance_px == 2
    assert narrow.summary.tracks.link_recall < 0.2
    with pytest.raises(InputError, match="match distance is 0"):
        compare(truth, shifted, "tracks", tmp_path / "no", match_distance_px=0)
    assert not (tmp_path / "no").exists()


def test_a_prediction_without_a_track_is_a_result(save, tmp_path, movie):
    noise = np.random.default_rng(0).integers(8, 12, movie.shape).astype(np.uint8)
    truth, empty = save("truth", "a", movie), save("prediction", "a", noise)
    result = compare(truth, empty, "tracks", tmp_path / "out")
    found = result.summary.tracks
    assert (found.predicted_tracks, found.kept_links) == (0, 0)
    assert found.lost_links == found.truth_links > 0
    assert (found.link_recall, found.link_precision) == (0, None)
    swapped = compare(empty, truth, "tracks", tmp_path / "swapped").summary.tracks
    assert (swapped.link_recall, swapped.track_error_percent) == (None, None)
    assert swapped.match_distance_px == 0


def test_several_movies_are_pooled_and_listed(save, tmp_path, movie):
    for name, frames in (("a", slice(0, 6)), ("b", slice(6, 12))):
        save("truth", name, movie[frames])
        save("prediction", name, movie[frames])
    result = compare(
        tmp_path / "truth", tmp_path / "prediction", "tracks", tmp_path / "out"
    )
    assert [one.field.name for one in result.fields] == ["a", "b"]
    each = [one.agreement.truth_links for one in result.fields]
    assert result.summary.tracks.truth_links == sum(each)
    rows = pd.read_csv(tmp_path / "out" / "fields.csv")
    assert rows["kept_links"].tolist() == each
    tracks = pd.read_csv(tmp_path / "out" / "tracks.csv")
    assert set(tracks["field"]) == {"a", "b"}
    again = compare(
        *(tmp_path / side for side in ("truth", "prediction")),
        "tracks",
        tmp_path / "out",
        overwrite=True,
    )
    assert again.summary == result.summary
