"""What ``frm.txt`` and the list of folders say, and that they say it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from frm_bridge.doors.imagejfolder import ImageJFolder
from frm_bridge.doors.installrecord import (
    InstallRecord,
    forget_folder,
    install_text,
    installed_folders,
    read_install,
    remember_folder,
)
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> ImageJFolder:
    """A Fiji with a folder for the commands."""
    place = ImageJFolder(tmp_path / "Fiji", "fiji")
    place.commands.mkdir(parents=True)
    return place


@pytest.mark.parametrize("python", ["/a = b/pythön", r"C:\Users\Zoë K\python.exe"])
def test_a_record_is_read_as_it_was_written(python: str, place: ImageJFolder) -> None:
    assert read_install(place) is None
    record = InstallRecord(
        python=python, version="1.2", files={"jars/Lib/a b.py": "12ab"},
        made=("jars/Lib", "scripts/Plugins/FRM"),
    )  # fmt: skip
    place.record.write_bytes(install_text(place, record))
    assert read_install(place) == record
    assert place.record.read_text(encoding="utf-8").splitlines() == [
        f"python={python}",
        "version=1.2",
        "form=fiji",
        "file jars/Lib/a b.py=12ab",
        "made jars/Lib=",
        "made scripts/Plugins/FRM=",
    ]


@pytest.mark.parametrize("text", ["/usr/bin/python\n", "", "\n\n", "/a/python"])
def test_a_bare_path_is_a_record_without_a_version(
    text: str, place: ImageJFolder
) -> None:
    place.record.write_text(text)
    record = read_install(place)
    assert record is not None
    assert (record.python, record.version) == (text.strip(), "")
    assert record.files == {}
    assert record.made == ("scripts/Plugins/FRM", "jars/Lib/frm")


@pytest.mark.parametrize("line", ["file ../a.py=0", "file /etc/a=0", "made a/../../b="])
def test_names_that_lead_out_of_the_folder_are_refused(
    line: str, place: ImageJFolder
) -> None:
    place.record.write_text(f"python=p\nversion=1\n{line}\n")
    with pytest.raises(InputError, match="which is not in") as caught:
        read_install(place)
    assert caught.value.code == "E_INSTALL_RECORD"


def test_folders_are_remembered_and_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRM_BRIDGE_HOME", str(tmp_path / "home"))
    assert installed_folders() == {}
    first, second = tmp_path / "a = é", tmp_path / "b"
    remember_folder(ImageJFolder(first, "fiji"))
    remember_folder(ImageJFolder(second, "imagej"))
    remember_folder(ImageJFolder(first, "imagej"))
    assert installed_folders() == {first: "imagej", second: "imagej"}
    text = (tmp_path / "home" / "folders.txt").read_text(encoding="utf-8")
    assert text == f"folder {first}=imagej\nfolder {second}=imagej\n"
    assert forget_folder(first)
    assert not forget_folder(first)
    assert installed_folders() == {second: "imagej"}
