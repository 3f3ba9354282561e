"""Simulate fields of known bias, and see whether verdicts keep their word.

Use::

    python docs/verdict_simulation.py

It prints the tables of ``docs/verdict.md``: how often the 90 % interval holds the true
mean, and how often predictions are called fit that are truly not. That takes some
minutes.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from scipy import stats

from frm_bridge.comparison.intervals import (
    bootstrap_t_interval,
    mean_interval,
    student_interval,
)
from frm_bridge.comparison.question import read_question
from frm_bridge.comparison.readouts import Readout, Readouts
from frm_bridge.comparison.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

GROUPS = (3, 4, 5, 7, 10, 20, 40)
RESAMPLES = 999  # in place of 9999, for speed: the ends shake a little more


def percentile(x: Values, seed: int) -> tuple[float, float]:
    """Give the bootstrap's percentile interval."""
    random = np.random.default_rng(seed)
    means = x[random.integers(0, x.size, (RESAMPLES, x.size))].mean(axis=1)
    low, high = np.quantile(means, [0.05, 0.95]).tolist()
    return low, high


def corrected(x: Values, seed: int) -> tuple[float, float]:
    """Give SciPy's bias-corrected and accelerated interval."""
    found = stats.bootstrap(
        (x,),
        np.mean,
        confidence_level=0.9,
        n_resamples=RESAMPLES,
        method="BCa",
        rng=np.random.default_rng(seed),
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


METHODS: dict[str, Callable[[Values, int], tuple[float, float]]] = {
    "percentile": percentile,
    "BCa": corrected,
    "Student's t": lambda x, seed: student_interval(x),
    "bootstrap-t": lambda x, seed: bootstrap_t_interval(
        x, resamples=RESAMPLES, seed=seed
    ),
    "used here": lambda x, seed: mean_interval(x, resamples=RESAMPLES, seed=seed),
}

# All of mean 0.
ERRORS: dict[str, Callable[[np.random.Generator, int], Values]] = {
    "normal": lambda random, n: random.normal(0, 1, n),
    "skewed (exponential)": lambda random, n: random.exponential(1, n) - 1,
    "one field in ten far off": lambda random, n: (
        random.normal(0, 1, n) - 4 * (random.random(n) < 0.1) + 0.4
    ),
}


def coverage(runs: int, seed: int) -> None:
    """Print how often each kind of interval holds the true mean."""
    print("| errors of fields | fields | " + " | ".join(METHODS) + " |")
    print("| --- " * (len(METHODS) + 2) + "|")
    for name, draw in ERRORS.items():
        for n in GROUPS:
            random = np.random.default_rng([seed, n])
            hits = dict.fromkeys(METHODS, 0)
            for run in range(runs):
                x = draw(random, n)
                for method, interval in METHODS.items():
                    low, high = interval(x, run)
                    hits[method] += low <= 0 <= high
            cells = (f"{100 * hit / runs:.1f} %" for hit in hits.values())
            print(f"| {name} | {n} | {' | '.join(cells)} |", flush=True)


def simulate_counts(
    random: np.random.Generator, n: int, *, nuclei: int, bias: float
) -> Readouts:
    """Make fields whose nuclei are each missed, or found twice, by chance.

    Fields differ in how many nuclei they have (negative binomial) and in how well they
    are predicted (a sd of 5 % between fields).
    """
    truth = random.negative_binomial(4, 4 / (4 + nuclei), n)
    rates = bias + random.normal(0, 0.05, n)
    lost = random.binomial(truth, np.clip(-rates, 0, 1))
    gained = random.binomial(truth, np.clip(rates, 0, 1))
    pairs = zip(truth.tolist(), (truth - lost + gained).tolist(), strict=True)
    return Readouts(
        tuple(Readout(str(i), str(i), t, p) for i, (t, p) in enumerate(pairs)),
        is_counted=True,
    )


def simulate_areas(
    random: np.random.Generator, n: int, *, spread: float, bias: float
) -> Readouts:
    """Make fields of an area that is off by a factor, three frames a position."""
    position = random.normal(math.log1p(bias), spread, n)
    changes = position[:, None] + random.normal(0, spread / 2, (n, 3))
    return Readouts(
        tuple(
            Readout(f"{i}_{frame}", str(i), 100.0, 100.0 * math.exp(change))
            for i, frames in enumerate(changes.tolist())
            for frame, change in enumerate(frames)
        ),
        is_counted=False,
    )


def verdicts(runs: int, seed: int) -> None:
    """Print how often each verdict is given, for biases inside and outside."""
    print("| what | true bias | fields | fit | cannot tell | not fit |")
    print("| --- | --- | --- | --- | --- | --- |")
    cases: dict[str, Callable[[np.random.Generator, int, float], Readouts]] = {
        "count, 200 nuclei": lambda random, n, bias: simulate_counts(
            random, n, nuclei=200, bias=bias
        ),
        "count, 20 nuclei": lambda random, n, bias: simulate_counts(
            random, n, nuclei=20, bias=bias
        ),
        "count, 3 nuclei": lambda random, n, bias: simulate_counts(
            random, n, nuclei=3, bias=bias
        ),
        "area, sd 4 %": lambda random, n, bias: simulate_areas(
            random, n, spread=0.04, bias=bias
        ),
        "area, sd 15 %": lambda random, n, bias: simulate_areas(
            random, n, spread=0.15, bias=bias
        ),
    }
    for name, make in cases.items():
        question = read_question(f"{name.split(',')[0]} within 10 %")
        for bias in (0.0, 0.05, -0.10, 0.10, -0.20, 0.20):
            for n in GROUPS:
                random = np.random.default_rng([seed, n])
                told = Counter(
                    judge(question, make(random, n, bias)).answer for _ in range(runs)
                )
                cells = " | ".join(
                    f"{100 * told[answer] / runs:.1f} %"
                    for answer in ("fit", "cannot tell", "not fit")
                )
                print(f"| {name} | {100 * bias:+.0f} % | {n} | {cells} |", flush=True)


def main(
    runs: Annotated[int, typer.Option(help="Experiments a row of coverage.")] = 4000,
    judged: Annotated[int, typer.Option(help="Experiments a row of verdicts.")] = 400,
    seed: Annotated[int, typer.Option(help="Of all random choices.")] = 0,
) -> None:
    """Print both tables."""
    coverage(runs, seed)
    print()
    verdicts(judged, seed)


if __name__ == "__main__":
    typer.run(main)
