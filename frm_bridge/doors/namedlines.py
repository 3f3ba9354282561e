"""Texts of ``name=value`` lines: Python, Jython and an ImageJ macro can read them."""

from __future__ import annotations

import locale
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def parse_named_lines(text: str) -> dict[str, str]:
    """Read the lines of a text.

    Parameters
    ----------
    text : str
        ``name=value`` lines. The first ``=`` parts them, so that a value may hold
        anything but a line end; a line without one is left out.

    Returns
    -------
    dict of str to str
        In the text's order; of a name that comes twice, the last value.
    """
    parted = (line.partition("=") for line in text.splitlines())
    return {name.strip(): value.strip() for name, equals, value in parted if equals}


def named_lines(values: Mapping[str, object]) -> str:
    """Write one line for each value."""
    return "".join(f"{name}={value}\n" for name, value in values.items())


def read_named_lines(path: Path) -> dict[str, str]:
    """Read a file of named lines.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    return parse_named_lines(decoded(path.read_bytes()))


def decoded(content: bytes) -> str:
    """Read text that Python, or an ImageJ, wrote.

    NB: a macro's File.saveString writes in the locale's encoding before Java 18. Words
    with accents in such an encoding are hardly ever valid UTF-8.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode(locale.getencoding(), errors="replace")
