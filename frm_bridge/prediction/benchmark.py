"""How fast prediction runs here, against what the machine and the paper could do."""

from __future__ import annotations

import platform
import statistics
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.models.card import load_onnx
from frm_bridge.prediction.arrays import ArrayImage
from frm_bridge.prediction.engine import predict_image
from frm_bridge.prediction.exact import plan_view, read_normalised
from frm_bridge.prediction.flops import flop_per_px
from frm_bridge.prediction.job import plan_job
from frm_bridge.prediction.memoryprobe import MemoryUse, probe_memory
from frm_bridge.prediction.providers import PROVIDERS, available_cores
from frm_bridge.prediction.runtime import (
    available_providers,
    open_model,
    runtime_version,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from frm_bridge.prediction.loaded import LoadedModel
    from frm_bridge.prediction.providers import Device

PAPER_SIDE = 1024
MEMORY_ROWS = (4096, 16_384)
MEMORY_WIDTH = 1024
MEMORY_WINDOW = 512
_GEMM_SIDE = 2048


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """One image size; medians over the rounds.

    Attributes
    ----------
    side : int
        Of the square image, in px.
    window, windows : int
        Longer side of the windows in px, and their number.
    seconds : float
        Of ``predict_image``.
    mpx_per_s : float
        Useful output.
    gflop_per_s : float
        All convolutions computed, with those of the halos.
    sgemm_fraction : float
        Of the matrix-product rate measured in the same rounds.
    overhead : float
        Of ``predict_image`` against bare session calls on the same windows: 1 is none.
    """

    side: int
    window: int
    windows: int
    seconds: float
    mpx_per_s: float
    gflop_per_s: float
    sgemm_fraction: float
    overhead: float


@dataclass(frozen=True, slots=True)
class BenchmarkTable:
    """All that was measured.

    Attributes
    ----------
    model, provider, runtime, machine : str
        What ran where.
    cores : int
        Physical cores granted, and threads used.
    flop_per_px : int
        Counted on the graph.
    sgemm_gflop_per_s : float
        float32 matrix product by numpy.
    speed : tuple of SpeedRow
        One for each size.
    paper_ratio : float or None
        Seconds of the published algorithm over those of the exact one, at 1024 px.
    providers : tuple of (str, float)
        Each usable provider with its seconds for one window of 1024 px.
    memory : tuple of MemoryUse
        Two heights of one width: anonymous memory should not grow.
    """

    model: str
    provider: str
    runtime: str
    machine: str
    cores: int
    flop_per_px: int
    sgemm_gflop_per_s: float
    speed: tuple[SpeedRow, ...]
    paper_ratio: float | None
    providers: tuple[tuple[str, float], ...]
    memory: tuple[MemoryUse, ...]

    def to_text(self) -> str:
        """Lay the numbers out for a terminal."""
        lines = [
            f"{self.model} with {self.provider} ({self.runtime})",
            f"{self.machine}, {self.cores} core(s), "
            f"sgemm {self.sgemm_gflop_per_s:.0f} GFLOP/s; "
            f"the model does {self.flop_per_px:,} FLOP per pixel",
            "",
            "image      window   n   seconds   Mpx/s  GFLOP/s  of sgemm  engine/bare",
        ]
        lines += [
            f"{row.side:5d}^2  {row.window:7d} {row.windows:3d} {row.seconds:9.3f} "
            f"{row.mpx_per_s:7.2f} {row.gflop_per_s:8.0f} {row.sgemm_fraction:8.0%} "
            f"{row.overhead:10.3f}"
            for row in self.speed
        ]
        if self.paper_ratio is not None:
            lines += ["", f"{self.paper_ratio:.1f} x as fast as --algorithm paper"]
            lines[-1] += f" at {PAPER_SIDE}^2"
        if self.providers:
            lines += ["", f"one window of {PAPER_SIDE}^2, seconds:"]
            lines += [f"  {name:26s} {taken:.3f}" for name, taken in self.providers]
        if self.memory:
            lines += ["", "memory (MB)     window   peak RSS   anonymous"]
        for use in self.memory:
            anonymous = (
                "unknown" if use.anonymous_mb is None else f"{use.anonymous_mb:.0f}"
            )
            size = f"{use.height} x {use.width}"
            lines.append(
                f"{size:15s} {use.window:6d} {use.peak_mb:10.0f} {anonymous:>11s}"
            )
        return "\n".join(lines)


def benchmark(
    model: str | Path,
    *,
    device: Device = "auto",
    sizes: Sequence[int] = (1024, 4096),
    window: int | None = None,
    rounds: int = 3,
    paper: bool = True,
    memory: bool = True,
    progress: Callable[[str], None] | None = None,
) -> BenchmarkTable:
    """Measure speed and memory on this machine.

    Parameters
    ----------
    model : str or Path
        An ``.onnx`` file, or the name of a shipped model.
    device : {"auto", "cuda", "openvino", "cpu"}
        What to measure.
    sizes : sequence of int
        Sides of the square images, in px.
    window : int, optional
        Largest side of a window, in px; by default from free memory.
    rounds : int
        In each round everything that is compared runs once, in turn.
    paper : bool
        Measure the published algorithm too: 10 to 20 times the work.
    memory : bool
        Predict two long images in processes of their own.
    progress : callable, optional
        Told what is being measured.
    """
    say = progress or (lambda _: None)
    with open_model(model, device=device) as loaded:
        work = flop_per_px(load_onnx(loaded.path))
        speed, rates = [], []
        for side in sizes:
            say(f"{side} x {side}")
            row, rate = _speed(loaded, side, window, rounds, work)
            speed.append(row)
            rates.append(rate)
        if paper:
            say("the published algorithm")
        ratio = _paper_ratio(loaded) if paper else None
        path, name, provider = loaded.path, loaded.card.name, loaded.provider
    say("providers")
    providers = _provider_seconds(path, rounds)
    uses = []
    for rows in MEMORY_ROWS if memory else ():
        say(f"memory of {rows} rows")
        shape = {"height": rows, "width": MEMORY_WIDTH}
        uses.append(probe_memory(path, device=device, window=MEMORY_WINDOW, **shape))
    return BenchmarkTable(
        model=name,
        provider=provider,
        runtime=runtime_version(),
        machine=f"{platform.system()} {platform.machine()}",
        cores=available_cores(),
        flop_per_px=work,
        sgemm_gflop_per_s=statistics.median(rates),
        speed=tuple(speed),
        paper_ratio=ratio,
        providers=providers,
        memory=tuple(uses),
    )


def _speed(
    model: LoadedModel, side: int, window: int | None, rounds: int, work: int
) -> tuple[SpeedRow, float]:
    """Measure engine, bare calls and matrix product in turn."""
    image = _noise(side)
    job = plan_job(ArrayImage(image), [model], algorithm="exact", progress=None)
    limit = job.fitted(job.first_limit(window))
    (view,) = job.views
    plan, scale = plan_view(view, limit), view.scales[0]
    batches = [
        read_normalised(view.source, 0, plan, each, scale) for each in plan.windows
    ]
    a, b = _noise(_GEMM_SIDE).astype(np.float32), _noise(_GEMM_SIDE).astype(np.float32)
    model.run(batches[0])  # the first run compiles, and fills the arena
    engine, bare, product = [], [], []
    for _ in range(rounds):
        product.append(_seconds(lambda: a @ b))
        bare.append(_seconds(lambda: [model.run(batch) for batch in batches]))
        engine.append(
            _seconds(lambda: predict_image(image, model, window=limit, force=True))
        )
    seconds = statistics.median(engine)
    pixels = plan.window_height * plan.window_width * len(plan.windows)
    rate = 2 * _GEMM_SIDE**3 / statistics.median(product) / 1e9
    gflop_per_s = pixels * work / seconds / 1e9
    row = SpeedRow(
        side=side,
        window=limit,
        windows=len(plan.windows),
        seconds=seconds,
        mpx_per_s=side * side / seconds / 1e6,
        gflop_per_s=gflop_per_s,
        sgemm_fraction=gflop_per_s / rate,
        overhead=seconds / statistics.median(bare),
    )
    return row, rate


def _paper_ratio(model: LoadedModel) -> float:
    image = _noise(PAPER_SIDE)
    predict_image(image, model, force=True)
    before = _seconds(lambda: predict_image(image, model, force=True))
    paper = _seconds(lambda: predict_image(image, model, algorithm="paper", force=True))
    after = _seconds(lambda: predict_image(image, model, force=True))
    return 2 * paper / (before + after)


def _provider_seconds(path: Path, rounds: int) -> tuple[tuple[str, float], ...]:
    """Time each usable provider on one window, in turn."""
    problems = available_providers()
    usable = [dev for dev, name in PROVIDERS.items() if problems[name] is None]
    models = [open_model(path, device=device) for device in usable]
    shape = (1, 1, PAPER_SIDE, PAPER_SIDE)
    batch = np.random.default_rng(0).standard_normal(shape, np.float32)
    taken: dict[str, list[float]] = {model.provider: [] for model in models}
    for model in models:
        model.run(batch)
    for _ in range(rounds):
        for model in models:
            taken[model.provider].append(_seconds(partial(model.run, batch)))
    for model in models:
        model.close()
    return tuple((name, statistics.median(times)) for name, times in taken.items())


def _noise(side: int) -> NDArray[np.uint16]:
    return np.random.default_rng(side).integers(0, 4096, (side, side), np.uint16)


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
