"""``models list`` and ``models inspect``."""

from __future__ import annotations

import json

from frm_bridge.models.card import ModelCard, file_sha256
from frm_bridge.models.registry import shipped_models


def test_list_names_each_shipped_model_with_its_file(frm):
    ended = frm("models", "list")
    assert ended.status == 0
    lines = ended.out.splitlines()
    assert len(lines) == len(shipped_models()) > 0
    for line, (name, path) in zip(lines, shipped_models().items(), strict=True):
        assert line.startswith(f"{name}  ")
        assert line.endswith(str(path))


def test_inspect_puts_the_card_in_words(frm, models):
    path = models / "actin.onnx"
    ended = frm("models", "inspect", path)
    assert (ended.status, ended.err) == (0, "")
    for said in (
        f"file          {path}",
        f"sha256        {file_sha256(path)}",
        "predicts      actin from bright field",
        "relative: intensity is not comparable",
        "stride 16, halo 16, margin 1 px",
        "held out      f1: PCC 0.500",
    ):
        assert said in ended.out


def test_inspect_as_json_is_the_whole_card(frm, models):
    ended = frm("models", "inspect", models / "nuclei.onnx", "--json")
    assert ended.status == 0
    assert ModelCard.from_json(json.dumps(json.loads(ended.out))).name == "nuclei"


def test_a_shipped_model_is_inspected_by_name(frm):
    ended = frm("models", "inspect", "nuclei-brightfield")
    assert ended.status == 0
    assert "CC BY 4.0" in ended.out


def test_a_file_without_card_says_what_it_needs(frm, models):
    ended = frm("models", "inspect", models / "cardless.onnx")
    assert ended.status == 0
    assert "needs --normalise and its statistics" in ended.out


def test_no_model_is_a_clear_error(frm, models):
    ended = frm("models", "inspect", "nucleus")
    assert ended.status == 1
    assert "E_MODEL_MISSING nucleus is neither a file nor a shipped model" in ended.err
    assert "nuclei-brightfield" in ended.err
    ended = frm("models", "inspect", models / "text.onnx")
    assert (ended.status, ended.out) == (1, "")
    assert "E_MODEL_FORMAT" in ended.err
