"""ONNX Runtime: load it, open a model on the best device, run windows.

The only module that imports onnxruntime. A device is never exchanged for another
without a word: the provider that runs is read back from the session, and every reason
for not taking a faster one is in :attr:`LoadedModel.warnings`.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper

from frm_bridge.errors import EnvironmentProblem, ModelError
from frm_bridge.models.card import first_line
from frm_bridge.models.graphcheck import check_graph
from frm_bridge.models.registry import find_model
from frm_bridge.prediction.distributions import (
    check_distributions,
    gpu_left_idle,
    installed_distributions,
    library_error,
    no_gpu,
    no_provider,
    no_runtime,
    nvidia_driver_present,
)
from frm_bridge.prediction.interface import check_interface, choose_card
from frm_bridge.prediction.loaded import LoadedModel
from frm_bridge.prediction.providers import (
    CPU,
    CUDA,
    PROVIDERS,
    CudaSettings,
    Device,
    available_cores,
    provider_options,
    providers_to_try,
)

if TYPE_CHECKING:
    from types import ModuleType

    from frm_bridge.models.card import ModelCard

log = logging.getLogger(__name__)


def open_model(
    model: str | Path,
    *,
    device: Device = "auto",
    require_gpu: bool = False,
    card: ModelCard | None = None,
    cuda: CudaSettings | None = None,
) -> LoadedModel:
    """Open a model on the fastest device there is, or on a named one.

    Parameters
    ----------
    model : str or Path
        An ``.onnx`` file, a package, or the name of a model.
    device : {"auto", "cuda", "openvino", "cpu"}
        ``auto`` takes the first of CUDA, OpenVINO and CPU that works; a name takes
        that one or fails.
    require_gpu : bool
        Fail rather than fall back to the CPU.
    card : ModelCard, optional
        For a file without one.
    cuda : CudaSettings, optional
        Precision and memory limit on a GPU.

    Returns
    -------
    LoadedModel
        Close it, or use it in a ``with`` statement.

    Raises
    ------
    ModelError
        ``E_MODEL_MISSING``, ``E_MODEL_FORMAT``, ``E_MODEL_NO_CARD``,
        ``E_MODEL_CHANNELS``; as `~frm_bridge.models.registry.find_model` and
        `~frm_bridge.models.graphcheck.check_graph`.
    InputError
        ``E_OPTION`` for a given card where the file has its own.
    EnvironmentProblem
        ``E_NO_RUNTIME``, ``E_TWO_RUNTIMES``, ``E_NO_GPU``, ``E_DEVICE``.
    """
    path = find_model(model)
    graph = check_graph(path)
    card = choose_card(path, graph, card)
    check_interface(path, graph)
    runtime = _load_runtime()
    available = runtime.get_available_providers()
    names = providers_to_try(device, available, require_gpu=require_gpu)
    settings = cuda or CudaSettings()
    failures: list[str] = []
    for name in names:
        try:
            session = _open_session(runtime, path, name, cuda=settings)
        except EnvironmentProblem as problem:
            failures.append(problem.message)
            continue
        precision = "tf32" if name == CUDA and settings.tf32 else "float32"
        loaded = LoadedModel(path, card, session, precision=precision)
        if device == "auto" and name != CUDA and nvidia_driver_present():
            missing = f"{runtime_version()} has no {CUDA}"
            failures = [gpu_left_idle(name, "; ".join(failures) or missing)]
        for warning in failures:
            log.warning(warning)
        loaded.warnings = tuple(failures)
        return loaded
    raise (no_gpu if names[0] == CUDA else no_provider)(failures[0])


def available_providers() -> dict[str, str | None]:
    """Try every provider on a tiny graph.

    Returns
    -------
    dict of str to str or None
        Each of CUDA, OpenVINO and CPU with None if it runs, else the reason.
    """
    runtime = _load_runtime()
    side = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1])
    same = helper.make_tensor_value_info("same", TensorProto.FLOAT, [1])
    node = helper.make_node("Elu", ["image"], ["same"])
    graph = helper.make_graph([node], "probe", [side], [same])
    opset = helper.make_opsetid("", 17)
    probe = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    results: dict[str, str | None] = {}
    for name in PROVIDERS.values():
        try:
            session = _open_session(runtime, probe.SerializeToString(), name)
            session.run(None, {"image": np.zeros(1, np.float32)})
            results[name] = None
        except Exception as error:  # a broken provider may fail in any way
            results[name] = getattr(error, "message", None) or first_line(error)
    return results


def runtime_version() -> str:
    """Name the installed distribution with its version."""
    runtime = _load_runtime()
    return f"{check_distributions(installed_distributions())} {runtime.__version__}"


@functools.cache
def _load_runtime() -> ModuleType:
    """Import onnxruntime, with telemetry off before anything else happens."""
    distribution = check_distributions(installed_distributions())
    # NB: since 1.29 the Linux and macOS builds send telemetry too, from the import on,
    # and keep a device id on disk; these variables prevent both (onnxruntime pull
    # requests 27379 and 29843, whose names for it differ).
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    os.environ["ORT_TELEMETRY_DISABLED"] = "1"
    try:
        runtime = importlib.import_module("onnxruntime")
        runtime.disable_telemetry_events()
    except (ImportError, OSError, AttributeError) as error:
        reason = f"{distribution} is installed, but does not load: {first_line(error)}"
        raise no_runtime(reason) from error
    runtime.set_default_logger_severity(4)  # failures come as exceptions
    if distribution == "onnxruntime-gpu" and hasattr(runtime, "preload_dlls"):
        said = io.StringIO()  # it prints what it cannot find
        with contextlib.redirect_stdout(said):
            runtime.preload_dlls()
        log.debug("preload_dlls: %s", said.getvalue().strip())
    return runtime


def _open_session(
    runtime: ModuleType,
    model: Path | bytes,
    provider: str,
    *,
    cuda: CudaSettings | None = None,
) -> Any:
    """Open a session on one provider, or say why that is impossible."""
    if provider not in runtime.get_available_providers():
        raise EnvironmentProblem(
            "E_DEVICE",
            f"{runtime_version()} has no {provider}",
            "install the ONNX Runtime distribution that has it",
        )
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads = available_cores()
    options.log_severity_level = 4
    folder = Path(runtime.__file__ or "").parent / "capi"
    choice = provider_options(provider, threads=threads, cuda=cuda)
    try:
        session = runtime.InferenceSession(
            model, options, providers=[(provider, choice)], enable_fallback=0
        )
    except Exception as error:
        # ONNX Runtime's exceptions share no base class but Exception.
        if provider == CPU:
            raise _unusable(model, error) from error
        reason = library_error(folder, provider) or first_line(error)
        raise EnvironmentProblem(
            "E_DEVICE",
            f"{provider} does not start: {reason}",
            "see 'frm-bridge doctor'",
        ) from error
    session.disable_fallback()
    if session.get_providers()[0] != provider:
        reason = library_error(folder, provider) or "it gives no reason"
        raise EnvironmentProblem(
            "E_DEVICE", f"{provider} does not load: {reason}", "see 'frm-bridge doctor'"
        )
    return session


def _unusable(model: Path | bytes, error: Exception) -> ModelError:
    name = model if isinstance(model, Path) else "the model"
    return ModelError(
        "E_MODEL_FORMAT",
        f"ONNX Runtime cannot load {name}: {first_line(error)}",
        "give a file that 'frm-bridge train' wrote, or another valid .onnx file",
    )
