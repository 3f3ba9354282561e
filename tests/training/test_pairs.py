from pathlib import Path

import numpy as np
import pytest
import tifffile

from frm_bridge.errors import InputError
from frm_bridge.training.pairs import (
    find_pairs,
    format_pairs,
    group_of,
    read_pairs,
    write_pairs,
)


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


@pytest.fixture
def stacks(tmp_path):
    """Two hyperstacks: bright field, stain, and a third channel."""
    folder = tmp_path / "stacks"
    folder.mkdir()
    random = np.random.default_rng(0)
    for stem in ("a", "b"):
        pixels = random.integers(0, 999, (3, 32, 40)).astype(np.uint16)
        options = {"imagej": True, "metadata": {"axes": "CYX"}}
        tifffile.imwrite(folder / f"{stem}.tif", pixels, **options)
    return folder


def test_both_images_may_be_channels_of_one_file(stacks, tmp_path):
    pairs = find_pairs(stacks, stacks, input_channel=1, target_channel=3)
    table = tmp_path / "pairs.csv"
    table.write_text(format_pairs(pairs))
    assert table.read_text().startswith(
        "input,target,group,pixel_size_um,split,input_channel,target_channel\n"
    )
    for found in (pairs, read_pairs(table)):
        stored = tifffile.imread(stacks / "a.tif")
        with found[0].open_input() as image, found[0].open_target() as target:
            np.testing.assert_array_equal(image.read_plane(), stored[0])
            np.testing.assert_array_equal(target.read_plane(), stored[2])


def test_a_table_without_chosen_channels_has_no_columns_for_them(tmp_path):
    pairs = find_pairs(folder_of(tmp_path, "x", ["a"]), folder_of(tmp_path, "y", ["a"]))
    assert format_pairs(pairs).startswith("input,target,group,pixel_size_um,split\n")


@pytest.mark.parametrize("channels", [(None, 2), (2, None)])
def test_files_of_several_channels_need_a_choice(stacks, channels):
    with pytest.raises(InputError, match="has 3") as caught:
        find_pairs(
            stacks, stacks, input_channel=channels[0], target_channel=channels[1]
        )
    assert caught.value.code == "E_PAIR_CHANNELS"


def test_an_input_that_is_its_own_target_is_refused(stacks, tmp_path):
    folder = folder_of(tmp_path, "one", ["a"])
    with pytest.raises(InputError, match=r"a\.tif") as caught:
        find_pairs(folder, folder)
    assert caught.value.code == "E_PAIR_SAME"
    with pytest.raises(InputError) as caught:
        find_pairs(folder, folder, input_channel=1)
    assert caught.value.code == "E_PAIR_SAME"
    with pytest.raises(InputError) as caught:
        find_pairs(stacks, stacks, input_channel=2, target_channel=2)
    assert caught.value.code == "E_PAIR_SAME"


def test_a_written_table_names_the_same_files_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder_of(tmp_path, "bf", ["a"])
    folder_of(tmp_path, "dapi", ["a"])
    pairs = find_pairs("bf", "dapi")
    (tmp_path / "project").mkdir()
    write_pairs(Path("project/pairs.csv"), pairs)
    for place in (tmp_path, tmp_path / "project", tmp_path / "bf"):
        monkeypatch.chdir(place)
        (found,) = read_pairs(tmp_path / "project" / "pairs.csv")
        assert found.input.samefile(tmp_path / "bf" / "a.tif")
        assert found.target.samefile(tmp_path / "dapi" / "a.tif")


def test_a_path_that_means_two_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "project").mkdir()
    for place in (tmp_path, tmp_path / "project"):
        folder_of(place, "bf", ["a"])
        folder_of(place, "dapi", ["a"])
    table = tmp_path / "project" / "pairs.csv"
    table.write_text(format_pairs(find_pairs("bf", "dapi")))
    with pytest.raises(InputError, match="absolute") as caught:
        read_pairs(table)
    assert caught.value.code == "E_PAIR_AMBIGUOUS"


def test_a_table_saved_with_semicolons_is_read(tmp_path):
    folder_of(tmp_path, "bf", ["a"])
    folder_of(tmp_path, "dapi", ["a"])
    table = tmp_path / "pairs.csv"
    table.write_text("input;target;group\r\nbf/a.tif;dapi/a.tif;one\r\n")
    (pair,) = read_pairs(table)
    assert (pair.input.name, pair.group) == ("a.tif", "one")


def test_the_group_of_one_name_is_the_one_of_its_pair():
    assert group_of("exp1_p0002_t00006_z001") == "exp1_p0002"
    assert group_of("exp1_p0002_t00006_z001", "_p([0-9]+)") == "0002"
    with pytest.raises(InputError, match="matches nothing"):
        group_of("exp1", "well")
