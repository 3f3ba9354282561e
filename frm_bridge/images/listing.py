"""Which image files a path means."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

IMAGE_SUFFIXES = (".tif", ".tiff", ".png")


def list_images(path: Path) -> list[Path]:
    """List the images of a folder, or the one file.

    Parameters
    ----------
    path : Path
        An image, taken as it is, or a folder; sub-folders are not searched, and hidden
        files are left out.

    Returns
    -------
    list of Path
        At least one, sorted by name.

    Raises
    ------
    InputError
        ``E_IMAGE_MISSING`` or ``E_FOLDER_EMPTY``.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(
            "E_IMAGE_MISSING",
            f"{path} does not exist; an image or a folder of images was expected",
            "check the spelling and the current folder",
        )
    files = [f for f in path.iterdir() if f.is_file() and not f.name.startswith(".")]
    images = sorted(f for f in files if f.suffix.lower() in IMAGE_SUFFIXES)
    if not images:
        raise InputError(
            "E_FOLDER_EMPTY",
            f"{path} holds no {', '.join(IMAGE_SUFFIXES)} file, but {_summary(files)}",
            "name a folder of TIFF or PNG images",
        )
    return images


def _summary(files: list[Path]) -> str:
    """Say what a folder holds, by suffix."""
    if not files:
        return "nothing"
    counts = Counter(f.suffix.lower() or "no suffix" for f in files)
    return ", ".join(f"{n} x {suffix}" for suffix, n in counts.most_common(5))
