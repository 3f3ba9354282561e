"""Models by name and by path."""

from __future__ import annotations

import pytest

from frm_bridge.errors import ModelError
from frm_bridge.models.registry import find_model, find_models, shipped_models


def test_a_shipped_model_is_found_by_the_name_of_its_folder():
    shipped = shipped_models()
    assert list(shipped) == sorted(shipped)
    for name, path in shipped.items():
        assert (path.parent.name, path.suffix) == (name, ".onnx")
        assert find_model(name) == path


def test_shipped_models_do_not_depend_on_the_current_folder(tmp_path, monkeypatch):
    here = shipped_models()
    monkeypatch.chdir(tmp_path)
    assert shipped_models() == here
    assert all(path.is_absolute() for path in here.values())


def test_a_file_is_found_by_its_path_as_text_or_path(tmp_path):
    path = tmp_path / "modèle µ.onnx"
    path.touch()
    assert find_model(path) == find_model(str(path)) == path


@pytest.mark.parametrize("name", ["no-such-model", "", "."])
def test_what_is_neither_is_refused_with_the_names_there_are(name):
    with pytest.raises(ModelError, match="is neither a file nor") as caught:
        find_model(name)
    assert caught.value.code == "E_MODEL_MISSING"
    assert ", ".join(shipped_models()) in caught.value.message


def test_several_models_are_joined_by_commas_unless_a_file_is_named_so(tmp_path):
    one, two = tmp_path / "a.onnx", tmp_path / "b.onnx"
    both = tmp_path / "a.onnx,b.onnx"
    for path in (one, two, both):
        path.touch()
    assert find_models(f"{one}, {two}") == [one, two]
    assert find_models(str(both)) == [both]
    with pytest.raises(ModelError):
        find_models("")
