"""Keras, with TensorFlow behind it unless ``KERAS_BACKEND`` says otherwise."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from frm_bridge.errors import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

# Both are read at import time.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def _without_native_messages() -> Iterator[None]:
    """Hold back what native code writes to standard error.

    TensorFlow reports its start-up and every missing CUDA library there before any
    log level applies, which reads like a failure on a machine without GPU.
    """
    kept = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


class TrainingMissing(EnvironmentProblem, AttributeError):
    """Training is not installed: to ``hasattr`` its public names are not there."""


try:
    with _without_native_messages():
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow

            tensorflow.config.list_physical_devices()
except ImportError as error:
    raise TrainingMissing(
        "E_NO_TENSORFLOW",
        f"training needs TensorFlow and Keras, which are not installed ({error})",
        'run, in the folder of frm_bridge: pip install ".[train]"',
    ) from error

__all__ = ["backend_name", "fix_seeds", "keras"]


def backend_name() -> str:
    """Give the name of the backend in use, ``"tensorflow"`` or ``"jax"``."""
    return str(keras.backend.backend())


def fix_seeds(seed: int) -> None:
    """Make the coming training repeatable: the same seed gives the same weights.

    Equality to the last bit holds on a CPU with the same library versions.
    """
    keras.utils.set_random_seed(seed)
    if backend_name() == "tensorflow":
        tensorflow.config.experimental.enable_op_determinism()
