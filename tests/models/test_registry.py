"""Models by name and by path: shipped, installed, and Fiji's."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from frm_bridge.errors import ModelError
from frm_bridge.models.card import file_sha256
from frm_bridge.models.graphcheck import check_graph
from frm_bridge.models.library import install_model
from frm_bridge.models.names import is_name
from frm_bridge.models.registry import (
    find_model,
    find_models,
    list_models,
    shipped_models,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeOnnx = Callable[..., Path]


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


@pytest.fixture
def fiji(home: Path, tmp_path: Path) -> Path:
    """The models folder of a Fiji that has the FRM commands, beside another ImageJ."""
    folders = [tmp_path / name / "models" for name in ("Fiji = mine", "ImageJ")]
    for folder in folders:
        folder.mkdir(parents=True)
    (home / "folders.txt").write_text(
        f"folder {folders[0].parent}=fiji\nfolder {folders[1].parent}=imagej\n"
        "folder /no/such/Fiji=fiji\n",
        encoding="utf-8",
    )
    return folders[0]


def test_a_model_is_found_by_name_version_and_content(
    home: Path, make_onnx: MakeOnnx
) -> None:
    one = install_model(make_onnx(name="nuclei", seed=1)).path / "nuclei.onnx"
    assert find_model("nuclei") == one
    assert find_model("nuclei@1.0.0") == one
    digest = file_sha256(one)
    for digits in (4, 12, 64):
        assert find_model(f"nuclei@sha256:{digest[:digits]}") == one
    assert find_models("nuclei,nuclei-brightfield")[0] == one


def test_of_two_with_one_name_the_error_lists_the_choices(
    home: Path, make_onnx: MakeOnnx
) -> None:
    paths = [
        install_model(make_onnx(name="nuclei", seed=seed, version=version)).path
        for seed, version in ((1, "1.0.0"), (2, "1.1.0"))
    ]
    with pytest.raises(ModelError) as caught:
        find_model("nuclei")
    assert caught.value.code == "E_MODEL_AMBIGUOUS"
    for version, path in zip(("1.0.0", "1.1.0"), paths, strict=True):
        digest = file_sha256(path / "nuclei.onnx")
        assert f"nuclei@{version} (installed" in caught.value.message
        assert f"nuclei@sha256:{digest[:12]}" in caught.value.message
        assert find_model(f"nuclei@{version}") == path / "nuclei.onnx"
        assert find_model(f"nuclei@sha256:{digest[:12]}") == path / "nuclei.onnx"


def test_a_version_or_content_that_is_not_there_is_told_with_what_is(
    home: Path, make_onnx: MakeOnnx
) -> None:
    install_model(make_onnx(name="nuclei", seed=1))
    for text in ("nuclei@2.0.0", "nuclei@sha256:00000000"):
        with pytest.raises(ModelError, match=r"there is nuclei@1\.0\.0") as caught:
            find_model(text)
        assert caught.value.code == "E_MODEL_MISSING"


def test_a_shipped_name_alone_is_the_shipped_model_whatever_is_installed(
    home: Path, make_onnx: MakeOnnx
) -> None:
    (name,) = shipped_models()
    other = install_model(make_onnx(name=name, version="9.9"))
    assert find_model(name) == shipped_models()[name]
    assert find_model(f"{name}@9.9").parent == other.path
    assert find_model(f"{name}@1.0.0") == shipped_models()[name]


def test_fijis_models_are_found_by_the_names_of_their_folders(
    fiji: Path, make_onnx: MakeOnnx, contents: Callable[..., dict[str, bytes]]
) -> None:
    package = fiji / "Nuclei (U-Net) v1.2"
    package.mkdir()
    for name, content in contents(name="other", seed=1).items():
        (package / name).write_bytes(content)
    shutil.copy(make_onnx(name="bare", seed=2), fiji / "bare.onnx")
    (fiji / "folder").mkdir()
    shutil.copy(make_onnx(name="inner", seed=3), fiji / "folder" / "x.onnx")
    (fiji / "no model").mkdir()
    (fiji / "model.zip").write_bytes(b"")
    (fiji.parents[1] / "ImageJ" / "models" / "x.onnx").touch()
    listed = {model.name: model for model in list_models() if model.where == "Fiji"}
    assert set(listed) == {"Nuclei-U-Net-v1-2", "bare", "folder"}
    assert find_model("Nuclei-U-Net-v1-2") == package / "weights.onnx"
    assert find_model("bare") == fiji / "bare.onnx"
    assert find_model("folder") == fiji / "folder" / "x.onnx"


def test_one_content_in_two_places_is_one_model(
    fiji: Path, make_onnx: MakeOnnx
) -> None:
    path = make_onnx(name="nuclei")
    shutil.copy(path, fiji / "nuclei.onnx")
    installed = install_model(path)
    assert find_model("nuclei").parent == installed.path
    (fiji / "nuclei.onnx").unlink()
    shutil.copy(make_onnx(name="nuclei", seed=3), fiji / "nuclei.onnx")
    with pytest.raises(ModelError, match=r"or nuclei@1\.0\.0 \(Fiji"):
        find_model("nuclei")


def test_a_list_tells_what_each_model_is(home: Path, make_onnx: MakeOnnx) -> None:
    done = install_model(make_onnx(name="nuclei", version="2.1"))
    listed = {model.where: model for model in list_models()}
    file = done.path / "nuclei.onnx"
    assert listed["installed"].name == "nuclei"
    assert listed["installed"].version == "2.1"
    assert listed["installed"].path == str(done.path)
    assert listed["installed"].sha256 == file_sha256(file)
    assert listed["installed"].size_bytes == file.stat().st_size
    assert listed["installed"].predicts == "nuclei from bright field"
    assert listed["shipped"].version == "1.0.0"
    assert not any(model.problem for model in listed.values())
    for hidden in (".nuclei.partial/1.0", "nuclei/.1.0.partial"):
        shutil.copytree(done.path, home / "models" / hidden)
    assert [model.name for model in list_models() if model.where == "installed"] == [
        "nuclei"
    ]


def test_broken_models_are_listed_with_the_reason(
    fiji: Path,
    make_onnx: MakeOnnx,
    contents: Callable[..., dict[str, bytes]],
    obey_modes: None,
) -> None:
    files = contents(name="packed")
    breaks: dict[str, dict[str, bytes]] = {
        "E_PACKAGE_HASH": {**files, "weights.onnx": b"other"},
        "E_PACKAGE_DESCRIPTION": {**files, "rdf.yaml": b"a: ["},
        "E_PACKAGE_WEIGHTS": {"rdf.yaml": b"weights: {keras_hdf5: {}}"},
        "E_MODEL_FORMAT": {"model.onnx": b"no network"},
        "E_MODEL_MISSING": {"a.onnx": b"", "b.onnx": b""},
        "E_MODEL_UNREADABLE": {"locked.onnx": files["weights.onnx"]},
    }
    for code, broken in breaks.items():
        (fiji / code).mkdir()
        for name, content in broken.items():
            (fiji / code / name).write_bytes(content)
    (fiji / "E_MODEL_UNREADABLE" / "locked.onnx").chmod(0)
    installed = install_model(make_onnx(name="nuclei")).path
    (installed / "nuclei.onnx").unlink()
    problems = {m.name: m.problem for m in list_models() if m.where != "shipped"}
    assert problems.pop("nuclei").startswith("E_MODEL_MISSING")
    assert set(problems) == set(breaks)
    for name, problem in problems.items():
        assert problem.startswith(f"{name} "), problem
        with pytest.raises(ModelError, match=name):
            check_graph(find_model(name))


def test_a_package_is_found_by_its_path_zip_or_folder(
    home: Path,
    tmp_path: Path,
    contents: Callable[..., dict[str, bytes]],
    zipped: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = zipped(contents())
    found = find_model(path)
    assert find_model(str(path)) == found
    assert find_model(found.parent) == found
    assert find_models(f"{path},{found.parent}") == [found, found]
    (tmp_path / "a,b").mkdir()
    for file in found.parent.iterdir():
        shutil.copy(file, tmp_path / "a,b")
    assert find_models(str(tmp_path / "a,b")) == [tmp_path / "a,b" / "weights.onnx"]
    monkeypatch.chdir(tmp_path)
    assert find_model("a,b").name == "weights.onnx"


def test_looking_for_a_model_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRM_BRIDGE_HOME", str(tmp_path / "home"))
    list_models()
    with pytest.raises(ModelError):
        find_model("no-such-model")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nuclei", True),
        ("nuclei@1.2.0", True),
        ("noyaux-é@2.0+b", True),
        ("nuclei@sha256:0123abcd", True),
        ("nuclei@sha256:xyz", False),
        ("nuclei.onnx", False),
        ("a/nuclei", False),
        ("a\\nuclei@1", False),
        ("nuclei@../x", False),
        ("", False),
    ],
)
def test_a_name_is_told_from_a_path(text: str, expected: bool) -> None:
    assert is_name(text) is expected
