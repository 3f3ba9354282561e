"""Files appear whole or not at all, and what stood there stays."""

from __future__ import annotations

import errno
import json
import os

import pytest

from frm_bridge.errors import InputError, OutputError
from frm_bridge.outputs import (
    check_absent,
    check_space,
    make_folder,
    replacing,
    translated_os_errors,
    write_json,
    write_text,
)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "à µ.tif"
    with replacing(path) as partial:
        partial.write_text("whole")
        assert (partial.parent, partial.suffix) == (path.parent, ".tif")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert names(tmp_path) == ["new", "new/à µ.tif"]


def fail_halfway(path, failure=KeyboardInterrupt):
    with replacing(path, overwrite=True) as partial:
        partial.write_text("half")
        raise failure


@pytest.mark.parametrize("failure", [KeyboardInterrupt, InputError("E", "m", "f")])
def test_a_failure_leaves_nothing_not_even_folders(failure, tmp_path):
    with pytest.raises((KeyboardInterrupt, InputError)):
        fail_halfway(tmp_path / "a" / "b" / "c.tif", failure)
    assert names(tmp_path) == []


def test_a_failure_leaves_folders_that_were_there(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(KeyboardInterrupt):
        fail_halfway(tmp_path / "a" / "b" / "c.tif")
    assert names(tmp_path) == ["a"]


def test_a_failed_replacement_keeps_the_old_file(tmp_path):
    path = tmp_path / "result.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        fail_halfway(path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["result.csv"]
    with replacing(path, overwrite=True) as partial:
        partial.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_exists_is_refused_before_anything_is_written(kind, tmp_path):
    path = tmp_path / "result"
    path.mkdir() if kind == "folder" else path.touch()
    for attempt in (
        lambda: check_absent(path, overwrite=False),
        lambda: write_text(path, "new", overwrite=False),
    ):
        with pytest.raises(OutputError, match="exists already") as caught:
            attempt()
        assert caught.value.code == "E_OUTPUT_EXISTS"
        assert "--overwrite" in caught.value.fix
    check_absent(path, overwrite=True)
    assert names(tmp_path) == ["result"]


def test_a_folder_is_never_replaced_by_a_file(tmp_path):
    (tmp_path / "result" / "mine").mkdir(parents=True)
    with pytest.raises(OutputError, match="a folder stands where") as caught:
        write_text(tmp_path / "result", "new", overwrite=True)
    assert caught.value.code == "E_OUTPUT_FOLDER"
    assert names(tmp_path) == ["result", "result/mine"]


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_in_the_way_of_a_folder_is_named(below, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=f"{tmp_path / 'file'} is a file") as caught:
        make_folder(tmp_path / "file" / below)
    assert caught.value.code == "E_OUTPUT_FOLDER"


def test_a_name_that_is_too_long_is_explained(tmp_path):
    for attempt in (
        lambda: make_folder(tmp_path / ("x" * 300)),
        lambda: write_text(tmp_path / ("x" * 250), "text", overwrite=False),
        lambda: write_text(tmp_path / ("x" * 300), "text", overwrite=False),
    ):
        with pytest.raises(OutputError, match="name too long") as caught:
            attempt()
        assert caught.value.code == "E_OUTPUT_NAME"
    assert names(tmp_path) == []


def test_a_read_only_folder_is_explained(read_only_folder):
    for attempt in (
        lambda: make_folder(read_only_folder / "new"),
        lambda: write_text(read_only_folder / "new.txt", "text", overwrite=False),
        lambda: write_text(read_only_folder / "a" / "b.txt", "text", overwrite=False),
    ):
        with pytest.raises(OutputError, match="cannot be written") as caught:
            attempt()
        assert caught.value.code == "E_OUTPUT_READ_ONLY"
    assert names(read_only_folder) == []


def test_a_folder_that_may_not_be_looked_into_is_explained(tmp_path, obey_modes):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    for attempt in (
        lambda: check_absent(closed / "new.txt", overwrite=False),
        lambda: write_text(closed / "a" / "new.txt", "text", overwrite=True),
    ):
        with pytest.raises(OutputError) as caught:
            attempt()
        assert caught.value.code == "E_OUTPUT_READ_ONLY"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "E_DISK_FULL"),
        (errno.EDQUOT, "E_DISK_FULL"),
        (errno.EFBIG, "E_DISK_FULL"),
        (errno.EACCES, "E_OUTPUT_READ_ONLY"),
        (errno.EPERM, "E_OUTPUT_READ_ONLY"),
        (errno.EROFS, "E_OUTPUT_READ_ONLY"),
    ],
)
def test_the_systems_refusals_become_ours_and_name_the_file(number, code, tmp_path):
    path = tmp_path / "new" / "field.tif"
    with pytest.raises(OutputError, match=r"field\.tif") as caught, replacing(path):
        raise OSError(number, os.strerror(number))
    assert caught.value.code == code
    assert isinstance(caught.value.__cause__, OSError)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EIO, "input/output error"),
        OutputError("E_OTHER", "said already", "so leave it"),
        InputError("E_IMAGE", "not about the output", "as it is"),
    ],
)
def test_other_errors_pass_as_they_are(error, tmp_path):
    with pytest.raises(type(error)) as caught, translated_os_errors(tmp_path):
        raise error
    assert caught.value is error


def test_room_is_asked_for_before_the_work(tmp_path):
    check_space(tmp_path / "field.tif", 1)
    with pytest.raises(OutputError, match="1,000,000,000,000 MB") as caught:
        check_space(tmp_path / "field.tif", 10**18)
    assert caught.value.code == "E_DISK_FULL"
    assert names(tmp_path) == []


def test_json_is_utf8_and_strict(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"µm": [1.5, None]}, overwrite=False)
    content = path.read_bytes()
    assert content.endswith(b"\n")
    assert b"\r" not in content
    assert "µm" in content.decode("utf-8")
    assert json.loads(content) == {"µm": [1.5, None]}
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b.json", {"value": float("nan")}, overwrite=False)
    assert names(tmp_path) == ["a.json"]
