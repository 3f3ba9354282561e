"""Nuclei of a truth linked to those of a prediction: planted shifts come back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy.spatial.distance import cdist

from frm_bridge.errors import InputError
from frm_bridge.imagej import Source, run_workflow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

SHAPE = (200, 260)
COUNT = 120
SMALL = {"min_area": 10.0, "area_unit": "px", "blur_sigma_px": 0.5}
APART_PX = 12.0  # of two nuclei, on either side


def spots(places: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Draw a synthetic field: a round blob at each (y, x)."""
    rows, columns = np.indices(SHAPE)
    field = np.full(SHAPE, 100.0)
    for y, x in places:
        field += 2000 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * 2.0**2))
    return field.round().astype(np.uint16)


def crowded(step_px: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give places, and the same moved: so far that some come nearer to another."""
    random = np.random.default_rng(3)
    truth: list[Any] = []
    moved: list[Any] = []
    while len(truth) < COUNT:
        place = random.uniform(14, np.array(SHAPE) - 14)
        angle = random.uniform(0, 2 * np.pi)
        there = place + step_px * np.array([np.sin(angle), np.cos(angle)])
        apart = all(
            np.hypot(*(new - old)) > APART_PX
            for new, others in ((place, truth), (there, moved))
            for old in others
        )
        if apart and (there > 10).all() and (there < np.array(SHAPE) - 10).all():
            truth.append(place)
            moved.append(there)
    return np.array(truth), np.array(moved)


@pytest.fixture
def link(tmp_path: Path, save: Callable[..., Path]) -> Callable[..., Any]:
    """Run the workflow on two planes; gives the result and its links."""

    def run(
        truth: NDArray[Any],
        prediction: NDArray[Any],
        *,
        pixel_size_um: float | None = None,
        **parameters: Any,
    ) -> Any:
        paths = [
            save(pixels, name=name, pixel_size_um=pixel_size_um)
            for name, pixels in (("truth", truth), ("prediction", prediction))
        ]
        result = run_workflow(
            "displacement",
            [Source(path) for path in paths],
            tmp_path / "linked",
            parameters=SMALL | parameters,
            overwrite=True,
        )
        return result, pd.read_csv(result.file("links"))

    return run


def test_planted_shifts_are_found_where_the_nearest_neighbour_fails(
    link: Callable[..., Any],
) -> None:
    truth, moved = crowded(step_px=8.0)
    nearest = cdist(truth, moved).argmin(axis=1)
    assert (nearest != np.arange(len(truth))).sum() >= 3
    result, links = link(spots(truth), spots(moved))
    assert result.result["counts"] == {
        "truth": COUNT,
        "prediction": COUNT,
        "linked": COUNT,
        "truth_unlinked": 0,
        "prediction_unlinked": 0,
    }
    assert links["distance_px"].to_numpy() == pytest.approx(8.0, abs=0.4)
    ends = {
        "truth": links[["truth_y_px", "truth_x_px"]].to_numpy() - 0.5,
        "moved": links[["prediction_y_px", "prediction_x_px"]].to_numpy() - 0.5,
    }
    own = cdist(ends["truth"], truth).argmin(axis=1)
    assert (cdist(ends["moved"], moved).argmin(axis=1) == own).all()


def test_a_shift_has_its_sign_and_its_unit(link: Callable[..., Any]) -> None:
    truth, _ = crowded(step_px=0.0)
    result, links = link(
        spots(truth), spots(truth + np.array([2.0, -3.0])), pixel_size_um=0.5
    )
    assert links["dx_px"].mean() == pytest.approx(-3, abs=0.05)
    assert links["dy_px"].mean() == pytest.approx(2, abs=0.05)
    assert links["distance_um"].to_numpy() == pytest.approx(np.hypot(2, 3) / 2, abs=0.1)
    assert result.result["length_unit"] == "um"


def test_what_has_no_partner_is_counted_on_its_side(link: Callable[..., Any]) -> None:
    truth, _ = crowded(step_px=0.0)
    result, links = link(spots(truth[:110]), spots(truth[3:]), linking_distance=3.0)
    counts = result.result["counts"]
    assert (counts["truth_unlinked"], counts["prediction_unlinked"]) == (3, 10)
    assert len(links) == counts["linked"] == 107
    labels = tifffile.imread(result.labels)
    assert labels.shape == (2, *SHAPE)
    assert len(set(np.unique(labels[0])) & set(np.unique(labels[1])) - {0}) == 107


def test_no_step_is_longer_than_allowed(link: Callable[..., Any]) -> None:
    truth, moved = crowded(step_px=8.0)
    result, links = link(spots(truth), spots(moved), linking_distance=5.0)
    assert links.empty or links["distance_px"].max() <= 5.0
    result, links = link(spots(truth), np.full(SHAPE, 100, np.uint16))
    assert result.count == 0
    assert result.warnings == (
        f"nothing was linked: {COUNT} nuclei on the truth, 0 on the prediction",
    )
    assert result.file("links").read_text().count("\n") == 1


def test_an_image_of_two_planes_is_a_pair(
    link: Callable[..., Any], tmp_path: Path
) -> None:
    truth, moved = crowded(step_px=3.0)
    both = tmp_path / "both.tif"
    tifffile.imwrite(
        both, np.stack([spots(truth), spots(moved)]), imagej=True, metadata=None
    )
    result = run_workflow("displacement", both, tmp_path / "one file", parameters=SMALL)
    two, _ = link(spots(truth), spots(moved))
    assert result.file("links").read_bytes() == two.file("links").read_bytes()
    with pytest.raises(InputError, match="1 plane; a pair has 2") as caught:
        run_workflow("displacement", tmp_path / "truth.tif", tmp_path / "no")
    assert caught.value.code == "E_IMAGE_FRAMES"


def test_no_preference_changes_a_link(
    link: Callable[..., Any], preferences: Callable[[], Any]
) -> None:
    truth, moved = crowded(step_px=3.0)
    fields = spots(truth), spots(moved)
    before = link(*fields, pixel_size_um=0.5)[0].file("links").read_bytes()
    for told in preferences():
        after = link(*fields, pixel_size_um=0.5)[0]
        assert after.file("links").read_bytes() == before, told


@pytest.mark.fiji
@pytest.mark.skipif("FRM_FIJI" not in os.environ, reason="FRM_FIJI names no Fiji")
def test_trackmate_gives_the_table_that_laptrack_gives(
    link: Callable[..., Any], in_fiji: Callable[..., Path], tmp_path: Path
) -> None:
    truth, moved = crowded(step_px=8.0)
    here, _ = link(spots(truth), spots(moved))
    pair = (tmp_path / "truth.tif", tmp_path / "prediction.tif")
    there = in_fiji("displacement", *pair, **SMALL)
    assert (there / "links.csv").read_bytes() == here.file("links").read_bytes()
