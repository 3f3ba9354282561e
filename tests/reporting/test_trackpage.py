"""The pages about tracks and about linked places, made in the real ImageJ."""

from __future__ import annotations

import re

import numpy as np
import pytest

from frm_bridge.comparison import compare
from frm_bridge.images import create_image, open_image
from frm_bridge.reporting import write_report


def save(path, pixels):
    path.parent.mkdir(exist_ok=True)
    axes = "TYX"[-pixels.ndim :]
    with create_image(
        path, axes=axes, shape=pixels.shape, dtype=pixels.dtype, pixel_size_um=0.5
    ) as writer:
        for frame, plane in enumerate(pixels.reshape(-1, *pixels.shape[-2:])):
            writer.write_window(frame, 0, 0, plane)
    return path


@pytest.fixture(scope="module")
def movies(tmp_path_factory, data_folder):
    """A movie, and the same with a nucleus rubbed out in its fourth frame."""
    folder = tmp_path_factory.mktemp("movies")
    with open_image(data_folder / "mitocheck" / "movie.tif") as image:
        movie = np.stack([image.read_plane(frame) for frame in range(8)])
    worse = movie.copy()
    worse[3, 143:166, 74:97] = 3
    return save(folder / "truth" / "m<1>.tif", movie), save(
        folder / "prediction" / "m<1>.tif", worse
    )


@pytest.fixture(scope="module")
def tracks(movies, tmp_path_factory):
    """The page about them, and what was compared."""
    folder = tmp_path_factory.mktemp("tracks") / "out"
    result = compare(*movies, "tracks", folder, report=write_report)
    return (folder / "report.html").read_text(encoding="utf-8"), result


@pytest.fixture(scope="module")
def links(movies, tmp_path_factory):
    """The page about the fourth frames, and what was compared."""
    folder = tmp_path_factory.mktemp("links")
    sides = []
    for path in movies:
        with open_image(path) as image:
            name = f"{path.parent.name}.tif"
            sides.append(save(folder / name, image.read_plane(3)))
    result = compare(*sides, "displacement", folder / "out", report=write_report)
    return (folder / "out" / "report.html").read_text(encoding="utf-8"), result


def words(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_headline_counts_steps_kept_lost_and_invented(tracks):
    page, result = tracks
    found, text = result.summary.tracks, words(page)
    assert f"{found.truth_tracks} tracks on the stain" in text
    assert f"{found.kept_links} of {found.truth_links} steps of the stain" in text
    assert f"{found.lost_links} were lost, and {found.invented_links} were" in text
    assert "2 of the 2 lost steps lack a nucleus" in text
    assert "one movie" in text


def test_every_step_is_drawn_by_what_became_of_it(tracks):
    page, result = tracks
    drawn = {
        kind: sum(
            path.count("M")
            for path in re.findall(rf'class="outline {kind}" d="([^"]*)"><title', page)
        )
        for kind in ("kept", "lost", "invented")
    }
    found = result.summary.tracks
    assert drawn == {
        "kept": 2 * found.kept_links,  # on both sides
        "lost": found.lost_links,
        "invented": found.invented_links,
    }


def test_the_methods_name_the_linker_and_the_matching(tracks):
    text = words(tracks[0])
    assert "Spots were linked by laptrack" in text
    assert "Jaqaman et al., 2008" in text
    assert "rmoutliers" in text


def test_a_page_about_tracks_names_are_escaped(tracks):
    assert "m&lt;1&gt;" in tracks[0]
    assert "m<1>" not in tracks[0]


def test_displacement_is_told_with_and_without_outliers(links):
    page, result = links
    found, text = result.summary.links, words(page)
    assert f"{found.linked} of {found.truth_count} nuclei of the stain" in text
    assert "Linked to none: 1 on the stain, 0 on the prediction." in text
    assert "Centroid displacement" in text
    assert page.count('class="outline linked"') == 3  # the key and two pictures
    assert "title>on the stain alone</title" in page


@pytest.mark.parametrize("workflow", ["tracks", "displacement"])
def test_a_comparison_of_nothing_has_a_page(movies, tmp_path, workflow):
    shape = (3, 60, 60) if workflow == "tracks" else (60, 60)
    noise = np.random.default_rng(0).integers(8, 12, shape).astype(np.uint8)
    sides = [save(tmp_path / side / "a.tif", noise + n) for n, side in enumerate("tp")]
    compare(*sides, workflow, tmp_path / "out", report=write_report)
    text = words((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert "0 of 0" in text or "0 tracks on the stain" in text
    assert "no displacement to tell" in text or "no step on the stain" in text
