"""Nuclei followed through movies of known truth, and through a real one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from frm_bridge.errors import InputError, WorkflowError
from frm_bridge.imagej import Source, run_workflow
from frm_bridge.imagej.linking import link_spots
from frm_bridge.images import create_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from frm_bridge.imagej import WorkflowResult

SHAPE = (120, 160)
RADIUS = 6


def draw(paths: dict[str, list[tuple[float, float] | None]]) -> NDArray[np.uint8]:
    """Draw a synthetic movie: one disc at each (y, x) of each path; None is absent."""
    frames = len(next(iter(paths.values())))
    rows, columns = np.indices(SHAPE)
    movie = np.full((frames, *SHAPE), 10, dtype=np.uint8)
    for path in paths.values():
        for frame, place in enumerate(path):
            if place is not None:
                y, x = place
                inside = (rows - y) ** 2 + (columns - x) ** 2 <= RADIUS**2
                movie[frame][inside] = 200
    return movie


@pytest.fixture
def save_movie(tmp_path: Path) -> Callable[..., Path]:
    """Write a stack as ``<name>.tif``."""

    def write(
        movie: NDArray[Any], *, axes: str = "TYX", name: str = "movie", **options: Any
    ) -> Path:
        path = tmp_path / f"{name}.tif"
        with create_image(
            path, axes=axes, shape=movie.shape, dtype=movie.dtype, **options
        ) as writer:
            for frame, plane in enumerate(movie.reshape(-1, *movie.shape[-2:])):
                writer.write_window(frame, 0, 0, plane)
        return path

    return write


@pytest.fixture
def track(tmp_path: Path) -> Callable[..., WorkflowResult]:
    """Track a movie."""

    def run(path: Path, **parameters: Any) -> WorkflowResult:
        output = tmp_path / "tracked"
        return run_workflow(
            "tracks", path, output, parameters=parameters, overwrite=True
        )

    return run


def table(result: WorkflowResult, name: str) -> pd.DataFrame:
    return pd.read_csv(result.file(name))


def places(result: WorkflowResult, track: int) -> list[tuple[int, int, int]]:
    """Give frame, y and x of a track's spots, in whole px from 0."""
    spots = table(result, "spots")
    own = spots[spots["track"] == track]
    columns = own["frame"], own["y_px"] - 0.5, own["x_px"] - 0.5
    return [
        (int(frame), round(y), round(x)) for frame, y, x in zip(*columns, strict=True)
    ]


STEADY = {
    # Two cross: each keeps its line, which the nearest neighbour would not tell.
    "right": [(30.0, 30.0 + 9 * t) for t in range(8)],
    "born": [None, None, None, *[(90.0, 40.0 + 4 * t) for t in range(5)]],
    "dies": [*[(90.0, 120.0 + 2 * t) for t in range(4)], None, None, None, None],
    "blinks": [(60.0, 20.0), (60.0, 23.0), None, *[(60.0, 29.0)] * 5],
}


def test_births_deaths_and_gaps_are_followed(
    save_movie: Callable[..., Path], track: Callable[..., WorkflowResult]
) -> None:
    result = track(save_movie(draw(STEADY)))
    assert result.things == "tracks"
    assert result.count == len(STEADY)
    found = {tuple(places(result, number)) for number in range(1, 5)}
    expected = {
        tuple((t + 1, *map(int, at)) for t, at in enumerate(path) if at is not None)
        for path in STEADY.values()
    }
    assert found == expected
    tracks = table(result, "tracks")
    assert sorted(zip(tracks["first_frame"], tracks["last_frame"], strict=True)) == [
        (1, 4),
        (1, 8),
        (1, 8),
        (4, 8),
    ]
    assert tracks["gaps"].sum() == 1
    assert result.result["counts"]["lone_spots"] == 0
    assert result.result["linker"].startswith("laptrack ")


def test_a_gap_stays_open_unless_it_may_be_closed(
    save_movie: Callable[..., Path], track: Callable[..., WorkflowResult]
) -> None:
    result = track(save_movie(draw(STEADY)), max_frame_gap=1)
    assert result.count == len(STEADY) + 1
    assert table(result, "tracks")["gaps"].sum() == 0


def test_a_division_joins_both_daughters_where_it_is_allowed(
    save_movie: Callable[..., Path], track: Callable[..., WorkflowResult]
) -> None:
    movie = save_movie(
        draw(
            {
                "mother": [(60.0, 60.0)] * 3 + [None] * 3,
                "left": [None] * 3 + [(60.0, 52.0 - 2 * t) for t in range(3)],
                "right": [None] * 3 + [(60.0, 69.0 + 2 * t) for t in range(3)],
            }
        )
    )
    alone = track(movie)
    assert (alone.count, alone.result["counts"]["divisions"]) == (2, 0)
    joined = track(movie, splitting_distance=15.0)
    assert (joined.count, joined.result["counts"]["divisions"]) == (1, 1)
    assert table(joined, "tracks")["divisions"].tolist() == [1]


def test_crossing_nuclei_are_told_apart_by_the_least_total_step() -> None:
    # The nearest neighbour of the first is the second's next place.
    spots = [(0, 0.0, 0.0), (0, 6.0, 0.0), (1, 5.0, 0.0), (1, 11.0, 0.0)]
    assert link_spots(spots, distance=15) == [(0, 2), (1, 3)]


def test_measures_of_a_track_are_those_of_its_path(
    save_movie: Callable[..., Path], track: Callable[..., WorkflowResult]
) -> None:
    there_and_back = [(60.0, 40.0 + 6 * min(t, 6 - t)) for t in range(7)]
    path = save_movie(
        draw({"a": there_and_back}), pixel_size_um=0.5, frame_interval_s=20.0
    )
    result = track(path)
    (row,) = table(result, "tracks").to_dict("records")
    assert row["spots"] == 7
    assert row["path_px"] == pytest.approx(36)
    assert row["path_um"] == pytest.approx(18)
    assert row["displacement_px"] == pytest.approx(0, abs=1e-9)
    assert row["straightness"] == pytest.approx(0, abs=1e-9)
    assert row["mean_speed_px_per_frame"] == pytest.approx(6)
    assert row["mean_speed_um_per_s"] == pytest.approx(3 / 20)
    links = table(result, "links")
    assert links["distance_um"].tolist() == pytest.approx([3] * 6)
    assert table(result, "spots")["time_s"].tolist() == [20.0 * t for t in range(7)]
    assert result.result["length_unit"] == "um"
    labels = tifffile.imread(result.labels)
    assert labels.shape == (7, *SHAPE)
    assert set(np.unique(labels)) == {0, 1}


def test_distances_are_in_the_unit_that_is_asked_for(
    save_movie: Callable[..., Path], track: Callable[..., WorkflowResult]
) -> None:
    path = save_movie(
        draw({"a": [(60.0, 30.0 + 9 * t) for t in range(4)]}), pixel_size_um=2.0
    )
    assert track(path, linking_distance=10.0).count == 0  # 9 px are 18 um
    assert track(path, linking_distance=10.0, length_unit="px").count == 1


def test_label_images_are_tracked_as_they_are(
    save_movie: Callable[..., Path], track: Callable[..., WorkflowResult]
) -> None:
    labels = np.zeros((3, *SHAPE), dtype=np.uint16)
    for frame in range(3):
        labels[frame, 20:30, 20 + 3 * frame : 30 + 3 * frame] = 500 + frame
        labels[frame, 20:30, 60:70] = 7  # touches nothing
    result = track(save_movie(labels), detector="labels")
    assert result.count == 2
    spots = table(result, "spots")
    assert spots["area_px"].tolist() == [100] * 6
    assert sorted(spots["label"].unique()) == [7, 500, 501, 502]
    assert spots.loc[spots["label"] == 500, "x_px"].tolist() == [25.0]
    again = tifffile.imread(result.labels)
    assert [np.unique(frame).tolist() for frame in again] == [[0, 1, 2]] * 3


def test_nothing_to_track_is_a_result(
    save_movie: Callable[..., Path], track: Callable[..., WorkflowResult]
) -> None:
    result = track(save_movie(np.full((3, *SHAPE), 7, dtype=np.uint8)))
    assert result.count == 0
    assert result.warnings == ("no track was found: 0 spots in 3 frames",)
    for name in ("spots", "links", "tracks"):
        assert result.file(name).read_text().count("\n") == 1
    one = track(save_movie(draw({"a": [(60.0, 60.0), None, None]}), name="lone"))
    assert (one.count, one.result["counts"]["lone_spots"]) == (0, 1)
    assert np.unique(tifffile.imread(one.labels)[0]).tolist() == [0, 1]


def test_frames_that_are_slices_are_an_error_unless_said(
    save_movie: Callable[..., Path], track: Callable[..., WorkflowResult]
) -> None:
    path = save_movie(draw(STEADY), axes="ZYX")
    with pytest.raises(InputError, match="1 frame and 8 slices") as caught:
        track(path)
    assert caught.value.code == "E_IMAGE_FRAMES"
    assert "--slices-are-frames" in caught.value.fix
    result = track(path, slices_are_frames=True)
    assert result.count == len(STEADY)
    assert "the slices were taken as the frames" in result.warnings


def test_slices_of_a_movie_are_movies_of_their_own(
    save_movie: Callable[..., Path], tmp_path: Path
) -> None:
    movie = draw({"a": [(60.0, 60.0)] * 3})
    path = save_movie(np.stack([movie, np.full_like(movie, 5)], axis=1), axes="TZYX")
    with pytest.raises(InputError, match="2 planes"):
        run_workflow("tracks", path, tmp_path / "all")
    counts = [
        run_workflow("tracks", path, tmp_path / str(z), plane=z).count for z in (0, 1)
    ]
    assert counts == [1, 0]


def test_files_of_one_frame_are_one_movie(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    movie = draw(STEADY)
    frames = [
        Source(save(plane, name=f"t{frame}")) for frame, plane in enumerate(movie)
    ]
    assert run_workflow("tracks", frames, tmp_path / "out").count == len(STEADY)
    other = Source(save(movie[0][:50], name="small"))
    with pytest.raises(InputError, match="give frames of one size"):
        run_workflow("tracks", [*frames, other], tmp_path / "bad")


@pytest.mark.parametrize(
    "parameters",
    [{"linker": "TrackMate"}, {"detector": "LoG"}, {"linking_distance": 0.0}],
)
def test_what_this_imagej_cannot_do_is_said(
    save_movie: Callable[..., Path],
    track: Callable[..., WorkflowResult],
    parameters: dict[str, Any],
) -> None:
    words = {"linker": "no TrackMate", "detector": "LoG", "linking_distance": "than 0"}
    with pytest.raises(WorkflowError, match=words[next(iter(parameters))]) as caught:
        track(save_movie(draw(STEADY)), **parameters)
    expected = "E_WORKFLOW_FAILED" if "linking_distance" in parameters else "E_NO_TRACK"
    assert caught.value.code.startswith(expected)


def test_no_preference_changes_a_track(
    save_movie: Callable[..., Path],
    track: Callable[..., WorkflowResult],
    preferences: Callable[[], Any],
) -> None:
    path = save_movie(draw(STEADY), pixel_size_um=0.5)
    names = ("spots", "links", "tracks")
    before = [track(path).file(name).read_bytes() for name in names]
    for told in preferences():
        after = track(path)
        assert [after.file(name).read_bytes() for name in names] == before, told


def test_a_real_movie_is_tracked(
    data_folder: Path, track: Callable[..., WorkflowResult]
) -> None:
    result = track(data_folder / "mitocheck" / "movie.tif")
    tracks = table(result, "tracks")
    assert result.count == 19
    assert (tracks["spots"] == 12).sum() == 11
    assert tracks["mean_speed_px_per_frame"].median() < 3


@pytest.mark.fiji
@pytest.mark.skipif("FRM_FIJI" not in os.environ, reason="FRM_FIJI names no Fiji")
def test_trackmate_links_what_laptrack_links(
    data_folder: Path,
    track: Callable[..., WorkflowResult],
    in_fiji: Callable[..., Path],
) -> None:
    movie = data_folder / "mitocheck" / "movie.tif"
    here, there = track(movie), in_fiji("tracks", movie)
    spots = pd.read_csv(there / "spots.csv")
    pd.testing.assert_frame_equal(
        spots.drop(columns="track"), table(here, "spots").drop(columns="track")
    )
    links = [
        set(zip(each["source"], each["target"], strict=True))
        for each in (table(here, "links"), pd.read_csv(there / "links.csv"))
    ]
    assert len(links[0] & links[1]) >= 0.98 * len(links[0] | links[1])


@pytest.mark.fiji
@pytest.mark.skipif("FRM_FIJI" not in os.environ, reason="FRM_FIJI names no Fiji")
def test_trackmates_own_file_opens_again(
    save_movie: Callable[..., Path], in_fiji: Callable[..., Path], tmp_path: Path
) -> None:
    path = save_movie(draw(STEADY), pixel_size_um=0.5, frame_interval_s=20.0)
    folder = in_fiji(
        "tracks",
        path,
        after="from scyjava import jimport\n"
        "reader = jimport('fiji.plugin.trackmate.io.TmXmlReader')(\n"
        "    jimport('java.io.File')(str(output / 'tracks.xml')))\n"
        "model = reader.getModel()\n"
        "assert reader.isReadingOk(), reader.getErrorMessage()\n"
        "spots, tracks = model.getSpots(), model.getTrackModel()\n"
        "print(spots.getNSpots(True), tracks.nTracks(True))\n",
    )
    told = (folder / "printed.txt").read_text().splitlines()[-1]
    assert told == f"{sum(p is not None for q in STEADY.values() for p in q)} 4"


@pytest.mark.fiji
@pytest.mark.skipif("FRM_FIJI" not in os.environ, reason="FRM_FIJI names no Fiji")
def test_blobs_are_tracked_by_trackmates_own_detector(
    save_movie: Callable[..., Path], in_fiji: Callable[..., Path]
) -> None:
    path = save_movie(draw(STEADY))
    folder = in_fiji(
        "tracks", path, detector="LoG", spot_radius=float(RADIUS), spot_quality=5.0
    )
    tracks = pd.read_csv(folder / "tracks.csv")
    assert len(tracks) == len(STEADY)
    spots = pd.read_csv(folder / "spots.csv")
    first = spots[(spots["frame"] == 1) & (spots["y_px"] < 40)]
    assert first["x_px"].tolist() == pytest.approx([30.5], abs=0.3)
    assert first["y_px"].tolist() == pytest.approx([30.5], abs=0.3)
