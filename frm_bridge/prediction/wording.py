"""Say in words how an image differs from the most alike training field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.prediction.likeness import (
    BACKGROUND_BANDS,
    NOVELTY,
    SPECTRAL,
    distances,
    features,
)
from frm_bridge.prediction.rules import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from frm_bridge.models.passport import FieldMeasures, Passport

# Differences smaller than this many scales are not worth a word.
_WORTH_A_WORD = 2.0
_MOST_WORDS = 2
_MOST_BANDS = 4

_LEADS = {
    NOVELTY: "unlike every training field",
    "blurred": "blurred, or made of fewer or more pixels than it was taken with",
    "noisy": "noisier than training fields like it",
}


def describe_likeness(
    field: FieldMeasures,
    passport: Passport,
    beyond: Mapping[str, float],
    *,
    is_red: bool,
) -> Reason:
    """Name the drift that it looks like, then what differs most, in numbers.

    Parameters
    ----------
    field : FieldMeasures
        Of the image.
    passport : Passport
        With limits.
    beyond : mapping of str to float
        The scores that are beyond their limits.
    is_red : bool
        Whether it is more than a warning.
    """
    drifts = [name for name in beyond if name != NOVELTY]
    lead = max(drifts, key=lambda name: beyond[name], default=NOVELTY)
    rows = np.array([features(one) for one in passport.fields])
    scales = np.array(passport.scales)
    own = features(field)
    nearest = int(distances(own, rows, scales).argmin())
    words = _differences(own - rows[nearest], scales)
    name = passport.fields[nearest].name
    text = f"{_LEADS.get(lead, lead)} (the most alike is {name}"
    text += f": {'; '.join(words)})" if words else ")"
    return Reason(text, is_red)


def _differences(steps: NDArray[np.float64], scales: NDArray[np.float64]) -> list[str]:
    """Put the largest differences in words; a step of 1 is a factor of 2."""
    first = len(BACKGROUND_BANDS)
    fine, coarse = slice(first, first + 3), slice(first + 3, SPECTRAL)
    groups = (
        (
            slice(2),
            "its finest noise, below 3 px, is {} times {}",
            "stronger",
            "weaker",
        ),
        (fine, "detail of 2 to 4 px is {} times {} over the noise", "higher", "lower"),
        (
            coarse,
            "detail of 5 to 19 px is {} times {} over the noise",
            "higher",
            "lower",
        ),
        (
            slice(SPECTRAL, SPECTRAL + 1),
            "noise is {} times {} for its contrast",
            "stronger",
            "weaker",
        ),
    )
    found = []
    for place, words, more, less in groups:
        step = float(steps[place].mean())
        weight = abs(step) / float(scales[place].mean())
        if weight >= _WORTH_A_WORD:
            number = f"{2 ** abs(step):.1f}"
            found.append((weight, words.format(number, more if step > 0 else less)))
    found.sort(reverse=True)
    return [text for _, text in found[:_MOST_WORDS]]
