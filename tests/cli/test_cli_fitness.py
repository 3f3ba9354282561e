"""``verdict`` as a user meets it."""

import json
import shutil

import pytest


@pytest.fixture
def compared(frm, fields, place):
    """A comparison of a stain with a copy of itself."""
    copies = shutil.copytree(fields[1], place / "copies")
    out = place / "compared"
    sides = ("--truth", fields[1], "--prediction", copies)
    assert frm("compare", *sides, "-o", out).status == 0
    return out


def test_the_first_line_is_the_verdict_and_numbers_stand_under_it(frm, compared, place):
    ended = frm(
        *("verdict", "--comparison", compared, "-o", place / "out"),
        *("--question", "area of nuclei within 5 %"),
    )
    assert ended.status == 0, ended.err
    first, own, shuffled, light, noisy, page = ended.out.splitlines()
    assert first.startswith("verdict: fit - over 4 independent fields the area of nucl")
    assert own.startswith(
        "this prediction            mean +0.0 %, 90 % interval +0.0 to"
    )
    assert shuffled.startswith("shuffled partners (floor)")
    assert "left out: an earlier comparison was judged" in light
    assert "left out: an earlier comparison was judged" in noisy
    assert page == f"page: {(place / 'out' / 'verdict.html').resolve()}"
    assert "copies of one image" in ended.err


def test_json_is_the_record_and_nothing_else(frm, compared, place):
    ended = frm(
        *("verdict", "--comparison", compared, "-o", place / "out", "--json"),
        *("-q", "centroid of nuclei within 2 px", "--group-by", "field[12]|µ"),
    )
    record = json.loads(ended.out)
    assert record["verdict"] == "cannot tell"
    assert record["result"]["groups"] == 1
    written = (place / "out" / "verdict.json").read_text(encoding="utf-8")
    assert json.loads(written) == record


@pytest.mark.parametrize(
    ("question", "also", "code", "said"),
    [
        ("count nuclei to 5 %", (), "E_QUESTION", "for example: count nuclei within"),
        ("count cells within 5 %", (), "E_QUESTION", "finds nuclei"),
        ("column Foo within 5 %", (), "E_QUESTION", "area_px"),
        ("count within 5 %", ("--group-by", "("), "E_GROUP_BY", "regular expression"),
        ("count within 5 %", ("--threshold", "Li"), "E_OPTION", "its own parameters"),
        ("count within 5 %", ("--truth", "x"), "E_OPTION", "--comparison alone"),
    ],
)
def test_a_mistake_is_explained_and_nothing_is_written(
    frm, compared, place, question, also, code, said
):
    out = place / "out"
    ended = frm("verdict", "--comparison", compared, "-o", out, "-q", question, *also)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith(f"error: {code} ")
    assert said in ended.err
    assert not out.exists()


def test_a_macro_and_options_measure_both_sides(frm, fields, place):
    macro = place / "bright µ.ijm"
    macro.write_text('#@ Double factor (value=1.0)\nrun("Measure");\n')
    copies = shutil.copytree(fields[1], place / "copies")
    ended = frm(
        *("verdict", "--truth", fields[1], "--prediction", copies, "--macro", macro),
        *("--set", "factor=2", "--input", fields[0], "-o", place / "out"),
        *("-q", "column Mean of images within 1 %"),
    )
    assert ended.status == 0, ended.err
    assert ended.out.startswith("verdict: fit - ")
    record = json.loads((place / "out" / "verdict.json").read_text(encoding="utf-8"))
    assert record["comparison"]["workflow"]["parameters"] == {"factor": 2.0}
    assert all(level["result"]["estimate"] is not None for level in record["levels"])
