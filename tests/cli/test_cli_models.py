"""``models list``, ``install``, ``remove`` and ``inspect``."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

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
    assert (
        "E_MODEL_MISSING nucleus is neither a file nor the name of a model" in ended.err
    )
    assert "nuclei-brightfield" in ended.err
    ended = frm("models", "inspect", models / "text.onnx")
    assert (ended.status, ended.out) == (1, "")
    assert "E_MODEL_FORMAT" in ended.err


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    monkeypatch.setenv("FRM_BRIDGE_HOME", str(folder))
    return folder


def test_a_model_is_installed_listed_used_and_removed(frm, models, home, fields):
    ended = frm("models", "install", models / "nuclei.onnx")
    path = home / "models" / "nuclei" / "1.0.0"
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"installed nuclei 1.0.0 in {path}",
        "next: frm-bridge predict nuclei IMAGES --output FOLDER",
    ]
    digest = file_sha256(models / "nuclei.onnx")
    for name in ("nuclei", "nuclei@1.0.0", f"nuclei@sha256:{digest[:6]}"):
        assert digest in frm("models", "inspect", name).out
    line = frm("models", "list").out.splitlines()[-1]
    for said in ("nuclei  ", "1.0.0", "installed", digest[:12], str(path)):
        assert said in line
    ended = frm("predict", "nuclei@1.0.0", fields[0], "-o", home.parent / "out")
    assert ended.status == 0
    again = frm("models", "install", models / "nuclei.onnx")
    assert (again.status, again.out) == (0, f"nuclei 1.0.0 is there already: {path}\n")
    ended = frm("models", "remove", "nuclei")
    assert ended.status == 1
    assert "--yes" in ended.err
    ended = frm("models", "remove", "nuclei", "--yes")
    assert (ended.status, ended.out) == (0, f"removed {path}\n")
    assert list((home / "models").iterdir()) == []


def test_remove_asks_at_a_terminal(frm, models, home, monkeypatch):
    frm("models", "install", models / "nuclei.onnx")
    for answer, left in (("n\n", 1), ("y\n", 0)):
        terminal = io.StringIO(answer)
        terminal.isatty = lambda: True
        monkeypatch.setattr(sys, "stdin", terminal)
        ended = frm("models", "remove", "nuclei")
        assert "Remove " in ended.out
        assert len(list((home / "models").glob("*/*"))) == left


def test_the_list_as_json_has_the_whole_hash_and_the_problem(frm, models, home):
    frm("models", "install", models / "nuclei.onnx")
    (home / "models" / "nuclei" / "1.0.0" / "nuclei.onnx").write_bytes(b"broken")
    ended = frm("models", "list", "--json")
    shipped, broken = json.loads(ended.out)
    assert ended.status == 0
    assert shipped["sha256"] == file_sha256(Path(shipped["path"]))
    assert shipped["predicts"] == "nuclei from bright field"
    assert broken["problem"].startswith("E_MODEL_FORMAT")
    assert "cannot be used: E_MODEL_FORMAT" in frm("models", "list").out
    assert frm("models", "remove", "nuclei@1.0.0", "-y").status == 0


def test_a_package_that_does_harm_is_not_installed(frm, models, home, tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", "type: model")
        archive.writestr("../evil.txt", "")
    ended = frm("models", "install", path)
    assert (ended.status, ended.out) == (1, "")
    assert "E_PACKAGE_NAME" in ended.err
    assert not list(home.rglob("*"))


def test_a_model_that_fails_its_verification_is_not_installed(frm, models, home):
    """Its card says that a window needs nothing around it."""
    ended = frm("models", "install", models / "wrong-halo.onnx")
    assert (ended.status, ended.out) == (1, "")
    assert "E_MODEL_NOT_VERIFIED" in ended.err
    assert "tiles" in ended.err
    assert not list(home.rglob("*"))


def test_the_file_that_is_named_is_verified_not_a_model_of_that_name(
    frm, models, home, tmp_path, monkeypatch
):
    """A folder that is called as an installed model is."""
    frm("models", "install", models / "nuclei.onnx")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nuclei").mkdir()
    ended = frm("models", "install", "nuclei")
    assert ended.status == 1
    assert "E_MODEL_MISSING" in ended.err


def test_a_model_goes_into_the_models_folder_of_a_fiji(frm, models, home, tmp_path):
    folder = tmp_path / "Fiji" / "models"
    ended = frm("models", "install", models / "nuclei.onnx", "--into", folder)
    assert ended.out == f"installed nuclei 1.0.0 in {folder / 'nuclei'}\n"
    ended = frm(
        "models", "install", models / "actin.onnx", "--into", folder, "--as", "nuclei"
    )
    assert ended.status == 1
    assert "E_MODEL_EXISTS" in ended.err
