"""What the training fields of a model looked like: its card carries it as data.

A passport holds the measures of every training field, and what is needed to tell
whether another image is of their kind. The room ``prediction`` measures and judges.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from frm_bridge.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSPORT_VERSION = 1

# Middles of bands of spatial frequency, half an octave each, as periods in px.
BANDS_PX = (1.7, 2.4, 3.4, 4.8, 6.7, 9.5, 13.5, 19.0, 27.0, 38.0)
# Fine detail of these sizes is set against detail four times as large.
POLARITY_SCALES_PX = (2, 4)

MEASURES = (
    "height",
    "width",
    "mean",
    "sd",
    "skewness",
    "low",
    "high",
    "empty",
    "saturated",
    *(f"background_{band:g}" for band in BANDS_PX),
    *(f"objects_{band:g}" for band in BANDS_PX),
    *(f"polarity_{scale}" for scale in POLARITY_SCALES_PX),
)


@dataclass(frozen=True, slots=True)
class FieldMeasures:
    """One field in numbers.

    Attributes
    ----------
    name : str
        Of the image.
    group : str
        Its position: fields of one position are not independent.
    values : mapping of str to float
        One for each of ``MEASURES``: ``height`` and ``width`` in px; ``mean``, ``sd``,
        ``low`` and ``high`` in grey levels; ``empty`` and ``saturated``, the share of
        pixels that hold the lowest and the highest level; ``background_<period in px>``
        and ``objects_<period in px>``, the base-2 logarithm of the amplitude in grey
        levels in the calmest tenth and in the liveliest fiftieth of the blocks;
        ``polarity_<size in px>``, below 0 where fine detail lies in dark places.
    spread : mapping of str to float
        Standard deviation of each over the field's tiles; empty where it was not asked.
    """

    name: str
    group: str
    values: Mapping[str, float]
    spread: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Passport:
    """What training fields looked like, and how far apart they are.

    Attributes
    ----------
    fields : tuple of FieldMeasures
        Of every training field.
    scales : tuple of float
        Of each feature of likeness: how much it differs between the most alike fields
        of different positions.
    drifts : mapping of str to tuple of float
        How a simulated drift moves the features, over the training fields on average.
    limits : mapping of str to float
        For each score the largest that a training field has, each judged by the fields
        of the other positions. Empty where there are too few positions.
    calibration : str
        How the limits came about, in words.
    """

    fields: tuple[FieldMeasures, ...]
    scales: tuple[float, ...] = ()
    drifts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    calibration: str = ""

    @property
    def positions(self) -> int:
        """Number of positions among the fields."""
        return len({each.group for each in self.fields})

    def to_dict(self) -> dict[str, Any]:
        """Give the passport as JSON's types; the measures' names stand once."""
        return {
            "version": PASSPORT_VERSION,
            "measures": list(MEASURES),
            "fields": [
                {
                    "name": each.name,
                    "group": each.group,
                    "values": [_short(each.values[key]) for key in MEASURES],
                    "spread": [_short(each.spread[key]) for key in MEASURES],
                }
                for each in self.fields
            ],
            "scales": [_short(value) for value in self.scales],
            "drifts": {
                name: [_short(value) for value in values]
                for name, values in self.drifts.items()
            },
            "limits": {name: _short(value) for name, value in self.limits.items()},
            "calibration": self.calibration,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Passport:
        """Read what :meth:`to_dict` gave.

        Raises
        ------
        ModelError
            ``E_MODEL_CARD`` for anything else, or a passport of a later version.
        """
        try:
            if content["version"] != PASSPORT_VERSION:
                raise ModelError(
                    "E_MODEL_CARD",
                    f"the model's passport has version {content['version']}; this "
                    f"program reads {PASSPORT_VERSION}",
                    "install the newest frm_bridge",
                )
            names = content["measures"]
            return cls(
                fields=tuple(_field(names, each) for each in content["fields"]),
                scales=tuple(map(_finite, content["scales"])),
                drifts={
                    str(name): tuple(map(_finite, values))
                    for name, values in content["drifts"].items()
                },
                limits={
                    str(name): _finite(value)
                    for name, value in content["limits"].items()
                },
                calibration=str(content["calibration"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(
                "E_MODEL_CARD",
                f"the model's passport cannot be read: {error!r}",
                "make it again with 'frm-bridge models passport MODEL --from ...'",
            ) from error

    def to_json(self) -> str:
        """Write the passport as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)


def _field(names: list[str], content: Mapping[str, Any]) -> FieldMeasures:
    values, spread = (
        dict(zip(names, map(_finite, content[key]), strict=True))
        for key in ("values", "spread")
    )
    missing = [name for name in MEASURES if name not in values]
    if missing:
        message = f"no measure {', '.join(missing)}"
        raise ValueError(message)
    return FieldMeasures(str(content["name"]), str(content["group"]), values, spread)


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        message = f"{number} among the numbers"
        raise ValueError(message)
    return number


def _short(value: float) -> float:
    """Keep three digits that matter: a passport is to stay small."""
    return float(f"{value:.3g}")
