"""The U-Net of LaChance & Cohen (2020), and the exact reach of its output pixels.

One stack, as the released code builds it (CL-090 to CL-093)::

    image ─ 16 ──────────────────────────── 16 ─ 1 ─ prediction
             └─ 32 ──────────────────── 32 ─┘
                 └─ 64 ──────────── 64 ─┘
                     └─ 128 ── 128 ─┘
                          └ 256 ┘

Each number is a pair of 3x3 convolutions with ELU and dropout between them; down by
2x2 maximum, up by a 2x2 transposed convolution; across by concatenation [up, skip].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from frm_bridge.errors import InputError
from frm_bridge.training.backend import keras

if TYPE_CHECKING:
    from collections.abc import Callable

Head = Literal["linear", "elu"]

WIDTHS = (16, 32, 64, 128, 256)
STRIDE = 2 ** (len(WIDTHS) - 1)
# CL-091, CL-092: one rate a level on the way down, then on the way up.
_DROPOUT_DOWN = (0.1, 0.1, 0.2, 0.2, 0.3)
_DROPOUT_UP = (0.2, 0.2, 0.1, 0.1)


@dataclass(frozen=True, slots=True)
class Network:
    """Which variant of the network.

    Attributes
    ----------
    stacks : int
        1 (the paper's standard), or 2 U-Nets end to end (CL-095).
    head : {"linear", "elu"}
        Last activation. The paper's ELU cannot go below -1, that is, below
        ``output mean - output sd`` in grey levels (CL-094); linear can.
    """

    stacks: int = 1
    head: Head = "linear"

    def __post_init__(self) -> None:
        if self.stacks not in (1, 2) or self.head not in get_args(Head):
            raise InputError(
                "E_NETWORK",
                f"the network has 1 or 2 stacks and a linear or elu head, got {self}",
                "use --stacks 1 or 2, --head linear or elu",
            )


def build_unet(
    network: Network, *, height: int | None = None, width: int | None = None
) -> Any:
    """Build the network with fresh weights.

    Parameters
    ----------
    network : Network
        The variant.
    height, width : int, optional
        Fixed input size in px, multiples of 16; by default any size.

    Returns
    -------
    keras.Model
        (batch, height, width, 1) float32 to the same shape; 1,938,625 parameters
        for one stack, 3,881,585 for two.
    """
    image = features = keras.layers.Input((height, width, 1), name="image")
    for _ in range(network.stacks - 1):
        features = _convolution(WIDTHS[0], "elu")(_all_but_last_convolution(features))
    head = _convolution(1, None if network.head == "linear" else "elu")
    prediction = head(_all_but_last_convolution(features))
    return keras.Model(image, prediction, name="unet")


def _all_but_last_convolution(features: Any) -> Any:
    """One U-Net without its last convolution, which is the head or 16 filters."""
    skips = []
    for width, rate in zip(WIDTHS[:-1], _DROPOUT_DOWN[:-1], strict=True):
        features = _two_convolutions(features, width, rate)
        skips.append(features)
        features = keras.layers.MaxPooling2D()(features)
    features = _two_convolutions(features, WIDTHS[-1], _DROPOUT_DOWN[-1])
    ways_up = zip(WIDTHS[-2::-1], _DROPOUT_UP, reversed(skips), strict=True)
    for width, rate, skip in ways_up:
        up = keras.layers.Conv2DTranspose(width, 2, strides=2, padding="same")
        features = keras.layers.Concatenate()([up(features), skip])
        if width == WIDTHS[0]:
            features = _convolution(width, "elu")(features)
            features = keras.layers.Dropout(rate)(features)
        else:
            features = _two_convolutions(features, width, rate)
    return features


def _two_convolutions(features: Any, width: int, rate: float) -> Any:
    features = _convolution(width, "elu")(features)
    features = keras.layers.Dropout(rate)(features)
    return _convolution(width, "elu")(features)


def _convolution(width: int, activation: str | None) -> Callable[[Any], Any]:
    layer: Callable[[Any], Any] = keras.layers.Conv2D(
        width,
        3,
        activation=activation,
        padding="same",
        kernel_initializer="he_normal",
    )
    return layer


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """How far the network looks, and what exact tiling follows from it.

    Attributes
    ----------
    stride : int
        The network is equivariant to shifts by multiples of this, in px.
    margin : int
        Pixels that a stride-aligned core reads beyond each of its sides.
    halo : int
        ``margin`` rounded up to the stride: what a window carries and crops.
    """

    stride: int
    margin: int
    halo: int


def receptive_field(network: Network) -> ReceptiveField:
    """Compute the network's reach from its layers, by interval arithmetic.

    For a core whose origin and size are multiples of the stride the reach is the same
    on each side and for every core size (CL-097): 94 px for one stack, 190 for two.
    """
    low, high = 0, STRIDE - 1
    for _ in range(network.stacks):
        low, high = _rows_read(low, high)
    margin = max(-low, high - (STRIDE - 1))
    halo = -(-margin // STRIDE) * STRIDE
    return ReceptiveField(stride=STRIDE, margin=margin, halo=halo)


def _rows_read(low: int, high: int) -> tuple[int, int]:
    """Input rows that output rows low..high of one stack read."""
    wanted = []
    for _ in WIDTHS[1:]:  # decoder, finest level first
        low, high = low - 2, high + 2  # two 3x3 convolutions
        wanted.append((low, high))  # the skip joins here
        low, high = low // 2, high // 2  # row i of an up-convolution reads row i // 2
    low, high = low - 2, high + 2  # bottleneck
    for skip_low, skip_high in reversed(wanted):  # encoder, coarsest level first
        low, high = min(2 * low, skip_low), max(2 * high + 1, skip_high)
        low, high = low - 2, high + 2
    return low, high
