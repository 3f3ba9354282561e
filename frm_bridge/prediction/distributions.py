"""Which of the distributions that all install ``onnxruntime`` is here, and pip lines.

``onnxruntime``, ``-gpu``, ``-openvino`` and others are one module: installed together
they overwrite each other's files, and a provider disappears without a word.
"""

from __future__ import annotations

import ctypes
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.errors import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

# All of these install the one module `onnxruntime`, over each other.
DISTRIBUTIONS = (
    "onnxruntime-gpu",
    "onnxruntime-openvino",
    "onnxruntime",
    "onnxruntime-directml",
    "onnxruntime-training",
    "onnxruntime-rocm",
    "onnxruntime-migraphx",
    "onnxruntime-qnn",
    "onnxruntime-cann",
    "onnxruntime-vitisai",
    "ort-nightly",
    "ort-nightly-gpu",
)


def installed_distributions() -> list[str]:
    """Name the ONNX Runtime distributions of this environment."""
    found = []
    for name in DISTRIBUTIONS:
        try:
            metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found.append(name)
    return found


def check_distributions(installed: Sequence[str]) -> str:
    """Give the one distribution, or refuse none and more than one.

    Raises
    ------
    EnvironmentProblem
        ``E_NO_RUNTIME`` or ``E_TWO_RUNTIMES``, with the pip lines that mend it.
    """
    if not installed:
        raise no_runtime("no ONNX Runtime is installed")
    if len(installed) > 1:
        keep = min(installed, key=DISTRIBUTIONS.index)
        raise EnvironmentProblem(
            "E_TWO_RUNTIMES",
            f"{' and '.join(installed)} are installed together: they overwrite each "
            "other's files, and a provider disappears without a word",
            f"keep one: {exchange_for(keep, installed)}",
        )
    return installed[0]


def no_runtime(reason: str) -> EnvironmentProblem:
    """Say that there is nothing to predict with, and what to install."""
    return EnvironmentProblem(
        "E_NO_RUNTIME",
        reason,
        'pip install "onnxruntime-gpu[cuda,cudnn]" for an NVIDIA GPU; else pip install '
        "onnxruntime-openvino (Linux and Windows on x86-64) or pip install onnxruntime",
    )


def nvidia_driver_present() -> bool:
    """Tell whether this machine has an NVIDIA driver, whatever Python can load."""
    if Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi"):
        return True
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def library_error(folder: Path, provider: str) -> str | None:
    """Load a provider's library by hand: the loader names what is missing.

    Parameters
    ----------
    folder : Path
        Where onnxruntime keeps its libraries.
    provider : str
        ONNX Runtime's name of it.
    """
    stem = provider.removesuffix("ExecutionProvider").lower()
    for library in sorted(folder.glob(f"*onnxruntime_providers_{stem}.*")):
        try:
            # Its first dependency resolves only from the same folder.
            for shared in folder.glob("*onnxruntime_providers_shared.*"):
                ctypes.CDLL(str(shared), mode=ctypes.RTLD_GLOBAL)
            ctypes.CDLL(str(library))
        except OSError as error:
            return str(error)
    return None


def gpu_left_idle(provider: str, cause: str) -> str:
    """Say that a GPU is there and another provider runs, and how to change that."""
    return (
        f"an NVIDIA driver is present, but {provider} runs: {cause}. For the GPU: "
        f"{exchange_for('onnxruntime-gpu')}"
    )


def no_gpu(cause: str) -> EnvironmentProblem:
    """Say that a GPU was demanded and cannot be used."""
    return EnvironmentProblem(
        "E_NO_GPU",
        f"no GPU can be used: {cause}",
        f"with an NVIDIA driver: {exchange_for('onnxruntime-gpu')}; without one leave "
        "--require-gpu and --device cuda out",
    )


def no_provider(cause: str) -> EnvironmentProblem:
    """Say that a named device cannot be used."""
    return EnvironmentProblem(
        "E_DEVICE",
        cause,
        f"{exchange_for('onnxruntime-openvino')}; or use --device cpu",
    )


def exchange_for(wanted: str, installed: Sequence[str] | None = None) -> str:
    """Give the pip line that puts one distribution in place of all that are here."""
    installed = installed_distributions() if installed is None else installed
    remove = f"pip uninstall -y {' '.join(installed)} && " if installed else ""
    extra = "[cuda,cudnn]" if wanted == "onnxruntime-gpu" else ""
    return f'{remove}pip install "{wanted}{extra}"'
