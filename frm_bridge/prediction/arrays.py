"""Predict planes that are in memory, into an array that is there already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frm_bridge.images import ImageInfo
from frm_bridge.prediction.gatekeeping import gate_warnings, pass_gate
from frm_bridge.prediction.job import plan_job
from frm_bridge.prediction.layout import (
    as_counts,
    output_dtype,
    output_unit,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from frm_bridge.prediction.exact import Progress
    from frm_bridge.prediction.job import Algorithm
    from frm_bridge.prediction.layout import OutputType
    from frm_bridge.prediction.loaded import LoadedModel
    from frm_bridge.prediction.matching import Matching


class ArrayImage:
    """An array that reads like an open image.

    Parameters
    ----------
    array : (height, width) or (planes, height, width) array
        Grey levels.
    name : str
        For messages.
    pixel_size_um : float, optional
        Side of the square pixel.
    """

    def __init__(
        self,
        array: NDArray[Any],
        *,
        name: str = "<array>",
        pixel_size_um: float | None = None,
    ) -> None:
        self._planes = array.reshape(-1, *array.shape[-2:])
        self.info = ImageInfo(
            path=Path(name),
            axes="YX" if array.ndim == 2 else "TYX",
            shape=array.shape,
            dtype=array.dtype,
            pixel_size_um=pixel_size_um,
        )

    def read_window(
        self, plane: int, y: int, x: int, height: int, width: int
    ) -> NDArray[Any]:
        """Give a view of a window."""
        return self._planes[plane, y : y + height, x : x + width]


@dataclass(frozen=True, slots=True)
class ArrayReport:
    """How an array was predicted.

    Attributes
    ----------
    window : int
        The windows' longer side, in px.
    windows : int
        How many were computed, over all planes.
    warnings : tuple of str
        A smaller window, a slower device, another pixel size than in training.
    """

    window: int
    windows: int
    warnings: tuple[str, ...]


def predict_into(
    image: ArrayImage,
    model: LoadedModel,
    output: NDArray[Any],
    *,
    window: int | None = None,
    algorithm: Algorithm = "exact",
    force: bool = False,
    progress: Progress | None = None,
    matching: Matching | None = None,
) -> ArrayReport:
    """Predict all planes into an array, which is left half-written by a failure.

    Parameters
    ----------
    image : ArrayImage
        Transmitted light, whose planes are predicted one after another.
    model : LoadedModel
        It stays open.
    output : array of the image's shape, uint16 or float32
        The prediction: float32 as the model gives it; uint16 for a model that predicts
        counts, rounded and clipped.
    window, algorithm, progress, matching
        As for :func:`~frm_bridge.prediction.engine.predict_image`.
    force : bool
        Predict what the drift gate judges red, with a warning.

    Raises
    ------
    FrmError
        As for :func:`~frm_bridge.prediction.engine.predict_file`.
    """
    name: OutputType = "uint16" if output.dtype == "uint16" else "float32"
    is_counts = output_dtype(name, output_unit([model])) == "uint16"
    planes = output.reshape(-1, *output.shape[-2:])

    def write(
        place: int, plane: int, y: int, x: int, values: NDArray[np.float32]
    ) -> None:
        del place
        height, width = values.shape
        pixels = as_counts(values) if is_counts else values
        planes[plane, y : y + height, x : x + width] = pixels

    how: dict[str, Any] = {"algorithm": algorithm, "progress": progress}
    job = plan_job(image, [model], **how, matching=matching)
    verdict = pass_gate(job.views, force=force)
    tiles, problems = job.until_it_fits(lambda side: job.predict(side, write), window)
    notes = [
        *model.warnings,
        *job.notes(),
        *gate_warnings(verdict, image.info.path.name),
        *problems,
    ]
    return ArrayReport(tiles.side, tiles.count, tuple(dict.fromkeys(notes)))
