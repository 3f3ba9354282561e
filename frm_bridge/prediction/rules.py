"""The gate's plain rules: pixel size, polarity, clipped and unusual grey levels."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from frm_bridge.models.passport import POLARITY_SCALES_PX

if TYPE_CHECKING:
    from frm_bridge.models.normalisation import InputNormalisation
    from frm_bridge.models.passport import FieldMeasures, Passport

_AMBER_RATIO, _RED_RATIO = 1.1, 1.25
# A weaker polarity than this is none.
_LEAST_POLARITY = 0.1
# Of the weakest training field's: what is still plainly the same, or the opposite.
_UNSURE, _OPPOSITE = 0.3, -0.3
_AMBER_CLIPPED, _RED_CLIPPED = 0.05, 0.15
_MORE_CLIPPED = 1.5
# In units of the training grey levels' sd, beyond the training fields' own range.
_AMBER_SDS, _RED_SDS = 1.0, 3.0
_AMBER_CONTRAST, _RED_CONTRAST = 1.5, 3.0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an image is not green.

    Attributes
    ----------
    text : str
        In words, with the numbers.
    is_red : bool
        False for a mere warning.
    is_scale : bool
        Whether another pixel size is the reason.
    """

    text: str
    is_red: bool
    is_scale: bool = False

    def at(self, where: str) -> Reason:
        """Say where in the image."""
        return dataclasses.replace(self, text=self.text + where)


def share_of_field(field: FieldMeasures, passport: Passport) -> float:
    """Give an image's shorter side over that of the smallest training field."""
    return _side(field) / min(_side(one) for one in passport.fields)


def _side(field: FieldMeasures) -> float:
    return min(field.values["height"], field.values["width"])


def pixel_size(image_um: float | None, model_um: float | None) -> list[Reason]:
    """Compare pixel sizes where both are known."""
    if image_um is None or model_um is None:
        return []
    ratio = image_um / model_um
    factor = max(ratio, 1 / ratio)
    if factor <= _AMBER_RATIO:
        return []
    word = "larger" if ratio > 1 else "smaller"
    text = (
        f"pixels are {factor:.2f} times {word} than in training "
        f"({image_um:g} um, {model_um:g} um)"
    )
    return [Reason(text, factor > _RED_RATIO, is_scale=True)]


def polarity(
    field: FieldMeasures, passport: Passport, modality: str, *, of_small: bool = False
) -> list[Reason]:
    """Say where contrast is inverted: bright what was dark.

    The scale on which the training fields agree best is asked. Where they agree on
    none, polarity is not judged. A small part of a field may well be inverted by
    chance, but not more strongly than whole fields are the right way round.
    """
    best = max(POLARITY_SCALES_PX, key=lambda scale: _agreement(passport, scale))
    weakest = _agreement(passport, best)
    if weakest < _LEAST_POLARITY:
        return []
    known = [one.values[f"polarity_{best}"] for one in passport.fields]
    value = field.values[f"polarity_{best}"]
    share = value * (1 if known[0] > 0 else -1) / weakest
    strongest = max(abs(one) for one in known) / weakest
    if share >= (-strongest if of_small else _UNSURE):
        return []
    numbers = (
        f"polarity {value:+.2f}, in training {min(known):+.2f} to {max(known):+.2f}"
    )
    if share > _OPPOSITE:
        return [
            Reason(f"it is unclear what is bright and what is dark ({numbers})", False)
        ]
    return [Reason(f"{modality} is inverted relative to training ({numbers})", True)]


def _agreement(passport: Passport, scale: int) -> float:
    """Give the weakest polarity among fields of one sign; 0 where the signs differ."""
    known = [one.values[f"polarity_{scale}"] for one in passport.fields]
    if min(known) < 0 < max(known):
        return 0.0
    return min(abs(value) for value in known)


def clipping(field: FieldMeasures, passport: Passport) -> list[Reason]:
    """Say where many pixels hold the highest or the lowest grey level."""
    found = []
    for key, end, cause in (
        ("saturated", "highest", "saturated"),
        ("empty", "lowest", "cut off in the dark"),
    ):
        share = field.values[key]
        usual = max(one.values[key] for one in passport.fields)
        if share <= max(_AMBER_CLIPPED, _MORE_CLIPPED * usual):
            continue
        level = field.values["high" if key == "saturated" else "low"]
        text = (
            f"{cause}: {share:.1%} of the pixels hold the {end} level ({level:g}); "
            f"in training at most {usual:.1%}"
        )
        found.append(Reason(text, share > max(_RED_CLIPPED, 2 * usual)))
    return found


def grey_levels(
    field: FieldMeasures, passport: Passport, normalisation: InputNormalisation
) -> list[Reason]:
    """Judge brightness and contrast, where the network is given grey levels as such.

    A network whose every field is normalised by itself does not see them.
    """
    if normalisation.kind != "global" or not normalisation.sd:
        return []
    means = [one.values["mean"] for one in passport.fields]
    mean = field.values["mean"]
    beyond = max(min(means) - mean, mean - max(means)) / normalisation.sd
    found = []
    if beyond > _AMBER_SDS:
        word = "darker" if mean < min(means) else "brighter"
        text = (
            f"{beyond:.1f} standard deviations {word} than any training field (mean "
            f"{mean:.4g}; in training {min(means):.4g} to {max(means):.4g})"
        )
        found.append(Reason(text, beyond > _RED_SDS))
    spreads = [max(one.values["sd"], 1e-9) for one in passport.fields]
    sd = max(field.values["sd"], 1e-9)
    factor = max(min(spreads) / sd, sd / max(spreads))
    if factor > _AMBER_CONTRAST:
        word = "less" if sd < min(spreads) else "more"
        text = (
            f"{factor:.1f} times {word} contrast than any training field (sd {sd:.3g}; "
            f"in training {min(spreads):.3g} to {max(spreads):.3g})"
        )
        found.append(Reason(text, factor > _RED_CONTRAST))
    return found
