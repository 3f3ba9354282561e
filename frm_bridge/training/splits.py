"""Who trains, who chooses, who judges.

By default whole groups (fields, positions, wells) go to one side, so that the test
numbers speak of new fields. The paper splits sub-images (CL-060 to CL-064), which
puts neighbouring tiles on both sides (CL-062); it is here under its own name.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.training.pairs import Pair

TEST_FRACTION = 0.2
VALIDATION_FRACTION = 0.1


def split_by_group(
    pairs: Sequence[Pair],
    *,
    test: float = TEST_FRACTION,
    validation: float = VALIDATION_FRACTION,
    seed: int = 0,
) -> tuple[Pair, ...]:
    """Assign whole groups at random: ``test`` of all, then ``validation`` of the rest.

    Pairs that have a split already keep it, and their group with them. At least one
    group trains and one validates; with two groups none is left to test.

    Parameters
    ----------
    pairs : sequence of Pair
        In any order; the result depends on names and seed alone.
    test, validation : float
        Fractions in [0, 1).
    seed : int
        Of the shuffle.

    Raises
    ------
    InputError
        ``E_SPLIT``: fewer than two groups, or one group on two sides.
    """
    side = _given_sides(pairs)
    free = sorted({pair.group for pair in pairs} - side.keys())
    random.Random(seed).shuffle(free)  # noqa: S311 - a shuffle, no secret
    if not side:
        side.update(_drawn(free, test, validation))
    elif "validation" not in side.values() and free:
        side[free.pop()] = "validation"
    assigned = tuple(
        replace(pair, split=side.get(pair.group, "train"))  # type: ignore[arg-type]
        for pair in pairs
    )
    missing = {"train", "validation"} - {pair.split for pair in assigned}
    if missing:
        raise InputError(
            "E_SPLIT",
            f"no pair is left for {' and '.join(sorted(missing))}: found "
            f"{len({pair.group for pair in pairs})} group(s) in {len(pairs)} pair(s)",
            "give more fields, name finer groups with --group-by, or use the paper's "
            "sub-image split ('frm-bridge split', then 'train --split paper')",
        )
    return assigned


def split_like_the_paper(
    pairs: Sequence[Pair], *, train: float = 0.8
) -> tuple[Pair, ...]:
    """Split sub-images one by one, as the released code does (CL-061, CL-064).

    Names are sorted and shuffled with ``random.Random(42)``; the first
    ``floor(train * n)`` train, the rest test; the last tenth of the training part
    validates.
    """
    shuffled = sorted(pairs, key=lambda pair: pair.input.name)
    random.Random(42).shuffle(shuffled)  # noqa: S311 - the paper's own seed
    trained = math.floor(train * len(shuffled))
    fitted = math.floor(trained * (1 - VALIDATION_FRACTION))
    if not 0 < fitted < trained:
        raise InputError(
            "E_SPLIT",
            f"{len(pairs)} sub-images are too few for the paper's split",
            "give at least three sub-images",
        )
    sides = ["train"] * fitted + ["validation"] * (trained - fitted)
    sides += ["test"] * (len(shuffled) - trained)
    return tuple(
        replace(pair, split=side)  # type: ignore[arg-type]
        for pair, side in zip(shuffled, sides, strict=True)
    )


def _given_sides(pairs: Sequence[Pair]) -> dict[str, str]:
    side: dict[str, str] = {}
    for pair in pairs:
        if pair.split and side.setdefault(pair.group, pair.split) != pair.split:
            raise InputError(
                "E_SPLIT",
                f"group {pair.group!r} is in {side[pair.group]} and in {pair.split}",
                "put all pairs of a group on one side of the split",
            )
    return side


def _drawn(groups: Sequence[str], test: float, validation: float) -> dict[str, str]:
    """Sides of shuffled groups; what is not named trains."""
    tested = min(round(test * len(groups)), max(len(groups) - 2, 0))
    if test > 0 and len(groups) > 2:
        tested = max(tested, 1)
    validating = max(round(validation * (len(groups) - tested)), 1)
    sides = dict.fromkeys(groups[:tested], "test")
    if len(groups) > 1:
        chosen = groups[tested : tested + validating]
        sides.update(dict.fromkeys(chosen, "validation"))
    return sides
