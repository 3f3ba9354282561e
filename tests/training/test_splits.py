import random
from pathlib import Path

import pytest

from frm_bridge.errors import InputError
from frm_bridge.training.pairs import Pair
from frm_bridge.training.splits import split_by_group, split_like_the_paper


def pairs_of(groups: int, frames: int = 3) -> list[Pair]:
    return [
        Pair(
            Path(f"bf/g{g:02d}_t{t}.tif"), Path(f"dapi/g{g:02d}_t{t}.tif"), f"g{g:02d}"
        )
        for g in range(groups)
        for t in range(frames)
    ]


def test_no_group_is_on_two_sides():
    sides: dict[str, set[str]] = {}
    for pair in split_by_group(pairs_of(20)):
        sides.setdefault(pair.group, set()).add(pair.split)
    assert all(len(found) == 1 for found in sides.values())
    counts = [found.copy().pop() for found in sides.values()]
    assert counts.count("test") == 4
    assert counts.count("validation") == 2


def test_the_split_follows_from_names_and_seed_not_from_order():
    pairs = pairs_of(12)
    shuffled = random.Random(3).sample(pairs, len(pairs))
    by_name = {pair.input: pair.split for pair in split_by_group(pairs, seed=5)}
    assert by_name == {p.input: p.split for p in split_by_group(shuffled, seed=5)}
    assert by_name != {p.input: p.split for p in split_by_group(pairs, seed=6)}


def test_two_groups_train_and_validate():
    assert {p.split for p in split_by_group(pairs_of(2))} == {"train", "validation"}


def test_one_group_cannot_be_split():
    with pytest.raises(InputError, match="1 group") as caught:
        split_by_group(pairs_of(1))
    assert caught.value.code == "E_SPLIT"


def test_sides_that_are_given_are_kept_and_a_group_on_two_sides_is_refused():
    pairs = pairs_of(6, frames=1)
    given = [Pair(pairs[0].input, pairs[0].target, "g00", split="test"), *pairs[1:]]
    split = split_by_group(given)
    assert [p.split for p in split].count("test") == 1
    assert split[0].split == "test"
    torn = [*given, Pair(Path("x"), Path("y"), "g00", split="train")]
    with pytest.raises(InputError, match="'g00' is in test and in train"):
        split_by_group(torn)


def test_the_papers_split_is_the_released_codes_shuffle():
    pairs = pairs_of(5, frames=2)
    names = sorted(pair.input.name for pair in pairs)
    random.Random(42).shuffle(names)
    split = split_like_the_paper(pairs)
    assert [p.input.name for p in split] == names
    assert [p.split for p in split] == ["train"] * 7 + ["validation"] + ["test"] * 2
