"""Changes that happen all, or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from frm_bridge.doors.changes import Changes
from frm_bridge.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files of some age, and an empty folder."""
    for name in ("old.txt", "other.txt"):
        (tmp_path / name).write_text(f"the {name}")
        (tmp_path / name).chmod(0o640)
        os.utime(tmp_path / name, (1.6e9, 1.6e9))
    (tmp_path / "empty").mkdir()
    return tmp_path


def change(folder: Path, changes: Changes) -> None:
    changes.write(folder / "old.txt", b"new")
    changes.write(folder / "a" / "b" / "new.txt", b"new")
    changes.remove(folder / "other.txt")
    changes.remove_folder(folder / "empty")


def look(folder: Path) -> dict[str, object]:
    return {
        str(path.relative_to(folder)): path.is_file()
        and (path.read_bytes(), path.stat().st_mtime, path.stat().st_mode)
        for path in folder.rglob("*")
    }


def test_changes_stay_when_all_went_well(folder: Path) -> None:
    with Changes() as changes:
        change(folder, changes)
    assert changes.made == [folder / "a", folder / "a" / "b"]
    assert sorted(look(folder)) == ["a", "a/b", "a/b/new.txt", "old.txt"]
    assert (folder / "old.txt").read_bytes() == b"new"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ValueError])
def test_all_are_undone_after_an_exception(
    kind: type[BaseException], folder: Path
) -> None:
    before = look(folder)

    def fail() -> None:
        with Changes() as changes:
            change(folder, changes)
            raise kind

    with pytest.raises(kind):
        fail()
    assert look(folder) == before


def test_a_folder_with_something_in_it_is_not_removed(folder: Path) -> None:
    (folder / "empty" / "mine.txt").write_text("mine")
    with Changes() as changes:
        changes.remove_folder(folder / "empty")
        changes.remove_folder(folder / "never there")
    assert (folder / "empty" / "mine.txt").is_file()


def test_what_the_system_refuses_is_explained(read_only_folder: Path) -> None:
    def write() -> None:
        with Changes() as changes:
            changes.write(read_only_folder / "a" / "b.txt", b"")

    with pytest.raises(OutputError, match="E_OUTPUT_READ_ONLY"):
        write()
    assert list(read_only_folder.iterdir()) == []
