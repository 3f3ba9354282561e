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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from scipy import optimize, stats

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
JUDGED = (3, 5, 7, 10, 20)
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


@dataclass(frozen=True, slots=True)
class Experiment:
    """Fields of a known mean ln(prediction / truth).

    Attributes
    ----------
    name : str
        What is measured.
    quantity : str
        Its word in a question.
    draw : callable (random, n, bias)
        Gives true and predicted values, a row for each position, a column for each of
        its frames.
    """

    name: str
    quantity: str
    draw: Callable[[np.random.Generator, int, float], tuple[Values, Values]]

    def readouts(self, random: np.random.Generator, n: int, bias: float) -> Readouts:
        """Draw some fields."""
        truth, predicted = self.draw(random, n, bias)
        return Readouts(
            tuple(
                Readout(f"{i}_{frame}", str(i), t, p)
                for i, row in enumerate(
                    zip(truth.tolist(), predicted.tolist(), strict=True)
                )
                for frame, (t, p) in enumerate(zip(*row, strict=True))
            ),
            is_counted=self.quantity == "count",
        )

    def bias_of(self, mean: float) -> float:
        """Give the bias to draw with, for this true mean of ln(prediction / truth)."""
        return float(
            optimize.brentq(lambda b: self.mean(b) - mean, -0.6, 0.6, xtol=1e-4)
        )

    def mean(self, bias: float) -> float:
        """Give the true mean over very many fields; the same ones for every bias."""
        truth, predicted = self.draw(np.random.default_rng(1), 200_000, bias)
        if self.quantity == "count":
            known = (truth > 0) | (predicted > 0)
            half = 0.5 * ((truth == 0) | (predicted == 0))
            truth, predicted = (truth + half)[known], (predicted + half)[known]
        return float(np.mean(np.log(predicted / truth)))


def counts(nuclei: int) -> Experiment:
    """Miss nuclei, or find them twice, each by chance.

    Fields differ in how many nuclei they have (negative binomial) and in how well they
    are predicted (a sd of 5 % between fields).
    """

    def draw(random: np.random.Generator, n: int, bias: float) -> tuple[Values, Values]:
        truth = random.negative_binomial(4, 4 / (4 + nuclei), (n, 1))
        rates = bias + random.normal(0, 0.05, (n, 1))
        lost = random.binomial(truth, np.clip(-rates, 0, 1))
        gained = random.binomial(truth, np.clip(rates, 0, 1))
        return truth.astype(float), (truth - lost + gained).astype(float)

    return Experiment(f"count, about {nuclei} nuclei a field", "count", draw)


def areas(spread: float, *, skewed: bool = False) -> Experiment:
    """Let an area be off by a factor for each position, and less for its frames."""

    def draw(random: np.random.Generator, n: int, bias: float) -> tuple[Values, Values]:
        chance = (
            random.exponential(1, (n, 1)) - 1 if skewed else random.normal(size=(n, 1))
        )
        changes = bias + spread * (chance + random.normal(0, 0.5, (n, 3)))
        return np.full((n, 3), 100.0), 100 * np.exp(changes)

    shape = ", skewed" if skewed else ""
    return Experiment(f"area, sd {100 * spread:g} %{shape}", "area", draw)


EXPERIMENTS = (
    counts(200),
    counts(20),
    counts(3),
    areas(0.05),
    areas(0.10, skewed=True),
)
LOW, HIGH = math.log(0.9), math.log(1.1)
# True means, and the verdicts that are counted: at a limit, "fit" is an error.
COLUMNS = (
    ("mean 0 %: fit", 0.0, "fit"),
    ("mean 0 %: not fit (error)", 0.0, "not fit"),
    ("mean -10 %: fit (error)", LOW, "fit"),
    ("mean +10 %: fit (error)", HIGH, "fit"),
    ("mean +20 %: not fit", math.log(1.2), "not fit"),
)


def verdicts(runs: int, seed: int) -> None:
    """Print how often verdicts are right and wrong, with a tolerance of 10 %."""
    print("| measured | fields | " + " | ".join(name for name, _, _ in COLUMNS) + " |")
    print("| --- " * (len(COLUMNS) + 2) + "|")
    for experiment in EXPERIMENTS:
        question = read_question(f"{experiment.quantity} within 10 %")
        biases = {mean: experiment.bias_of(mean) for _, mean, _ in COLUMNS}
        for n in JUDGED:
            told = {}
            for mean, bias in biases.items():
                random = np.random.default_rng([seed, n])
                told[mean] = Counter(
                    judge(question, experiment.readouts(random, n, bias)).answer
                    for _ in range(runs)
                )
            cells = (
                f"{100 * told[mean][answer] / runs:.1f} %"
                for _, mean, answer in COLUMNS
            )
            print(f"| {experiment.name} | {n} | {' | '.join(cells)} |", flush=True)


def main(
    runs: Annotated[int, typer.Option(help="Experiments a row of coverage.")] = 1000,
    judged: Annotated[int, typer.Option(help="Experiments a row of verdicts.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of all random choices.")] = 0,
) -> None:
    """Print both tables."""
    coverage(runs, seed)
    print()
    verdicts(judged, seed)


if __name__ == "__main__":
    typer.run(main)
