"""A worker of Appose as a benchmark calls it, and a network that costs nothing."""

from __future__ import annotations

import sys
from contextlib import contextmanager
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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_WORKER = "import appose.python_worker as worker; worker.main()"
_INIT = "from frm_bridge.doors import apposeworker as frm\nfrm.prepare()\n"
_TASK = "frm.predict(task, image, model, device='cpu')"


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
