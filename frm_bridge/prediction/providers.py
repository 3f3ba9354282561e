"""Choices about ONNX Runtime that need no ONNX Runtime: pure, so they are testable.

Which distribution is installed, which providers to try in which order and with which
options, how many threads.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import psutil

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

Device = Literal["auto", "cuda", "openvino", "cpu"]

CUDA = "CUDAExecutionProvider"
OPENVINO = "OpenVINOExecutionProvider"
CPU = "CPUExecutionProvider"

# Fastest first; each device is the provider that gives it.
PROVIDERS: dict[Device, str] = {"cuda": CUDA, "openvino": OPENVINO, "cpu": CPU}

# How an allocation failure reads: ONNX Runtime's arenas, C++, CUDA, cuDNN, OpenVINO.
_OUT_OF_MEMORY = (
    "failed to allocate memory",
    "smaller than requested bytes",
    "bad_alloc",
    "bad allocation",
    "out of memory",
    "alloc_failed",
    "cannot allocate memory",
)


@dataclass(frozen=True, slots=True)
class CudaSettings:
    """How the CUDA provider computes.

    Attributes
    ----------
    tf32 : bool
        Let convolutions round their factors to 10 bits: several times faster, with
        errors of about 3e-4 of the output's sd. False for parity with the CPU.
    memory_limit_bytes : int or None
        Of ONNX Runtime's arena on the GPU; None for all that is free.
    """

    tf32: bool = True
    memory_limit_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.memory_limit_bytes is not None and self.memory_limit_bytes <= 0:
            raise InputError(
                "E_DEVICE",
                f"the GPU memory limit is {self.memory_limit_bytes} bytes",
                "give a positive number of bytes, or none",
            )


def providers_to_try(
    device: Device, available: Sequence[str], *, require_gpu: bool = False
) -> list[str]:
    """Order the providers to try, fastest first.

    Parameters
    ----------
    device : {"auto", "cuda", "openvino", "cpu"}
        ``auto`` tries all that are available; a name tries that one, available or
        not, and nothing else.
    available : sequence of str
        What the installed ONNX Runtime was built with.
    require_gpu : bool
        Try CUDA and nothing else.

    Raises
    ------
    InputError
        ``E_DEVICE`` for an unknown device, or one that contradicts ``require_gpu``.
    """
    if device not in get_args(Device):
        raise InputError(
            "E_DEVICE",
            f"there is no device {device!r}",
            f"use --device {', '.join(get_args(Device))}",
        )
    if require_gpu and device not in ("auto", "cuda"):
        raise InputError(
            "E_DEVICE",
            f"--require-gpu contradicts --device {device}",
            "leave one of them out",
        )
    if require_gpu:
        return [CUDA]
    if device != "auto":
        return [PROVIDERS[device]]
    return [name for name in PROVIDERS.values() if name in available]


def provider_options(
    provider: str, *, threads: int, cuda: CudaSettings | None = None
) -> dict[str, str]:
    """Give the options of a provider, as ONNX Runtime takes them.

    Parameters
    ----------
    provider : str
        ONNX Runtime's name of it.
    threads : int
        Of the CPU, for OpenVINO.
    cuda : CudaSettings, optional
        For CUDA.
    """
    if provider == CUDA:
        return _cuda_options(cuda or CudaSettings())
    if provider == OPENVINO:
        # NB: OpenVINO by itself may choose bf16 on a CPU that has it, 4e-3 of the sd
        # away from float32. No cache_dir is set, so that no files appear.
        properties = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": str(threads),
        }
        return {"device_type": "CPU", "load_config": json.dumps({"CPU": properties})}
    return {}


def _cuda_options(settings: CudaSettings) -> dict[str, str]:
    options = {
        # One search per input shape, and an image has one window shape.
        "cudnn_conv_algo_search": "EXHAUSTIVE",
        "use_tf32": "1" if settings.tf32 else "0",
        # The default doubles the arena, and would run out of memory at half of it.
        "arena_extend_strategy": "kSameAsRequested",
    }
    if settings.memory_limit_bytes is not None:
        options["gpu_mem_limit"] = str(settings.memory_limit_bytes)
    return options


def is_out_of_memory(message: str) -> bool:
    """Tell an allocation failure from any other failure of a run."""
    return any(sign in message.lower() for sign in _OUT_OF_MEMORY)


def available_cores() -> int:
    """Count the physical cores that this process may use."""
    logical = psutil.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or logical
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS or Windows
    allowed = len(affinity(0)) if affinity else logical
    quota = Path("/sys/fs/cgroup/cpu.max")
    limit = quota.read_text(encoding="ascii") if quota.is_file() else ""
    return usable_cores(
        logical=logical, physical=physical, allowed=allowed, cgroup_limit=limit
    )


def usable_cores(
    *, logical: int, physical: int, allowed: int, cgroup_limit: str = ""
) -> int:
    """Turn counts of logical cores into a number of threads that do not compete.

    Parameters
    ----------
    logical, physical : int
        Cores of the machine.
    allowed : int
        Logical cores that the scheduler grants this process.
    cgroup_limit : str
        A container's ``cpu.max``: "quota period" in µs, or "max period".
    """
    cores = max(1, allowed * physical // logical)
    quota, _, period = cgroup_limit.strip().partition(" ")
    if quota.isdigit() and period.isdigit():
        cores = min(cores, max(1, round(int(quota) / int(period))))
    return cores
