"""The histogram workflow, in the real ImageJ, against numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from frm_bridge.errors import FrmError
from frm_bridge.imagej import Source, WorkflowResult, run_workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Histogram = Callable[..., WorkflowResult]

TOLERANCE = 1e-6  # of correlation and slope: products are those of 32-bit planes


@pytest.fixture
def histogram(tmp_path: Path, save: Callable[..., Path]) -> Histogram:
    """Run the histogram workflow on two arrays."""

    def run(
        truth: NDArray[Any],
        prediction: NDArray[Any],
        *,
        pixel_size_um: float | None = None,
        **parameters: Any,
    ) -> WorkflowResult:
        files = [
            save(pixels, name=name, pixel_size_um=pixel_size_um)
            for name, pixels in (("truth", truth), ("prediction", prediction))
        ]
        return run_workflow(
            "histogram",
            [Source(path) for path in files],
            tmp_path / "out",
            parameters=parameters,
            overwrite=True,
        )

    return run


@pytest.fixture
def pair() -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Grey levels 100 to 16000, and a noisy prediction of them."""
    random = np.random.default_rng(3)
    truth = random.integers(100, 16001, (90, 110)).astype(np.uint16)
    noisy = 0.7 * truth + random.normal(0, 1500, truth.shape) + 300
    return truth, np.clip(noisy, 0, 16383).astype(np.uint16)


def table(result: WorkflowResult) -> pd.DataFrame:
    return pd.read_csv(result.file("histogram"))


def counts(result: WorkflowResult, column: str = "count") -> NDArray[np.float64]:
    """Give the table as an array: truth, then prediction."""
    bins = result.result["bins"]
    found = np.zeros((bins["number"], bins["number"]))
    rows = table(result)
    places = [
        np.rint((rows[f"{name}_low"] - bins[name]["low"]) / bins[name]["width"])
        for name in ("truth", "prediction")
    ]
    found[tuple(each.astype(int) for each in places)] = rows[column]
    return found


def twin(truth: NDArray[Any], prediction: NDArray[Any], bins: dict[str, Any]) -> Any:
    sides = [bins["truth"], bins["prediction"]]
    return np.histogram2d(
        truth.ravel().astype(float),
        prediction.ravel().astype(float),
        bins=bins["number"],
        range=[[side["low"], side["high"]] for side in sides],
    )[0]


@pytest.mark.parametrize("depth", [0, 14, 16])
@pytest.mark.parametrize("bins", [256, 100, 7])
def test_counts_of_integers_are_those_of_numpy(
    histogram: Histogram, pair: Any, depth: int, bins: int
) -> None:
    result = histogram(*pair, bit_depth=depth, bins=bins)
    used = result.result["bins"]
    assert used["truth"] == used["prediction"]
    assert used["truth"]["width"] == int(used["truth"]["width"])
    np.testing.assert_array_equal(counts(result), twin(*pair, used))
    assert result.count == table(result)["count"].sum() == pair[0].size
    assert table(result)["feature_count"].isna().all()
    assert result.result["things"] == "pixels"


def test_axes_are_those_of_the_camera_or_of_the_data(
    histogram: Histogram, pair: Any
) -> None:
    camera = histogram(*pair, bit_depth=14).result["bins"]
    side = {"low": 0, "width": 64, "high": 16384}
    assert camera == {"number": 256, "truth": side, "prediction": side}
    data = histogram(*pair).result["bins"]["truth"]
    least = min(each.min() for each in pair)
    assert data["low"] == least
    assert data["high"] > max(each.max() for each in pair)


def test_counts_of_broken_numbers_are_those_of_numpy(histogram: Histogram) -> None:
    """At 32 bits, a value within 1e-6 of an edge may fall on its other side."""
    random = np.random.default_rng(4)
    truth = random.normal(0, 1, (90, 110)).astype(np.float32)
    noisy = truth + random.normal(0, 0.5, truth.shape)
    prediction = (1e-3 * noisy + 0.02).astype(np.float32)
    result = histogram(truth, prediction)
    used = result.result["bins"]
    for name, plane in (("truth", truth), ("prediction", prediction)):
        assert used[name]["low"] == plane.min()
        assert used[name]["high"] == pytest.approx(plane.max())
    expected = twin(truth, prediction, used)
    assert np.abs(counts(result) - expected).sum() <= 4
    assert counts(result).sum() == truth.size


def test_a_relative_prediction_has_steps_of_its_own_beside_whole_levels(
    histogram: Histogram,
) -> None:
    """Both are handed over in one 32-bit file: its type tells nothing of the truth."""
    random = np.random.default_rng(5)
    truth = random.integers(3, 200, (90, 110)).astype(np.uint8)
    prediction = (truth / 255 + random.normal(0, 0.1, truth.shape)).astype(np.float32)
    for swapped in (False, True):
        planes = (prediction, truth) if swapped else (truth, prediction)
        result = histogram(*planes)
        used = result.result["bins"]
        whole, broken = (used["truth"], used["prediction"])[:: -1 if swapped else 1]
        assert whole == {"low": 3, "width": 1, "high": 259}
        assert broken["low"] == prediction.min()
        assert broken["high"] == pytest.approx(prediction.max())
        assert np.abs(counts(result) - twin(*planes, used)).sum() <= 4
        filled = (counts(result) > 0).any(axis=1 if swapped else 0)
        assert filled.sum() > 200


def test_the_greatest_level_has_its_place_beside_a_relative_prediction(
    histogram: Histogram,
) -> None:
    """257 levels are more than 256 bins of one level take."""
    truth = np.arange(3, 260, dtype=np.uint16).reshape(1, 257).repeat(20, axis=0)
    used = histogram(truth, (truth / 300).astype(np.float32)).result["bins"]
    assert used["truth"] == {"low": 3, "width": 2, "high": 515}


@pytest.mark.parametrize(
    ("shift", "dtype"), [(0, np.float32), (-9000, np.float32), (0, np.uint16)]
)
def test_whole_grey_levels_share_their_bins_whatever_the_type(
    histogram: Histogram, pair: Any, shift: int, dtype: Any
) -> None:
    truth, prediction = pair[0], pair[1].astype(dtype) + dtype(shift)
    result = histogram(truth, prediction, bins=100)
    used = result.result["bins"]
    assert used["truth"] == used["prediction"]
    assert used["truth"]["low"] == min(truth.min(), prediction.min())
    assert used["truth"]["width"] == int(used["truth"]["width"])
    np.testing.assert_array_equal(counts(result), twin(truth, prediction, used))


@pytest.mark.parametrize("broken", [slice(None), slice(-1, None)])
def test_broken_numbers_are_no_grey_levels_though_their_steps_be_whole(
    histogram: Histogram, pair: Any, broken: slice
) -> None:
    """Be it all of them, by the same quarter, or one."""
    prediction = np.sort(pair[1].astype(np.float32), axis=None)
    prediction[broken] += 0.25
    used = histogram(pair[0], prediction.reshape(90, 110)).result["bins"]
    assert used["prediction"]["low"] == prediction.min()
    assert used["prediction"]["high"] == prediction.max()
    assert used["truth"]["low"] == pair[0].min()


def test_a_bit_depth_is_that_of_both_axes_whatever_the_prediction(
    histogram: Histogram, pair: Any
) -> None:
    relative = (pair[1] / 16383).astype(np.float32)
    result = histogram(pair[0], relative, bit_depth=14)
    side = {"low": 0, "width": 64, "high": 16384}
    bins = {"number": 256, "truth": side, "prediction": side}
    assert result.result["bins"] == bins
    assert set(table(result)["prediction_low"]) == {0}
    assert not result.warnings


@pytest.mark.parametrize(
    ("dtype", "scale"), [("uint8", 64), ("uint16", 1), ("float32", 7.3)]
)
def test_correlation_and_slope_are_those_of_numpy(
    histogram: Histogram, pair: Any, dtype: str, scale: float
) -> None:
    truth, prediction = ((each / scale).astype(dtype) for each in pair)
    found = histogram(truth, prediction).result["all_pixels"]
    x, y = truth.ravel().astype(float), prediction.ravel().astype(float)
    assert found["pixels"] == x.size
    assert found["truth_mean"] == pytest.approx(x.mean(), rel=1e-12)
    assert found["prediction_mean"] == pytest.approx(y.mean(), rel=1e-12)
    assert found["pearson"] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=TOLERANCE)
    slope, intercept = np.polyfit(x, y, 1)
    assert found["slope"] == pytest.approx(slope, rel=TOLERANCE)
    assert found["intercept"] == pytest.approx(intercept, rel=1e-4)


def test_a_small_signal_on_a_high_level_keeps_its_correlation(
    histogram: Histogram,
) -> None:
    """Where 32 bits cannot hold the mean to better than a 30th of a level."""
    random = np.random.default_rng(8)
    truth = (1e6 + (random.random((200, 200)) < 0.53)).astype(np.float32)
    prediction = truth + (random.random(truth.shape) < 0.53).astype(np.float32)
    found = histogram(truth, prediction).result["all_pixels"]
    expected = np.corrcoef(truth.ravel(), prediction.ravel())[0, 1]
    assert found["pearson"] == pytest.approx(expected, abs=TOLERANCE)


def test_feature_regions_are_what_the_truth_says(
    histogram: Histogram, pair: Any
) -> None:
    result = histogram(*pair, bit_depth=14, feature_threshold=9000.0)
    truth, prediction = pair
    inside = truth > 9000
    found = result.result["feature_region"]
    assert (found["threshold"], found["pixels"]) == (9000, inside.sum())
    expected = np.corrcoef(truth[inside], prediction[inside])[0, 1]
    assert found["pearson"] == pytest.approx(expected, abs=TOLERANCE)
    np.testing.assert_array_equal(
        counts(result, "feature_count"),
        twin(truth[inside], prediction[inside], result.result["bins"]),
    )
    none = histogram(*pair, feature_threshold=65000.0)
    assert none.result["feature_region"]["pearson"] is None
    assert any("no pixel of the truth is brighter" in text for text in none.warnings)
    assert histogram(*pair).result["feature_region"] is None


def test_the_image_has_truth_to_the_right_and_prediction_upwards(
    histogram: Histogram,
) -> None:
    truth = np.full((20, 30), 10, np.uint8)
    truth[:, 15:] = 200
    result = histogram(truth, np.full_like(truth, 40), bit_depth=8)
    image = tifffile.imread(result.file("histogram_image"))
    assert image.shape == (256, 256)
    assert image.dtype == np.float32
    assert image[255 - 40, 10] == image[255 - 40, 200] == 300
    assert image.sum() == truth.size


@pytest.mark.parametrize("scale", [None, 16383, 300])
def test_imagej_reads_grey_levels_off_the_image(
    histogram: Histogram, pair: Any, scale: float | None
) -> None:
    from scyjava import jimport

    truth, prediction = pair
    if scale:
        prediction = (prediction / scale - 0.2).astype(np.float32)
    result = histogram(truth, prediction)
    bins = result.result["bins"]
    assert (bins["truth"] == bins["prediction"]) == (scale is None)
    opened = jimport("ij.IJ").openImage(str(result.file("histogram_image")))
    scale_of, last = opened.getCalibration(), bins["number"] - 1
    x, y = bins["truth"], bins["prediction"]
    assert scale_of.getX(3.0) == pytest.approx(x["low"] + 3 * x["width"], rel=1e-4)
    assert scale_of.getY(float(last - 5), last + 1) == pytest.approx(
        y["low"] + 5 * y["width"], rel=1e-4
    )


def test_the_merge_is_green_and_red_and_calibrated(
    histogram: Histogram, pair: Any
) -> None:
    from jpype import JInt
    from scyjava import jimport

    result = histogram(*pair, pixel_size_um=0.5, saturated_percent=0.0)
    merged = tifffile.imread(result.file("merge"))
    assert merged.shape == (2, 90, 110)
    for channel, pixels in zip(merged, pair, strict=True):
        low, high = float(pixels.min()), float(pixels.max())
        expected = (pixels - low) / (high - low) * 255
        # ImageJ's way from 16 to 8 bits cuts off where this rounds.
        np.testing.assert_allclose(channel, expected, atol=1.5)
    opened = jimport("ij.IJ").openImage(str(result.file("merge")))
    assert opened.isComposite()
    assert opened.getCalibration().pixelWidth == 0.5
    luts = opened.getLuts()
    brightest = [lut.getRGB(JInt(255)) & 0xFFFFFF for lut in luts]
    assert brightest == [0x00FF00, 0xFF0000]
    assert [(lut.min, lut.max) for lut in luts] == [(0, 255), (0, 255)]


def test_what_no_camera_of_the_depth_gives_is_told(
    histogram: Histogram, pair: Any
) -> None:
    result = histogram(*pair, bit_depth=12)
    above = int((pair[0] > 4095).sum())
    assert f"{above} pixels of the truth lie outside" in " ".join(result.warnings)
    assert counts(result).sum() == pair[0].size
    negative = pair[1].astype(np.float32) - 1000
    result = histogram(pair[0], negative, bit_depth=14)
    below = int((negative < -0.5).sum())
    assert f"{below} pixels of the prediction" in " ".join(result.warnings)


@pytest.mark.parametrize("value", [0, 7])
def test_a_constant_image_has_no_correlation(
    histogram: Histogram, pair: Any, value: int
) -> None:
    flat = np.full_like(pair[0], value)
    for both in ((flat, pair[1]), (pair[0], flat), (flat, flat)):
        result = histogram(*both)
        assert result.result["all_pixels"]["pearson"] is None
        assert any("constant" in text for text in result.warnings)
        assert counts(result).sum() == flat.size


def test_one_file_of_two_planes_is_a_pair(
    tmp_path: Path, histogram: Histogram, pair: Any
) -> None:
    path = tmp_path / "both.tif"
    tifffile.imwrite(path, np.stack(pair), imagej=True, metadata={"axes": "CYX"})
    result = run_workflow("histogram", path, tmp_path / "one")
    assert result.file("histogram").read_bytes() == (
        histogram(*pair).file("histogram").read_bytes()
    )


def test_a_file_may_be_the_prediction_of_an_image(
    tmp_path: Path, histogram: Histogram, pair: Any
) -> None:
    """As in Fiji, where the truth is one image and the prediction another."""
    result = histogram(*pair)
    files = {name: str(tmp_path / f"{name}.tif") for name in ("truth", "prediction")}
    again = _run_alone(tmp_path, files["truth"], files["prediction"])
    assert again["status"] == "ok"
    assert again["all_pixels"] == result.result["all_pixels"]
    small = str(tmp_path / "small.tif")
    tifffile.imwrite(small, np.zeros((5, 6), np.uint8))
    other = _run_alone(tmp_path, files["truth"], small)["message"]
    assert "small.tif has 6 x 5 px" in other
    missing = _run_alone(tmp_path, files["truth"], "nowhere")["message"]
    assert "nowhere: neither an open image nor a file" in missing
    assert "has 1 planes; a pair has 2" in _run_alone(tmp_path, small, "")["message"]


def _run_alone(folder: Path, truth: str, prediction: str) -> dict[str, Any]:
    """Run the script as Fiji does: on a file, without the handing over."""
    import json

    from frm_bridge.imagej import find_workflow, start_imagej
    from frm_bridge.imagej.scripts import run_script
    from frm_bridge.imagej.workflows import library_folder

    workflow = find_workflow("histogram").with_parameters(prediction_image=prediction)
    paths = {"image_path": truth, "output_folder": str(folder / "alone")}
    values = {**workflow.parameters, **paths}
    library = library_folder(workflow.script)
    run_script(start_imagej(), workflow.script, values, library=library)
    written = (folder / "alone" / "result.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(written)
    return found


def test_images_of_two_sizes_are_a_clear_error(histogram: Histogram, pair: Any) -> None:
    with pytest.raises(FrmError) as caught:
        histogram(pair[0], pair[1][:, 1:])
    assert caught.value.code == "E_IMAGE_SIZES"


def test_no_preference_changes_a_number(
    histogram: Histogram, pair: Any, preferences: Callable[[], Iterator[str]]
) -> None:
    def measured() -> list[object]:
        result = histogram(*pair, feature_threshold=900.0, pixel_size_um=0.5)
        found: list[object] = [result.file("histogram").read_bytes()]
        for name in ("histogram_image", "merge"):
            with tifffile.TiffFile(result.file(name)) as file:
                found.append(file.asarray().astype(np.float32).tobytes())
                found.append((file.imagej_metadata or {})["unit"])
                found.append(file.pages.first.resolution)
        return found

    before = measured()
    for told in preferences():
        assert measured() == before, told
