import numpy as np
import pytest
import tifffile

from frm_bridge.errors import InputError, OutputError
from frm_bridge.training.pairs import Pair, read_pairs
from frm_bridge.training.subimages import split_images


@pytest.fixture
def pair(tmp_path):
    """One synthetic pair of 70 x 100 px; every pixel is unique."""
    image = np.arange(7000, dtype=np.uint16).reshape(70, 100)
    tifffile.imwrite(tmp_path / "f_t1.tif", image)
    tifffile.imwrite(tmp_path / "dapi_f.tif", image + 10_000)
    return Pair(tmp_path / "f_t1.tif", tmp_path / "dapi_f.tif", "f")


def test_both_channels_are_cut_alike_row_by_row(pair, tmp_path):
    split = split_images([pair], tmp_path / "tiles", tile=32)
    assert [made.input.name for made in split.pairs] == [
        f"f_t1_tile{number:05d}.tif" for number in range(1, 7)
    ]
    source = tifffile.imread(pair.input)
    for number, made in enumerate(split.pairs):
        row, column = 32 * (number // 3), 32 * (number % 3)
        expected = source[row : row + 32, column : column + 32]
        np.testing.assert_array_equal(tifffile.imread(made.input), expected)
        np.testing.assert_array_equal(tifffile.imread(made.target), expected + 10_000)
        assert made.input.name == made.target.name
    assert (split.dropped_rows, split.dropped_columns) == (6, 4)


def test_tiles_keep_their_sources_group_and_the_table_can_be_read(pair, tmp_path):
    split = split_images([pair], tmp_path / "tiles", tile=32)
    assert read_pairs(split.table) == split.pairs
    assert {made.group for made in split.pairs} == {"f"}


def test_tiles_are_not_overwritten_unasked(pair, tmp_path):
    split_images([pair], tmp_path / "tiles", tile=32)
    with pytest.raises(OutputError):
        split_images([pair], tmp_path / "tiles", tile=32)
    split_images([pair], tmp_path / "tiles", tile=32, overwrite=True)


def test_a_split_that_is_stopped_leaves_nothing_and_can_begin_anew(pair, tmp_path):
    other = Pair(tmp_path / "g_t1.tif", pair.target, "g")
    other.input.write_bytes(pair.input.read_bytes())
    output = tmp_path / "new" / "tiles"

    def stop(done, total):
        assert len(list((output / "input").glob("*.tif"))) == 6 * done
        if done == total:
            raise KeyboardInterrupt

    for kept in (False, True):
        if kept:
            (output / "input").mkdir(parents=True)
            (output / "input" / "f_t1_tile.txt").write_text("mine")
        with pytest.raises(KeyboardInterrupt):
            split_images([pair, other], output, tile=32, overwrite=kept, progress=stop)
        assert [path.name for path in tmp_path.glob("new/tiles/*/*")] == (
            ["f_t1_tile.txt"] if kept else []
        )
        assert (tmp_path / "new").exists() is kept


def test_an_image_smaller_than_a_tile_is_named(pair, tmp_path):
    with pytest.raises(InputError, match="70x100"):
        split_images([pair], tmp_path / "tiles", tile=128)
    assert not (tmp_path / "tiles").exists()


def test_inputs_of_one_stem_are_refused_before_any_tile(pair, tmp_path):
    (tmp_path / "day2").mkdir()
    twin = tmp_path / "day2" / pair.input.name
    twin.write_bytes(pair.input.read_bytes())
    other = Pair(twin, pair.target, "day2")
    with pytest.raises(InputError, match="results of one name") as caught:
        split_images([pair, other], tmp_path / "tiles", tile=32, overwrite=True)
    assert caught.value.code == "E_IMAGE_NAMES"
    assert not (tmp_path / "tiles").exists()


def test_tiles_of_an_earlier_split_do_not_stay(pair, tmp_path):
    split_images([pair], tmp_path / "tiles", tile=16)
    note = tmp_path / "tiles" / "input" / "note.txt"
    note.write_text("mine")
    split = split_images([pair], tmp_path / "tiles", tile=64, overwrite=True)
    assert len(split.pairs) == 1
    left = {path.name for path in (tmp_path / "tiles" / "input").iterdir()}
    assert left == {"note.txt", split.pairs[0].input.name}
