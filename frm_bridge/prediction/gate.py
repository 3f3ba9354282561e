"""The drift gate, which asks whether an image is of the kind a model was trained on.

Green passes, amber warns, red is refused unless it is forced. Each judgement comes with
its reasons in words and numbers.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from frm_bridge.errors import InputError
from frm_bridge.prediction.likeness import NOVELTY, features, scores
from frm_bridge.prediction.measures import measure_plane, read_tiles, sampled_planes
from frm_bridge.prediction.rules import (
    clipping,
    grey_levels,
    pixel_size,
    polarity,
    share_of_field,
)
from frm_bridge.prediction.wording import describe_likeness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.models.card import ModelCard
    from frm_bridge.models.passport import FieldMeasures, Passport
    from frm_bridge.prediction.exact import Source
    from frm_bridge.prediction.rules import Reason

Colour = Literal["green", "amber", "red"]
COLOURS: tuple[Colour, ...] = get_args(Colour)

NO_PASSPORT = "the model has no passport"

# The limits come from few positions: the next one may lie a little beyond them all.
_ALLOWANCE = 2.0
_ALLOWANCE_OF_DRIFTS = 0.5
# This many times the limit is no longer chance.
_RED_NOVELTY = 1.5
_RED_DRIFT = 0.25
# Of the training fields' shorter side. A part of a field may hold no cell, or nothing
# else: smaller images are only warned of, and not judged by how much noise they have.
# Of parts half as wide one in seven was a false alarm; with noise it was one in four.
_WHOLE, _LEAST_PART = 0.9, 0.45
_NOT_OF_PARTS = "noisy"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of an image.

    Attributes
    ----------
    colour : {"green", "amber", "red"} or None
        None where nothing could be judged.
    reasons : tuple of Reason
        The gravest first; empty for green.
    note : str
        What could not be judged.
    """

    colour: Colour | None
    reasons: tuple[Reason, ...] = ()
    note: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The reasons in words."""
        return tuple(reason.text for reason in self.reasons)

    @property
    def is_scale(self) -> bool:
        """Whether a known pixel size is among what is wrong."""
        return any(reason.is_scale for reason in self.reasons)


def judge(
    card: ModelCard,
    field: FieldMeasures,
    *,
    pixel_size_um: float | None = None,
    with_levels: bool = True,
) -> Verdict:
    """Judge one field by a model's passport.

    Parameters
    ----------
    card : ModelCard
        Of the model; without a passport nothing is judged.
    field : FieldMeasures
        As :func:`~frm_bridge.prediction.measures.measure_plane` gives it.
    pixel_size_um : float, optional
        Of the image, where it is known.
    with_levels : bool
        False where the image's own grey levels were matched to the training fields'.
    """
    passport = card.passport
    if passport is None or not passport.fields:
        return Verdict(None, note=NO_PASSPORT)
    found = [
        *pixel_size(pixel_size_um, card.pixel_size_um),
        *clipping(field, passport),
    ]
    if with_levels:
        found += grey_levels(field, passport, card.normalisation.input)
    share = share_of_field(field, passport)
    is_small = share < _LEAST_PART
    contrast = polarity(field, passport, card.modality, of_small=is_small)
    if share >= _WHOLE and passport.limits:
        return _verdict([*found, *contrast, *_likeness(field, passport)])
    if not is_small:
        contrast += _likeness(field, passport, leave_out=_NOT_OF_PARTS)
    found += [dataclasses.replace(reason, is_red=False) for reason in contrast]
    if is_small and not found:
        return Verdict(None, note="the image is too small for its training fields")
    note = "smaller than the training fields, so judged in part"
    return _verdict(found, passport.calibration if share >= _WHOLE else note)


def judge_source(
    source: Source, card: ModelCard, *, with_levels: bool = True
) -> Verdict:
    """Judge an open image by its first plane, its last and up to seven between.

    Red needs half of these planes: a few strange planes of a movie are a warning.
    """
    if card.passport is None or not card.passport.fields:
        return Verdict(None, note=NO_PASSPORT)
    planes = sampled_planes(source.info.plane_count)
    info = source.info
    each = [
        judge(
            card,
            measure_plane(read_tiles(source, plane), (info.height, info.width)),
            pixel_size_um=info.pixel_size_um,
            with_levels=with_levels,
        )
        for plane in planes
    ]
    return each[0] if len(each) == 1 else _together(each, planes)


def refuse_red(verdict: Verdict, name: str, model: str) -> None:
    """Refuse an image that is judged red.

    Raises
    ------
    InputError
        ``E_DRIFT`` with the reasons.
    """
    if verdict.colour != "red":
        return
    scale = "scale it with --match-scale, " if verdict.is_scale else ""
    raise InputError(
        "E_DRIFT",
        f"{name} is unlike the images that {model} was trained on: "
        + "; ".join(verdict.texts),
        f"{scale}train a model on your own images, or predict nevertheless with "
        "--force: the output then says so",
    )


def _verdict(reasons: Sequence[Reason], note: str = "") -> Verdict:
    ordered = sorted(reasons, key=lambda reason: not reason.is_red)
    if not ordered:
        return Verdict("green", note=note)
    return Verdict("red" if ordered[0].is_red else "amber", tuple(ordered), note)


def _together(each: Sequence[Verdict], planes: Sequence[int]) -> Verdict:
    """Join the verdicts on planes; the reasons are those of the worst plane."""
    ranks = [COLOURS.index(one.colour or "green") for one in each]
    if not any(ranks):
        return each[0]
    worst = each[ranks.index(max(ranks))]
    at_fault = [plane for plane, rank in zip(planes, ranks, strict=True) if rank]
    red = sum(rank == 2 for rank in ranks) * 2 >= len(ranks)
    named = ", ".join(str(plane + 1) for plane in at_fault)
    where = f" (plane {named}; {len(planes)} planes looked at)"
    return Verdict(
        "red" if red else "amber",
        tuple(reason.at(where) for reason in worst.reasons),
        worst.note,
    )


def _likeness(
    field: FieldMeasures, passport: Passport, *, leave_out: str = ""
) -> list[Reason]:
    """Hold the scores against the passport's limits."""
    if not passport.limits:
        return []
    rows = np.array([features(one) for one in passport.fields])
    found = scores(
        features(field),
        rows,
        np.array(passport.scales),
        {name: np.array(shift) for name, shift in passport.drifts.items()},
    )
    excess = {
        name: _excess(name, score, passport.limits[name], passport.positions)
        for name, score in found.items()
        if name in passport.limits and name != leave_out
    }
    if max(excess.values()) <= 0:
        return []
    is_red = max(excess.values()) > 1
    beyond = {name: found[name] for name, more in excess.items() if more > 0}
    return [describe_likeness(field, passport, beyond, is_red=is_red)]


def _excess(name: str, score: float, limit: float, positions: int) -> float:
    """Give 0 at the limit of amber, and 1 at the limit of red."""
    if name == NOVELTY:
        amber = limit * (1 + _ALLOWANCE / positions)
        return (score / amber - 1) / (_RED_NOVELTY - 1)
    return (score - limit - _ALLOWANCE_OF_DRIFTS / positions) / _RED_DRIFT
