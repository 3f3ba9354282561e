"""Small synthetic fields: blobs whose fluorescence follows from the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from frm_bridge.training.pairs import Pair
from frm_bridge.training.patches import Sampling
from frm_bridge.training.settings import TrainingSettings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[Pair, ...]:
    """Four synthetic fields of 96 x 80 px, two of them for training."""
    sides = ("train", "train", "validation", "test")
    made = []
    for number, side in enumerate(sides):
        random = np.random.default_rng(number)
        image = random.integers(0, 4000, (96, 80), dtype=np.uint16)
        paths = [tmp_path / kind / f"field{number}.tif" for kind in ("bf", "dapi")]
        for path, pixels in zip(paths, (image, image // 2 + 100), strict=True):
            path.parent.mkdir(exist_ok=True)
            tifffile.imwrite(path, pixels)
        made.append(Pair(paths[0], paths[1], f"field{number}", split=side))
    return tuple(made)


@pytest.fixture
def quick() -> TrainingSettings:
    """Settings for seconds of training."""
    return TrainingSettings(
        sampling=Sampling(size=32), batch_size=2, steps_per_epoch=2, epochs=2
    )
