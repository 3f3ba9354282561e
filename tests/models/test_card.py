"""The card inside the ``.onnx`` file: written, read back, refused when it is wrong."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import onnx
import pytest
from onnx import TensorProto, helper

from frm_bridge.errors import ModelError
from frm_bridge.models.card import (
    METADATA_KEY,
    ModelCard,
    file_sha256,
    load_onnx,
    read_card,
    write_card,
)
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)


@pytest.fixture
def card():
    """A card with something in every field."""
    return ModelCard(
        name="nuclei",
        marker="nuclei",
        modality="bright field",
        normalisation=Normalisation(
            InputNormalisation("global", 1200.5, 210.25),
            OutputNormalisation(340.0, 55.5, "counts"),
        ),
        halo=192,
        margin=190,
        stacks=2,
        head="elu",
        bit_depth=16,
        pixel_size_um=0.3225,
        parity_error_sd=7e-6,
        description="Noyaux à 10 µm",
        licence="CC BY 4.0",
        citation="doi:10.1/x",
        authors=("É. Müller", "A. N. Other"),
        good_for=("counting",),
        not_good_for=("intensity", "texture"),
        training={"fingerprint": "ab", "groups": {"train": ["p1", "p2"]}},
        evaluation={"fields": [{"name": "p3", "pcc": None}]},
    )


@pytest.fixture
def model(tmp_path):
    """A one-node network with two entries of metadata that are not ours."""
    sides = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1, "h", "w"])
        for name in ("image", "same")
    ]
    node = helper.make_node("Elu", ["image"], ["same"])
    graph = helper.make_graph([node], "probe", sides[:1], sides[1:])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.metadata_props.add(key="author", value="someone")
    made.metadata_props.add(key="note", value="kept")
    path = tmp_path / "modèle µ.onnx"
    onnx.save(made, path)
    return path


def test_a_card_comes_back_from_json_as_it_was(card):
    text = card.to_json()
    assert "\n" not in text
    assert json.loads(text)["schema"] == 1
    assert ModelCard.from_json(text) == card


def test_a_card_travels_in_the_file_beside_other_metadata(card, model):
    assert read_card(model) is None
    write_card(model, card)
    assert read_card(model) == card
    write_card(model, replace(card, name="other"))
    assert read_card(model).name == "other"
    entries = [(entry.key, entry.value) for entry in load_onnx(model).metadata_props]
    assert entries[:2] == [("author", "someone"), ("note", "kept")]
    assert [key for key, _ in entries] == ["author", "note", METADATA_KEY]
    assert [path.name for path in model.parent.iterdir()] == [model.name]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "cannot be read"),
        ("[]", "cannot be read"),
        ("null", "cannot be read"),
        ("{}", "schema"),
        ('{"schema": 2}', "schema 2; this version reads 1"),
        ('{"schema": 1, "name": "a"}', "normalisation"),
    ],
)
def test_a_text_that_is_no_card_is_refused(text, said):
    with pytest.raises(ModelError, match=said) as caught:
        ModelCard.from_json(text)
    assert caught.value.code == "E_MODEL_CARD"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"halo": 100}, "E_MODEL_CARD"),
        ({"stride": 0}, "E_MODEL_CARD"),
        ({"colour": "red"}, "E_MODEL_CARD"),
        ({"authors": None}, "E_MODEL_CARD"),
        ({"normalisation": {"input": {"kind": "other"}}}, "E_MODEL_CARD"),
    ],
)
def test_a_card_with_a_wrong_value_is_refused(change, code, card):
    content = {**json.loads(card.to_json()), **change}
    with pytest.raises(ModelError) as caught:
        ModelCard.from_json(json.dumps(content))
    assert caught.value.code == code


def test_a_card_holds_no_nan(card):
    with pytest.raises(ValueError, match="JSON"):
        replace(card, parity_error_sd=float("nan")).to_json()


@pytest.mark.parametrize("content", [b"", b"text, not a network\n", b"\x08\x08"])
def test_a_file_that_is_no_network_is_refused(content, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is not an ONNX model") as caught:
        load_onnx(path)
    assert caught.value.code == "E_MODEL_FORMAT"


@pytest.mark.parametrize("name", ["absent.onnx", "."])
def test_a_missing_file_is_refused(name, tmp_path):
    with pytest.raises(ModelError) as caught:
        load_onnx(tmp_path / name)
    assert caught.value.code == "E_MODEL_MISSING"


def test_a_file_that_may_not_be_read_is_not_called_broken(model, obey_modes):
    model.chmod(0)
    with pytest.raises(ModelError, match="Permission denied") as caught:
        load_onnx(model)
    assert caught.value.code == "E_MODEL_UNREADABLE"


def test_the_digest_is_that_of_the_bytes(model):
    assert file_sha256(model) == hashlib.sha256(model.read_bytes()).hexdigest()
