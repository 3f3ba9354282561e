import dataclasses

import numpy as np
import pytest
import tifffile

from frm_bridge.errors import InputError, ModelError, OutputError
from frm_bridge.models.card import read_card
from frm_bridge.training import export
from frm_bridge.training.fit import Watcher
from frm_bridge.training.model import ModelDescription, data_fingerprint, train_model
from frm_bridge.training.pairs import read_pairs


def test_training_writes_one_onnx_file_with_card_log_and_curves(pairs, quick, tmp_path):
    output = tmp_path / "out"
    path = train_model(
        pairs,
        output,
        settings=quick,
        description=ModelDescription(name="tiny", marker="blobs", licence="CC0"),
    )
    card = read_card(path)
    assert path == output / "tiny.onnx"
    assert (card.name, card.marker, card.licence, card.bit_depth) == (
        "tiny",
        "blobs",
        "CC0",
        16,
    )
    assert card.pixel_size_um is None
    assert card.normalisation.output.unit == "counts"
    assert card.training["groups"]["test"] == ["field3"]
    assert card.training["pairs"] == {"train": 2, "validation": 1, "test": 1}
    assert [(field.name, field.group) for field in card.passport.fields] == [
        ("field0", "field0"),
        ("field1", "field1"),
    ]
    assert "2 position(s)" in card.passport.calibration
    assert read_pairs(output / "tiny.pairs.csv") == pairs
    assert (output / "tiny.curves.png").read_bytes().startswith(b"\x89PNG")
    assert (output / "training" / "log.csv").is_file()
    assert not (output / "training" / "resume").exists()


def test_an_existing_model_stops_training_before_it_starts(pairs, quick, tmp_path):
    (tmp_path / "model.onnx").write_text("mine")
    with pytest.raises(OutputError) as caught:
        train_model(pairs, tmp_path, settings=quick)
    assert caught.value.code == "E_OUTPUT_EXISTS"
    assert not (tmp_path / "training").exists()


def test_pairs_without_validation_are_refused(pairs, quick, tmp_path):
    with pytest.raises(InputError, match="0 validate"):
        train_model(pairs[:2], tmp_path / "out", settings=quick)


def test_overwrite_trains_anew_in_a_finished_folder(pairs, quick, tmp_path):
    train_model(pairs, tmp_path / "out", settings=quick)
    other = dataclasses.replace(quick, seed=3)
    path = train_model(pairs, tmp_path / "out", settings=other, overwrite=True)
    assert read_card(path).training["settings"]["seed"] == 3


def test_fingerprint_follows_contents_not_names(pairs, tmp_path):
    before = data_fingerprint(pairs)
    moved = tmp_path / "moved.tif"
    moved.write_bytes(pairs[0].input.read_bytes())
    renamed = [dataclasses.replace(pairs[0], input=moved), *pairs[1:]]
    assert data_fingerprint(renamed[::-1]) == before
    tifffile.imwrite(moved, np.zeros((96, 80), np.uint16))
    assert data_fingerprint(renamed) != before


def test_a_failed_export_does_not_cost_the_training(
    pairs, quick, tmp_path, monkeypatch
):
    monkeypatch.setattr(export, "PARITY_LIMIT_SD", 0.0)
    with pytest.raises(ModelError, match="differs from Keras"):
        train_model(pairs, tmp_path / "out", settings=quick)
    monkeypatch.undo()
    epochs = []
    path = train_model(
        pairs, tmp_path / "out", settings=quick, watcher=Watcher(epoch=epochs.append)
    )
    assert epochs == []
    assert read_card(path).training["epochs_run"] == quick.epochs
