"""The nuclei workflow, in the real ImageJ, against known areas and scikit-image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from scipy import ndimage
from scipy.ndimage import gaussian_filter
from skimage.measure import label, regionprops
from skimage.morphology import reconstruction
from skimage.segmentation import watershed

from frm_bridge.comparison import match_objects
from frm_bridge.errors import WorkflowError
from frm_bridge.imagej import WorkflowResult, nuclei, start_imagej
from frm_bridge.images import open_image
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    Measure = Callable[..., WorkflowResult]
    Table = Callable[[WorkflowResult], pd.DataFrame]

AS_IT_IS: dict[str, Any] = {"blur_sigma_px": 0.0, "watershed": False}
ALL_METHODS = nuclei().declared["threshold_method"].choices


@pytest.fixture
def mitocheck(data_folder: Path) -> NDArray[Any]:
    path = data_folder / "mitocheck" / "xy_8bit__mitocheck_incenp_t1_nuclei_labels.tiff"
    return tifffile.imread(path)


def test_areas_of_the_seven_mitocheck_nuclei_are_those_of_cellprofiler(
    measure: Measure, table: Table, mitocheck: NDArray[Any]
) -> None:
    binary = np.where(mitocheck > 0, 255, 0).astype(np.uint8)
    result = measure(binary, **AS_IT_IS)
    areas = sorted(table(result)["area_px"])
    assert areas == [617, 673, 686, 710, 746, 747, 931]
    assert result.count == 7
    assert not result.warnings


def test_table_agrees_with_scikit_image(
    measure: Measure, table: Table, field: NDArray[Any]
) -> None:
    result = measure(field, **AS_IT_IS)
    labels = tifffile.imread(result.labels)
    objects = table(result)
    truth = regionprops(labels, intensity_image=field)
    assert len(truth) == 12
    close = {"rtol": 1e-6, "atol": 1e-6}
    for column, values in {
        "label": [o.label for o in truth],
        "area_px": [o.area for o in truth],
        # ImageJ measures from the corner of the first pixel, scikit-image from its
        # centre.
        "centroid_x_px": [o.centroid[1] + 0.5 for o in truth],
        "centroid_y_px": [o.centroid[0] + 0.5 for o in truth],
        "mean_intensity": [o.intensity_mean for o in truth],
        "min_intensity": [o.intensity_min for o in truth],
        "max_intensity": [o.intensity_max for o in truth],
        "integrated_intensity": [o.intensity_mean * o.area for o in truth],
    }.items():
        np.testing.assert_allclose(objects[column], values, err_msg=column, **close)
    # Two conventions of the same ellipse and the same outline.
    majors = [o.axis_major_length for o in truth]
    np.testing.assert_allclose(objects["major_px"], majors, rtol=0.03)
    assert objects["circularity"].between(0.8, 1).all()
    assert objects["solidity"].between(0.85, 1).all()


def test_labels_hold_the_pixels_of_the_table(
    measure: Measure, table: Table, field: NDArray[Any]
) -> None:
    result = measure(field, min_area=300.0)
    labels = tifffile.imread(result.labels)
    objects = table(result)
    assert labels.dtype == np.uint16
    assert 0 < len(objects) < 12
    counts = np.bincount(labels.ravel())[1:]
    np.testing.assert_array_equal(counts, objects["area_px"])


def test_watershed_cuts_touching_discs_apart(
    measure: Measure, table: Table, two_touching_discs: NDArray[Any]
) -> None:
    together = table(measure(two_touching_discs, blur_sigma_px=0.0, watershed=False))
    apart = table(measure(two_touching_discs, blur_sigma_px=0.0, watershed=True))
    neck = two_touching_discs[:, 50] == 200
    assert list(together["area_px"]) == [np.count_nonzero(two_touching_discs == 200)]
    # The cut is the one column between the two; it belongs to neither.
    half = (together["area_px"][0] - np.count_nonzero(neck)) / 2
    assert list(apart["area_px"]) == [half, half]
    np.testing.assert_allclose(apart["centroid_y_px"], 40.5)
    assert apart["centroid_x_px"].sum() == pytest.approx(101)


def cut_apart(mask: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Do ImageJ's watershed with scikit-image: from the maxima of the distance map.

    A maximum counts when it stands 0.5 px above the saddle to a higher one, ImageJ's
    own tolerance. (scikit-image's h_maxima finds more of them in maps of floats.)
    """
    distance = ndimage.distance_transform_edt(mask)
    square = np.ones((3, 3))
    domes = distance - reconstruction(distance - 0.5, distance, footprint=square)
    labels, count = ndimage.label((domes > 1e-6) & mask, square)
    heights = ndimage.maximum(domes, labels, np.arange(count + 1))
    seeds = np.where(heights[labels] >= 0.5 - 1e-6, labels, 0)
    cut = watershed(-distance, seeds, mask=mask, connectivity=2, watershed_line=True)
    sizes = np.bincount(cut.ravel())
    return np.where(sizes[cut] >= 50, cut, 0).astype(np.uint16)


def test_the_watershed_cuts_as_its_twin_does(measure: Measure) -> None:
    models = shipped_folder("models")
    (stain,) = (models / "nuclei-brightfield" / "sample" / "target").glob("*.png")
    with open_image(stain) as image:
        field = image.read_plane()
    together = tifffile.imread(measure(field, watershed=False).labels)
    apart = tifffile.imread(measure(field).labels)
    twin = cut_apart(together > 0)
    matches = match_objects(twin, apart)
    # All that ImageJ finds, the twin finds; of 267 nuclei it cuts three once more.
    assert len(matches.pairs) == len(matches.predicted) == 267
    assert len(matches.truth) == 270
    assert np.median([iou for _, _, iou in matches.pairs]) > 0.99


@pytest.mark.parametrize(("fill", "hole"), [(True, 0), (False, 49)])
def test_holes_are_filled_when_asked(
    measure: Measure, table: Table, fill: bool, hole: int
) -> None:
    pixels = np.zeros((60, 60), np.uint8)
    pixels[10:40, 10:40] = 200
    pixels[20:27, 20:27] = 0
    pixels[50:, 50:] = 200  # a corner must not hide the border from the fill
    objects = table(measure(pixels, fill_holes=fill, min_area=0.5, **AS_IT_IS))
    assert list(objects["area_px"]) == [900 - hole, 100]
    assert list(objects["touches_border"]) == [0, 1]


def test_limits_sort_out_objects_and_say_how_many(
    measure: Measure, table: Table
) -> None:
    pixels = np.zeros((100, 100), np.uint8)
    pixels[10:30, 10:30] = 200  # 400 px
    pixels[50:53, 10:90] = 200  # 240 px, thin
    pixels[70:75, 70:75] = 200  # 25 px
    pixels[0:20, 60:80] = 200  # 400 px, at the border
    result = measure(
        pixels, min_area=100.0, min_circularity=0.5, exclude_edges=True, **AS_IT_IS
    )
    assert list(table(result)["area_px"]) == [400]
    assert result.result["counts"] == {
        "found": 4,
        "kept": 1,
        "excluded_by_area": 1,
        "excluded_by_border": 1,
        "excluded_by_circularity": 1,
        "excluded_by_contrast": 0,
    }
    assert measure(pixels, max_area=399.0, **AS_IT_IS).count == 1
    assert measure(pixels, max_circularity=0.5, **AS_IT_IS).count == 1


def test_limits_are_in_um_where_the_image_is_calibrated(
    measure: Measure, table: Table, field: NDArray[Any]
) -> None:
    in_px = measure(field, min_area=400.0, area_unit="auto")
    in_um = measure(field, min_area=100.0, area_unit="auto", pixel_size_um=0.5)
    as_told = measure(field, min_area=400.0, pixel_size_um=0.5, area_unit="px")
    assert [r.result["area_unit"] for r in (in_px, in_um, as_told)] == [
        "px",
        "um2",
        "px",
    ]
    assert in_px.count == in_um.count == as_told.count < 12


def test_um_columns_are_empty_without_a_scale_and_right_with_one(
    measure: Measure, table: Table, field: NDArray[Any]
) -> None:
    columns = ["area_um2", "centroid_x_um", "centroid_y_um"]
    bare = table(measure(field))
    scaled = table(measure(field, pixel_size_um=0.65))
    assert bare[columns].isna().all(axis=None)
    np.testing.assert_allclose(
        scaled["area_um2"], scaled["area_px"] * 0.65**2, rtol=1e-8
    )
    for axis in "xy":
        um, px = scaled[f"centroid_{axis}_um"], scaled[f"centroid_{axis}_px"]
        np.testing.assert_allclose(um, px * 0.65, rtol=1e-8)


def test_um_limits_without_a_scale_are_an_error(
    measure: Measure, field: NDArray[Any]
) -> None:
    with pytest.raises(WorkflowError, match="has no pixel size"):
        measure(field, area_unit="um2")


def test_every_pixel_type_gives_the_same_objects(
    measure: Measure, field: NDArray[Any]
) -> None:
    eight = np.clip(field / 4, 0, 255).round()
    tables = [
        measure(eight.astype(dtype)).objects.read_bytes()
        for dtype in (np.uint8, np.uint16, np.float32)
    ]
    assert tables[0] == tables[1] == tables[2]
    assert tables[0].count(b"\n") == 13


def test_relative_units_give_the_same_outlines(
    measure: Measure, table: Table, field: NDArray[Any]
) -> None:
    counts = table(measure(field))
    relative = table(measure(((field - 300) / 97).astype(np.float32)))
    np.testing.assert_array_equal(counts["area_px"], relative["area_px"])


def test_no_nuclei_are_a_result(measure: Measure) -> None:
    noise = np.random.default_rng(0).integers(8, 12, (64, 64)).astype(np.uint8)
    result = measure(noise)
    assert result.count == 0
    assert len(result.warnings) == 1
    assert result.objects.read_text().count("\n") == 1
    assert not tifffile.imread(result.labels).any()


def _unusable() -> dict[str, tuple[NDArray[Any], str]]:
    bright = np.full((64, 64), 4095, np.uint16)
    bright[:20] = np.arange(64)
    full = np.full((64, 64), 200, np.uint8)
    full[:, ::2] -= 3
    full[30, 30] = 0
    return {
        "black": (np.zeros((64, 64), np.uint8), "E_IMAGE_CONSTANT .*every pixel"),
        "flat": (np.full((64, 64), 7.5, np.float32), "E_IMAGE_CONSTANT .*is 7.5"),
        "saturated": (bright, "E_IMAGE_SATURATED .*69 % .* 4095"),
        "all foreground": (full, "E_IMAGE_FOREGROUND .*100 % of"),
    }


def test_more_objects_than_labels_are_an_error(measure: Measure) -> None:
    block = np.zeros((5, 5), np.uint8)
    block[1:4, 1:4] = 200
    with pytest.raises(WorkflowError, match="67600 objects are more than a 16-bit"):
        measure(np.tile(block, (260, 260)), min_area=1.0, **AS_IT_IS)


@pytest.mark.parametrize("name", _unusable())
def test_what_shows_nothing_is_an_error(
    measure: Measure, tmp_path: Path, name: str
) -> None:
    pixels, words = _unusable()[name]
    with pytest.raises(WorkflowError, match=words) as caught:
        measure(pixels, blur_sigma_px=0.0)
    assert caught.value.fix
    assert not (tmp_path / "out").exists()


def _empty_fields() -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(3)
    shape = (300, 300)
    noise = random.normal(100, 8, shape)
    smooth = gaussian_filter(random.normal(0, 1, shape), 8)
    ramp = np.linspace(0, 50, 300)[None, :] + np.zeros((300, 1))
    hot = noise.copy()
    hot.flat[random.choice(hot.size, 60)] = 4000
    return {
        "normal noise": noise,
        "counted photons": random.poisson(4, shape),
        "dark with offset at zero": np.maximum(random.normal(0, 2, shape), 0).round(),
        "hot pixels": hot,
        "uneven light": noise + ramp,
        "smooth and quiet": 100 + smooth,
    }


@pytest.mark.parametrize("name", list(_empty_fields()))
def test_an_empty_field_has_no_nuclei(measure: Measure, name: str) -> None:
    result = measure(_empty_fields()[name].astype(np.float32))
    assert result.count == 0
    assert "no object was kept" in result.warnings[0]
    without = measure(_empty_fields()[name].astype(np.float32), min_contrast=0.0)
    assert without.count > 0, "this field does not test the guard"


def test_hot_pixels_do_not_hide_the_nuclei(
    measure: Measure, field: NDArray[Any]
) -> None:
    hot = field.copy()
    random = np.random.default_rng(5)
    hot.flat[random.choice(hot.size, 25, replace=False)] = 60000
    assert (
        measure(hot, min_area=100.0).count == measure(field, min_area=100.0).count == 12
    )


@pytest.mark.parametrize("method", ALL_METHODS)
def test_every_threshold_method_runs_and_is_reported(
    measure: Measure, field: NDArray[Any], method: str
) -> None:
    result = measure(field, threshold_method=method)
    assert result.result["threshold"]["method"] == method
    assert 90 < result.result["threshold"]["grey_level"] < 1000
    assert result.result["parameters"]["threshold_method"] == method


def test_all_seventeen_methods_of_imagej_are_offered() -> None:
    start_imagej()
    from scyjava import jimport

    methods = jimport("ij.process.AutoThresholder").getMethods()
    assert sorted(map(str, methods)) == sorted(ALL_METHODS)


def test_the_threshold_is_imagejs_own(measure: Measure, field: NDArray[Any]) -> None:
    from scyjava import jimport

    eight = np.clip(field / 4, 0, 255).round().astype(np.uint8)
    eight[100:103, 100:103], eight[120:123, 100:103] = 0, 255  # the full range
    result = measure(eight, **AS_IT_IS)
    imp = jimport("ij.IJ").openImage(str(result.image))
    jimport("ij.IJ").setAutoThreshold(imp, "Otsu dark")
    expected = imp.getProcessor().getMinThreshold() - 1
    assert result.result["threshold"]["level"] == expected


def test_no_preference_changes_a_number(
    measure: Measure, field: NDArray[Any], preferences: Callable[[], Iterator[str]]
) -> None:
    field[20:24, 20:24] = 100  # a hole
    before = measure(field).objects.read_bytes()
    for told in preferences():
        assert measure(field).objects.read_bytes() == before, told


def test_limits_select_what_analyze_particles_itself_selects(
    measure: Measure, table: Table, field: NDArray[Any]
) -> None:
    import jpype
    from scyjava import jimport

    result = measure(field, min_area=200.0, min_circularity=0.85, **AS_IT_IS)
    grey = result.result["threshold"]["grey_level"]
    binary = np.where(field > grey, 255, 0).astype(np.uint8)
    byte = jimport("ij.process.ByteProcessor")(field.shape[1], field.shape[0])
    byte.setPixels(jpype.JArray(jpype.JByte)(binary.astype(np.int8).ravel()))
    byte.setThreshold(255, 255, byte.NO_LUT_UPDATE)
    rows, analyzer = jimport("ij.measure.ResultsTable")(), None
    kinds = jimport("ij.measure.Measurements")
    wanted = kinds.AREA | kinds.PERIMETER | kinds.SHAPE_DESCRIPTORS | kinds.FERET
    analyzer = jimport("ij.plugin.filter.ParticleAnalyzer")(
        0, wanted, rows, 200.0, float("inf"), 0.85, 1.0
    )
    assert analyzer.analyze(jimport("ij.ImagePlus")("mask", byte), byte)
    objects = table(result)
    columns = {
        "Area": "area_px",
        "Perim.": "perimeter_px",
        "Circ.": "circularity",
        "Solidity": "solidity",
        "Feret": "feret_px",
    }
    assert rows.size() == len(objects) < 12
    for theirs, ours in columns.items():
        np.testing.assert_allclose(
            objects[ours], list(rows.getColumn(theirs)), rtol=1e-5, err_msg=ours
        )


def test_outlines_open_in_imagej_and_hold_the_areas(
    measure: Measure, table: Table, field: NDArray[Any]
) -> None:
    import zipfile

    from scyjava import jimport

    result = measure(field)
    areas = dict(table(result)[["label", "area_px"]].to_numpy().tolist())
    with zipfile.ZipFile(result.rois) as outlines:
        names = outlines.namelist()
        assert names == [f"{number:05d}.roi" for number in range(1, 13)]
        for name in names:
            roi = jimport("ij.io.RoiDecoder").openFromByteArray(outlines.read(name))
            assert roi.getName() == name[:5]
            assert len(roi.getContainedPoints()) == areas[int(name[:5])]


def test_labels_carry_the_calibration(measure: Measure, field: NDArray[Any]) -> None:
    from frm_bridge.images import open_image

    with open_image(measure(field, pixel_size_um=0.65).labels) as labels:
        assert labels.info.pixel_size_um == pytest.approx(0.65, rel=1e-6)
    with open_image(measure(field).labels) as labels:
        assert labels.info.pixel_size_um is None


def test_components_are_those_of_scikit_image(
    measure: Measure, field: NDArray[Any]
) -> None:
    result = measure(
        field, min_area=0.5, min_contrast=0.0, fill_holes=False, **AS_IT_IS
    )
    above = field > result.result["threshold"]["grey_level"]
    ours = tifffile.imread(result.labels)
    np.testing.assert_array_equal(ours, label(above, connectivity=2))


def test_the_default_limit_does_not_depend_on_the_calibration(
    measure: Measure, field: NDArray[Any]
) -> None:
    counts = [measure(field, pixel_size_um=size).count for size in (None, 0.1, 5.0)]
    assert counts == [12, 12, 12]
    # ... nor on another limit.
    assert measure(field, pixel_size_um=0.1, max_area=1e6).count == 12


def test_specks_of_less_than_50_px_are_left_out(measure: Measure, table: Table) -> None:
    pixels = np.zeros((60, 80), np.uint8)
    pixels[10:17, 10:17] = 200  # 49 px
    pixels[30:35, 10:20] = 200  # 50 px
    for size in (None, 0.1):
        objects = table(measure(pixels, pixel_size_um=size, **AS_IT_IS))
        assert list(objects["area_px"]) == [50]


def test_limits_that_allow_nothing_are_an_error(
    measure: Measure, field: NDArray[Any]
) -> None:
    for limits in ({"min_area": 500.0, "max_area": 100.0}, {"max_area": 40.0}):
        with pytest.raises(WorkflowError, match="is less than the smallest"):
            measure(field, **limits)
    with pytest.raises(WorkflowError, match="is less than min_circularity"):
        measure(field, min_circularity=0.9, max_circularity=0.1)


def test_a_limit_that_leaves_nothing_says_what_was_found(
    measure: Measure, field: NDArray[Any]
) -> None:
    (warning,) = measure(field, min_area=500.0, pixel_size_um=0.1).warnings
    assert "excluded by area 12" in warning
    assert "um2 were found, 500 to any are kept" in warning
