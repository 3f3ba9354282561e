"""Where the windows of an exact tiled prediction lie: pure geometry.

The network is equivariant to shifts by multiples of its stride (16 px) and reads at
most ``halo`` px beyond a stride-aligned core (CL-097). So windows whose origins are
multiples of the stride, and whose outer ``halo`` px are thrown away unless they are
the image's own border, give together what one pass over the whole image gives, bit for
bit, and every pixel is computed once. One axis, in three windows::

    image    |==============================================|....|
    window 0 |#################-----|
    window 1             |-----############-----|
    window 2                            |-----###################|  shifted inwards

    # core: kept     - halo: thrown away     . zeros up to a multiple of the stride

A window at the image's border has no halo on that side. All windows of an image have
one shape, so that a provider which tunes itself to a shape does so once; the last one
is shifted inwards, by a multiple of the stride, until it fits.
"""

from __future__ import annotations

from dataclasses import dataclass

from frm_bridge.errors import InputError


@dataclass(frozen=True, slots=True)
class Window:
    """One window and the core of it that is kept, both in px of the image.

    Attributes
    ----------
    origin_y, origin_x : int
        Upper left corner of the window, multiples of the stride.
    y, x, height, width : int
        The core; it never leaves the image.
    """

    origin_y: int
    origin_x: int
    y: int
    x: int
    height: int
    width: int

    @property
    def core_in_window(self) -> tuple[slice, slice]:
        """Slices that cut the core out of the window's prediction."""
        top, left = self.y - self.origin_y, self.x - self.origin_x
        return slice(top, top + self.height), slice(left, left + self.width)

    @property
    def core_in_image(self) -> tuple[slice, slice]:
        """Slices of the core in the image."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """All windows of one image.

    Attributes
    ----------
    window_height, window_width : int
        The one shape that all windows have, multiples of the stride; at the lower and
        right border a window may leave the image by less than a stride.
    windows : tuple of Window
        In reading order; their cores partition the image.
    """

    window_height: int
    window_width: int
    windows: tuple[Window, ...]


def plan_windows(
    height: int, width: int, *, stride: int, halo: int, max_window: int
) -> WindowPlan:
    """Plan the fewest windows of at most a given side, and make them equally large.

    Parameters
    ----------
    height, width : int
        Of the image, in px.
    stride, halo : int
        Of the network, in px, as its card says.
    max_window : int
        Largest side of a window, in px. It is rounded down to a multiple of the
        stride, and raised to ``2 * halo + stride`` where it is less than that: a
        smaller window would have no core.

    Returns
    -------
    WindowPlan
        Balanced: 20,000 px with windows of at most 4096 make six of 3504, not five
        of 4096 and a sixth that is mostly overlap.

    Raises
    ------
    InputError
        ``E_WINDOW`` for a size below 1.
    """
    if min(height, width, max_window, stride) < 1 or halo < 0 or halo % stride:
        raise InputError(
            "E_WINDOW",
            f"cannot tile {height} x {width} px with windows of {max_window} px, "
            f"stride {stride}, halo {halo}",
            "give a --window of at least one pixel",
        )
    largest = max(max_window // stride * stride, 2 * halo + stride)
    window_height, rows = _plan_axis(height, stride=stride, halo=halo, largest=largest)
    window_width, columns = _plan_axis(width, stride=stride, halo=halo, largest=largest)
    windows = tuple(
        Window(origin_y, origin_x, y, x, bottom - y, right - x)
        for origin_y, y, bottom in rows
        for origin_x, x, right in columns
    )
    return WindowPlan(window_height, window_width, windows)


def _plan_axis(
    length: int, *, stride: int, halo: int, largest: int
) -> tuple[int, list[tuple[int, int, int]]]:
    """Give the window's side, and (origin, core start, core end) of each window."""
    padded = _round_up(length, stride)
    if padded <= largest:
        return padded, [(0, 0, length)]
    inner = padded - 2 * halo  # the first and the last core reach the image's border
    count = -(-inner // (largest - 2 * halo))
    step = _round_up(-(-inner // count), stride)
    side = step + 2 * halo
    spans = []
    for index in range(count):
        start = 0 if index == 0 else index * step + halo
        end = length if index == count - 1 else (index + 1) * step + halo
        spans.append((min(index * step, padded - side), start, end))
    return side, spans


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step
