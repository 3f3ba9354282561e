"""From Keras weights to one clean ONNX file that proves itself.

The network is traced at a fixed size, where tf2onnx needs no shape arithmetic, and
the axes are relabelled afterwards: 47 nodes with a linear head, 48 with ELU, and not
one Shape, Slice, Pad or Reshape among them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess  # nosec - our own module, our own arguments
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from frm_bridge.errors import ModelError
from frm_bridge.models.card import ModelCard, write_card
from frm_bridge.outputs import replacing
from frm_bridge.prediction.runtime import open_model
from frm_bridge.training.backend import backend_name
from frm_bridge.training.unet import Network, build_unet, receptive_field

OPSET = 17  # the newest that ONNX Runtime 1.13 in Fiji's hosts reads
IR_VERSION = 8
INPUT, OUTPUT = "image", "prediction"
PARITY_LIMIT_SD = 1e-4
_TRACED_PX = 256
_PARITY_SIZES = ((256, 256), (512, 512), (272, 400))


def export_onnx(
    weights: Path,
    output: Path,
    *,
    network: Network,
    card: ModelCard,
    overwrite: bool = False,
) -> ModelCard:
    """Write trained weights as an ONNX file with its card.

    Parameters
    ----------
    weights : Path
        A ``.weights.h5`` file of :func:`frm_bridge.training.unet.build_unet`, from
        any Keras backend.
    output : Path
        The ``.onnx`` file to write.
    network : Network
        The variant that the weights belong to.
    card : ModelCard
        Completed with stride, halo, margin and the measured parity error.
    overwrite : bool
        Replace an existing file.

    Returns
    -------
    ModelCard
        The card as stored.

    Raises
    ------
    ModelError
        ``E_EXPORT_PARITY`` when ONNX Runtime and Keras differ by more than 1e-4 of
        the output's sd at any of three sizes; nothing is written then.
    """
    field = receptive_field(network)
    with replacing(output, overwrite=overwrite) as partial:
        with tempfile.TemporaryDirectory() as folder:
            reference = Path(folder) / "reference.npz"
            _trace(weights, partial, reference, network)
            complete = dataclasses.replace(
                card,
                stride=field.stride,
                halo=field.halo,
                margin=field.margin,
                stacks=network.stacks,
                head=network.head,
            )
            write_card(partial, complete)
            error = _parity_error(partial, reference)
        complete = dataclasses.replace(complete, parity_error_sd=error)
        write_card(partial, complete)
    return complete


def _trace(weights: Path, output: Path, reference: Path, network: Network) -> None:
    """Trace here when Keras runs on TensorFlow, else in a process where it does."""
    if backend_name() == "tensorflow":
        trace_with_tensorflow(weights, output, reference, network)
        return
    request = [str(weights), str(output), str(reference)]
    run = subprocess.run(  # noqa: S603 - this very module
        [
            sys.executable,
            "-m",
            __name__,
            *request,
            json.dumps(dataclasses.asdict(network)),
        ],
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise ModelError(
            "E_EXPORT",
            f"the export on TensorFlow failed: {run.stderr.strip()[-2000:]}",
            'check that TensorFlow and tf2onnx work: pip install ".[train]"',
        )


def trace_with_tensorflow(
    weights: Path, output: Path, reference: Path, network: Network
) -> None:
    """Write the clean graph, and Keras' own answers to compare it with."""
    model = build_unet(network)
    model.load_weights(weights)
    onnx.save(clean_graph(model), output)
    answers = {}
    for index, (height, width) in enumerate(_PARITY_SIZES):
        noise = np.random.default_rng(index).normal(size=(1, height, width, 1))
        image = noise.astype(np.float32)
        answers[f"image_{index}"] = image
        answers[f"prediction_{index}"] = np.asarray(model(image, training=False))
    np.savez(reference, **answers)  # type: ignore[arg-type]


def clean_graph(model: Any) -> Any:
    """Convert a Keras U-Net to an ONNX model, channels first, three dynamic axes."""
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tf2onnx's own use of deprecated numpy names
        import tf2onnx

        signature = tf.TensorSpec(
            (1, _TRACED_PX, _TRACED_PX, 1), tf.float32, name=INPUT
        )

        @tf.function(input_signature=[signature], autograph=False)  # type: ignore[untyped-decorator]
        def network(image: Any) -> Any:
            return model(image, training=False)

        traced, _ = tf2onnx.convert.from_function(
            network, input_signature=[signature], opset=OPSET
        )
    _drop_reshapes(traced.graph)
    _relabel_axes(traced.graph)
    del traced.opset_import[:]
    traced.opset_import.add(domain="", version=OPSET)
    traced.ir_version = IR_VERSION
    traced.producer_name = "frm_bridge"
    traced.graph.doc_string = ""  # a number of the run: the same weights, the same file
    onnx.checker.check_model(traced)
    return traced


def _drop_reshapes(graph: onnx.GraphProto) -> None:
    """Remove the channels-last to channels-first reshapes: with one channel, no-ops."""
    renamed = {}
    for node in [node for node in graph.node if node.op_type == "Reshape"]:
        renamed[node.output[0]] = node.input[0]
        graph.node.remove(node)
    first, last = graph.input[0].name, graph.output[0].name
    for node in graph.node:
        for index, name in enumerate(node.input):
            source = renamed.get(name, name)
            node.input[index] = INPUT if source == first else source
        for index, name in enumerate(node.output):
            node.output[index] = OUTPUT if name == renamed.get(last, last) else name
    used = {name for node in graph.node for name in node.input}
    for unused in [item for item in graph.initializer if item.name not in used]:
        graph.initializer.remove(unused)


def _relabel_axes(graph: onnx.GraphProto) -> None:
    del graph.value_info[:]
    for value, name in ((graph.input[0], INPUT), (graph.output[0], OUTPUT)):
        axes: list[str | int | None] = ["batch", 1, "height", "width"]
        value.CopyFrom(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, axes)
        )


def _parity_error(path: Path, reference: Path) -> float:
    """Largest difference to Keras at three sizes, in sd of Keras' output."""
    errors = []
    with np.load(reference) as answers, open_model(path, device="cpu") as model:
        for index in range(len(_PARITY_SIZES)):
            image = answers[f"image_{index}"].transpose(0, 3, 1, 2)
            expected = answers[f"prediction_{index}"].transpose(0, 3, 1, 2)
            difference = np.abs(model.run(image) - expected).max()
            errors.append(float(difference / expected.std()))
    worst = max(errors)
    if not worst <= PARITY_LIMIT_SD:
        raise ModelError(
            "E_EXPORT_PARITY",
            f"ONNX Runtime differs from Keras by {worst:.1e} sd; at most "
            f"{PARITY_LIMIT_SD:.0e} was expected",
            "try the library versions of constraints.txt, and report this",
        )
    return worst


if __name__ == "__main__":
    _weights, _output, _reference, _network = sys.argv[1:]
    trace_with_tensorflow(
        Path(_weights), Path(_output), Path(_reference), Network(**json.loads(_network))
    )
