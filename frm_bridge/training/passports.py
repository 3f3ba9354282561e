"""The passport of a model from its training pairs; needs no deep-learning library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frm_bridge.prediction.calibration import build_passport, measure_image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from frm_bridge.models.passport import Passport
    from frm_bridge.training.pairs import Pair


def make_passport(
    pairs: Sequence[Pair], *, progress: Callable[[int, int], None] | None = None
) -> Passport:
    """Measure the inputs of pairs, by which new images will be judged.

    Parameters
    ----------
    pairs : sequence of Pair
        Those that train; targets are not read.
    progress : callable (done, total), optional
        Counted in pairs.
    """
    fields = []
    for done, pair in enumerate(pairs, start=1):
        with pair.open_input() as image:
            fields += measure_image(image, name=pair.input.stem, group=pair.group)
        if progress:
            progress(done, len(pairs))
    return build_passport(fields)
