"""Installing models and removing them: whole, side by side, and never written over."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import onnx
import pytest

from frm_bridge.errors import FrmError, ModelError
from frm_bridge.models.library import find_removable, install_model, remove_model
from frm_bridge.models.registry import find_model, list_models, shipped_models

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeOnnx = Callable[..., Path]
    Contents = Callable[..., dict[str, bytes]]
    Listing = Callable[[Path], dict[str, str]]


def refused(code: str, *arguments: object, **options: object) -> FrmError:
    with pytest.raises(FrmError) as caught:
        install_model(*arguments, **options)  # type: ignore[arg-type]
    assert caught.value.code == code, caught.value
    return caught.value


def test_a_bare_model_lies_under_its_name_and_version(
    home: Path, make_onnx: MakeOnnx
) -> None:
    path = make_onnx("any file.onnx", name="nuclei", version="1.2.0")
    done = install_model(path)
    assert done.path == home / "models" / "nuclei" / "1.2.0"
    assert (done.name, done.version, done.is_new) == ("nuclei", "1.2.0", True)
    assert (done.path / "nuclei.onnx").read_bytes() == path.read_bytes()
    assert os.listdir(done.path) == ["nuclei.onnx"]


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_a_package_is_installed_with_all_its_files(
    form: str,
    home: Path,
    contents: Contents,
    zipped: Callable[..., Path],
    tmp_path: Path,
    listing: Listing,
) -> None:
    files = {**contents(name="nuclei"), "sample/note.txt": b"x"}
    source = zipped(files)
    if form == "folder":
        shutil.unpack_archive(source, tmp_path / "package")
        source = tmp_path / "package"
    done = install_model(source)
    assert done.path == home / "models" / "nuclei" / "1.0.0"
    found = {name for name, _ in listing(done.path).items()}
    assert found == {*files, "sample"}
    assert find_model("nuclei") == done.path / "weights.onnx"


def test_the_same_model_again_is_there_already(
    home: Path, make_onnx: MakeOnnx, listing: Listing
) -> None:
    path = make_onnx(name="nuclei")
    first = install_model(path)
    before = listing(home)
    again = install_model(path)
    assert (again.path, again.is_new) == (first.path, False)
    assert listing(home) == before
    (name,) = shipped_models()
    shipped = install_model(find_model(name))
    assert (shipped.path, shipped.is_new) == (find_model(name), False)


def test_another_model_of_one_name_and_version_is_refused_with_the_way_out(
    home: Path, make_onnx: MakeOnnx, listing: Listing
) -> None:
    install_model(make_onnx(name="nuclei", seed=1))
    before = listing(home)
    other = make_onnx(name="nuclei", seed=2)
    assert "--as NAME" in refused("E_MODEL_EXISTS", other).fix
    assert listing(home) == before
    done = install_model(other, name="nuclei-2")
    assert find_model("nuclei-2").parent == done.path
    refused("E_MODEL_EXISTS", other, name="Nuclei")  # one folder on some systems
    (shipped,) = shipped_models()
    refused("E_MODEL_EXISTS", make_onnx(name=shipped))


def test_one_weights_with_another_card_is_another_model(
    home: Path, make_onnx: MakeOnnx
) -> None:
    install_model(make_onnx(name="nuclei"))
    refused("E_MODEL_EXISTS", make_onnx(name="nuclei", halo=16))


def test_a_broken_one_is_in_the_way_until_it_is_removed(
    home: Path, make_onnx: MakeOnnx
) -> None:
    path = make_onnx(name="nuclei")
    (install_model(path).path / "nuclei.onnx").write_bytes(b"broken")
    refused("E_MODEL_EXISTS", path)
    remove_model("nuclei")
    assert install_model(path).is_new


def test_into_another_folder_a_model_is_a_folder_there(
    home: Path, tmp_path: Path, make_onnx: MakeOnnx
) -> None:
    path = make_onnx(name="nuclei", seed=1)
    folder = tmp_path / "Fiji" / "models"
    done = install_model(path, into=folder)
    assert done.path == folder / "nuclei"
    assert not install_model(path, into=folder).is_new
    other = make_onnx(name="nuclei", seed=2, version="3")
    refused("E_MODEL_EXISTS", other, into=folder)
    assert install_model(other, into=folder, name="nuclei-3").is_new
    assert sorted(os.listdir(folder)) == ["nuclei", "nuclei-3"]
    assert list(home.iterdir()) == []


def test_a_model_without_a_card_needs_a_name(home: Path, make_onnx: MakeOnnx) -> None:
    path = make_onnx()
    assert "--as NAME" in refused("E_MODEL_NAME", path).fix
    assert install_model(path, name="mine").path == home / "models" / "mine" / "0"


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "a@1", "nul", "-"])
def test_a_name_that_is_none_is_refused(
    name: str, home: Path, make_onnx: MakeOnnx
) -> None:
    with pytest.raises(FrmError) as caught:
        install_model(make_onnx(name="nuclei"), name=name)
    assert caught.value.code in {"E_MODEL_NAME", "E_PACKAGE_NAME"}
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("Nuclei, v1.2 (µ)", "1.0 beta", ("Nuclei-v1-2-µ", "1.0-beta")),
        ("../../evil", "../../../evil", ("evil", "evil")),
        ("a/b\\c", "..", ("a-b-c", "0")),
        ("n" * 300, "1" * 300, ("n" * 64, "1" * 64)),
    ],
)
def test_a_card_names_a_folder_and_leads_nowhere_else(
    name: str,
    version: str,
    expected: tuple[str, str],
    home: Path,
    make_onnx: MakeOnnx,
) -> None:
    done = install_model(make_onnx(name=name, version=version))
    assert (done.name, done.version) == expected
    assert done.path == home / "models" / expected[0] / expected[1]
    assert find_model(f"{done.name}@{done.version}").parent == done.path


def test_what_does_not_arrive_whole_leaves_nothing(
    home: Path,
    make_onnx: MakeOnnx,
    contents: Contents,
    zipped: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    shutil.unpack_archive(zipped(contents(name="packed")), tmp_path / "package")
    copy = shutil.copyfile

    def half(source: Path, target: Path) -> None:
        copy(source, target)
        target.write_bytes(target.read_bytes()[:-1])

    monkeypatch.setattr(shutil, "copyfile", half)
    for source in (make_onnx(name="nuclei"), tmp_path / "package"):
        with pytest.raises(ModelError):
            install_model(source)
        assert list(home.iterdir()) == []


@pytest.mark.parametrize("name", ["absent.onnx", "text.txt", "folder", "no.zip"])
def test_what_is_no_model_is_refused(name: str, home: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "folder").mkdir()
    refused("E_MODEL_MISSING", tmp_path / name)
    assert list(home.iterdir()) == []


def test_a_bare_model_with_weights_elsewhere_is_not_installed(
    home: Path, make_onnx: MakeOnnx
) -> None:
    path = make_onnx(name="nuclei")
    model = onnx.load(path)
    onnx.save(
        model,
        path,
        save_as_external_data=True,
        location="weights.data",
        size_threshold=0,
    )
    refused("E_MODEL_EXTERNAL", path)


def test_a_read_only_folder_is_told(
    read_only_folder: Path, make_onnx: MakeOnnx
) -> None:
    refused("E_OUTPUT_READ_ONLY", make_onnx(name="nuclei"), into=read_only_folder)


def test_one_version_is_removed_and_the_others_stay(
    home: Path, make_onnx: MakeOnnx
) -> None:
    for version in ("1.0", "1.1"):
        install_model(make_onnx(name="nuclei", version=version, seed=int(version[-1])))
    with pytest.raises(ModelError) as caught:
        remove_model("nuclei")
    assert caught.value.code == "E_MODEL_AMBIGUOUS"
    assert remove_model("nuclei@1.0").path == home / "models" / "nuclei" / "1.0"
    assert os.listdir(home / "models" / "nuclei") == ["1.1"]
    digest = next(m.sha256 for m in list_models() if m.where == "installed")
    remove_model(f"nuclei@sha256:{digest[:8]}")
    assert os.listdir(home / "models") == []


def test_what_was_not_installed_is_not_removed(
    home: Path, tmp_path: Path, make_onnx: MakeOnnx
) -> None:
    (tmp_path / "Fiji" / "models").mkdir(parents=True)
    shutil.copy(make_onnx(name="x"), tmp_path / "Fiji" / "models" / "bare.onnx")
    (home / "folders.txt").write_text(f"folder {tmp_path / 'Fiji'}=fiji\n")
    for name, code in (
        (next(iter(shipped_models())), "E_MODEL_NOT_INSTALLED"),
        ("bare", "E_MODEL_NOT_INSTALLED"),
        ("no-such-model", "E_MODEL_MISSING"),
        ("..", "E_MODEL_MISSING"),
        ("", "E_MODEL_MISSING"),
    ):
        with pytest.raises(ModelError) as caught:
            find_removable(name)
        assert caught.value.code == code
