"""Opening images: lazy windows of any plane, whatever the file format."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from frm_bridge.errors import InputError
from frm_bridge.images.info import SMALLEST_SIDE
from frm_bridge.images.png import PNG_MAGIC, read_png
from frm_bridge.images.tiff import TIFF_MAGICS, open_tiff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from frm_bridge.images.info import ImageInfo
    from frm_bridge.images.stored import Stored

_BAND_ROWS = 256
_UNSUPPORTED = {
    b"\xff\xd8\xff": (
        "a JPEG",
        "JPEG has lost grey levels: export TIFF or PNG instead",
    ),
    b"\xda\xce\xbe\x0a": ("a Nikon ND2", "open it in Fiji and save it as TIFF"),
    b"ZISRAWFI": ("a Zeiss CZI", "open it in Fiji and save it as TIFF"),
    b"\x89HDF": ("an HDF5", "open it in Fiji and save it as TIFF"),
    b"GIF8": ("a GIF", "save it as TIFF or PNG"),
    b"BM": ("a Windows bitmap", "save it as TIFF or PNG"),
}


class Image:
    """An open image; made by `open_image`, to be used in a ``with`` statement.

    Attributes
    ----------
    info : ImageInfo
        Shape, axes, type and calibration.
    """

    def __init__(
        self,
        info: ImageInfo,
        stored: Stored,
        resources: ExitStack,
        chosen: Mapping[str, int],
    ) -> None:
        self.info = info
        self._chosen = chosen
        self._stored: Stored | None = stored
        self._resources = resources

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._stored = None
        self._resources.close()

    def read_plane(self, plane: int = 0) -> NDArray[Any]:
        """Give a whole plane as a (height, width) array of the stored dtype."""
        return self.read_window(plane, 0, 0, self.info.height, self.info.width)

    def read_window(
        self, plane: int, y: int, x: int, height: int, width: int
    ) -> NDArray[Any]:
        """Give a window of a plane.

        Parameters
        ----------
        plane : int
            Flat index over the leading axes of ``info``.
        y, x : int
            First row and column.
        height, width : int
            Size in pixels; the window lies inside the image.

        Returns
        -------
        (height, width) array
            A copy, in this machine's byte order.

        Raises
        ------
        InputError
            ``E_IMAGE_SIZES`` for a window outside the image, ``E_IMAGE_TRUNCATED`` for
            compressed pixels that cannot be decoded.
        """
        info = self.info
        inside = 0 <= y < y + height <= info.height and 0 <= x < x + width <= info.width
        if not (inside and 0 <= plane < info.plane_count):
            raise InputError(
                "E_IMAGE_SIZES",
                f"plane {plane}, y={y}, x={x}, {height} x {width} lies outside "
                f"{info.path}: {info.plane_count} plane(s) of {info.height} x "
                f"{info.width}",
                "ask for a window inside the image",
            )
        if self._stored is None:
            msg = f"{info.path} is closed"
            raise ValueError(msg)
        place = {**info.place(plane), **self._chosen}
        part = self._stored.window(place, slice(y, y + height), slice(x, x + width))
        samples = part if part.ndim == 2 else part[..., 0]
        return np.array(samples, dtype=info.dtype, order="C")


def open_image(path: str | Path, *, channel: int | None = None) -> Image:
    """Open a TIFF, ImageJ hyperstack, OME-TIFF or PNG.

    The format is found from the content. Of a pyramid the full resolution is read. A
    colour image whose three channels are equal is grey; any other is refused.

    Parameters
    ----------
    path : str or Path
        The file.
    channel : int, optional
        Read this channel alone, counted from 1 as in ImageJ; all of them by default.

    Returns
    -------
    Image
        To be used in a ``with`` statement.

    Raises
    ------
    InputError
        ``E_IMAGE_MISSING``, ``E_IMAGE_UNREADABLE``, ``E_IMAGE_FORMAT``,
        ``E_IMAGE_TRUNCATED``, ``E_IMAGE_SMALL``, ``E_IMAGE_DTYPE``,
        ``E_IMAGE_COLOUR`` or ``E_IMAGE_CHANNEL``.
    """
    path = Path(path)
    resources = ExitStack()
    try:
        stored = _open_stored(path, resources)
        _check_usable(stored.info)
        if channel is not None:
            _check_channel(stored.info, channel)
        notes = _grey_notes(stored) if stored.has_samples else ()
    except BaseException:
        resources.close()
        raise
    info = replace(stored.info, notes=(*stored.info.notes, *notes))
    if channel is None or "C" not in info.axes:
        return Image(info, stored, resources, {})
    return Image(_of_channel(info), stored, resources, {"C": channel - 1})


def _check_channel(info: ImageInfo, channel: int) -> None:
    count = info.axis_size("C")
    if not 1 <= channel <= count:
        raise InputError(
            "E_IMAGE_CHANNEL",
            f"{info.path} has {count} channel(s); there is no channel {channel}",
            f"name a channel from 1 to {count}" if count > 1 else "name no channel",
        )


def _of_channel(info: ImageInfo) -> ImageInfo:
    """Describe one channel of an image."""
    place = info.axes.index("C")
    return replace(
        info,
        axes=info.axes.replace("C", ""),
        shape=(*info.shape[:place], *info.shape[place + 1 :]),
        channel_names=(),
    )


def _open_stored(path: Path, resources: ExitStack) -> Stored:
    """Choose the reader by the first bytes."""
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(
            "E_IMAGE_MISSING",
            f"{path} {found}; an image file was expected",
            "check the spelling and the current folder",
        )
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise InputError(
            "E_IMAGE_UNREADABLE",
            f"{path} cannot be read: {error.strerror}",
            "ask its owner for permission, or copy it to a folder of your own",
        ) from error
    if not head:
        raise InputError(
            "E_IMAGE_TRUNCATED",
            f"{path} is empty (0 bytes); an image was expected",
            "copy the file again from where it came from",
        )
    if head.startswith(TIFF_MAGICS):
        return open_tiff(path, resources)
    if head.startswith(PNG_MAGIC):
        return read_png(path)
    raise _unknown_format(path, head)


def _unknown_format(path: Path, head: bytes) -> InputError:
    """Say what a file is instead of a TIFF or PNG."""
    is_text = all(byte in b"\t\n\r" or byte >= 32 for byte in head)
    guess = "text" if is_text else "an unknown format"
    name, fix = next(
        (known for magic, known in _UNSUPPORTED.items() if head.startswith(magic)),
        (guess, "save the image as TIFF or PNG, for example in Fiji"),
    )
    return InputError(
        "E_IMAGE_FORMAT",
        f"{path} is not a TIFF or PNG but {name} (it begins with {head[:8]!r})",
        fix,
    )


def _check_usable(info: ImageInfo) -> None:
    """Refuse types that are no grey levels, and images too small for any network."""
    if info.dtype.kind not in "uif":
        raise InputError(
            "E_IMAGE_DTYPE",
            f"{info.path} holds {info.dtype} pixels; grey levels were expected "
            "(8 or 16-bit, or float)",
            "convert it in ImageJ: Image > Type > 8-bit, 16-bit or 32-bit",
        )
    if min(info.height, info.width) < SMALLEST_SIDE:
        raise InputError(
            "E_IMAGE_SMALL",
            f"{info.path} is {info.height} x {info.width} pixels; at least "
            f"{SMALLEST_SIDE} x {SMALLEST_SIDE} were expected",
            "use a larger field",
        )


def _grey_notes(stored: Stored) -> tuple[str, ...]:
    """Check that colour is grey in truth, and say what was left out."""
    colours, notes = stored.colour_samples, []
    for plane in range(stored.info.plane_count):
        for y in range(0, stored.info.height, _BAND_ROWS):
            place = stored.info.place(plane)
            band = stored.window(place, slice(y, y + _BAND_ROWS), slice(None))
            grey = band[..., :1]
            if not np.array_equal(band[..., 1:colours], grey.repeat(colours - 1, -1)):
                raise _colour(stored.info, plane)
    if colours > 1:
        notes.append("RGB with equal channels, read as grey")
    if stored.sample_count > colours:
        notes.append("the alpha channel is ignored")
    return tuple(notes)


def _colour(info: ImageInfo, plane: int) -> InputError:
    """Refuse an image with real colours."""
    # ImageJ counts planes from 1.
    where = f"in plane {plane + 1} " if info.plane_count > 1 else ""
    return InputError(
        "E_IMAGE_COLOUR",
        f"{info.path} is a colour image ({where}red, green and blue differ); one grey "
        "channel was expected",
        "choose the channel in ImageJ: Image > Color > Split Channels, or convert with "
        "Image > Type > 16-bit, and save it as TIFF",
    )
