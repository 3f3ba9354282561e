"""Models that stay open."""

from __future__ import annotations

import os
import shutil

from frm_bridge.prediction.sessions import OpenModels


def test_a_model_is_opened_once_and_given_again(make_model):
    models = OpenModels()
    first = models.get(make_model(), device="cpu")
    assert models.get(str(make_model()), device="cpu") is first
    assert models.names() == [first.card.name]


def test_each_device_has_its_own(make_model):
    models = OpenModels()
    assert models.get(make_model(), device="cpu") is not models.get(make_model())


def test_a_file_that_changed_is_opened_anew_and_the_old_one_let_go(
    make_model, tmp_path
):
    path = shutil.copy(make_model(), tmp_path / "model.onnx")
    models = OpenModels()
    first = models.get(path, device="cpu")
    later = path.stat().st_mtime + 10
    os.utime(path, (later, later))
    assert models.get(path, device="cpu") is not first
    assert len(models.names()) == 1


def test_the_one_not_used_for_longest_goes_first(make_model, tmp_path):
    names = [shutil.copy(make_model(), tmp_path / f"{each}.onnx") for each in "abc"]
    models = OpenModels(limit=2)
    a, b = (models.get(name, device="cpu") for name in names[:2])
    assert models.get(names[0], device="cpu") is a
    models.get(names[2], device="cpu")
    assert models.get(names[0], device="cpu") is a
    assert models.get(names[1], device="cpu") is not b


def test_what_is_cleared_is_opened_anew(make_model):
    models = OpenModels()
    first = models.get(make_model(), device="cpu")
    models.clear()
    assert models.names() == []
    assert models.get(make_model(), device="cpu") is not first
