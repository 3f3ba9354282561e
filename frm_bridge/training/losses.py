"""What training makes small."""

from __future__ import annotations

from typing import Any, Literal

from frm_bridge.training.backend import keras

Loss = Literal["mse", "pearson"]

# NB: the published loss has no such guard and is NaN for a constant batch (CL-105).
_SMALL = 1e-6


def pearson_loss(target: Any, prediction: Any) -> Any:
    """Give (1 - r) / 2, with r over all pixels of the batch together (CL-105).

    Blind to gain and offset: a network trained with it has no calibrated intensity
    (CL-106).

    Parameters
    ----------
    target, prediction : (batch, height, width, 1) tensors

    Returns
    -------
    scalar tensor in [0, 1]
        0 for perfect correlation.
    """
    ops = keras.ops
    x = target - ops.mean(target)
    y = prediction - ops.mean(prediction)
    covariance = ops.mean(x * y)
    spreads = ops.sqrt(ops.mean(x * x) * ops.mean(y * y) + _SMALL**2)
    return (1 - covariance / spreads) / 2


def loss_function(loss: Loss) -> Any:
    """Give the Keras loss of a name."""
    return pearson_loss if loss == "pearson" else "mse"
