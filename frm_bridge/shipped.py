"""Files that travel with the package: Fiji scripts and trained models."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def shipped_folder(name: Literal["fiji_scripts", "models"]) -> Path:
    """Give the folder of shipped files, in a wheel as in a source checkout.

    Parameters
    ----------
    name : {"fiji_scripts", "models"}
        Which folder.

    Returns
    -------
    Path
        An existing folder; it does not depend on the current folder.
    """
    package = Path(__file__).resolve().parent
    installed = package / "_shipped" / name
    return installed if installed.is_dir() else package.parent / name
