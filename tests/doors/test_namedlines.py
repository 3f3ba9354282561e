"""Named lines: what Python writes, a macro reads, and the other way round."""

from __future__ import annotations

import locale
from typing import TYPE_CHECKING

import pytest

from frm_bridge.doors.namedlines import (
    decoded,
    lines_of,
    named_lines,
    parse_named_lines,
    read_named_lines,
)
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

WINDOWS = {
    "python": r"C:\Program Files\Python 3.12\python.exe",
    "input": r"C:\Users\Renée Müller\données à 10 µm\new\x y=z.tif",
    "output": "C:/data/out.tif",
    "truth": r"\\server\share\x.tif",
    "file scripts/Plugins/FRM/FRM_Nuclei.py": "0" * 64,
    "made jars/Lib": "",
}


def test_values_come_back_as_they_were_backslashes_equals_signs_and_all(
    tmp_path: Path,
) -> None:
    path = tmp_path / "frm.txt"
    path.write_text(named_lines(WINDOWS), encoding="utf-8")
    assert read_named_lines(path) == WINDOWS


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_every_system_are_lines(end: str) -> None:
    text = end.join(["a=1", "", "  ", "no value here", " b = 2 ", "a=3", ""])
    assert parse_named_lines(text) == {"a": "3", "b": "2"}
    assert lines_of(text) == ["a=1", "no value here", " b = 2 ", "a=3"]


@pytest.mark.parametrize("sign", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_what_only_python_takes_for_a_line_end_stays_in_the_value(sign: str) -> None:
    assert parse_named_lines(f"a=b{sign}c=d\n") == {"a": f"b{sign}c=d"}


@pytest.mark.parametrize("value", ["a\nb", "a\rb"])
def test_a_value_with_a_line_end_is_refused(value: str) -> None:
    with pytest.raises(InputError, match="output is 'a") as caught:
        named_lines({"input": "a", "output": value})
    assert caught.value.code == "E_LINE_END"
    assert "with a line end; one line was expected" in caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_text_of_new_and_of_old_java_is_read(encoding: str) -> None:
    assert decoded("input=/données/µm".encode(encoding)) == "input=/données/µm"


def test_the_locale_goes_before_latin_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getencoding", lambda: "cp1252")
    assert decoded("30 € …".encode("cp1252")) == "30 € …"
    assert decoded(b"\x81 no sign of cp1252") == "\x81 no sign of cp1252"
