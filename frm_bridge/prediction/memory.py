"""How large a window may be: from the memory that is free."""

from __future__ import annotations

import math
from pathlib import Path

import psutil

from frm_bridge.prediction.providers import CUDA

# Measured: ONNX Runtime holds 528 bytes for a pixel of a window in float32.
BYTES_PER_PX = 600
SHARE = 4  # take a quarter of what is free
SMALLEST = 256
LARGEST_CPU = 2048  # beyond it speed gains a few per cent and memory goes with the area
LARGEST_GPU = 4096


def default_window(provider: str, free_bytes: int | None = None) -> int:
    """Choose the largest side of a window, in px, a multiple of 16.

    Parameters
    ----------
    provider : str
        ONNX Runtime's name of it.
    free_bytes : int, optional
        Free memory; by default this machine's, or this container's if less.
    """
    free = free_memory_bytes() if free_bytes is None else free_bytes
    side = math.isqrt(max(0, free) // SHARE // BYTES_PER_PX) // 16 * 16
    largest = LARGEST_GPU if provider == CUDA else LARGEST_CPU
    return min(max(side, SMALLEST), largest)


def free_memory_bytes(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Count the bytes that this process may still take."""
    free = int(psutil.virtual_memory().available)
    try:
        limit = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        used = (cgroup / "memory.current").read_text(encoding="ascii").strip()
    except OSError:  # no container, or not Linux
        return free
    if not limit.isdigit():
        return free
    return min(free, max(0, int(limit) - int(used)))
