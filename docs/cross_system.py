"""Measure what matching the scale is worth on fields that the model has never seen.

Each held-out field of the shipped model and its stain are resampled as if another
objective had taken them, with the noise that the camera would have given each pixel.
The field is predicted as it is, with the scale matched, and with the scale matched but
the noise not put back. docs/cross-system.md shows what this prints.

Use::

    python docs/cross_system.py FOLDER

where FOLDER holds the files that models/nuclei-brightfield/files.csv names.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

from frm_bridge.comparison.pixels import pearson
from frm_bridge.images import open_image
from frm_bridge.images.resampling import resample
from frm_bridge.models.registry import find_model
from frm_bridge.prediction import LoadedModel, open_model, predict_image
from frm_bridge.prediction.arrays import ArrayImage
from frm_bridge.prediction.grain import lost_noise, pixel_noise
from frm_bridge.prediction.matching import Matching

MODEL = "nuclei-brightfield"
SIDE = 1024
OBJECTIVES = {"1/2": 0.5, "1/1.4": 1 / 1.4, "1.4": 1.4, "2": 2.0}
"""Pixels of the other objective for each of the field's own, along a side."""


def main(folder: Path) -> None:
    """Print a table row for each field, and the means."""
    heads = " | ".join(OBJECTIVES)
    print(f"| held-out field | as taken | {heads} |")
    print("| --- " * (len(OBJECTIVES) + 2) + "|")
    rows = []
    with open_model(MODEL) as model:
        for image, stain in held_out(folder):
            field, truth = read_middle(image), read_middle(stain)
            own = pearson(truth, predict_image(field, model, force=True)) or 0.0
            scores = [score(model, field, truth, each) for each in OBJECTIVES.values()]
            rows.append([(own,), *scores])
            print("|", image.stem, "|", in_words(rows[-1]), "|", flush=True)
    means = [np.mean(column, axis=0) for column in zip(*rows, strict=True)]
    print("| **mean** |", in_words(means), "|")


def held_out(folder: Path) -> list[tuple[Path, Path]]:
    """Give the pairs that neither trained the model nor chose its epoch."""
    with find_model(MODEL).with_name("files.csv").open(newline="") as stream:
        return [
            (folder / row["input"], folder / row["target"])
            for row in csv.DictReader(stream)
            if row["split"] == "test"
        ]


def read_middle(path: Path) -> np.ndarray:
    """Give the square in the middle of a field."""
    with open_image(path) as image:
        y, x = (image.info.height - SIDE) // 2, (image.info.width - SIDE) // 2
        return image.read_window(0, y, x, SIDE, SIDE)


def score(
    model: LoadedModel, field: np.ndarray, truth: np.ndarray, objective: float
) -> tuple[float, float, float]:
    """Give the PCC with the stain: as it is, matched, and matched without grain."""
    shape = (round(SIDE * objective), round(SIDE * objective))
    image, stain = as_taken(field, shape), resample(truth, shape)
    ways = [
        None,
        Matching(scale=1 / objective),
        Matching(scale=1 / objective, grain=False),
    ]
    found = [predict_image(image, model, force=True, matching=way) for way in ways]
    a, b, c = (pearson(stain, each) or 0.0 for each in found)
    return a, b, c


def as_taken(field: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Give a field as another objective and the same camera would have taken it."""
    pixels = resample(field, shape)
    noises = (pixel_noise(ArrayImage(each), 0) for each in (field, pixels))
    camera = np.random.default_rng(1).normal(0, lost_noise(*noises), shape)
    return np.clip(np.rint(pixels + camera), 0, 255).astype(np.uint8)


def in_words(scores: object) -> str:
    """Write the field's own PCC, and three numbers for each objective."""
    return " | ".join(" / ".join(f"{pcc:.2f}" for pcc in each) for each in scores)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
