"""The junctions workflow, in the real ImageJ, against known cells and scikit-image."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import skeletonize

from frm_bridge.comparison import match_objects
from frm_bridge.errors import WorkflowError
from frm_bridge.imagej import WorkflowResult, junctions, run_workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Measure = Callable[..., WorkflowResult]

PITCH = 20
ALL_PIXELS = {"saturated_percent": 0.0}


@pytest.fixture
def cells(tmp_path: Path, save: Callable[..., Path]) -> Measure:
    """Run the junctions workflow on an array."""

    def run(
        pixels: NDArray[Any], *, pixel_size_um: float | None = None, **parameters: Any
    ) -> WorkflowResult:
        path = save(pixels, pixel_size_um=pixel_size_um)
        workflow = junctions(**parameters)
        return run_workflow(workflow, path, tmp_path / "out", overwrite=True)

    return run


@pytest.fixture
def grid() -> NDArray[np.uint8]:
    """Lines 3 px wide, every 20 px: 4 x 5 whole cells and a rim of cut ones."""
    image = np.zeros((100, 120), np.uint8)
    for start in range(PITCH // 2, 120, PITCH):
        image[start - 1 : start + 2] = 200
        image[:, start - 1 : start + 2] = 200
    return image


@pytest.fixture(scope="module")
def wing(data_folder: Path) -> NDArray[np.float32]:
    """Projection of a wing disc's junctions, 199 x 206 px."""
    path = data_folder / "epitools" / "test_image-projected.tif"
    return tifffile.imread(path).astype(np.float32)


def objects_of(result: WorkflowResult) -> pd.DataFrame:
    return pd.read_csv(result.objects)


def test_cells_of_a_grid_have_the_areas_between_its_lines(
    cells: Measure, grid: NDArray[Any]
) -> None:
    result = cells(grid, **ALL_PIXELS)
    table = objects_of(result)
    assert result.count == len(table) == 20
    assert set(table["area_px"]) == {(PITCH - 3) ** 2}
    assert set(table["neighbours"]) == {4}  # a corner is no contact
    assert result.result["counts"]["excluded_by_border"] == 16
    assert result.result["things"] == "cells"
    # 5 lines of 120 px and 6 of 100; thinning takes a pixel or two of each end.
    assert result.result["skeleton_length_px"] == pytest.approx(1200, rel=0.03)


def test_border_cells_can_be_kept(cells: Measure, grid: NDArray[Any]) -> None:
    table = objects_of(cells(grid, exclude_edges=False, **ALL_PIXELS))
    assert len(table) == 36
    assert table["touches_border"].sum() == 16


def test_fragments_are_left_out_and_counted(cells: Measure, grid: NDArray[Any]) -> None:
    counts = cells(grid, min_area=300.0, area_unit="px", **ALL_PIXELS).result["counts"]
    assert (counts["kept"], counts["excluded_as_fragment"]) == (0, 20)
    counts = cells(grid, max_area=200.0, area_unit="px", **ALL_PIXELS).result["counts"]
    assert (counts["kept"], counts["excluded_by_area"]) == (0, 20)


def test_areas_are_in_um_where_the_image_is_calibrated(
    cells: Measure, grid: NDArray[Any]
) -> None:
    table = objects_of(cells(grid, pixel_size_um=0.5, **ALL_PIXELS))
    np.testing.assert_allclose(table["area_um2"], table["area_px"] / 4)


@pytest.mark.parametrize("percent", [10.0, 15.0, 20.0, 30.0])
def test_steps_agree_with_scikit_image(
    cells: Measure, wing: NDArray[Any], percent: float
) -> None:
    """An independent twin; only the thinning differs, by a pixel here and there."""
    result = cells(wing, threshold_percent=percent, exclude_edges=False, min_area=0.5)
    cut = int(wing.size * 0.35 / 200)
    low, high = np.sort(wing.ravel())[[cut, -1 - cut]]
    assert result.result["normalisation"] == {"black": low, "white": high}
    mask = np.clip((wing - low) / (high - low), 0, 1) >= percent / 100
    walls = ndimage.binary_dilation(skeletonize(mask), np.ones((3, 3)))
    twin = label(~walls, connectivity=2)
    found = tifffile.imread(result.labels)
    assert result.count == pytest.approx(twin.max(), abs=max(2, 0.08 * twin.max()))
    assert np.mean((found > 0) == (twin > 0)) > 0.97


def test_cells_of_a_real_tissue_are_those_of_epitools(
    cells: Measure, wing: NDArray[Any], data_folder: Path
) -> None:
    """EpiTools found 94 cells; the recipe closes a part of them, and says how many."""
    result = cells(wing, threshold_percent=15.0, exclude_edges=False)
    reference = tifffile.imread(
        data_folder / "epitools" / "test_image-projected-segmented.tif"
    ).astype(np.int32)
    matches = match_objects(reference, tifffile.imread(result.labels))
    assert len(matches.truth) == 94
    assert len(matches.pairs) >= 45
    table = objects_of(result).set_index("label")
    areas = np.bincount(reference.ravel())
    ratios = [table.loc[p, "area_px"] / areas[t] for t, p, _ in matches.pairs]
    # What the 3 px of the lines take from a cell of 395 px, EpiTools gives to cells.
    assert np.median(ratios) == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_every_pixel_type_gives_the_same_cells(
    cells: Measure, grid: NDArray[Any], dtype: str
) -> None:
    table = objects_of(cells(grid.astype(dtype), **ALL_PIXELS))
    assert set(table["area_px"]) == {(PITCH - 3) ** 2}


def test_grey_levels_may_be_stretched_without_changing_a_cell(
    cells: Measure, wing: NDArray[Any]
) -> None:
    one = objects_of(cells(wing, threshold_percent=15.0))
    other = objects_of(cells(wing * 0.01 - 3, threshold_percent=15.0))
    pd.testing.assert_series_equal(one["area_px"], other["area_px"])


def test_a_background_ball_takes_a_gradient_away(
    cells: Measure, grid: NDArray[Any]
) -> None:
    tilted = grid + np.linspace(0, 600, grid.shape[1], dtype=np.float32)
    assert cells(tilted, **ALL_PIXELS).count < 20
    flat = cells(tilted, background_radius_px=8.0, **ALL_PIXELS)
    assert flat.count == 20


def test_no_cells_are_a_result(cells: Measure) -> None:
    spot = np.full((60, 80), 3, np.uint8)
    spot[30, 30:34] = 90
    result = cells(spot, **ALL_PIXELS)
    assert result.count == 0
    assert len(objects_of(result)) == 0
    assert result.warnings


@pytest.mark.parametrize(
    ("dark", "words"), [(90, "E_IMAGE_CONSTANT"), (60, "E_IMAGE_FOREGROUND .* 99 %")]
)
def test_what_shows_no_lines_is_an_error(cells: Measure, dark: int, words: str) -> None:
    image = np.full((60, 80), 90, np.uint8)
    image[::2] = dark
    image[0, :40] = min(dark, 90) - (90 - dark)
    with pytest.raises(WorkflowError, match=words):
        cells(image, **ALL_PIXELS)


def test_no_preference_changes_a_number(
    cells: Measure, wing: NDArray[Any], preferences: Callable[[], Iterator[str]]
) -> None:
    before = cells(wing, threshold_percent=15.0).objects.read_bytes()
    for told in preferences():
        after = cells(wing, threshold_percent=15.0).objects.read_bytes()
        assert after == before, told


def test_the_skeleton_is_kept_as_an_image(cells: Measure, grid: NDArray[Any]) -> None:
    result = cells(grid, **ALL_PIXELS)
    lines = tifffile.imread(result.file("skeleton"))
    assert set(np.unique(lines)) == {0, 255}
    assert (lines[PITCH // 2 :: PITCH, 5:-5] == 255).all()
    assert np.count_nonzero(lines) <= 5 * 120 + 6 * 100 - 5 * 6
    assert "branches" not in result.files  # AnalyzeSkeleton comes with a Fiji


@pytest.mark.fiji
@pytest.mark.skipif("FRM_FIJI" not in os.environ, reason="FRM_FIJI names no Fiji")
def test_a_fiji_tells_branches_and_junctions(
    save: Callable[..., Path],
    grid: NDArray[Any],
    in_fiji: Callable[..., Path],
    cells: Measure,
) -> None:
    here = cells(grid, pixel_size_um=0.5, **ALL_PIXELS)
    folder = in_fiji("junctions", save(grid, pixel_size_um=0.5), **ALL_PIXELS)
    found = json.loads((folder / "result.json").read_text())["skeleton"]
    assert found["skeletons"] == 1
    assert found["junctions"] == 5 * 6
    assert found["end_points"] == 2 * (5 + 6)
    assert found["branches"] == 5 * 7 + 6 * 6
    branches = pd.read_csv(folder / "branches.csv")
    assert len(branches) == found["branches"]
    assert branches["length_um"].sum() == pytest.approx(branches["length_px"].sum() / 2)
    assert branches["length_px"].sum() == pytest.approx(
        here.result["skeleton_length_px"],
        rel=0.03,  # it measures through the pixels of a junction
    )
    assert (folder / "objects.csv").read_bytes() == here.objects.read_bytes()


@pytest.mark.fiji
@pytest.mark.skipif("FRM_FIJI" not in os.environ, reason="FRM_FIJI names no Fiji")
def test_a_fiji_finds_no_branch_where_there_is_none(
    save: Callable[..., Path], in_fiji: Callable[..., Path]
) -> None:
    spot = np.zeros((40, 50), np.uint8)
    spot[20, 25] = 90
    folder = in_fiji("junctions", save(spot), **ALL_PIXELS)
    assert pd.read_csv(folder / "branches.csv").empty
    assert json.loads((folder / "result.json").read_text())["skeleton"]["branches"] == 0
