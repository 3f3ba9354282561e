"""Listing: which files a path means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from frm_bridge.errors import InputError
from frm_bridge.images import list_images

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_gives_its_images_sorted_by_name(tmp_path: Path) -> None:
    for name in ("b.tif", "a.PNG", "c.tiff", "d.ome.tif"):
        (tmp_path / name).touch()
    names = [path.name for path in list_images(tmp_path)]
    assert names == ["a.PNG", "b.tif", "c.tiff", "d.ome.tif"]


def test_hidden_files_other_files_and_sub_folders_are_left_out(tmp_path: Path) -> None:
    for name in ("a.tif", ".a.12.partial.tif", "._a.tif", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "deeper.tif").mkdir()
    assert list_images(tmp_path) == [tmp_path / "a.tif"]


def test_a_file_means_itself_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "image.dat"
    path.touch()
    assert list_images(path) == [path]


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing") as caught:
        list_images(tmp_path)
    assert caught.value.code == "E_FOLDER_EMPTY"


def test_a_folder_without_images_says_what_it_holds(tmp_path: Path) -> None:
    for name in ("a.nd2", "b.nd2", "c.txt"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"2 x \.nd2") as caught:
        list_images(tmp_path)
    assert caught.value.code == "E_FOLDER_EMPTY"


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        list_images(tmp_path / "nothing")
    assert caught.value.code == "E_IMAGE_MISSING"
