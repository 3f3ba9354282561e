"""Whole verdicts, with workflows in the real ImageJ."""

import json

import numpy as np
import pandas as pd
import pytest

import frm_bridge
from frm_bridge.errors import InputError, OutputError
from frm_bridge.experiments.verdict import verdict
from frm_bridge.imagej import nuclei
from frm_bridge.images import open_image, write_plane

WORKFLOW = nuclei(min_area=100, area_unit="px")
QUESTION = "count nuclei within 30 %"


@pytest.fixture(scope="module")
def folders(data_folder, tmp_path_factory):
    """Four positions, the first of two frames: truth, prediction, transmitted light."""
    path = data_folder / "mitocheck/xy_8bit__mitocheck_incenp_t1.tif"
    with open_image(path) as image:
        stain = image.read_plane()
    root = tmp_path_factory.mktemp("fields")
    random = np.random.default_rng(0)
    for number, name in enumerate(
        ("p1_t001", "p1_t002", "p2_t001", "p3_t001", "p4_t001")
    ):
        turned = np.rot90(stain, number).copy()
        light = random.integers(80, 120, turned.shape).astype(np.uint8)
        faded = (turned * 0.9 + random.normal(2, 0.5, turned.shape)).astype(np.float32)
        for role, pixels in (("t", turned), ("p", faded), ("l", light)):
            write_plane(root / role / f"{name}.tif", pixels, pixel_size_um=0.5)
    write_plane(root / "l" / "of_no_truth.tif", light, pixel_size_um=0.5)
    return root


@pytest.fixture(scope="module")
def done(folders, tmp_path_factory):
    steps = []
    found = frm_bridge.verdict(
        QUESTION,
        tmp_path_factory.mktemp("out") / "verdict",
        truth=folders / "t",
        prediction=folders / "p",
        transmitted=folders / "l",
        workflow=WORKFLOW,
        progress=lambda *step: steps.append(step),
    )
    return found, steps


def test_a_verdict_gives_its_answer_numbers_and_files(done):
    found, steps = done
    assert found.sentence().startswith(f"verdict: {found.answer} - over 4 independent")
    assert steps.count((10, 10)) == 3  # prediction, floor, ceiling
    assert sorted(path.name for path in found.output.iterdir()) == [
        "ceiling",
        "comparison",
        "fields.csv",
        "floor",
        "verdict.html",
        "verdict.json",
    ]
    record = json.loads((found.output / "verdict.json").read_text(encoding="utf-8"))
    assert record["verdict"] == found.answer == "fit"
    assert record["result"]["groups"] == 4
    fields = pd.read_csv(found.output / "fields.csv")
    assert fields["group"].tolist() == ["p1", "p1", "p2", "p3", "p4"]
    judged = pd.read_csv(found.output / "comparison" / "fields.csv")
    assert fields["truth"].tolist() == judged["truth_count"].tolist()
    assert fields["prediction"].tolist() == judged["predicted_count"].tolist()
    assert np.log(fields["prediction"] / fields["truth"]).tolist() == pytest.approx(
        fields["value"].tolist()
    )


def test_the_floor_is_far_and_the_ceiling_near(done):
    found, _ = done
    typical = {level.name: level.measured.typical for level in found.levels}
    own = found.judgement.measured.typical
    assert typical["transmitted light"] > 1 > own
    assert typical["re-noised truth"] < 0.3
    record = json.loads((found.output / "verdict.json").read_text(encoding="utf-8"))
    assert record["levels"][1]["role"] == "floor"


def test_the_page_says_the_verdict_and_loads_nothing(done):
    found, _ = done
    page = (found.output / "verdict.html").read_text(encoding="utf-8")
    assert f"<h1>Fit: {QUESTION}</h1>" in page
    assert "Schuirmann" in page
    assert page.count("<svg") == 2
    assert "re-noised truth" in page
    assert "verdict.json and in the tables" in page
    assert "<script" not in page
    assert 'src="http' not in page
    assert "nan" not in page.lower().replace("finance", "")


def test_an_earlier_comparison_is_judged_without_measuring(done, tmp_path):
    found, _ = done
    again = verdict(QUESTION, tmp_path / "out", comparison=found.comparison)
    assert again.judgement == found.judgement
    assert [level.left_out != "" for level in again.levels] == [False, True, True]
    other = verdict(
        "centroid of nuclei within 3 px",
        tmp_path / "other",
        comparison=found.comparison,
        group_by=".*",
    )
    assert other.judgement.measured.groups == 5
    assert other.answer == "fit"
    assert other.levels[0].measured is None


def test_a_verdict_is_replaced_as_a_whole_or_not_at_all(done, tmp_path, listing):
    found, _ = done
    out = tmp_path / "out"
    verdict(QUESTION, out, comparison=found.comparison)
    before = listing(out)
    with pytest.raises(OutputError, match=r"verdict\.json exists"):
        verdict(QUESTION, out, comparison=found.comparison)
    with pytest.raises(InputError, match="finds nuclei"):
        verdict(
            "count cells within 5 %",
            out,
            comparison=found.comparison,
            overwrite=True,
        )
    assert listing(out) == before
    verdict(
        "area within 9 %",
        out,
        comparison=found.comparison,
        overwrite=True,
    )
    assert "area within 9 %" in (out / "verdict.html").read_text(encoding="utf-8")


def test_a_verdict_that_fails_leaves_no_folder(done, tmp_path):
    found, _ = done
    with pytest.raises(InputError):
        verdict("column no of x within 5 %", tmp_path / "new", comparison=found.output)
    assert not (tmp_path / "new").exists()


def test_what_no_verdict_wrote_is_never_replaced(done, tmp_path):
    found, _ = done
    mine = tmp_path / "fields.csv"
    mine.write_text("mine")
    with pytest.raises(OutputError, match="which no verdict wrote"):
        verdict(QUESTION, tmp_path, comparison=found.comparison, overwrite=True)
    assert mine.read_text() == "mine"
    with pytest.raises(OutputError, match="lies in"):
        verdict(QUESTION, found.output, comparison=found.comparison, overwrite=True)


def test_sources_are_a_pair_or_a_comparison(tmp_path):
    for sources in (
        {},
        {"truth": tmp_path},
        {"truth": tmp_path, "prediction": tmp_path, "comparison": tmp_path},
        {"truth": tmp_path, "comparison": tmp_path},
    ):
        with pytest.raises(InputError, match="a truth and its prediction"):
            verdict(QUESTION, tmp_path / "out", **sources)


def test_a_column_of_an_own_macro_is_judged(folders, tmp_path):
    macro = tmp_path / "bright.ijm"
    macro.write_text('run("Measure");\n')
    found = verdict(
        "column Mean of images within 20 %",
        tmp_path / "out",
        truth=folders / "t",
        prediction=folders / "p",
        workflow=macro,
    )
    # 0.9 times the stain and a little more.
    assert found.answer == "fit"
    assert -0.1 < found.judgement.measured.estimate < 0
    assert "no transmitted light was given" in found.levels[1].left_out
