"""PNG: read whole, for its compression allows no windows."""

from __future__ import annotations

import struct
import warnings
from typing import TYPE_CHECKING, Any

from frm_bridge.errors import InputError
from frm_bridge.images.info import ImageInfo
from frm_bridge.images.pixels import ArrayPixels
from frm_bridge.images.stored import Stored

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_END = b"IEND\xaeB`\x82"
_TAIL = 4096  # some programs append a few bytes of their own
_GREY = 0
LARGEST_PX = 2**27  # 11,585 x 11,585


def read_png(path: Path) -> Stored:
    """Decode a PNG of 1 to 16 bits; its dots per metre are never a pixel size."""
    width, height, bits, kind = _header(path)
    if width * height > LARGEST_PX:
        raise InputError(
            "E_IMAGE_FORMAT",
            f"{path} is a PNG of {height} x {width} pixels: too large to decode whole",
            "save it as TIFF, which is read window by window",
        )
    pixels = _decode(path, exact16=bits == 16 and kind != _GREY)
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    info = ImageInfo(path, "YX", (height, width), pixels.dtype)
    axes = "YXS" if pixels.ndim == 3 else "YX"
    colours = 3 if samples >= 3 else 1
    return Stored(info, ArrayPixels(pixels), axes, pixels.shape, colours)


def _header(path: Path) -> tuple[int, int, int, int]:
    """Give width, height, bit depth and colour type."""
    with path.open("rb") as file:
        head = file.read(26)
        file.seek(0, 2)
        size = file.tell()
        file.seek(max(size - _TAIL, 0))
        tail = file.read()
    if len(head) < 26 or _END not in tail:
        raise _truncated(path)
    width, height, bits, kind = struct.unpack(">IIBB", head[16:26])
    return width, height, bits, kind


def _decode(path: Path, *, exact16: bool) -> NDArray[Any]:
    """Decode with imageio, or what it would cut to 8 bits with imagecodecs."""
    import imageio.v3

    try:
        if exact16:
            import imagecodecs

            pixels: NDArray[Any] = imagecodecs.png_decode(path.read_bytes())
            return pixels
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return imageio.v3.imread(path, plugin="pillow")
    except (OSError, ValueError, SyntaxError, RuntimeError) as error:
        raise _truncated(path) from error


def _truncated(path: Path) -> InputError:
    """Refuse a PNG that does not decode to its end."""
    return InputError(
        "E_IMAGE_TRUNCATED",
        f"{path} is a PNG that ends early or is damaged; a whole file was expected",
        "copy or export the file again",
    )
