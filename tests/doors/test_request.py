"""Paths of a request: whole ones, in the form of every system."""

from __future__ import annotations

import json
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from frm_bridge.doors.reading import parse_json, parse_words
from frm_bridge.doors.request import (
    Request,
    check_absolute,
    is_whole_path,
    with_whole_paths,
)
from frm_bridge.errors import InputError

WINDOWS = (
    r"C:\data\x y.tif",
    "C:/data/x y.tif",
    r"\\server\share\x.tif",
    "//server/share/x.tif",
    r"\\?\C:\very\long\path.tif",
    r"c:\Users\Renée Müller\10 µm\new\table=1.tif",
)


@pytest.mark.parametrize("path", WINDOWS)
def test_a_path_of_windows_comes_as_it_is_in_words_lines_and_json(path: str) -> None:
    words = ["action=analyze", "workflow=nuclei", f"input={path}", "output=o"]
    from_words = parse_words(words)
    assert from_words.input == Path(path)
    content = {"action": "analyze", "workflow": "nuclei", "input": path, "output": "o"}
    assert parse_json(json.dumps(content)) == from_words


@pytest.mark.parametrize(
    ("kind", "path", "whole"),
    [
        *((PureWindowsPath, path, True) for path in WINDOWS),
        (PureWindowsPath, "C:data.tif", False),
        (PureWindowsPath, r"\data\x.tif", False),
        (PureWindowsPath, "/data/x.tif", False),
        (PureWindowsPath, r"data\x.tif", False),
        (PureWindowsPath, "~", False),
        (PurePosixPath, "/data/x y.tif", True),
        (PurePosixPath, "/", True),
        (PurePosixPath, "data/x.tif", False),
        (PurePosixPath, "./x.tif", False),
        (PurePosixPath, "~/x.tif", False),
        (PurePosixPath, r"C:\data\x.tif", False),
        (PurePosixPath, "", False),
        (PurePosixPath, "/a\nb", False),
        (PurePosixPath, "/a\0b", False),
        (PurePosixPath, "/\ud800", False),
        (PurePosixPath, "/latin-\udce9", True),
    ],
)
def test_a_whole_path_leads_to_a_place_from_wherever_it_is_followed(
    kind: type[PurePath], path: str, whole: bool
) -> None:
    assert is_whole_path(path, kind) is whole


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"input": Path("a.tif")}, "input"),
        ({"output": Path("o")}, "output"),
        ({"truth": Path("t")}, "truth"),
        ({"workflow": "own.py"}, "workflow"),
        ({"workflow": "../own.ijm"}, "workflow"),
        ({"parameters": {"roi_file": "a.roi"}}, "roi_file"),
        ({"action": "predict", "workflow": "", "model": "m.onnx"}, "model"),
        ({"action": "predict", "workflow": "", "model": "/a/n.onnx, m.onnx"}, "model"),
    ],
)
def test_what_depends_on_the_folder_of_whoever_asks_is_refused(
    fields: dict[str, Any], name: str
) -> None:
    whole = Path.cwd()
    plain = {"action": "analyze", "input": whole, "output": whole, "workflow": "w"}
    check_absolute(Request(**plain))
    with pytest.raises(InputError, match=rf"{name} is .*; a whole path") as caught:
        check_absolute(Request(**plain | fields))
    assert caught.value.code == "E_REQUEST"


def test_a_tilde_is_the_home_of_whoever_asks_wherever_a_request_has_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    words = ["workflow=~/own.py", "input=~/a/~b.tif", "output=~", "roi_file=~/a.roi"]
    asked = parse_words(["action=analyze", *words])
    assert (asked.input, asked.output) == (tmp_path / "a" / "~b.tif", tmp_path)
    assert asked.workflow == str(tmp_path / "own.py")
    assert asked.parameters["roi_file"] == str(tmp_path / "a.roi")
    models = {"action": "predict", "model": "~/m.onnx,nuclei-brightfield"}
    given = parse_json(json.dumps({**models, "input": "~/a.tif", "output": "~/o.tif"}))
    assert given.model == f"{tmp_path / 'm.onnx'},nuclei-brightfield"
    check_absolute(asked)


def test_the_home_of_somebody_else_is_refused() -> None:
    words = ["action=analyze", "workflow=nuclei", "input=/a.tif", "output=~ann/x"]
    with pytest.raises(InputError, match="output is ~ann/x; ~ alone") as caught:
        parse_words(words)
    assert caught.value.fix == "write the path from the root, or the drive, on"


def test_names_of_what_is_shipped_and_no_file_are_no_paths() -> None:
    whole = Path.cwd()
    check_absolute(Request("predict", whole, whole, model="nuclei-brightfield, actin"))
    given = {"roi_file": "", "note": "a.roi"}
    check_absolute(
        Request("analyze", whole, whole, workflow="line_profile", parameters=given)
    )


def test_a_path_with_signs_that_nobody_sees_is_shown_with_them() -> None:
    whole = Path.cwd()
    request = Request("analyze", Path("/a\nOK /b"), whole, workflow="w")
    with pytest.raises(InputError) as caught:
        check_absolute(request)
    assert r"input is '/a\nOK /b'; a whole path" in caught.value.message


def test_paths_are_made_whole_wherever_a_request_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a,b.onnx").touch()
    predict = Request("predict", Path("i"), Path("o"), model="a,b.onnx")
    whole = with_whole_paths(predict)
    assert (whole.input, whole.output) == (tmp_path / "i", tmp_path / "o")
    assert whole.model == str(tmp_path / "a,b.onnx")
    check_absolute(whole)
    files = {"roi_file": "c.roi", "own_file": "", "note": "c.roi"}
    named: dict[str, Any] = {"truth": Path("t"), "workflow": "own.ijm"}
    compare = Request("compare", Path("i"), Path("o"), parameters=files, **named)
    whole = with_whole_paths(compare)
    assert (whole.truth, whole.workflow) == (tmp_path / "t", str(tmp_path / "own.ijm"))
    assert whole.parameters == files | {"roi_file": str(tmp_path / "c.roi")}
    check_absolute(whole)
