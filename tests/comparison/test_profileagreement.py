"""Profiles of truth and prediction, along the same lines in the real ImageJ."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from scyjava import jimport

from frm_bridge.comparison import compare
from frm_bridge.imagej import find_workflow, start_imagej

ACROSS = {"x1": 5.0, "y1": 20.0, "x2": 75.0, "y2": 20.0}  # 70 px
RELATIVE = {"frm_bridge.model.output_unit": "relative"}


def ridge(place, sigma, *, height=200.0, base=50.0):
    """Draw a bright vertical line of some width on an image of 40 x 80 px."""
    x = np.arange(80.0)
    curve = base + height * np.exp(-((x - place) ** 2) / (2 * sigma**2))
    return np.tile(curve, (40, 1)).astype(np.float32)


@pytest.fixture
def run(save, tmp_path):
    """Compare images, ``{name: (truth, prediction)}``, along one line."""

    def compared(pairs, *, properties=(), pixel_size_um=0.1, **parameters):
        for name, (truth, prediction) in pairs.items():
            save("truth", name, truth, pixel_size_um=pixel_size_um)
            save(
                "prediction",
                name,
                prediction,
                pixel_size_um=pixel_size_um,
                properties=properties,
            )
        workflow = find_workflow("profile").with_parameters(**{**ACROSS, **parameters})
        return compare(
            tmp_path / "truth", tmp_path / "prediction", workflow, tmp_path / "out"
        )

    return compared


@pytest.fixture
def write_lines(tmp_path):
    """Write straight lines, ``{name: (x1, y1, x2, y2)}``, as a RoiSet.zip."""

    def write(lines):
        start_imagej()
        line, encoder = jimport("ij.gui.Line"), jimport("ij.io.RoiEncoder")
        path = tmp_path / "RoiSet.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, places in lines.items():
                roi = line(*map(float, places))
                archive.writestr(f"{name}.roi", bytes(encoder.saveAsByteArray(roi)))
        return str(path)

    return write


def test_a_planted_shift_and_width_are_found(run):
    found = run({"a": (ridge(30, 4), ridge(33, 6))})
    (line,) = found.fields[0].lines
    assert line.profile == "1"
    assert line.corners_px == ((5, 20), (75, 20))
    assert (line.n, line.length_px, line.length_um) == (71, 70, pytest.approx(7))
    assert (line.truth_peak_px, line.predicted_peak_px) == (25, 28)
    assert line.peak_shift_px == pytest.approx(3)
    assert line.peak_shift_um == pytest.approx(0.3)
    # 2.355 sigma, less what the line's finite length takes.
    assert line.truth_fwhm_px == pytest.approx(2.355 * 4, rel=0.01)
    assert line.fwhm_ratio == pytest.approx(6 / 4, rel=0.01)


def test_correlation_and_difference_are_those_of_the_curves_in_the_table(run):
    truth, predicted = ridge(30, 4), ridge(33, 6, height=120)
    found = run({"a": (truth, predicted)})
    curves = pd.read_csv(found.output / "profiles.csv")
    assert list(curves) == [
        *("field", "profile", "distance_px", "distance_um"),
        *("truth", "prediction"),
    ]
    a, b = truth[20, 5:76], predicted[20, 5:76]
    np.testing.assert_allclose(curves["truth"], a, rtol=1e-5)
    np.testing.assert_allclose(curves["prediction"], b, rtol=1e-5)
    np.testing.assert_allclose(curves["distance_um"], 0.1 * np.arange(71))
    (line,) = found.fields[0].lines
    assert line.pearson == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-6)
    assert line.rms_difference == pytest.approx(np.sqrt(np.mean((a - b) ** 2)))


def test_a_relative_prediction_has_a_correlation_and_no_difference(run):
    truth = ridge(30, 4)
    found = run({"a": (truth, truth / 100 - 3)}, properties=RELATIVE)
    (line,) = found.fields[0].lines
    assert found.fields[0].unit == "none in common"
    assert line.pearson == pytest.approx(1)
    assert line.rms_difference is None
    assert found.summary.profiles.rms_difference.n == 0


def test_stretched_to_16_bits_even_a_relative_prediction_can_be_subtracted(run):
    truth = ridge(30, 4)
    found = run(
        {"a": (truth, truth / 100 - 3)},
        properties=RELATIVE,
        normalise="range16",
        saturated_percent=0.0,
    )
    (line,) = found.fields[0].lines
    assert found.fields[0].unit == "16-bit range"
    assert line.rms_difference == pytest.approx(0, abs=1)
    assert found.fields[0].curves["truth"].max() == 65535


def test_a_flat_curve_has_neither_correlation_nor_peak(run):
    flat = np.full((40, 80), 7, np.float32)
    found = run({"a": (ridge(30, 4), flat)})
    (line,) = found.fields[0].lines
    assert line.pearson is None
    assert (line.predicted_peak_px, line.peak_shift_px) == (None, None)
    assert line.fwhm_ratio is None
    assert "a curve of each is flat" in found.sentence()


def test_fields_are_pooled_line_by_line_and_named(run):
    found = run(
        {
            "001": (ridge(30, 4), ridge(32, 4)),
            "002": (ridge(40, 4), ridge(36, 4)),
            "003": (ridge(50, 4), ridge(50, 4)),
        }
    )
    pooled = found.summary.profiles
    assert pooled.profiles == 3
    assert pooled.peak_distance_px.median == pytest.approx(2)
    assert pooled.peak_distance_px.greatest == pytest.approx(4)
    assert pooled.peak_shift_px == pytest.approx((2 - 4 + 0) / 3)
    each = [one.lines[0].pearson for one in found.fields]
    assert pooled.pearson.mean == pytest.approx(np.mean(each))
    assert (pooled.pearson.least, pooled.pearson.greatest) == (min(each), max(each))
    lines = pd.read_csv(found.output / "lines.csv", dtype=str)
    assert lines["field"].tolist() == ["001", "002", "003"]
    fields = pd.read_csv(found.output / "fields.csv")
    assert fields["peak_shift_px"].tolist() == pytest.approx([2, -4, 0])
    assert found.sentence().startswith("3 line profiles; mean correlation 0.")
    assert found.sentence().endswith("median distance of the peaks 2.00 px (0.20 µm)")


def test_the_record_holds_every_line_with_its_corners(run):
    found = run({"a": (ridge(30, 4), ridge(33, 4))}, pixel_size_um=None)
    record = json.loads((found.output / "comparison.json").read_text())
    assert record["kind"] == "profiles"
    (field,) = record["fields"]
    (line,) = field["lines"]
    assert line["corners_px"] == [[5, 20], [75, 20]]
    assert (line["length_um"], line["peak_shift_um"]) == (None, None)
    assert record["summary"]["profiles"]["peak_distance_um"]["n"] == 0
    assert "µm" not in found.sentence()


def test_several_lines_of_a_file_keep_their_names_and_order(run, write_lines, stain):
    path = write_lines({"NA": (5, 20, 75, 20), "1": (10, 5, 10, 35)})
    crop = stain[100:140, 100:180].astype(np.float32)
    blurred = ndimage.gaussian_filter(crop, 1)
    found = run({"a": (crop, blurred)}, x1=0.0, y1=0.0, x2=0.0, y2=0.0, roi_file=path)
    assert [line.profile for line in found.fields[0].lines] == ["NA", "1"]
    assert [line.n for line in found.fields[0].lines] == [71, 31]
    curves = found.fields[0].curves
    upright = curves[curves["profile"] == "1"]
    np.testing.assert_allclose(upright["truth"], crop[5:36, 10])
    np.testing.assert_allclose(upright["prediction"], blurred[5:36, 10], rtol=1e-5)
