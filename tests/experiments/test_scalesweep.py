"""One image at several scales, with and without the stain."""

import csv
import re
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from frm_bridge.cli import main
from frm_bridge.errors import InputError
from frm_bridge.experiments.scalesweep import SweepSettings, sweep_scale
from frm_bridge.experiments.sweeppage import headline, write_sweep
from frm_bridge.images import open_image
from frm_bridge.images.resampling import resample
from frm_bridge.models.registry import find_model
from frm_bridge.prediction import open_model, predict_image
from frm_bridge.prediction.matching import Matching

MODEL = "nuclei-brightfield"
SETTINGS = SweepSettings(0.5, 1.0, steps=3, side=300)


@pytest.fixture(scope="module")
def model():
    with open_model(MODEL, device="cpu") as loaded:
        yield loaded


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A crop of the held-out sample field, enlarged as by another objective."""
    paths = []
    for kind in ("input", "target"):
        (source,) = (find_model(MODEL).parent / "sample" / kind).glob("*.png")
        with open_image(source) as image:
            pixels = image.read_window(0, 360, 560, 200, 180)
        paths.append(tmp_path_factory.mktemp(kind) / "field.tif")
        tifffile.imwrite(paths[-1], resample(pixels, (400, 360)))
    return paths


@pytest.fixture(scope="module")
def sweep(model, pair):
    return sweep_scale(model, pair[0], truth=pair[1], settings=SETTINGS)


def test_the_factors_are_in_equal_ratios_and_hold_one():
    assert SweepSettings().factors() == (
        *(0.5, 0.5946, 0.7071, 0.8409, 1.0),
        *(1.1892, 1.4142, 1.6818, 2.0),
    )
    assert SweepSettings(0.5, 1.5, steps=3).factors() == (0.5, 0.866, 1.0, 1.5)
    assert SweepSettings(1.2, 1.8, steps=3).factors()[0] == 1.2


@pytest.mark.parametrize(
    "wrong", [(2.0, 0.5), (0.1, 2.0), (0.5, 6.0), (0.5, 2.0, 2), (0.5, 2.0, 9, 0)]
)
def test_factors_that_cannot_be_tried_are_refused(wrong):
    with pytest.raises(InputError, match="E_OPTION"):
        SweepSettings(*wrong)


def test_with_the_stain_the_factor_that_undoes_the_objective_is_best(sweep):
    assert [each.factor for each in sweep.points] == [0.5, 0.7071, 1.0]
    assert sweep.best is sweep.points[0]
    assert sweep.best.pcc > sweep.as_it_is.pcc + 0.3
    first, second = headline(sweep)
    assert "0.5 correlates best with the stain" in first
    assert f"{sweep.as_it_is.pcc:.2f}" in second


def test_where_the_image_needs_no_correction_it_is_shown_once(sweep, tmp_path):
    worse = [replace(each, pcc=-0.5) for each in sweep.points[:2]]
    right = replace(sweep, points=(*worse, replace(sweep.points[2], pcc=0.9)))
    assert "nothing to correct" in headline(right)[1]
    text = write_sweep(right, tmp_path / "out").read_text(encoding="utf-8")
    assert len(re.findall("data:image/jpeg", text)) == 3 + 2 * 3


def test_each_factor_is_predicted_as_predict_does(sweep, model):
    assert sweep.pixels.shape == (300, 300)
    point = sweep.points[0]
    expected = predict_image(sweep.pixels, model, matching=Matching(scale=0.5))
    np.testing.assert_array_equal(point.prediction, expected)
    assert point.seen.shape == (150, 150)
    np.testing.assert_array_equal(sweep.points[-1].seen, sweep.pixels)


def test_agreement_is_that_of_the_neighbours(sweep):
    a, b, c = (each.prediction.ravel() for each in sweep.points)
    ab, bc = np.corrcoef(a, b)[0, 1], np.corrcoef(b, c)[0, 1]
    found = [each.agreement for each in sweep.points]
    assert found == pytest.approx([ab, (ab + bc) / 2, bc], abs=1e-5)


def test_the_page_holds_all_and_claims_no_more(sweep, tmp_path):
    page = write_sweep(sweep, tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    assert len(re.findall("data:image/jpeg", text)) == 4 + 2 * 3
    assert "http" not in re.sub(r"http://www\.w3\.org\S*", "", text)
    assert "<script" not in text
    assert "Factor 1, as it is" in text
    with (tmp_path / "out" / "sweep.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["factor"]) for row in rows] == [0.5, 0.7071, 1.0]
    assert float(rows[0]["pcc"]) == pytest.approx(sweep.best.pcc, abs=1e-6)


def test_without_the_stain_it_says_that_it_proves_nothing(model, pair, tmp_path):
    sweep = sweep_scale(model, pair[0], settings=SweepSettings(0.5, 1.0, 3, 160))
    assert sweep.best is None
    assert "no proof" in headline(sweep)[1]
    text = write_sweep(sweep, tmp_path / "out").read_text(encoding="utf-8")
    assert "A prediction can be steady and wrong" in " ".join(text.split())


def test_a_stain_of_another_size_is_refused(model, pair, tmp_path):
    tifffile.imwrite(tmp_path / "small.tif", np.eye(64, dtype=np.uint8))
    with pytest.raises(InputError, match="E_PAIR_SIZE"):
        sweep_scale(model, pair[0], truth=tmp_path / "small.tif", settings=SETTINGS)


def test_the_command_writes_the_page_and_prints_the_factors(pair, tmp_path, capsys):
    output = tmp_path / "sweep"
    words = ["scale-sweep", MODEL, str(pair[0]), "-o", str(output)]
    words += ["--from", "0.5", "--to", "1", "--steps", "3", "--side", "128"]
    assert main(words) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in printed[:3]] == [
        ["factor", "0.5"],
        ["factor", "0.7071"],
        ["factor", "1"],
    ]
    assert printed[-1] == str(output / "scale-sweep.html")
    assert main(words) == 1
    assert "E_OUTPUT_EXISTS" in capsys.readouterr().err
