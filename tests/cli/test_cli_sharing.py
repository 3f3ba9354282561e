"""``models pack`` and ``models verify``."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def packed(frm, models, fields, place):
    """A package, and what the command said."""
    field = fields[0] / "µ field0.tif"
    output = place / "paquet é.zip"
    ended = frm(
        "models", "pack", models / "nuclei.onnx", "-o", output, "--sample", field
    )
    return output, ended


def test_a_model_is_packed_and_verified(frm, packed):
    output, ended = packed
    assert ended.status == 0, ended.err
    assert f"{output}  " in ended.out
    assert "test image: 96 px of µ field0.tif" in ended.out
    assert "does not state license, authors" in ended.err
    assert "tile by tile" in ended.err
    checked = frm("models", "verify", output)
    assert checked.status == 0, checked.out
    lines = checked.out.splitlines()
    assert lines[0] == f"{output}  nuclei 1.0.0"
    assert lines[-1] == "fit for use"
    assert any(line.startswith("ok    golden pair on cpu") for line in lines)


def test_the_package_predicts_as_the_model_does(frm, packed, models, fields, place):
    import numpy as np
    import tifffile

    output, _ = packed
    for model, folder in ((models / "nuclei.onnx", "one"), (output, "two")):
        assert frm("predict", model, fields[0], "-o", place / folder).status == 0
    for path in (place / "one").iterdir():
        assert np.array_equal(
            tifffile.imread(path), tifffile.imread(place / "two" / path.name)
        )


def test_as_json_each_difference_is_a_number(frm, packed):
    output, _ = packed
    ended = frm("models", "verify", output, "--json")
    content = json.loads(ended.out)
    assert (ended.status, content["passed"], content["name"]) == (0, True, "nuclei")
    (tiles,) = (each for each in content["checks"] if each["part"] == "tiles")
    assert tiles["difference"] == 0.0


def test_a_changed_package_ends_with_1_and_its_reason(frm, packed):
    output, _ = packed
    content = bytearray(output.read_bytes())
    content[content.rindex(b"PK\1\2") + 8] ^= 1  # of the last file's entry
    output.write_bytes(content)
    ended = frm("models", "verify", output)
    assert ended.status == 1
    assert "NOT fit for use" in ended.out or "E_PACKAGE" in ended.err


def test_truth_without_a_sample_is_a_mistake(frm, models, place):
    ended = frm(
        "models", "pack", models / "nuclei.onnx", "-o", place / "a.zip", "--truth", "b"
    )
    assert (ended.status, "E_OPTION" in ended.err) == (1, True)


def test_a_package_is_a_zip(frm, models, place):
    ended = frm("models", "pack", models / "nuclei.onnx", "-o", place / "a.onnx")
    assert (ended.status, "E_OUTPUT_NAME" in ended.err) == (1, True)


def test_without_the_library_pack_names_the_extra_and_verify_works(
    frm_without, packed, models, place
):
    output, _ = packed
    lacking = ("bioimageio", "tensorflow", "keras", "tf2onnx")
    ended = frm_without(lacking, "models", "verify", output)
    assert ended.status == 0, ended.err
    ended = frm_without(
        lacking, "models", "pack", models / "nuclei.onnx", "-o", place / "b.zip"
    )
    assert ended.status == 1
    assert "E_NO_BIOIMAGEIO" in ended.err
    assert 'pip install "frm-bridge[share]"' in ended.err
