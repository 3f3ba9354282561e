"""``pairs`` and ``split``."""

from __future__ import annotations

from frm_bridge.images import open_image
from frm_bridge.training.pairs import read_pairs


def test_the_printed_table_is_one_that_read_pairs_reads(frm, fields, place):
    light, stain = fields
    ended = frm("pairs", "--input", light, "--target", stain)
    assert (ended.status, ended.err) == (0, "")
    table = place / "pairs.csv"
    table.write_text(ended.out, encoding="utf-8")
    found = read_pairs(table)
    assert [pair.input.name for pair in found] == [
        f"µ field{number}.tif" for number in range(4)
    ]
    assert all(pair.target.parent == stain for pair in found)
    assert {pair.split for pair in found} == {""}


def test_a_split_can_be_printed_with_the_pairs(frm, fields, place):
    light, stain = fields
    arguments = ("--input", light, "--target", stain, "--split", "grouped")
    first = frm("pairs", *arguments, "--seed", 3)
    assert first == frm("pairs", *arguments, "--seed", 3)
    (place / "pairs.csv").write_text(first.out, encoding="utf-8")
    sides = {pair.split for pair in read_pairs(place / "pairs.csv")}
    assert sides == {"train", "validation", "test"}


def test_groups_follow_the_pattern(frm, fields):
    light, stain = fields
    ended = frm("pairs", "--input", light, "--target", stain, "--group-by", "(fiel)d")
    assert [line.split(",")[2] for line in ended.out.splitlines()[1:]] == ["fiel"] * 4


def test_split_writes_tiles_and_says_where_their_table_is(frm, fields, place):
    light, stain = fields
    out = place / "tiles"
    ended = frm("split", "--input", light, "--target", stain, "--tile", 48, "-o", out)
    assert ended.status == 0
    assert ended.out == f"16 pairs of sub-images: {out / 'pairs.csv'}\n"
    assert "16 columns on the right" in ended.err
    found = read_pairs(out / "pairs.csv")
    assert len(found) == 16
    with open_image(found[3].target) as tile, open_image(found[3].input) as light_tile:
        assert tile.info.shape == light_tile.info.shape == (48, 48)
    again = frm("split", "--pairs", out / "pairs.csv", "--tile", 24, "-o", place / "t")
    assert again.status == 0
    assert again.out.startswith("64 pairs")


def test_the_table_can_be_written_to_a_file(frm, fields, place):
    arguments = ("pairs", "--input", fields[0], "--target", fields[1])
    printed = frm(*arguments).out
    ended = frm(*arguments, "--output", place / "pairs.csv")
    assert (ended.status, ended.out) == (0, f"4 pairs: {place / 'pairs.csv'}\n")
    found = read_pairs(place / "pairs.csv")
    assert len(found) == len(printed.splitlines()) - 1 == 4
    assert found[0].input.samefile(next(iter(sorted(fields[0].iterdir()))))
    assert "E_OUTPUT_EXISTS" in frm(*arguments, "-o", place / "pairs.csv").err
    again = frm(*arguments, "-o", place / "pairs.csv", "--overwrite")
    assert again.status == 0
