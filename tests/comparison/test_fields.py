"""Pairing of truth, prediction and transmitted light."""

import numpy as np
import pytest
import tifffile

from frm_bridge.comparison.fields import find_fields, is_relative
from frm_bridge.errors import InputError
from frm_bridge.imagej import nuclei
from frm_bridge.images import open_image


def fields_of(*paths, **options):
    return find_fields(*paths, workflow=nuclei(), **options)


@pytest.fixture
def flat():
    return np.arange(20 * 30, dtype=np.uint16).reshape(20, 30)


def test_folders_are_paired_by_stem(save, tmp_path, flat):
    for folder in ("truth", "prediction", "light"):
        for stem in ("b", "a"):
            save(folder, stem, flat)
    fields = fields_of(
        tmp_path / "truth", tmp_path / "prediction", transmitted=tmp_path / "light"
    )
    assert [field.name for field in fields] == ["a", "b"]
    assert [field.transmitted.name for field in fields] == ["a.tif", "b.tif"]
    assert (fields[0].height, fields[0].width) == (20, 30)
    assert fields[0].pixel_size_um == pytest.approx(0.1)


def test_two_files_are_a_pair_whatever_their_names(save, flat):
    (field,) = fields_of(save("truth", "stain", flat), save("other", "guess", flat))
    assert (field.truth.stem, field.prediction.stem) == ("stain", "guess")


def test_every_missing_partner_is_named_in_one_error(save, tmp_path, flat):
    for folder, stems in (("truth", "abc"), ("prediction", "ad"), ("light", "a")):
        for stem in stems:
            save(folder, stem, flat)
    with pytest.raises(InputError) as caught:
        fields_of(
            tmp_path / "truth", tmp_path / "prediction", transmitted=tmp_path / "light"
        )
    assert caught.value.code == "E_PAIR_MISSING"
    for words in (
        "b has no prediction",
        "c has no prediction",
        "d has no truth",
        "b has no input",
    ):
        assert words in caught.value.message


def test_every_pair_of_unequal_size_is_named(save, tmp_path, flat):
    for stem, rows in (("a", 20), ("b", 19), ("c", 18)):
        save("truth", stem, flat)
        save("prediction", stem, flat[:rows])
    with pytest.raises(InputError) as caught:
        fields_of(tmp_path / "truth", tmp_path / "prediction")
    assert caught.value.code == "E_PAIR_SIZE"
    assert "30 x 19 px" in caught.value.message
    assert "30 x 18 px" in caught.value.message
    assert "a.tif" not in caught.value.message


def test_two_files_of_one_stem_are_ambiguous(save, tmp_path, flat):
    save("prediction", "a", flat)
    save("truth", "a", flat).rename(tmp_path / "truth/a.tiff")
    save("truth", "a", flat)
    with pytest.raises(InputError) as caught:
        fields_of(tmp_path / "truth", tmp_path / "prediction")
    assert caught.value.code == "E_PAIR_AMBIGUOUS"


@pytest.mark.parametrize("other", [None, 0.2])
def test_different_pixel_sizes_are_refused_unless_one_is_given(save, flat, other):
    truth = save("truth", "a", flat)
    prediction = save("prediction", "a", flat, pixel_size_um=other)
    with pytest.raises(InputError) as caught:
        fields_of(truth, prediction)
    assert caught.value.code == "E_PAIR_PIXEL_SIZE"
    (field,) = fields_of(truth, prediction, pixel_size_um=0.5)
    assert field.pixel_size_um == 0.5


def test_a_stack_is_compared_plane_by_plane(save, flat):
    stack = np.stack([flat, flat + 1, flat + 2])
    fields = fields_of(save("truth", "a", stack), save("prediction", "a", stack))
    assert [(field.name, field.plane) for field in fields] == [
        ("a_plane0001", 0),
        ("a_plane0002", 1),
        ("a_plane0003", 2),
    ]


def write_stack(path, axes, sizes, plane, **options):
    """Write a TIFF whose planes all differ."""
    shape = [sizes[axis] for axis in axes]
    count = int(np.prod(shape, dtype=int))
    planes = np.stack([plane + number for number in range(count)])
    path.parent.mkdir(exist_ok=True)
    pixels = planes.reshape(*shape, *plane.shape)
    options = options or {"metadata": {"axes": f"{axes}YX"}}
    tifffile.imwrite(path, pixels, photometric="minisblack", **options)
    return path


def test_frames_are_not_compared_with_slices(tmp_path, flat):
    sizes = {"T": 3, "Z": 3}
    frames = write_stack(tmp_path / "t" / "a.tif", "T", sizes, flat)
    slices = write_stack(tmp_path / "p" / "a.tif", "Z", sizes, flat)
    with pytest.raises(InputError, match=r"3 frames.*3 slices") as caught:
        fields_of(frames, slices)
    assert caught.value.code == "E_PAIR_SIZE"
    unnamed = write_stack(tmp_path / "u" / "a.tif", "T", sizes, flat, metadata=None)
    assert len(fields_of(frames, unnamed)) == 3


def test_planes_meet_whatever_the_order_of_the_axes(tmp_path, flat):
    sizes = {"T": 2, "Z": 3}
    one = write_stack(tmp_path / "t" / "a.tif", "TZ", sizes, flat)
    other = write_stack(tmp_path / "p" / "a.tif", "ZT", sizes, flat)
    fields = fields_of(one, other)
    assert [field.place for field in fields[:4]] == [
        {"T": 0, "Z": 0},
        {"T": 0, "Z": 1},
        {"T": 0, "Z": 2},
        {"T": 1, "Z": 0},
    ]
    with open_image(one) as truth, open_image(other) as prediction:
        place = fields[3].plane
        assert truth.read_plane(place)[0, 0] == flat[0, 0] + 3  # T 1, Z 0 of "TZ"
        assert prediction.read_plane(place)[0, 0] == flat[0, 0] + 1  # ... and of "ZT"


def test_one_channel_of_a_hyperstack_is_compared(tmp_path, save, flat):
    truth = write_stack(tmp_path / "t" / "a.tif", "C", {"C": 3}, flat)
    prediction = save("p", "a", flat, pixel_size_um=None)
    with pytest.raises(InputError, match=r"has 3.*--truth-channel") as caught:
        fields_of(truth, prediction)
    assert caught.value.code == "E_PAIR_CHANNELS"
    with pytest.raises(InputError) as caught:
        fields_of(truth, prediction, channels={"truth": 0})
    assert caught.value.code == "E_IMAGE_CHANNEL"
    (field,) = fields_of(truth, prediction, channels={"truth": 2})
    assert (field.name, field.channels) == ("a", {"truth": 2})


def test_a_truth_that_is_its_own_prediction_is_refused(save, flat):
    truth = save("truth", "a", flat)
    with pytest.raises(InputError) as caught:
        fields_of(truth, truth)
    assert caught.value.code == "E_PAIR_SAME"
    with pytest.raises(InputError) as caught:
        fields_of(truth, truth, channels={"truth": 1})
    assert caught.value.code == "E_PAIR_SAME"


def test_truth_and_prediction_exchanged_are_refused(save, flat):
    stain = save("t", "a", flat)
    predicted = save("p", "a", flat, properties={"frm_bridge.model.1": "trial"})
    assert len(fields_of(stain, predicted)) == 1
    with pytest.raises(InputError, match="exchange --truth") as caught:
        fields_of(predicted, stain)
    assert caught.value.code == "E_PAIR_SWAPPED"


@pytest.mark.parametrize("size", [0, -1, float("nan")])
def test_a_pixel_size_that_is_no_length_is_refused(save, flat, size):
    with pytest.raises(InputError, match="--pixel-size") as caught:
        fields_of(save("t", "a", flat), save("p", "a", flat), pixel_size_um=size)
    assert caught.value.code == "E_OPTION"


def test_a_prediction_says_whether_it_is_relative(save, flat):
    told = save("p", "a", flat, properties={"frm_bridge.model.output_unit": "relative"})
    (field,) = fields_of(save("t", "a", flat), told)
    assert is_relative(field.provenance)
    assert not is_relative({"frm_bridge.model.output_unit": "counts"})
    assert not is_relative({})
