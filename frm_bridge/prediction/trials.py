"""What a model must stand: its golden pair on each device, and being cut into tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from frm_bridge.errors import FrmError, ModelError
from frm_bridge.models.arrayfile import read_array
from frm_bridge.prediction.golden import GOLDEN_PX, compare_outputs, predict_whole, seam
from frm_bridge.prediction.providers import CPU, PROVIDERS
from frm_bridge.prediction.runtime import available_providers, open_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from frm_bridge.models.description import Tolerance
    from frm_bridge.prediction.providers import Device

State = Literal["ok", "note", "fault"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    part : str
        What it was.
    state : {"ok", "note", "fault"}
        Only a fault makes the model unfit.
    found : str
        What came out.
    fix : str
        What to do about it; empty where there is nothing to do.
    difference, tolerance : float or None
        In units of the output, where predictions were compared.
    """

    part: str
    state: State
    found: str
    fix: str = ""
    difference: float | None = None
    tolerance: float | None = None


@dataclass(frozen=True, slots=True)
class Golden:
    """A test image and what a network should make of it.

    Attributes
    ----------
    image : (height, width) array
        Grey levels.
    expected : (height, width) array
        In units of the output.
    """

    image: NDArray[Any]
    expected: NDArray[Any]


def read_golden(image: Path, expected: Path) -> Golden:
    """Read a golden pair from a package's ``.npy`` files.

    Raises
    ------
    ModelError
        ``E_PACKAGE_ARRAY`` for what is no plane of finite numbers.
    """
    return Golden(_plane(image), _plane(expected))


def try_golden(weights: Path, golden: Golden, tolerance: Tolerance) -> list[Check]:
    """Predict the test image on every device that works here."""
    problems = available_providers()
    return [
        _golden_on(device, weights, golden, tolerance)
        for device, provider in PROVIDERS.items()
        if problems[provider] is None
    ]


def try_tiles(weights: Path, image: NDArray[Any] | None, *, strict: bool) -> Check:
    """Compare tiles with one window, on the CPU, where both are the same to the bit.

    Parameters
    ----------
    weights : Path
        The ``.onnx`` file.
    image : (height, width) array or None
        What to predict; noise for None.
    strict : bool
        Whether a difference is a fault: the halo was computed, not guessed.
    """
    if image is None:
        random = np.random.default_rng(0)
        image = random.normal(1000.0, 100.0, (GOLDEN_PX, GOLDEN_PX)).astype(np.float32)
    with open_model(weights, device="cpu") as model:
        largest, windows = seam(image, model)
        halo = model.card.halo
    found = f"{windows} windows and one differ by at most {largest:.2g} ({CPU})"
    if largest == 0:
        return Check("tiles", "ok", found, difference=largest, tolerance=0.0)
    return Check(
        "tiles",
        "fault" if strict else "note",
        f"{found}: the network sees further than its halo of {halo} px",
        "predict with a --window as large as the image",
        difference=largest,
        tolerance=0.0,
    )


def _golden_on(
    device: Device, weights: Path, golden: Golden, tolerance: Tolerance
) -> Check:
    part, expected = f"golden pair on {device}", golden.expected
    try:
        with open_model(weights, device=device) as model:
            predicted = predict_whole(golden.image, model)
            found = compare_outputs(predicted, expected, tolerance)
    except FrmError as error:
        return Check(part, "fault", f"{error.code} {error.message}", error.fix)
    is_close = found.outside * 1_000_000 <= tolerance.per_million * expected.size
    limit = tolerance.absolute + tolerance.relative * float(np.abs(expected).max())
    words = f"differs by at most {found.largest:.2g} ({found.in_sd:.1e} sd)"
    if not is_close:
        words += f"; {found.outside} pixels by more than allowed"
    return Check(
        part,
        "ok" if is_close else "fault",
        words,
        "" if is_close else "do not predict with it on this device",
        difference=found.largest,
        tolerance=limit,
    )


def _plane(file: Path) -> NDArray[Any]:
    array = read_array(file)
    is_plane = array.ndim == 4 and array.shape[:2] == (1, 1)
    if not is_plane or not np.isfinite(array).all():
        raise ModelError(
            "E_PACKAGE_ARRAY",
            f"{file.name} has the shape {array.shape}, or NaN in it; expected finite "
            "numbers of (1, 1, height, width)",
            "ask whoever sent the package for one that 'bioimageio test' accepts",
        )
    plane: NDArray[Any] = array[0, 0]
    return plane
