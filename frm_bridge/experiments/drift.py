"""Does the drift gate catch what it should, and leave the rest alone."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.comparison.pixels import pearson
from frm_bridge.experiments.planted import SHIFTS, Shift, resampled
from frm_bridge.images import open_image
from frm_bridge.prediction.arrays import ArrayImage
from frm_bridge.prediction.calibration import (
    MeasuredField,
    build_passport,
    measure_image,
)
from frm_bridge.prediction.engine import predict_image
from frm_bridge.prediction.gate import judge
from frm_bridge.prediction.measures import measure_plane, read_tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from frm_bridge.models.card import ModelCard
    from frm_bridge.models.passport import FieldMeasures
    from frm_bridge.prediction.gate import Colour
    from frm_bridge.prediction.loaded import LoadedModel
    from frm_bridge.training.pairs import Pair

    Progress = Callable[[int, int], None]

# Harm is measured on at most this much of a field.
_HARM_SIDE = 1024
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Tally:
    """How often the gate raised an alarm.

    Attributes
    ----------
    count : int
        Images judged.
    alarms, red : int
        Those that were amber or red, and those that were red.
    """

    count: int
    alarms: int
    red: int

    def interval(self) -> tuple[float, float]:
        """Give the exact 95 % interval of the alarms' share.

        References
        ----------
        Clopper, Pearson (1934), The use of confidence or fiducial limits illustrated in
        the case of the binomial.
        """
        from scipy.stats import binomtest

        found = binomtest(self.alarms, self.count).proportion_ci(_CONFIDENCE, "exact")
        return float(found.low), float(found.high)


@dataclass(frozen=True, slots=True)
class PlantedRow:
    """What became of one shift.

    Attributes
    ----------
    kind, strength : str
        The shift's.
    harm : float or None
        By how much the correlation with the fluorescence falls on average, over the
        held-out fields; None where it was not measured.
    tally : Tally
        Over all fields, each judged by those of the other positions.
    """

    kind: str
    strength: str
    harm: float | None
    tally: Tally


@dataclass(frozen=True, slots=True)
class DriftStudy:
    """All that was found.

    Attributes
    ----------
    model : str
        Its name.
    fields, positions, experiments : int
        How many there were.
    unshifted : Tally
        False alarms, each position judged by the others.
    false_alarms : tuple of str
        Names of those fields, and why.
    new_experiments : Tally
        False alarms where each experiment is judged by the others.
    planted : tuple of PlantedRow
        One for each shift.
    others : mapping of str to Tally
        Real images of another kind, judged by all fields.
    """

    model: str
    fields: int
    positions: int
    experiments: int
    unshifted: Tally
    false_alarms: tuple[str, ...]
    new_experiments: Tally
    planted: tuple[PlantedRow, ...]
    others: Mapping[str, Tally]


@dataclass(frozen=True, slots=True)
class _Field:
    pair: Pair
    measured: MeasuredField
    shifted: tuple[FieldMeasures, ...]


def study_drift(
    model: LoadedModel,
    pairs: Sequence[Pair],
    *,
    others: Mapping[str, Sequence[Path]] | None = None,
    shifts: Sequence[Shift] = SHIFTS,
    progress: Progress | None = None,
) -> DriftStudy:
    """Judge every field by the fields of the other positions, as it is and spoilt.

    The limits of the gate come from the fields without a shift alone, anew for each
    position that is left out.

    Parameters
    ----------
    model : LoadedModel
        Its card says how fields are normalised; its prediction measures the harm.
    pairs : sequence of Pair
        Single planes. A group is a position; an experiment is its name up to ``_p``.
        Harm is measured on those whose split is ``test`` or ``validation``.
    others : mapping of str to sequence of Path, optional
        Real images of other kinds.
    shifts : sequence of Shift
        What is planted.
    progress : callable (done, total), optional
        Counted in fields.
    """
    unseen = [pair for pair in pairs if pair.split in ("test", "validation")]
    total, done = len(pairs) + len(unseen), 0
    fields, falls = [], []
    for pair in pairs:
        fields.append(_measure(pair, shifts))
        if pair.split in ("test", "validation"):
            falls.append(_falls(model, pair, shifts))
            done += 1
        done += 1
        if progress:
            progress(done, total)
    harm = np.mean(falls, axis=0) if falls else [None] * len(shifts)
    positions = [field.pair.group for field in fields]
    experiments = [experiment_of(name) for name in positions]
    verdicts = _judge_left_out(model.card, fields, positions)
    plain = [each[0] for each in verdicts]
    strange = [each[0][0] for each in _judge_left_out(model.card, fields, experiments)]
    return DriftStudy(
        model=model.card.name,
        fields=len(fields),
        positions=len(set(positions)),
        experiments=len(set(experiments)),
        unshifted=_tally([colour for colour, _ in plain]),
        false_alarms=tuple(
            f"{field.pair.input.stem} ({colour}): {why}"
            for field, (colour, why) in zip(fields, plain, strict=True)
            if colour != "green"
        ),
        new_experiments=_tally(strange),
        planted=tuple(
            PlantedRow(
                shift.kind,
                shift.strength,
                None if fall is None or shift.shows_answer else float(fall),
                _tally([each[place][0] for each in verdicts]),
            )
            for place, (shift, fall) in enumerate(zip(shifts, harm, strict=True), 1)
        ),
        others=_judge_others(model.card, fields, others or {}),
    )


def experiment_of(position: str) -> str:
    """Give the experiment that a position is of: its name up to ``_p``."""
    return position.rpartition("_p")[0] or position


def _measure(pair: Pair, shifts: Sequence[Shift]) -> _Field:
    with pair.open_input() as image, pair.open_target() as target:
        (measured,) = measure_image(image, name=pair.input.stem, group=pair.group)
        pixels, stain = image.read_plane(), target.read_plane()
    spoilt = tuple(measure_array(shift.apply(pixels, stain)) for shift in shifts)
    return _Field(pair, measured, spoilt)


def measure_array(pixels: NDArray[Any]) -> FieldMeasures:
    """Measure a plane that is in memory."""
    height, width = pixels.shape
    return measure_plane(read_tiles(ArrayImage(pixels), 0), (height, width))


def _falls(model: LoadedModel, pair: Pair, shifts: Sequence[Shift]) -> list[float]:
    """Give by how much each shift lowers the correlation with the fluorescence."""
    with pair.open_input() as image, pair.open_target() as target:
        height = min(_HARM_SIDE, image.info.height)
        width = min(_HARM_SIDE, image.info.width)
        pixels, stain = (
            one.read_window(0, 0, 0, height, width) for one in (image, target)
        )
    usual = _correlation(model, pixels, stain)
    return [
        usual - _correlation(model, shift.apply(pixels, stain), stain)
        for shift in shifts
    ]


def _correlation(
    model: LoadedModel, pixels: NDArray[Any], stain: NDArray[Any]
) -> float:
    """Predict, bring the prediction to the stain's grid, and correlate."""
    if pixels.min() == pixels.max():
        return 0.0
    prediction = predict_image(pixels, model, force=True)
    if prediction.shape != stain.shape:
        height, width = stain.shape
        prediction = resampled(prediction, (height, width))
    return pearson(stain, prediction) or 0.0


def _judge_left_out(
    card: ModelCard, fields: Sequence[_Field], groups: Sequence[str]
) -> list[list[tuple[Colour, str]]]:
    """Judge each field, and each of its shifts, by the fields of the other groups."""
    cards = {
        group: dataclasses.replace(
            card,
            passport=build_passport(
                [
                    field.measured
                    for field, other in zip(fields, groups, strict=True)
                    if other != group
                ]
            ),
        )
        for group in set(groups)
    }
    return [
        [
            _colour(cards[group], one)
            for one in (field.measured.measures, *field.shifted)
        ]
        for field, group in zip(fields, groups, strict=True)
    ]


def _colour(card: ModelCard, field: FieldMeasures) -> tuple[Colour, str]:
    verdict = judge(card, field)
    return verdict.colour or "green", "; ".join(verdict.texts)


def _judge_others(
    card: ModelCard, fields: Sequence[_Field], others: Mapping[str, Sequence[Path]]
) -> dict[str, Tally]:
    known = build_passport([field.measured for field in fields])
    own = dataclasses.replace(card, passport=known)
    found = {}
    for kind, paths in others.items():
        colours = []
        for path in paths:
            with open_image(path) as image:
                measures = measure_array(image.read_plane(0))
            colours.append(_colour(own, measures)[0])
        found[kind] = _tally(colours)
    return found


def _tally(colours: Sequence[str]) -> Tally:
    alarms = sum(colour != "green" for colour in colours)
    return Tally(len(colours), alarms, sum(colour == "red" for colour in colours))
