"""The exact prediction: aligned windows with a full halo, each pixel computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from frm_bridge.errors import ModelError
from frm_bridge.models.normalisation import normalise
from frm_bridge.prediction.pipeline import run_pipeline
from frm_bridge.prediction.tiling import Window, WindowPlan, plan_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from frm_bridge.images import ImageInfo
    from frm_bridge.models.card import ModelCard
    from frm_bridge.prediction.loaded import LoadedModel

    Progress = Callable[[int, int], None]
    # Model's place, plane, y, x, (height, width) float32 in output units.
    Write = Callable[[int, int, int, int, NDArray[np.float32]], None]


class Source(Protocol):
    """What a prediction reads: an open image, or an array that looks like one."""

    @property
    def info(self) -> ImageInfo:
        """Shape and calibration."""

    def read_window(
        self, plane: int, y: int, x: int, height: int, width: int
    ) -> NDArray[Any]:
        """Give a window of a plane, inside the image."""


@dataclass(frozen=True, slots=True)
class View:
    """An image as one model is to see it.

    Attributes
    ----------
    model : LoadedModel
        It is run on every plane.
    source : Source
        The image, or the image at the model's pixel size.
    statistics : tuple of (mean, sd)
        Of each whole plane of the source, in grey levels.
    scales : tuple of (mean, sd)
        What brings each plane to the numbers that the network works with.
    factor : float
        Pixels of the source for each of the image along a side.
    grain : tuple of float
        Sd of the noise that was put back into each plane of a resampled source.
    is_intensity_matched : bool
        Whether the scales took the place of the training fields' mean and sd.
    """

    model: LoadedModel
    source: Source
    statistics: tuple[tuple[float, float], ...]
    scales: tuple[tuple[float, float], ...]
    factor: float = 1.0
    grain: tuple[float, ...] = ()
    is_intensity_matched: bool = False


@dataclass(frozen=True, slots=True)
class Tiles:
    """What an algorithm did.

    Attributes
    ----------
    side : int
        The longer side of its windows, in px.
    count : int
        Windows computed, over all planes and models.
    """

    side: int
    count: int


@dataclass(frozen=True, slots=True)
class _Task:
    place: int
    plane: int
    plan: WindowPlan
    window: Window


def predict_exactly(
    views: Sequence[View],
    *,
    max_window: int,
    write: Write,
    progress: Progress | None = None,
) -> Tiles:
    """Predict all planes with all models.

    Parameters
    ----------
    views : sequence of View
        The image for each model; all have the same planes, maybe of other sizes.
    max_window : int
        Largest side of a window, in px.
    write : callable
        Takes each core, in px of its view; called from one other thread. All cores of
        a plane come one after another.
    progress : callable, optional
        (windows written, windows in all).
    """
    plane_count = views[0].source.info.plane_count
    plans = [plan_view(view, max_window) for view in views]
    total = plane_count * sum(len(plan.windows) for plan in plans)
    written = 0

    def read(task: _Task) -> NDArray[np.float32]:
        view = views[task.place]
        scale = view.scales[task.plane]
        return read_normalised(view.source, task.plane, task.plan, task.window, scale)

    def compute(task: _Task, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return views[task.place].model.run(batch)

    def write_core(task: _Task, output: NDArray[np.float32]) -> None:
        core = output[0, 0][task.window.core_in_window]
        values = in_output_units(core, views[task.place].model.card)
        write(task.place, task.plane, task.window.y, task.window.x, values)

    def done() -> None:
        nonlocal written
        written += 1
        if progress:
            progress(written, total)

    tasks = _tasks(plane_count, plans)
    run_pipeline(tasks, read=read, compute=compute, write=write_core, done=done)
    sides = (max(plan.window_height, plan.window_width) for plan in plans)
    return Tiles(side=max(sides), count=total)


def plan_view(view: View, max_window: int) -> WindowPlan:
    """Plan the windows of each plane of a view."""
    info, card = view.source.info, view.model.card
    return plan_windows(
        info.height,
        info.width,
        stride=card.stride,
        halo=card.halo,
        max_window=max_window,
    )


def _tasks(plane_count: int, plans: Sequence[WindowPlan]) -> Iterator[_Task]:
    for plane in range(plane_count):
        for place, plan in enumerate(plans):
            for window in plan.windows:
                yield _Task(place, plane, plan, window)


def read_normalised(
    source: Source,
    plane: int,
    plan: WindowPlan,
    window: Window,
    statistics: tuple[float, float],
) -> NDArray[np.float32]:
    """Give a window as the network takes it, zero where it leaves the image.

    Zero in normalised units is the mean grey level: what the network met beyond the
    border in training, where its convolutions pad with zeros.
    """
    height = min(plan.window_height, source.info.height - window.origin_y)
    width = min(plan.window_width, source.info.width - window.origin_x)
    pixels = source.read_window(plane, window.origin_y, window.origin_x, height, width)
    scaled = normalise(pixels, *statistics)
    if scaled.shape == (plan.window_height, plan.window_width):
        return scaled[np.newaxis, np.newaxis]
    batch = np.zeros((1, 1, plan.window_height, plan.window_width), np.float32)
    batch[0, 0, :height, :width] = scaled
    return batch


def in_output_units(
    prediction: NDArray[np.floating[Any]], card: ModelCard
) -> NDArray[np.float32]:
    """Turn the network's numbers into grey levels (CL-071), as a new array.

    Raises
    ------
    ModelError
        ``E_PREDICTION_NOT_FINITE``.
    """
    scale = card.normalisation.output
    with np.errstate(over="ignore", invalid="ignore"):  # told below
        values = prediction * np.float32(scale.sd)
        values += np.float32(scale.mean)
    if not np.isfinite(values).all():
        raise ModelError(
            "E_PREDICTION_NOT_FINITE",
            f"the model {card.name} predicted NaN or infinity",
            "check that the image is of the kind that the model was trained on",
        )
    return values.astype(np.float32, copy=False)
