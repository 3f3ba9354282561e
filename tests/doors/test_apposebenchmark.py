"""Calling the Appose worker: a call that does all that a caller has to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.doors.apposebenchmark import predict_by, running_worker, write_blur
from frm_bridge.prediction import predict_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_timed_call_gives_the_prediction(
    make_pixels: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    pixels, model = make_pixels(40, 50), write_blur(tmp_path / "blur.onnx")
    with running_worker() as worker:
        found = predict_by(worker, pixels, model)
    assert worker.wait_for() == 0
    expected = np.rint(predict_image(pixels, model, device="cpu"))
    np.testing.assert_array_equal(found, expected.astype(np.uint16))
