"""Random aligned patches, turned and zoomed without borders."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from frm_bridge.training.fields import Field

    Patch = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How a patch may differ from the camera's view (CL-113).

    Attributes
    ----------
    flips : bool
        Horizontal and vertical, each with probability 1/2.
    turn_step : {0, 45, 90}
        Turn by a random multiple of so many degrees, cut from a larger window so that
        no border shows; 0 does not turn. Only the odd multiples of 45 resample, which
        blurs; 90 keeps every pixel as the camera gave it.
    zoom : float
        Largest relative change of scale either way; the paper's is 0.2.
    """

    flips: bool = True
    turn_step: int = 45
    zoom: float = 0.0

    def __post_init__(self) -> None:
        if self.turn_step not in (0, 45, 90):
            raise InputError(
                "E_AUGMENTATION",
                f"turns are in steps of 0, 45 or 90 degrees, got {self.turn_step}",
                "for example --turn-step 90",
            )
        if not 0 <= self.zoom <= 0.5:
            raise InputError(
                "E_AUGMENTATION",
                f"zoom is a fraction from 0 to 0.5, got {self.zoom}",
                "for example --zoom 0.2",
            )


NO_AUGMENTATION = Augmentation(flips=False, turn_step=0)


@dataclass(frozen=True, slots=True)
class Sampling:
    """Where patches come from.

    Attributes
    ----------
    size : int
        Height and width of a patch in px, a multiple of 16.
    signal_fraction : float
        Share of patches drawn so that they contain fluorescence; the rest lie
        anywhere. Sparse fields are mostly background otherwise.
    augmentation : Augmentation
        What is done to each patch.
    """

    size: int = 256
    signal_fraction: float = 0.5
    augmentation: Augmentation = Augmentation()

    def __post_init__(self) -> None:
        if self.size < 16 or self.size % 16 or not 0 <= self.signal_fraction <= 1:
            raise InputError(
                "E_PATCH",
                "a patch side is a multiple of 16 px and the signal fraction is from "
                f"0 to 1, got {self.size} and {self.signal_fraction}",
                "for example --patch 256",
            )


class RandomPatches:
    """Batches of random patches; every batch follows from (seed, step) alone.

    So a resumed training sees the patches that an uninterrupted one would have seen.
    A field is chosen in proportion to its area, as if its sub-images stood in one pile.
    """

    def __init__(
        self, fields: Sequence[Field], sampling: Sampling, *, batch_size: int, seed: int
    ) -> None:
        check_patch_fits(fields, sampling.size)
        self.fields = fields
        areas = np.array([field.image.size for field in fields], dtype=np.float64)
        self.shares = areas / areas.sum()
        self.sampling = sampling
        self.batch_size = batch_size
        self.seed = seed

    def batch(self, step: int) -> Patch:
        """Cut the batch of one step: image and target, (batch, size, size, 1)."""
        random = np.random.default_rng((self.seed, step))
        chosen = random.choice(len(self.fields), self.batch_size, p=self.shares)
        patches = [
            random_patch(self.fields[number], self.sampling, random)
            for number in chosen
        ]
        return _batch(patches)

    def stream(self, first_step: int) -> Iterator[Patch]:
        """Give the batches from a step on, without end."""
        # NB: Keras takes a generator, but no other iterator.
        yield from map(self.batch, itertools.count(first_step))


def random_patch(
    field: Field, sampling: Sampling, random: np.random.Generator
) -> Patch:
    """Cut one patch, (size, size) float32 each of image and target."""
    size, augmentation = sampling.size, sampling.augmentation
    height, width = field.image.shape
    eighth = _random_eighth(augmentation.turn_step, random)
    factor = 1 + random.uniform(-augmentation.zoom, augmentation.zoom)
    window = _window_needed(size, eighth, factor)
    if window > min(height, width):  # too small a field to turn it without borders
        eighth, factor, window = eighth // 2 * 2, 1.0, size
    row, column = _corner(field, sampling, random, window)
    image, target = field.normalised(
        slice(row, row + window), slice(column, column + window)
    )
    if eighth % 2 or factor != 1:
        image, target = (
            _turned(pixels, size, eighth, factor) for pixels in (image, target)
        )
    else:
        image, target = (np.rot90(pixels, eighth // 2) for pixels in (image, target))
    for axis in (0, 1):
        if augmentation.flips and random.random() < 0.5:
            image, target = np.flip(image, axis), np.flip(target, axis)
    return image, target


def grid_patches(fields: Sequence[Field], *, size: int, most: int, seed: int) -> Patch:
    """Cut validation patches: non-overlapping, unchanged, the same every time.

    Returns
    -------
    tuple of (n, size, size, 1) float32 arrays
        Image and target, ``n <= most``, every field represented alike.
    """
    check_patch_fits(fields, size)
    random = np.random.default_rng(seed)
    share = max(most // len(fields), 1)
    patches = []
    for field in fields:
        rows, columns = (side // size for side in field.image.shape)
        cells = random.permutation(rows * columns)[:share]
        for cell in np.sort(cells):
            row, column = (int(place) * size for place in divmod(int(cell), columns))
            patches.append(
                field.normalised(slice(row, row + size), slice(column, column + size))
            )
    return _batch(patches)


def check_patch_fits(fields: Sequence[Field], size: int) -> None:
    """Refuse fields smaller than a patch, naming them."""
    small = [
        f"{field.name} {field.image.shape}"
        for field in fields
        if min(field.image.shape) < size
    ]
    if small:
        raise InputError(
            "E_PATCH",
            f"patches of {size} px do not fit into {', '.join(small)}",
            "choose a smaller --patch, or leave these images out",
        )


def _corner(
    field: Field, sampling: Sampling, random: np.random.Generator, window: int
) -> tuple[int, int]:
    """Top left of a window, through a signal pixel where signal is wanted."""
    rows, columns = (side - window + 1 for side in field.image.shape)
    if not field.signal.size or random.random() >= sampling.signal_fraction:
        return int(random.integers(rows)), int(random.integers(columns))
    pixel = field.signal[random.integers(field.signal.size)]
    row, column = divmod(int(pixel), field.image.shape[1])
    offset = random.integers(window, size=2)
    return (
        int(np.clip(row - offset[0], 0, rows - 1)),
        int(np.clip(column - offset[1], 0, columns - 1)),
    )


def _random_eighth(turn_step: int, random: np.random.Generator) -> int:
    """Choose a turn, in eighths of a circle."""
    if turn_step == 0:
        return 0
    return int(random.integers(360 // turn_step)) * turn_step // 45


def _window_needed(size: int, eighth: int, factor: float) -> int:
    """Side of the square that holds the turned and zoomed patch."""
    if eighth % 2 == 0 and factor == 1:
        return size
    diagonal = math.sqrt(2) if eighth % 2 else 1.0
    return math.ceil(size * diagonal * factor) + 2


def _turned(
    pixels: NDArray[np.float32], size: int, eighth: int, factor: float
) -> NDArray[np.float32]:
    """Resample the centre of a window, turned by eighths of a circle and zoomed."""
    angle = eighth * math.pi / 4
    matrix = factor * np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    centre = (np.array(pixels.shape) - 1) / 2
    offset = centre - matrix @ np.array([(size - 1) / 2] * 2)
    turned: NDArray[np.float32] = ndimage.affine_transform(
        pixels, matrix, offset, output_shape=(size, size), order=1
    )
    return turned


def _batch(patches: Sequence[tuple[NDArray[Any], NDArray[Any]]]) -> Patch:
    images, targets = (
        np.stack(channel)[..., None] for channel in zip(*patches, strict=True)
    )
    return images, targets
