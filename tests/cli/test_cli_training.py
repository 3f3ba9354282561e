"""``train``: seconds of it, what it leaves, how it goes on."""

from __future__ import annotations

import pytest

from frm_bridge.models.card import read_card

SHORT = ("--steps", 2, "--batch", 2, "--patch", 32)


@pytest.fixture
def given(fields):
    return ("--input", fields[0], "--target", fields[1])


def test_an_interrupted_training_goes_on_to_a_model_that_predicts(
    frm, fields, given, place, monkeypatch
):
    out = place / "modèle µ"
    words = ("--name", "cells", "--marker", "nuclei", "--epochs", 3)
    arguments = ("train", *given, "-o", out, *SHORT, *words)
    epochs = []

    def interrupt(report):
        epochs.append(report.epoch)
        if report.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("frm_bridge.cli.training._show_epoch", interrupt)
        stopped = frm(*arguments)
    assert (stopped.status, stopped.out, epochs) == (130, "", [1, 2])
    assert "train       2 pair(s) of 2 group(s)" in stopped.err
    assert "the same command will go on" in stopped.err
    assert not (out / "cells.onnx").exists()

    other = frm(*arguments, "--seed", 1)
    assert other.status == 1
    assert "E_RESUME" in other.err

    ended = frm(*arguments)
    assert ended.status == 0, ended.err
    folder = out / "training"
    assert f"going on with the training in {folder}: 1 of at most 3" in ended.err
    assert "epoch 1/3" not in ended.err
    assert "epoch 2/3  loss " in ended.err
    assert "held out µ field" in ended.err
    assert ended.out == f"model: {out / 'cells.onnx'}\n"

    card = read_card(out / "cells.onnx")
    assert (card.name, card.marker) == ("cells", "nuclei")
    assert len(card.evaluation["fields"]) == 1
    for name in ("cells.pairs.csv", "cells.curves.png"):
        assert (out / name).is_file()
    assert "held out" in frm("models", "inspect", out / "cells.onnx").out
    predicted = frm("predict", out / "cells.onnx", fields[0], "-o", place / "predicted")
    assert predicted.status == 0
    assert len(list((place / "predicted").iterdir())) == 4
    assert "E_OUTPUT_EXISTS" in frm(*arguments).err


def test_no_tensorflow_is_a_clear_error(frm_without, given, place):
    packages = ("tensorflow", "keras", "tf2onnx")
    ended = frm_without(packages, "train", *given, "-o", place / "out")
    assert ended.status == 1
    assert ended.err.startswith("error: E_NO_TENSORFLOW training needs TensorFlow")
    assert 'fix: run, in the folder of frm_bridge: pip install ".[train]"' in ended.err
    assert "Traceback" not in ended.err
    assert not (place / "out").exists()


def test_pairs_and_split_need_no_tensorflow(frm_without, given):
    packages = ("tensorflow", "keras", "tf2onnx", "onnxruntime")
    ended = frm_without(packages, "pairs", *given)
    assert (ended.status, ended.err) == (0, "")
    assert len(ended.out.splitlines()) == 5
