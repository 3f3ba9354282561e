from pathlib import Path

import numpy as np
import pytest
import tifffile

from frm_bridge.errors import InputError
from frm_bridge.training.pairs import find_pairs, format_pairs, read_pairs


def folder_of(tmp_path: Path, name: str, stems: list[str], shape=(32, 40)) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    for stem in stems:
        pixels = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
        tifffile.imwrite(folder / f"{stem}.tif", pixels)
    return folder


def test_pairs_are_matched_by_stem_and_grouped_by_position(tmp_path):
    stems = ["e1_p0002_t00006_z001", "e1_p0002_t00007_z001", "e2_p0001_t00001_z001"]
    pairs = find_pairs(
        folder_of(tmp_path, "bf", stems), folder_of(tmp_path, "dapi", stems[::-1])
    )
    assert [pair.input.stem for pair in pairs] == stems
    assert all(pair.input.stem == pair.target.stem for pair in pairs)
    assert [pair.group for pair in pairs] == ["e1_p0002", "e1_p0002", "e2_p0001"]


def test_every_unmatched_file_is_named(tmp_path):
    left = folder_of(tmp_path, "bf", ["a", "b", "c"])
    right = folder_of(tmp_path, "dapi", ["b", "d"])
    with pytest.raises(InputError) as caught:
        find_pairs(left, right)
    assert caught.value.code == "E_PAIR_MISSING"
    for name in ("a.tif", "c.tif", "d.tif"):
        assert name in caught.value.message
    assert "b.tif" not in caught.value.message


def test_every_mis_sized_pair_is_named(tmp_path):
    left = folder_of(tmp_path, "bf", ["a", "b"])
    right = folder_of(tmp_path, "dapi", ["a"])
    tifffile.imwrite(right / "b.tif", np.zeros((32, 41), np.uint16))
    with pytest.raises(InputError, match=r"\(32, 40\).*\(32, 41\)") as caught:
        find_pairs(left, right)
    assert caught.value.code == "E_PAIR_SIZE"


def test_suffixes_that_tell_the_channels_apart_are_dropped(tmp_path):
    left = folder_of(tmp_path, "both", ["a_BF", "b_BF", "a_DAPI", "b_DAPI"])
    pairs = find_pairs(left, left, input_suffix="_BF", target_suffix="_DAPI")
    assert [(p.input.stem, p.target.stem) for p in pairs] == [
        ("a_BF", "a_DAPI"),
        ("b_BF", "b_DAPI"),
    ]


@pytest.mark.parametrize(
    ("pattern", "group"), [(r"(well\w\d)", "wellA1"), (r"site\d", "site3")]
)
def test_group_by_takes_a_pattern(tmp_path, pattern, group):
    stems = ["plate_wellA1_site3_t01"]
    left, right = (folder_of(tmp_path, name, stems) for name in ("bf", "dapi"))
    assert find_pairs(left, right, group_by=pattern)[0].group == group


@pytest.mark.parametrize("pattern", ["(", "nothing"])
def test_a_pattern_that_fails_is_an_error(tmp_path, pattern):
    left, right = (folder_of(tmp_path, name, ["a"]) for name in ("bf", "dapi"))
    with pytest.raises(InputError) as caught:
        find_pairs(left, right, group_by=pattern)
    assert caught.value.code == "E_GROUP_BY"


def test_a_table_of_pairs_is_read_back_as_written(tmp_path):
    stems = ["e1_p1_t1", "e1_p2_t1"]
    left, right = (folder_of(tmp_path, name, stems) for name in ("bf", "dapi"))
    pairs = find_pairs(left, right)
    table = tmp_path / "pairs.csv"
    table.write_text(format_pairs(pairs))
    assert read_pairs(table) == pairs


def test_paths_in_a_table_may_be_relative_to_it(tmp_path):
    for name in ("bf", "dapi"):
        folder_of(tmp_path, name, ["a_t1"])
    table = tmp_path / "pairs.csv"
    table.write_text("input,target,split\nbf/a_t1.tif,dapi/a_t1.tif,test\n")
    (pair,) = read_pairs(table)
    assert (pair.input, pair.group, pair.split) == (
        tmp_path / "bf/a_t1.tif",
        "a",
        "test",
    )


def test_a_table_from_windows_is_read(tmp_path):
    for name in ("bf", "dapi"):
        folder_of(tmp_path, name, ["a_t1"])
    table = tmp_path / "pairs.csv"
    text = "\ufeffinput,target,split\r\nbf\\a_t1.tif,dapi\\a_t1.tif,\r\n"
    table.write_bytes(text.encode())
    (pair,) = read_pairs(table)
    assert pair.target == tmp_path / "dapi" / "a_t1.tif"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("image,label\na,b\n", "E_PAIRS_TABLE"),
        ("input,target\n", "E_PAIRS_TABLE"),
        ("input,target\nnone.tif,none.tif\n", "E_PAIR_MISSING"),
        ("input,target,split\nbf/a.tif,bf/a.tif,tset\n", "E_PAIRS_TABLE"),
        ("input,target,pixel_size_um\nbf/a.tif,bf/a.tif,0,5\n", "E_PAIRS_TABLE"),
        ("input,target,pixel_size_um\nbf/a.tif,bf/a.tif,-1\n", "E_PAIRS_TABLE"),
    ],
)
def test_a_bad_table_is_refused_with_its_reason(tmp_path, text, code):
    folder_of(tmp_path, "bf", ["a"])
    table = tmp_path / "pairs.csv"
    table.write_text(text)
    with pytest.raises(InputError) as caught:
        read_pairs(table)
    assert caught.value.code == code
