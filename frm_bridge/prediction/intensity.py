"""One linear map of grey levels for a whole session on another microscope.

A plane's own mean and sd make each plane look alike, so intensities of two fields can
no longer be compared, and a field that is nearly empty is stretched like a full one.
The mean and sd over several images, kept in a file, map them all alike.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError
from frm_bridge.outputs import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from frm_bridge.models.normalisation import InputNormalisation

SCHEMA = 1
_SAME_SCALE = 0.05


@dataclass(frozen=True, slots=True)
class IntensityMap:
    """Mean and sd that take the place of a model's training statistics.

    Attributes
    ----------
    mean, sd : float
        Grey levels, over all pixels of all the images.
    scale : float
        The factor at which they were measured, as `Matching.factor` gives it.
    model : str
        Name of the model that it was made for.
    images : tuple of str
        Names of the images.
    name : str
        Of the file that it was read from.
    """

    mean: float
    sd: float
    scale: float = 1.0
    model: str = ""
    images: tuple[str, ...] = ()
    name: str = "in memory"

    def __post_init__(self) -> None:
        numbers = (self.mean, self.sd, self.scale)
        if not all(map(math.isfinite, numbers)) or min(self.sd, self.scale) <= 0:
            raise InputError(
                "E_INTENSITY_MAP",
                f"an intensity map has mean {self.mean}, sd {self.sd} and scale "
                f"{self.scale}; finite numbers were expected, the last two above 0",
                "make it by 'frm-bridge models map-intensity'",
            )

    def warnings(self, factor: float) -> list[str]:
        """Say where the map was measured at another scale."""
        if abs(factor / self.scale - 1) <= _SAME_SCALE:
            return []
        return [
            f"the intensity map {self.name} was measured at the scale "
            f"{self.scale:.4g}, and the image is predicted at {factor:.4g}: make the "
            "map with the same --scale or --match-scale"
        ]

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the map as JSON.

        Raises
        ------
        OutputError
            ``E_OUTPUT_EXISTS`` and the others of a file that cannot be written.
        """
        content = {"schema": SCHEMA, **asdict(self)}
        del content["name"]
        text = json.dumps(content, indent=2, ensure_ascii=False)
        with replacing(path, overwrite=overwrite) as partial:
            partial.write_text(text + "\n", encoding="utf-8")


def read_map(path: str | Path) -> IntensityMap:
    """Read a map that `IntensityMap.save` wrote.

    Raises
    ------
    InputError
        ``E_INTENSITY_MAP``.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("schema") != SCHEMA:
            msg = f"its schema is not {SCHEMA}"
            raise ValueError(msg)
        content["images"] = tuple(content["images"])
        for number in ("mean", "sd", "scale"):
            content[number] = float(content[number])
        return IntensityMap(**content | {"name": path.name})
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "E_INTENSITY_MAP",
            f"{path} is no intensity map: {error}",
            "make it by 'frm-bridge models map-intensity'",
        ) from error


def pooled(planes: Iterable[tuple[int, float, float]]) -> tuple[float, float]:
    """Give mean and population sd over planes, from (pixels, mean, sd) of each."""
    count, total, squares = 0, 0.0, 0.0
    for pixels, mean, sd in planes:
        count += pixels
        total += pixels * mean
        squares += pixels * (sd**2 + mean**2)
    mean = total / count
    return mean, math.sqrt(max(squares / count - mean**2, 0.0))


def linear_map(
    scale: tuple[float, float], trained: InputNormalisation
) -> tuple[float, float]:
    """Give gain and offset that bring grey levels of this mean and sd to training's."""
    if trained.mean is None or trained.sd is None:
        return 1.0, 0.0  # there is nothing to bring them to
    mean, sd = scale
    gain = trained.sd / sd
    return gain, trained.mean - gain * mean
