"""A request: the same from words as from JSON, and every mistake explained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from frm_bridge.doors import Request, read_request
from frm_bridge.doors.examples import EXAMPLES
from frm_bridge.doors.reading import parse_fields
from frm_bridge.doors.request import NAMES
from frm_bridge.errors import InputError

WORDS = ["action=analyze", "workflow=nuclei", "input=a.tif", "output=out"]
JSON = {"action": "analyze", "workflow": "nuclei", "input": "a.tif", "output": "out"}


def test_words_and_json_give_the_same_request(tmp_path: Path) -> None:
    file = tmp_path / "demande é.json"
    file.write_text(json.dumps(JSON), encoding="utf-8")
    from_words = read_request(WORDS)
    assert from_words == Request(
        "analyze", Path("a.tif"), Path("out"), workflow="nuclei"
    )
    assert read_request([str(file)]) == from_words
    assert read_request(["-"], standard_input=json.dumps(JSON)) == from_words


def test_lines_of_a_macro_are_words_whatever_letters_it_can_write(
    tmp_path: Path,
) -> None:
    file = tmp_path / "job é.txt"
    file.write_text(
        "action=analyze\nworkflow=nuclei\n\n"
        "input*=%2Fd%C3%A9%2F%E6%97%A5+%3D+100%25+%2B.tif\r\noutput=100%+a*b\n"
    )
    assert read_request([str(file)]) == Request(
        "analyze", Path("/dé/日 = 100% +.tif"), Path("100%+a*b"), workflow="nuclei"
    )
    with pytest.raises(InputError, match=r"job é.txt.* cannot be read"):
        read_request([str(file.with_name("no job é.txt"))])


def test_every_field_can_be_said_in_words_and_has_its_type() -> None:
    text = (
        "schema=1 job=j7 action=predict model=m.onnx input=a.tif output=b.tif truth= "
        "workflow= min_iou= pixel_size_um= channel=2 window=512 device=cpu "
        "require_gpu=true match_scale=true match_intensity=false force=false "
        "overwrite=FALSE door=macro input_title=a truth_title="
    )
    request = read_request(text.split())
    assert {name: getattr(request, name) for name in NAMES} == {
        "action": "predict",
        "input": Path("a.tif"),
        "output": Path("b.tif"),
        "schema": 1,
        "job": "j7",
        "model": "m.onnx",
        "truth": None,
        "workflow": "",
        "parameters": {},
        "min_iou": None,
        "pixel_size_um": None,
        "channel": 2,
        "window": 512,
        "device": "cpu",
        "require_gpu": True,
        "match_scale": True,
        "match_intensity": False,
        "force": False,
        "overwrite": False,
        "door": "macro",
        "input_title": "a",
        "truth_title": "",
    }


def test_parameters_may_be_one_text_or_a_file_in_words_and_in_json(
    tmp_path: Path,
) -> None:
    file = tmp_path / "des réglages.json"
    file.write_text(json.dumps({"parameters": {"sigma": 2.5}}))
    said = {"sigma": "2.5", "note": "a b=c", "empty": ""}
    for text, expected in [
        (" sigma=2.5 note=[a b=c]  empty=[] ", said),
        (str(file), {"sigma": 2.5}),
        ("", {}),
    ]:
        words = read_request([*WORDS, f"parameters={text}"])
        assert words.parameters == expected
        content = json.dumps(JSON | {"parameters": text})
        assert read_request(["-"], standard_input=content) == words
    both = read_request([*WORDS, "parameters=sigma=2", "other=1"])
    assert both.parameters == {"sigma": "2", "other": "1"}


def test_numbers_are_numbers_in_words_and_in_json() -> None:
    words = [*WORDS, "action=compare", "truth=t", "min_iou=0.3", "pixel_size_um=1"]
    request = read_request(words[1:])
    assert (request.min_iou, request.pixel_size_um) == (0.3, 1.0)
    content = JSON | {"action": "compare", "truth": "t", "min_iou": 0.3}
    text = json.dumps(content | {"pixel_size_um": 1})
    assert read_request(["-"], standard_input=text) == request


@pytest.mark.parametrize(
    "path",
    [
        r"C:\Users\Renée Müller\données à 10 µm\a=b.tif",
        r"\\server\share\a b.tif",
        "C:/with/forward slashes.tif",
        "/data/a = b/c|d.tif",
    ],
)
def test_a_value_may_hold_anything(path: str) -> None:
    request = read_request([*WORDS[:2], f"input={path}", "output=o", "note=x=y z"])
    assert request.input == Path(path)
    assert dict(request.parameters) == {"note": "x=y z"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "it does not say action, input, output"),
        (["--nonsense"], "--nonsense cannot be read"),
        (["missing.json"], "missing.json cannot be read"),
        ([*WORDS, "alone"], "'alone' is not of the form name=value"),
        ([*WORDS, "-p=3"], "'-p=3' is not of the form name=value"),
        ([*WORDS, "parameters=a=1 b"], "'b' is no name=value"),
        ([*WORDS, "parameters=a=1 a=2"], "a is given twice"),
        ([*WORDS, "parameters=a=1", "a=2"], "a is given twice"),
        ([*WORDS, "min_iou=0.5"], "analyze has no min_iou"),
        ([*WORDS, "pixel_size_um=wide"], "pixel_size_um is 'wide'; expected a number"),
        (["action=split", *WORDS[2:]], "split needs truth"),
        ([*WORDS, "input=b.tif"], "input is given twice"),
        ([*WORDS, "sigma=1", "sigma=2"], "sigma is given twice"),
        (["action=dance", *WORDS[1:]], "action is 'dance'"),
        (["action=predict", *WORDS[2:]], "predict needs model"),
        (["action=compare", *WORDS[2:]], "compare needs workflow and truth"),
        (["action=predict", "model=m", *WORDS[2:], "sigma=2"], "predict has no sigma"),
        ([*WORDS, "window=wide"], "window is 'wide'; expected a whole number"),
        ([*WORDS, "overwrite=yes"], "overwrite is 'yes'; expected true or false"),
        ([*WORDS, "schema=2"], "schema 2; this frm_bridge has 1"),
    ],
)
def test_a_mistake_in_words_is_explained(words: list[str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_request(words)
    assert caught.value.code == "E_REQUEST"
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is no JSON"),
        ("[]", "it is list, not a JSON object"),
        (json.dumps(JSON | {"colour": 1}), "it has no colour; it has action"),
        (json.dumps(JSON | {"window": True}), "window is True"),
        (json.dumps(JSON | {"input": 3}), "input is 3; expected a path"),
        (
            json.dumps(JSON | {"parameters": [1]}),
            "parameters is [1]; expected names and values",
        ),
    ],
)
def test_a_mistake_in_json_is_explained(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_request(["-"], standard_input=text)
    assert caught.value.code == "E_REQUEST"
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        ([*WORDS, "window=abc"], "for example window=512"),
        ([*WORDS, "overwrite=yes"], "for example overwrite=true"),
        ([*WORDS, "min_iou=half"], "for example min_iou=0.5"),
        ([*WORDS, "min_iou=0.5"], "leave min_iou out"),
        ([*WORDS, "alone"], "write words, for example: action="),
        ([*WORDS, "input=b.tif"], "give input once"),
        (["action=dance", *WORDS[1:]], "for example action=predict"),
        (["action=predict", *WORDS[2:]], "for example model=nuclei-brightfield"),
        (WORDS[:-1], "for example output="),
        ([], "for example: action="),
        (
            ["missing.json"],
            "give a file with a request, or words, for example: action=",
        ),
        (["action=predict", "model=m", *WORDS[2:], "windw=2"], "write window"),
        (["action=predict", "model=m", *WORDS[2:], "sigma=2"], "leave sigma out"),
    ],
)
def test_each_mistake_has_the_fix_that_fits(words: list[str], fix: str) -> None:
    with pytest.raises(InputError) as caught:
        read_request(words)
    assert caught.value.fix.startswith(fix)


def test_every_field_has_an_example() -> None:
    assert set(EXAMPLES) == set(NAMES)


def test_a_program_may_name_paths_and_numbers_of_numpy() -> None:
    given = {"window": np.int64(64), "channel": 2, "overwrite": np.bool_(True)}
    named = {"action": "predict", "model": Path("m.onnx"), "input": Path("a.tif")}
    request = parse_fields({**named, **given, "output": "o.tif"})
    assert (request.window, request.overwrite, request.model) == (64, True, "m.onnx")
    json.dumps(request.as_json())
    own = {"roi_file": Path("c.roi"), "sigma": np.float32(2)}
    request = parse_fields({**JSON, "parameters": own})
    assert json.loads(json.dumps(request.as_json()))["parameters"] == {
        "roi_file": "c.roi",
        "sigma": 2.0,
    }
