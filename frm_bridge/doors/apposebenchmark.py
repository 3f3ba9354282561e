"""How much longer a prediction takes through Appose than in one's own process."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from frm_bridge.models.card import ModelCard, write_card
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.prediction import open_model, predict_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SIDE = 2048
ROUNDS = 30
_WORKER = "import appose.python_worker as worker; worker.main()"
_INIT = "from frm_bridge.doors import apposeworker as frm\nfrm.prepare()\n"
_TASK = "frm.predict(task, image, model, device='cpu')"


@dataclass(frozen=True, slots=True)
class ApposeSpeed:
    """What was measured, in seconds.

    Attributes
    ----------
    side : int
        Of the square uint16 image, in px.
    rounds : int
        Of which these are the medians; in each round both ran.
    first_s : float
        From the start of the worker to its first prediction.
    call_s : float
        Pixels into shared memory, a prediction by the worker, and its pixels out.
    bare_s : float
        ``predict_image`` in this process, with a model that is open.
    """

    side: int
    rounds: int
    first_s: float
    call_s: float
    bare_s: float

    @property
    def overhead_s(self) -> float:
        """What a call takes beyond the bare prediction."""
        return self.call_s - self.bare_s

    def describe(self) -> str:
        """Give the line to print."""
        return (
            f"Appose, {self.side}^2 uint16: a warm call {self.call_s * 1e3:.0f} ms, "
            f"{self.overhead_s * 1e3:.0f} ms more than the bare prediction (medians of "
            f"{self.rounds}); from nothing to the first one {self.first_s:.1f} s"
        )


def measure_appose(*, side: int = SIDE, rounds: int = ROUNDS) -> ApposeSpeed:
    """Time a network of one small convolution through Appose and without, by turns.

    The worker is the Python that runs now, and both predict on the CPU.

    Parameters
    ----------
    side : int
        Of the square image, in px.
    rounds : int
        To take medians of.
    """
    random = np.random.default_rng(0)
    pixels = random.integers(0, 4096, (side, side), np.uint16)
    calls, bares = [], []
    with tempfile.TemporaryDirectory() as folder:
        model = write_blur(Path(folder) / "blur.onnx")
        start = time.perf_counter()
        with running_worker() as worker, open_model(model, device="cpu") as loaded:
            predict_by(worker, pixels, model)
            first_s = time.perf_counter() - start
            predict_image(pixels, loaded)
            for _ in range(rounds):
                start = time.perf_counter()
                predict_by(worker, pixels, model)
                middle = time.perf_counter()
                predict_image(pixels, loaded)
                calls.append(middle - start)
                bares.append(time.perf_counter() - middle)
    median = statistics.median
    return ApposeSpeed(side, rounds, first_s, median(calls), median(bares))


@contextmanager
def running_worker() -> Iterator[Any]:
    """Run a worker of this Python, as a script in a Fiji does.

    Yields
    ------
    appose.Service
        With `apposeworker` as ``frm``; it has ended afterwards.
    """
    from appose.service import Service

    service = Service(Path.cwd(), None, sys.executable, "-c", _WORKER)
    service.init(_INIT).start()
    try:
        yield service
    finally:
        service.close()
        service.wait_for()
        for pipe in (service._process.stdout, service._process.stderr):
            pipe.close()  # NB: Appose leaves them to the garbage collector


def predict_by(worker: Any, pixels: NDArray[Any], model: Path) -> NDArray[Any]:
    """Let a worker predict, with all that a caller has to do.

    Parameters
    ----------
    worker : appose.Service
        With `apposeworker` as ``frm``.
    pixels : (height, width) or (planes, height, width) array
        Transmitted light.
    model : Path
        The file.

    Returns
    -------
    array
        A copy: all shared memory is gone.
    """
    from appose import NDArray as SharedArray

    image = SharedArray(str(pixels.dtype), list(pixels.shape))
    try:
        image.ndarray()[...] = pixels
        task = worker.task(_TASK, {"image": image, "model": str(model)}).wait_for()
        prediction = task.outputs["prediction"]
        try:
            return np.array(prediction.ndarray())
        finally:
            prediction.shm.close()
            prediction.shm.unlink()
    finally:
        image.shm.close()
        image.shm.unlink()


def write_blur(path: Path) -> Path:
    """Write a network that costs next to nothing: a mean of 3 x 3 px, in counts."""
    kernel = numpy_helper.from_array(np.full((1, 1, 3, 3), 1 / 9, np.float32), "kernel")
    sides: list[str | int | None] = ["batch", 1, "height", "width"]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, sides)
    blurred = helper.make_tensor_value_info("blurred", TensorProto.FLOAT, sides)
    node = helper.make_node(
        "Conv", ["image", "kernel"], ["blurred"], pads=[1] * 4, kernel_shape=[3, 3]
    )
    graph = helper.make_graph([node], "blur", [image], [blurred], [kernel])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    card = ModelCard(
        name="blur",
        marker="blur",
        modality="any",
        normalisation=Normalisation(
            InputNormalisation("field"), OutputNormalisation(1000.0, 100.0, "counts")
        ),
        halo=16,
        margin=1,
    )
    write_card(path, card)
    return path
