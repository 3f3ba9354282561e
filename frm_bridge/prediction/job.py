"""One prediction: an image, its models, and a window that fits into memory."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from frm_bridge.errors import EnvironmentProblem, InputError
from frm_bridge.prediction.exact import plan_view, predict_exactly
from frm_bridge.prediction.layout import calibration_warnings
from frm_bridge.prediction.loaded import LoadedModel
from frm_bridge.prediction.matching import Matching
from frm_bridge.prediction.memory import default_window
from frm_bridge.prediction.paper import WINDOW, paper_origins, predict_as_published
from frm_bridge.prediction.rescaled import BackOnGrid
from frm_bridge.prediction.runtime import open_model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from frm_bridge.prediction.exact import Progress, Source, Tiles, View, Write
    from frm_bridge.prediction.providers import Device

Algorithm = Literal["exact", "paper"]

log = logging.getLogger(__name__)


def open_models(
    models: Sequence[str | Path | LoadedModel],
    device: Device,
    require_gpu: bool,
    stack: ExitStack,
) -> list[LoadedModel]:
    """Open the models that are not open yet; the stack closes those."""
    if not models:
        raise InputError("E_MODEL_MISSING", "no model was given", "name one or more")
    return [
        model
        if isinstance(model, LoadedModel)
        else stack.enter_context(
            open_model(model, device=device, require_gpu=require_gpu)
        )
        for model in models
    ]


def plan_job(
    source: Source,
    models: Sequence[LoadedModel],
    *,
    algorithm: Algorithm,
    progress: Progress | None,
    matching: Matching | None = None,
) -> Job:
    """Check the image and measure all its planes, before the first window runs.

    With a ``matching`` each model gets the image as that says.

    Raises
    ------
    InputError
        ``E_ALGORITHM``, ``E_PAPER_SIZE``, and those of `Matching.views`.
    """
    if algorithm not in get_args(Algorithm):
        raise InputError(
            "E_ALGORITHM",
            f"there is no algorithm {algorithm!r}",
            "use --algorithm exact or paper",
        )
    matching = matching or Matching()
    if algorithm == "paper":
        if matching.scale is not None:
            raise InputError(
                "E_OPTION",
                "the published algorithm is a baseline, and takes images as they are",
                "leave --algorithm paper out where the scale is to be matched",
            )
        paper_origins(source.info.height)
        paper_origins(source.info.width)
    source = matching.calibrated(source)
    views = matching.views(source, models)
    return Job(source, views, algorithm, progress, matching)


@dataclass(frozen=True, slots=True)
class Job:
    """An image with its models.

    Attributes
    ----------
    source : Source
        The image, with the pixel size that is taken for its own.
    views : tuple of View
        The image as each model is to see it.
    algorithm : {"exact", "paper"}
        How windows are joined.
    progress : callable or None
        (windows done, windows in all).
    matching : Matching
        What was done to the image for the models.
    """

    source: Source
    views: tuple[View, ...]
    algorithm: Algorithm
    progress: Progress | None
    matching: Matching

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """One for each channel of the output."""
        return tuple(view.model for view in self.views)

    def predict(self, side: int, write: Write) -> Tiles:
        """Predict all planes with windows of at most this side, on the image's grid."""
        if self.algorithm == "paper":
            return predict_as_published(self.views, write=write, progress=self.progress)
        writers = [self._on_grid(view, write) for view in self.views]

        def put(
            place: int, plane: int, y: int, x: int, values: NDArray[np.float32]
        ) -> None:
            writers[place](place, plane, y, x, values)

        return predict_exactly(
            self.views, max_window=side, write=put, progress=self.progress
        )

    def _on_grid(self, view: View, write: Write) -> Write:
        if view.factor == 1:
            return write
        size, own = view.source.info, self.source.info
        return BackOnGrid((size.height, size.width), (own.height, own.width), write)

    def notes(self) -> list[str]:
        """Say what is unlike training, and what was asked for in vain."""
        found = self.matching.warnings(self.views)
        for view in self.views:
            found += calibration_warnings(view.source.info, [view.model])
        return found

    def fitted(self, limit: int) -> int:
        """Give the longer side of the windows that a limit leads to, in px."""
        if self.algorithm == "paper":
            return WINDOW
        plans = [plan_view(view, limit) for view in self.views]
        return max(max(plan.window_height, plan.window_width) for plan in plans)

    def first_limit(self, asked: int | None) -> int:
        """Give the window that the user asks for, or what free memory allows."""
        if asked is not None:
            return asked
        return min(default_window(view.model.provider) for view in self.views)

    def until_it_fits(
        self, attempt: Callable[[int], Tiles], asked: int | None
    ) -> tuple[Tiles, list[str]]:
        """Try with smaller and smaller windows while memory runs out.

        Parameters
        ----------
        attempt : callable
            Predicts everything with windows of at most the given side.
        asked : int or None
            The user's largest side.

        Returns
        -------
        Tiles, list of str
            What ran, and a warning for each smaller window, and a larger one.
        """
        side = self.fitted(self.first_limit(asked))
        warnings: list[str] = []
        while True:
            smaller = self.fitted(max(1, side // 2))
            try:
                tiles = attempt(side)
            except (EnvironmentProblem, MemoryError) as error:
                is_memory = getattr(error, "code", "E_MEMORY") == "E_MEMORY"
                if not is_memory or smaller >= side:
                    raise
            else:
                return tiles, warnings + self._widened(tiles, asked)
            warnings.append(
                f"memory ran out with windows of {side} px; {smaller} px were used"
            )
            log.warning(warnings[-1])
            side = smaller

    def _widened(self, tiles: Tiles, asked: int | None) -> list[str]:
        """Say where the network needs larger windows than the user asks for."""
        if self.algorithm == "paper" or asked is None or tiles.side <= asked:
            return []
        return [
            f"windows of {asked} px are too small for this network's context: "
            f"{tiles.side} px were used"
        ]
