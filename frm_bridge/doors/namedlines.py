"""Texts of ``name=value`` lines: Python, Jython and an ImageJ macro can read them."""

from __future__ import annotations

import locale
import re
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# NB: str.splitlines parts at eight more, which names of files may hold.
_LINE_END = re.compile(r"\r\n|\r|\n")


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
    parted = (line.partition("=") for line in lines_of(text))
    return {name.strip(): value.strip() for name, equals, value in parted if equals}


def lines_of(text: str) -> list[str]:
    """Give the lines of a text that hold anything, in any system's line ends."""
    return [line for line in _LINE_END.split(text) if line.strip()]


def named_lines(values: Mapping[str, object]) -> str:
    """Write one line for each value.

    Raises
    ------
    InputError
        ``E_LINE_END``: a value holds one.
    """
    for name, value in values.items():
        if _LINE_END.search(f"{name}{value}"):
            raise InputError(
                "E_LINE_END",
                f"{name} is {str(value)!r}, with a line end; one line was expected",
                "rename the file or folder",
            )
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

    NB: a macro's File.saveString writes in the locale's encoding before Java 18, and
    the locale of a server that was started elsewhere may be another. Words with accents
    in such an encoding are hardly ever valid UTF-8; Latin-1 reads any bytes.
    """
    for encoding in ("utf-8-sig", locale.getencoding()):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")
