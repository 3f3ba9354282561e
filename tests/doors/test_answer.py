"""An answer: one line for a macro, all of it as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from frm_bridge.doors.answer import Answer, answer_of
from frm_bridge.errors import InputError


def test_success_is_ok_and_the_path_of_the_result() -> None:
    answer = Answer("ok", outputs=(Path("/a b/é"), Path("/a b/é/objects.csv")))
    assert answer.line == f"OK {Path('/a b/é')}"
    assert json.loads(json.dumps(answer.as_json()))["outputs"] == [
        str(path) for path in answer.outputs
    ]


def test_a_failure_is_one_line_whose_fix_comes_after_the_only_bar() -> None:
    answer = answer_of(InputError("E_CODE", "found\n\tthis | that", "do | \r\n so"))
    assert answer.line == "ERR E_CODE found this / that | do / so"
    assert answer.line.count(" | ") == 1


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ZeroDivisionError("by 0"), "E_INTERNAL", "ZeroDivisionError: by 0"),
        (KeyboardInterrupt(), "E_STOPPED", "stopped"),
        (OSError(5, "Input/output error", "/stick/a.tif"), "E_SYSTEM", "/stick/a.tif"),
    ],
)
def test_what_nobody_foresaw_has_code_message_and_fix(
    error: BaseException, code: str, said: str
) -> None:
    answer = answer_of(error)
    assert (answer.status, answer.code) == ("error", code)
    assert said in answer.message
    assert answer.fix


def test_a_macro_gets_all_of_an_answer_in_lines_the_result_last() -> None:
    answer = Answer(
        "ok",
        outputs=(Path("a"), Path("b")),
        message="two\nlines",
        warnings=("one | two",),
    )
    assert answer.lines == ["WARN one / two", "FILE b", "SAY two lines", "OK a"]
    assert answer_of(ValueError("x")).lines[0].startswith("ERR E_INTERNAL")
