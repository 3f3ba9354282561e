"""How grey levels become the numbers that the network works with, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

InputKind = Literal["global", "field"]
OutputUnit = Literal["counts", "relative"]


@dataclass(frozen=True, slots=True)
class InputNormalisation:
    """Statistics that bring the transmitted-light image to mean 0 and sd 1.

    Attributes
    ----------
    kind : {"global", "field"}
        ``global``: one mean and sd from all training fields (the paper, CL-070).
        ``field``: each plane's own mean and sd, taken once over the whole plane,
        before tiling.
    mean, sd : float or None
        Grey levels of the training camera; None for ``field``.
    eps : float
        Grey levels that are added to a plane's sd, as other programs do against a
        division by zero; ours were trained with 0.
    """

    kind: InputKind
    mean: float | None = None
    sd: float | None = None
    eps: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.eps) and self.eps >= 0):
            _refuse(f"eps must be 0 or more, got {self.eps}")
        if self.kind == "field":
            if self.mean is not None or self.sd is not None:
                _refuse("'field' takes each plane's own statistics, so no mean and sd")
        elif self.kind == "global":
            mean, sd = self.mean, self.sd
            if (
                mean is None
                or sd is None
                or not (math.isfinite(mean) and _is_scale(sd))
            ):
                _refuse(
                    "'global' needs a finite mean and an sd > 0, got mean "
                    f"{mean} and sd {sd}"
                )
        else:
            _refuse(f"kind must be 'global' or 'field', got {self.kind!r}")

    def statistics(self, plane_mean: float, plane_sd: float) -> tuple[float, float]:
        """Choose the (mean, sd) to apply to a plane with these own statistics."""
        if self.mean is None or self.sd is None:
            return plane_mean, plane_sd + self.eps
        return self.mean, self.sd


@dataclass(frozen=True, slots=True)
class OutputNormalisation:
    """How the network's output becomes grey levels: ``output * sd + mean``.

    Attributes
    ----------
    mean, sd : float
        For ``counts``: statistics of the training targets in camera counts (CL-071).
        For ``relative``: 0 and 1, the network's own unit; or what a package of another
        program declares.
    unit : {"counts", "relative"}
        ``counts``: grey levels of the training camera. ``relative``: each training
        target was scaled by its own field's statistics, so that intensity is not
        comparable between fields.
    """

    mean: float
    sd: float
    unit: OutputUnit

    def __post_init__(self) -> None:
        if self.unit not in ("counts", "relative"):
            _refuse(f"unit must be 'counts' or 'relative', got {self.unit!r}")
        if not math.isfinite(self.mean) or not _is_scale(self.sd):
            _refuse(f"output needs a finite mean and an sd > 0, got {self}")


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Both directions, as they stand in a model card."""

    input: InputNormalisation
    output: OutputNormalisation


def normalise(
    pixels: NDArray[np.generic], mean: float, sd: float
) -> NDArray[np.float32]:
    """Subtract the mean, divide by the sd, as float32 (CL-070).

    Parameters
    ----------
    pixels : array of any shape, any real dtype
        Grey levels.
    mean, sd : float
        Grey levels; ``sd`` > 0.
    """
    # NB: in float32 a small contrast on a high offset would be lost.
    scaled = pixels.astype(np.float64)
    scaled -= mean
    scaled /= sd
    return scaled.astype(np.float32)


def _is_scale(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _refuse(message: str) -> None:
    raise InputError(
        "E_NORMALISATION",
        message,
        "give the statistics that the model was trained with",
    )
