"""One prediction: an image, its models, and a window that fits into memory."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from frm_bridge.errors import EnvironmentProblem, InputError
from frm_bridge.images import Image, plane_statistics
from frm_bridge.prediction.exact import predict_exactly
from frm_bridge.prediction.loaded import LoadedModel
from frm_bridge.prediction.memory import default_window
from frm_bridge.prediction.paper import WINDOW, paper_origins, predict_as_published
from frm_bridge.prediction.runtime import open_model
from frm_bridge.prediction.tiling import plan_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from frm_bridge.prediction.exact import Progress, Source, Tiles, Write
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
) -> Job:
    """Check the image and measure all its planes, before the first window runs.

    Raises
    ------
    InputError
        ``E_ALGORITHM``, ``E_PAPER_SIZE``, ``E_IMAGE_NOT_FINITE``,
        ``E_IMAGE_CONSTANT``.
    """
    if algorithm not in get_args(Algorithm):
        raise InputError(
            "E_ALGORITHM",
            f"there is no algorithm {algorithm!r}",
            "use --algorithm exact or paper",
        )
    if algorithm == "paper":
        paper_origins(source.info.height)
        paper_origins(source.info.width)
    statistics = tuple(
        plane_statistics(cast("Image", source), plane)
        for plane in range(source.info.plane_count)
    )
    return Job(source, tuple(models), statistics, algorithm, progress)


@dataclass(frozen=True, slots=True)
class Job:
    """An image with its models.

    Attributes
    ----------
    source : Source
        What is read.
    models : tuple of LoadedModel
        One for each channel.
    statistics : tuple of (mean, sd)
        Of each whole plane.
    algorithm : {"exact", "paper"}
        How windows are joined.
    progress : callable or None
        (windows done, windows in all).
    """

    source: Source
    models: tuple[LoadedModel, ...]
    statistics: tuple[tuple[float, float], ...]
    algorithm: Algorithm
    progress: Progress | None

    def predict(self, side: int, write: Write) -> Tiles:
        """Predict all planes with windows of at most this side."""
        common = (self.source, self.models, self.statistics)
        if self.algorithm == "paper":
            return predict_as_published(*common, write=write, progress=self.progress)
        return predict_exactly(
            *common, max_window=side, write=write, progress=self.progress
        )

    def fitted(self, limit: int) -> int:
        """Give the longer side of the windows that a limit leads to, in px."""
        if self.algorithm == "paper":
            return WINDOW
        info, sides = self.source.info, []
        for card in (model.card for model in self.models):
            plan = plan_windows(
                info.height,
                info.width,
                stride=card.stride,
                halo=card.halo,
                max_window=limit,
            )
            sides.append(max(plan.window_height, plan.window_width))
        return max(sides)

    def first_limit(self, asked: int | None) -> int:
        """Give the window that the user asks for, or what free memory allows."""
        if asked is not None:
            return asked
        return min(default_window(model.provider) for model in self.models)

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
