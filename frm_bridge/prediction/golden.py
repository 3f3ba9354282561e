"""The golden pair of a package: a test image, and what the network makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.errors import InputError, ModelError
from frm_bridge.images import open_image
from frm_bridge.models.declaration import smallest_side
from frm_bridge.prediction.engine import predict_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from frm_bridge.models.card import ModelCard
    from frm_bridge.models.description import Tolerance
    from frm_bridge.prediction.loaded import LoadedModel

GOLDEN_PX = 256
# Of the expected output's sd: float32 on other devices stays below a tenth of it, and
# no nucleus is found or lost by it.
TOLERANCE_SD = 1e-3


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two predictions are apart.

    Attributes
    ----------
    largest : float
        In units of the output.
    in_sd : float
        The same in sd of the expected output.
    outside : int
        Pixels that are further off than allowed.
    """

    largest: float
    in_sd: float
    outside: int


def cut_sample(
    field: Path, card: ModelCard, truth: Path | None = None
) -> NDArray[np.generic]:
    """Cut a test image from a real field.

    Parameters
    ----------
    field : Path
        Transmitted light; its first plane is taken.
    card : ModelCard
        Of the model, which says how large the image must be.
    truth : Path, optional
        The stain of the field: the part with the most contrast in it is cut out. Else
        the middle is.

    Returns
    -------
    (side, side) array of the field's dtype
        Raw grey levels.

    Raises
    ------
    InputError
        ``E_SAMPLE_SMALL`` or ``E_SAMPLE_SIZES``, and those of the images.
    """
    pixels = _first_plane(field)
    side = _golden_side(field, card, min(pixels.shape))
    y, x = ((length - side) // 2 for length in pixels.shape)
    if truth is not None:
        stain = _first_plane(truth)
        if stain.shape != pixels.shape:
            raise InputError(
                "E_SAMPLE_SIZES",
                f"{truth} has {stain.shape} px, and {field} has {pixels.shape} px",
                "give the stain of the very field",
            )
        y, x = _liveliest(stain, side)
    return pixels[y : y + side, x : x + side].copy()


def predict_whole(image: NDArray[Any], model: LoadedModel) -> NDArray[np.float32]:
    """Predict an image in one window."""
    whole = max(image.shape) + model.card.stride
    return predict_image(image, model, window=whole, force=True)


def seam(image: NDArray[Any], model: LoadedModel) -> tuple[float, int]:
    """Give the largest difference between one window and the smallest windows.

    The second number is how many windows there were. An image that is too small for
    several is mirrored at its borders first.
    """
    window = smallest_side(model.card)
    wanted = window + 2 * model.card.stride
    missing = [(0, max(0, wanted - length)) for length in image.shape]
    large = np.pad(image, missing, mode="symmetric")
    windows = 0

    def count(done: int, total: int) -> None:
        nonlocal windows
        del done
        windows = total

    tiled = predict_image(large, model, window=window, force=True, progress=count)
    return float(np.abs(tiled - predict_whole(large, model)).max()), windows


def compare_outputs(
    found: NDArray[np.floating[Any]],
    expected: NDArray[np.floating[Any]],
    tolerance: Tolerance,
) -> Difference:
    """Compare a prediction with the expected one, as bioimage.io does.

    Raises
    ------
    ModelError
        ``E_PACKAGE_MODEL`` where they have different sizes.
    """
    if found.shape != expected.shape:
        raise ModelError(
            "E_PACKAGE_MODEL",
            f"the package expects an output of {expected.shape} px from a test image "
            f"that gives {found.shape} px",
            "ask whoever sent the package for one that 'bioimageio test' accepts",
        )
    off = np.abs(found.astype(np.float64) - expected)
    allowed = tolerance.absolute + tolerance.relative * np.abs(expected)
    largest, spread = float(off.max()), float(expected.std())
    in_sd = largest / spread if spread else float(largest > 0)
    return Difference(largest, in_sd, int((off > allowed).sum()))


def _first_plane(path: Path) -> NDArray[np.generic]:
    with open_image(path) as image:
        return np.array(image.read_plane())


def _golden_side(field: Path, card: ModelCard, available: int) -> int:
    """Choose a side that the package's own description allows."""
    smallest = smallest_side(card)
    wanted = max(GOLDEN_PX, smallest + 3 * card.stride)
    side = min(-(-wanted // card.stride), available // card.stride) * card.stride
    if side < smallest:
        raise InputError(
            "E_SAMPLE_SMALL",
            f"{field} has sides of {available} px; the network's context takes at "
            f"least {smallest} px",
            "give a larger field with --sample",
        )
    return side


def _liveliest(stain: NDArray[np.generic], side: int) -> tuple[int, int]:
    """Find the square with the largest sd, at steps of half a side."""
    rows, columns = (
        sorted({*range(0, length - side + 1, side // 2), length - side})
        for length in stain.shape
    )
    origins = [(y, x) for y in rows for x in columns]
    spreads = [
        float(stain[y : y + side, x : x + side].std(dtype=np.float64))
        for y, x in origins
    ]
    return origins[int(np.argmax(spreads))]
