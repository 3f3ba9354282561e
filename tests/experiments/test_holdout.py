import shutil

import pytest
import tifffile

from frm_bridge.comparison import pearson
from frm_bridge.experiments.holdout import score_pcc, score_workflow
from frm_bridge.images import open_image
from frm_bridge.models.card import read_card
from frm_bridge.models.registry import find_model
from frm_bridge.training.pairs import Pair

MODEL = "nuclei-brightfield"


@pytest.fixture
def model(tmp_path):
    """A copy of the shipped model, whose card may be written."""
    copy = tmp_path / "copy.onnx"
    shutil.copy(find_model(MODEL), copy)
    return copy


@pytest.fixture
def pairs(tmp_path):
    """Two crops of the sample field: one is held out, one trained."""
    made = []
    for number, side in enumerate(("test", "train")):
        paths = []
        for kind in ("input", "target"):
            (source,) = (find_model(MODEL).parent / "sample" / kind).glob("*.png")
            with open_image(source) as image:
                pixels = image.read_window(0, 400 * number, 300, 256, 208)
            # Only the input's name may matter: the target has another one.
            paths.append(tmp_path / kind / f"{kind[0]}{number}.tif")
            paths[-1].parent.mkdir(exist_ok=True)
            tifffile.imwrite(paths[-1], pixels)
        made.append(Pair(*paths, f"g{number}", split=side))
    return made


def test_held_out_fields_alone_are_scored_and_the_card_says_so(model, pairs, tmp_path):
    (score,) = score_pcc(model, pairs, tmp_path / "predictions")
    predicted = tifffile.imread(tmp_path / "predictions" / "i0.tif")
    truth = tifffile.imread(pairs[0].target)
    assert score == {"name": "i0", "pcc": pearson(truth, predicted)}
    assert read_card(model).evaluation["fields"] == [score]


def test_a_workflow_on_held_out_fields_goes_into_the_card(model, pairs, tmp_path):
    result = score_workflow(model, pairs, tmp_path / "scored")
    (field,) = read_card(model).evaluation["fields"]
    objects = result.summary.objects
    assert field["name"] == "i0"
    assert (field["truth_count"], field["predicted_count"]) == (
        objects.truth_count,
        objects.predicted_count,
    )
    assert objects.truth_count > 0
    assert field["f1"] == objects.f1
    assert read_card(model).evaluation["workflow"] == "nuclei"
    assert read_card(model).evaluation["parameters"]["threshold_method"] == "Otsu"
