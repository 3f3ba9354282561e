"""Which image files a path means."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

IMAGE_SUFFIXES = (".tif", ".tiff", ".png")


def image_stem(path: Path) -> str:
    """Give an image's name without its ending, which may be ``.ome.tif``."""
    return path.stem.removesuffix(".ome")


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
        ``E_IMAGE_MISSING``, ``E_IMAGE_UNREADABLE`` or ``E_FOLDER_EMPTY``.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(
            "E_IMAGE_MISSING",
            f"{path} does not exist; an image or a folder of images was expected",
            "check the spelling and the current folder",
        )
    try:
        entries = [f for f in path.iterdir() if not f.name.startswith(".")]
    except OSError as error:
        raise InputError(
            "E_IMAGE_UNREADABLE",
            f"the folder {path} cannot be read: {error.strerror}",
            "ask its owner for permission, or copy the images to a folder of your own",
        ) from error
    files = sorted(f for f in entries if f.is_file())
    images = [f for f in files if f.suffix.lower() in IMAGE_SUFFIXES]
    if not images:
        folders = len(entries) - len(files)
        raise InputError(
            "E_FOLDER_EMPTY",
            f"{path} holds no .tif, .tiff or .png file; found: "
            f"{_summary(files, folders)}",
            "name a folder of TIFF or PNG images",
        )
    return images


def _summary(files: list[Path], folders: int) -> str:
    """Say what a folder holds, by suffix."""
    counts = Counter(f.suffix.lower() or "no suffix" for f in files)
    parts = [f"{n} x {suffix}" for suffix, n in counts.most_common(5)]
    if folders:
        parts.append(f"{folders} folder(s), which are not searched")
    return ", ".join(parts) or "nothing"
