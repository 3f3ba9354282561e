"""Pairing of truth, prediction and transmitted light."""

import numpy as np
import pytest

from frm_bridge.comparison.fields import find_fields, is_relative
from frm_bridge.errors import InputError


@pytest.fixture
def flat():
    return np.arange(20 * 30, dtype=np.uint16).reshape(20, 30)


def test_folders_are_paired_by_stem(save, tmp_path, flat):
    for folder in ("truth", "prediction", "light"):
        for stem in ("b", "a"):
            save(folder, stem, flat)
    fields = find_fields(
        tmp_path / "truth", tmp_path / "prediction", transmitted=tmp_path / "light"
    )
    assert [field.name for field in fields] == ["a", "b"]
    assert [field.transmitted.name for field in fields] == ["a.tif", "b.tif"]
    assert (fields[0].height, fields[0].width) == (20, 30)
    assert fields[0].pixel_size_um == pytest.approx(0.1)


def test_two_files_are_a_pair_whatever_their_names(save, flat):
    (field,) = find_fields(save("truth", "stain", flat), save("other", "guess", flat))
    assert (field.truth.stem, field.prediction.stem) == ("stain", "guess")


def test_every_missing_partner_is_named_in_one_error(save, tmp_path, flat):
    for folder, stems in (("truth", "abc"), ("prediction", "ad"), ("light", "a")):
        for stem in stems:
            save(folder, stem, flat)
    with pytest.raises(InputError) as caught:
        find_fields(
            tmp_path / "truth", tmp_path / "prediction", transmitted=tmp_path / "light"
        )
    assert caught.value.code == "E_PAIR_MISSING"
    for words in (
        "b has no prediction",
        "c has no prediction",
        "d has no truth",
        "b has no transmitted",
    ):
        assert words in caught.value.message


def test_every_pair_of_unequal_size_is_named(save, tmp_path, flat):
    for stem, rows in (("a", 20), ("b", 19), ("c", 18)):
        save("truth", stem, flat)
        save("prediction", stem, flat[:rows])
    with pytest.raises(InputError) as caught:
        find_fields(tmp_path / "truth", tmp_path / "prediction")
    assert caught.value.code == "E_PAIR_SIZE"
    assert "30 x 19 px" in caught.value.message
    assert "30 x 18 px" in caught.value.message
    assert "a.tif" not in caught.value.message


def test_two_files_of_one_stem_are_ambiguous(save, tmp_path, flat):
    save("prediction", "a", flat)
    save("truth", "a", flat).rename(tmp_path / "truth/a.tiff")
    save("truth", "a", flat)
    with pytest.raises(InputError) as caught:
        find_fields(tmp_path / "truth", tmp_path / "prediction")
    assert caught.value.code == "E_PAIR_AMBIGUOUS"


@pytest.mark.parametrize("other", [None, 0.2])
def test_different_pixel_sizes_are_refused_unless_one_is_given(save, flat, other):
    truth = save("truth", "a", flat)
    prediction = save("prediction", "a", flat, pixel_size_um=other)
    with pytest.raises(InputError) as caught:
        find_fields(truth, prediction)
    assert caught.value.code == "E_PAIR_PIXEL_SIZE"
    (field,) = find_fields(truth, prediction, pixel_size_um=0.5)
    assert field.pixel_size_um == 0.5


def test_a_stack_is_compared_plane_by_plane(save, flat):
    stack = np.stack([flat, flat + 1, flat + 2])
    fields = find_fields(save("truth", "a", stack), save("prediction", "a", stack))
    assert [(field.name, field.plane) for field in fields] == [
        ("a_plane0001", 0),
        ("a_plane0002", 1),
        ("a_plane0003", 2),
    ]


def test_a_prediction_says_whether_it_is_relative(save, flat):
    told = save("p", "a", flat, properties={"frm_bridge.model.output_unit": "relative"})
    (field,) = find_fields(save("t", "a", flat), told)
    assert is_relative(field.provenance)
    assert not is_relative({"frm_bridge.model.output_unit": "counts"})
    assert not is_relative({})
