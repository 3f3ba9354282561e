"""Recognising a Fiji and a plain ImageJ by what a user names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from frm_bridge.doors.imagejfolder import find_imagej
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

JARS = ["jars/scijava-common-2.99.2.jar", "jars/imagej-legacy-2.0.3.jar"]
FIJI = [*JARS, "plugins/a.jar", "scripts/b.py"]
# Folders as they are unpacked: what is in them, what they are, what a user may name.
SHAPES = {
    "Fiji on Linux": ([*FIJI, "fiji-linux-x64"], "fiji", ["", "fiji-linux-x64"]),
    "Fiji's parts": (FIJI, "fiji", ["plugins", "jars", "scripts"]),
    "Fiji.app of 2024 on a Mac": (
        [*FIJI, "Contents/MacOS/ImageJ-macosx"],
        "fiji",
        ["Contents", "Contents/MacOS", "Contents/MacOS/ImageJ-macosx"],
    ),
    "Fiji of 2025 on a Mac": (
        [*FIJI, "Fiji.app/Contents/MacOS/fiji-macos"],
        "fiji",
        ["", "Fiji.app", "Fiji.app/Contents/MacOS/fiji-macos"],
    ),
    "ImageJ on Windows": (
        ["ij.jar", "ImageJ.exe", "plugins/a.txt"],
        "imagej",
        ["", "ImageJ.exe", "ij.jar", "plugins"],
    ),
    "ImageJ with jars of its own": (
        ["ij.jar", "plugins/a.txt", "jars/b.jar"],
        "imagej",
        [""],
    ),
    "ImageJ on a Mac": (
        ["ImageJ.app/Contents/Java/ij.jar", "plugins/a.txt"],
        "imagej",
        ["", "ImageJ.app", "ImageJ.app/Contents/Java", "plugins"],
    ),
    "ImageJ of 2014 on a Mac": (
        ["ImageJ.app/Contents/Resources/Java/ij.jar", "plugins/a.txt"],
        "imagej",
        ["", "ImageJ.app/Contents/Resources/Java/ij.jar"],
    ),
}


def lay(folder: Path, names: list[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize("shape", list(SHAPES))
def test_a_folder_is_found_by_what_a_user_may_name_of_it(
    shape: str, tmp_path: Path
) -> None:
    names, form, named = SHAPES[shape]
    folder = lay(tmp_path / "à b" / "some name", names)
    for name in named:
        found = find_imagej(folder / name)
        assert (found.path, found.form) == (folder, form), name


@pytest.mark.parametrize("name", ["Fiji", "Fiji.app", "ImageJ"])
def test_the_folder_that_holds_it_will_do(name: str, tmp_path: Path) -> None:
    lay(tmp_path / name, FIJI)
    lay(tmp_path / "other", FIJI)
    assert find_imagej(tmp_path).path == tmp_path / name


def test_of_two_none_is_chosen(tmp_path: Path) -> None:
    lay(tmp_path / "Fiji", FIJI)
    lay(tmp_path / "ImageJ", ["ij.jar", "plugins/a.txt"])
    with pytest.raises(InputError, match=r"holds Fiji and ImageJ \(fix: name the one"):
        find_imagej(tmp_path)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "it is empty"),
        (["ij.jar"], "it holds ij.jar;"),
        (["plugins/a.txt"], "it holds plugins;"),
        (JARS, "it holds jars;"),
        ([JARS[0], "plugins/a.txt"], "it holds jars, plugins;"),
        ([JARS[1], "plugins/a.txt"], "it holds jars, plugins;"),
        ([f"{letter}.tif" for letter in "abcdefgh"], "c.tif, d.tif, e.tif and 3 more;"),
    ],
)
def test_what_is_neither_is_refused_with_what_it_holds(
    names: list[str], said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(InputError) as caught:
        find_imagej(lay(folder, names))
    assert caught.value.code == "E_FIJI_FOLDER"
    assert said in caught.value.message
    assert "expected plugins/ beside jars/ with scijava-common" in caught.value.message


def test_a_folder_that_is_not_there_and_a_stray_file_are_refused(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        find_imagej(tmp_path / "Fiji")
    with pytest.raises(InputError, match="it is a file, and its folder is neither"):
        find_imagej(lay(tmp_path, ["fiji-linux-x64"]) / "fiji-linux-x64")
