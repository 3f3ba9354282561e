"""The profile workflow, in the real ImageJ, against known lines and scikit-image."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from skimage.measure import profile_line

from frm_bridge.errors import FrmError
from frm_bridge.imagej import WorkflowResult, find_workflow, run_workflow, start_imagej
from frm_bridge.imagej.scripts import run_script
from frm_bridge.imagej.workflows import library_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Profile = Callable[..., WorkflowResult]

SLANTED = {"x1": 3.0, "y1": 4.0, "x2": 43.0, "y2": 34.0}  # 50 px


@pytest.fixture
def profile(tmp_path: Path, save: Callable[..., Path]) -> Profile:
    """Run the profile workflow on an array."""

    def run(
        pixels: NDArray[Any], *, pixel_size_um: float | None = None, **parameters: Any
    ) -> WorkflowResult:
        path = save(pixels, pixel_size_um=pixel_size_um)
        workflow = find_workflow("profile").with_parameters(**parameters)
        return run_workflow(workflow, path, tmp_path / "out", overwrite=True)

    return run


@pytest.fixture
def noise() -> NDArray[np.float32]:
    return np.random.default_rng(5).integers(0, 250, (60, 80)).astype(np.float32)


@pytest.fixture
def roi(tmp_path: Path) -> Callable[..., Path]:
    """Write selections as ImageJ does: one as .roi, several as RoiSet.zip."""

    def write(**selections: Any) -> Path:
        from scyjava import jimport

        encoder = jimport("ij.io.RoiEncoder")
        contents = {
            name: bytes(encoder.saveAsByteArray(each) or b"")
            for name, each in selections.items()
        }
        if len(contents) == 1:
            path = tmp_path / f"{next(iter(contents))}.roi"
            path.write_bytes(next(iter(contents.values())))
            return path
        path = tmp_path / "RoiSet.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in contents.items():
                archive.writestr(f"{name}.roi", content)
        return path

    return write


def straight(*corners: float) -> Any:
    start_imagej()
    from scyjava import jimport

    return jimport("ij.gui.Line")(*map(float, corners))


def polyline(*corners: tuple[float, float], kind: str = "POLYLINE") -> Any:
    start_imagej()
    from jpype import JArray, JFloat
    from scyjava import jimport

    roi = jimport("ij.gui.Roi")
    xs, ys = (JArray(JFloat)(list(each)) for each in zip(*corners, strict=True))
    return jimport("ij.gui.PolygonRoi")(xs, ys, len(corners), getattr(roi, kind))


def values(result: WorkflowResult, name: object = 1) -> NDArray[np.float64]:
    table = pd.read_csv(result.file("profile"))
    return table.loc[table["profile"] == name, "value"].to_numpy()


def plot_profile(pixels: NDArray[Any], selection: Any) -> NDArray[np.float64]:
    """What ImageJ's own Plot Profile gives, with interpolation on."""
    from jpype import JArray, JFloat
    from scyjava import jimport

    plane = jimport("ij.process.FloatProcessor")(*pixels.shape[::-1])
    plane.setPixels(JArray(JFloat)(pixels.astype(np.float32).ravel()))
    imp = jimport("ij.ImagePlus")("field", plane)
    imp.setRoi(selection)
    window = jimport("ij.gui.PlotWindow")
    before, window.interpolate = window.interpolate, True
    try:
        return np.array(jimport("ij.gui.ProfilePlot")(imp).getProfile())
    finally:
        window.interpolate = before


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_slanted_line_is_that_of_scikit_image_and_of_plot_profile(
    profile: Profile, noise: NDArray[Any], dtype: str
) -> None:
    result = profile(noise.astype(dtype), **SLANTED)
    twin = profile_line(noise, (4, 3), (34, 43), order=1, mode="nearest")
    np.testing.assert_allclose(values(result), twin, atol=1e-6)
    own = plot_profile(noise, straight(3, 4, 43, 34))
    np.testing.assert_allclose(values(result), own, atol=1e-6)
    assert result.result["things"] == "profiles"
    assert result.count == 1


def test_a_wide_line_is_the_mean_across_it(
    profile: Profile, noise: NDArray[Any]
) -> None:
    result = profile(noise, **SLANTED, line_width_px=5)
    twin = profile_line(noise, (4, 3), (34, 43), linewidth=5, order=1, mode="nearest")
    np.testing.assert_allclose(values(result), twin, atol=1e-6)
    selection = straight(3, 4, 43, 34)
    selection.setStrokeWidth(5)
    # Plot Profile keeps its places as 32-bit numbers.
    own = plot_profile(noise, selection)
    np.testing.assert_allclose(values(result), own, atol=2e-3)


def test_pixels_outside_the_image_do_not_count(profile: Profile) -> None:
    line = {"x1": 0.0, "y1": 0.0, "x2": 20.0, "y2": 0.0}
    rows = np.repeat(np.arange(30, dtype=np.uint8)[:, None], 40, axis=1)
    result = profile(rows, **line, line_width_px=9)
    assert set(values(result)) == {2.0}  # rows 0 to 4; -4 to -1 are outside
    corner = {"x1": -0.5, "y1": -0.5, "x2": 20.0, "y2": 20.0}
    result = profile(np.full((30, 40), 7, np.uint8), **corner, line_width_px=2)
    assert set(values(result)) == {7.0}


@pytest.mark.parametrize("kind", ["POLYLINE", "FREELINE"])
def test_a_line_with_corners_is_followed_piece_by_piece(
    profile: Profile, noise: NDArray[Any], roi: Callable[..., Path], kind: str
) -> None:
    bent = polyline((10, 10), (40, 10), (40, 30), kind=kind)
    result = profile(noise, roi_file=str(roi(bent=bent)), pixel_size_um=0.5)
    expected = np.concatenate([noise[10, 10:41], noise[11:31, 40]])
    np.testing.assert_allclose(values(result, "bent"), expected)
    (facts,) = result.result["profiles"]
    assert (facts["length_px"], facts["length_um"], facts["n"]) == (50, 25, 51)
    assert facts["corners_px"] == [[10, 10], [40, 10], [40, 30]]


def test_each_line_of_a_roi_set_is_a_profile(
    profile: Profile, noise: NDArray[Any], roi: Callable[..., Path]
) -> None:
    path = roi(**{"0001": straight(3, 4, 43, 34), "µ, two": straight(0, 5, 30, 5)})
    result = profile(noise, roi_file=str(path))
    assert result.count == 2
    table = pd.read_csv(result.file("profile"), dtype={"profile": str})
    assert list(table["profile"].unique()) == ["0001", "µ, two"]
    first = table.loc[table["profile"] == "0001", "value"]
    np.testing.assert_array_equal(first, values(profile(noise, **SLANTED)))


def test_width_and_peak_of_a_planted_line_are_found(profile: Profile) -> None:
    """A Gaussian of sigma 4 px at x = 31.0 on a level of 50: 2.355 sigma wide."""
    x = np.arange(90)
    row = 50 + 1000 * np.exp(-((x - 31.0) ** 2) / (2 * 4.0**2))
    pixels = np.tile(row, (20, 1)).astype(np.float32)
    line = {"x1": 0.0, "y1": 10.0, "x2": 80.0, "y2": 10.0}
    result = profile(pixels, pixel_size_um=0.25, **line)
    (facts,) = result.result["profiles"]
    assert facts["peak_px"] == 31
    assert facts["peak_um"] == 7.75
    assert facts["fwhm_px"] == pytest.approx(4 * 2.3548, abs=0.03)
    assert facts["fwhm_um"] == pytest.approx(facts["fwhm_px"] / 4)
    assert (facts["min"], facts["max"]) == (50, 1050)
    table = pd.read_csv(result.file("profile"))
    np.testing.assert_allclose(table["distance_um"], table["distance_px"] / 4)


@pytest.mark.parametrize("end", [31.0, 33.0])
def test_a_peak_that_is_cut_off_has_no_width(profile: Profile, end: float) -> None:
    x = np.arange(90)
    row = 1000 * np.exp(-((x - 31.0) ** 2) / 32)
    pixels = np.tile(row, (20, 1)).astype(np.float32)
    result = profile(pixels, x1=0.0, y1=10.0, x2=end, y2=10.0)
    (facts,) = result.result["profiles"]
    assert facts["fwhm_px"] is None
    assert facts["peak_px"] == 31
    constant = profile(np.full((20, 40), 3, np.uint8), x1=0.0, y1=9.0, x2=9.0, y2=9.0)
    assert constant.result["profiles"][0]["fwhm_px"] is None


def test_without_a_pixel_size_there_are_no_micrometres(
    profile: Profile, noise: NDArray[Any]
) -> None:
    result = profile(noise, **SLANTED)
    (facts,) = result.result["profiles"]
    assert facts["length_px"] == 50
    assert facts["length_um"] is facts["peak_um"] is facts["fwhm_um"] is None
    assert pd.read_csv(result.file("profile"))["distance_um"].isna().all()


def test_an_image_may_be_normalised_to_16_bits_first(
    profile: Profile, noise: NDArray[Any]
) -> None:
    plain = values(profile(noise, **SLANTED))
    result = profile(noise, **SLANTED, normalise="range16", saturated_percent=0.0)
    low, high = float(noise.min()), float(noise.max())
    assert result.result["normalisation"] == {"black": low, "white": high}
    # Half a level is lost where the image is rounded to 16 bits.
    expected = (plain - low) / (high - low) * 65535
    np.testing.assert_allclose(values(result), expected, atol=0.6)


def test_a_relative_roi_file_is_found_from_the_current_folder(
    profile: Profile,
    noise: NDArray[Any],
    roi: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = roi(line=straight(3, 4, 43, 34))
    monkeypatch.chdir(path.parent)
    result = profile(noise, roi_file=path.name)
    assert result.result["parameters"]["roi_file"] == str(path)


def test_the_selection_of_an_image_is_measured_as_in_fiji(
    profile: Profile, noise: NDArray[Any], tmp_path: Path
) -> None:
    """A TIFF of ImageJ's keeps the selection; a script of a menu sees it."""
    expected = values(profile(noise, **SLANTED))
    from scyjava import jimport

    imp = jimport("ij.IJ").openImage(str(tmp_path / "field.tif"))
    imp.setRoi(straight(3, 4, 43, 34))
    path = tmp_path / "selected.tif"
    jimport("ij.io.FileSaver")(imp).saveAsTiff(str(path))
    workflow = find_workflow("profile")
    paths = {"image_path": str(path), "output_folder": str(tmp_path / "alone")}
    library = library_folder(workflow.script)
    run_script(
        start_imagej(),
        workflow.script,
        {**workflow.parameters, **paths},
        library=library,
    )
    table = pd.read_csv(tmp_path / "alone" / "profile.csv")
    np.testing.assert_array_equal(table["value"], expected)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "give x1, y1, x2 and y2 in px, or roi_file .* draw a line"),
        ({"x1": 5.0, "x2": 5.0}, "the line 1 has no length"),
        ({"x2": 90.0}, r"reaches \(90, 0\), and the image has 80 x 60 px: x may be 0"),
        ({"y1": -3.0}, r"reaches \(0, -3\)"),
        ({"x2": 9.0, "roi_file": "a.roi"}, "by numbers and roi_file as well"),
        ({"roi_file": "missing.roi"}, "there is no file .*missing.roi"),
    ],
)
def test_a_line_that_cannot_be_measured_is_a_clear_error(
    profile: Profile, noise: NDArray[Any], parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(FrmError, match=words) as caught:
        profile(noise, **parameters)
    assert caught.value.code == "E_WORKFLOW_FAILED"


def test_a_file_without_lines_is_a_clear_error(
    profile: Profile, noise: NDArray[Any], roi: Callable[..., Path], tmp_path: Path
) -> None:
    area = polyline((1, 1), (9, 1), (9, 9), kind="POLYGON")
    with pytest.raises(FrmError, match=r"cell is no line .*Polygon"):
        profile(noise, roi_file=str(roi(cell=area)))
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w"):
        pass
    with pytest.raises(FrmError, match="holds no"):
        profile(noise, roi_file=str(empty))
    for content in (b"", b"Iout", b"no selection at all", b"PK\x03\x04"):
        (tmp_path / "bad.roi").write_bytes(content)
        with pytest.raises(FrmError, match=r"bad.roi (is no selection|holds no .roi)"):
            profile(noise, roi_file=str(tmp_path / "bad.roi"))


def test_no_preference_changes_a_number(
    profile: Profile,
    noise: NDArray[Any],
    roi: Callable[..., Path],
    preferences: Callable[[], Iterator[str]],
) -> None:
    from scyjava import jimport

    line, window = jimport("ij.gui.Line"), jimport("ij.gui.PlotWindow")
    processor = jimport("ij.process.ImageProcessor")
    bent = polyline((10.5, 10.2), (40, 12), (41, 30))
    path = str(roi(bent=bent, straight=straight(3, 4, 20, 9)))

    def measured() -> bytes:
        result = profile(noise, roi_file=path, pixel_size_um=0.5)
        return result.file("profile").read_bytes()

    before, interpolate = measured(), window.interpolate
    try:
        for told, wide in zip(preferences(), (True, False), strict=True):
            line.setWidth(5 if wide else 1)
            processor.setUseBicubic(wide)
            window.interpolate = wide
            assert measured() == before, told
    finally:
        line.setWidth(1)
        processor.setUseBicubic(False)
        window.interpolate = interpolate
