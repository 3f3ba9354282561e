"""Names of models: ``name``, ``name@version``, or ``name@sha256:0123abcd``."""

from __future__ import annotations

import re

NO_VERSION = "0"  # of a model that states none
NAME = re.compile(
    r"(?P<name>[\w-]+)(@(sha256:(?P<digest>[0-9a-f]{4,64})|(?P<version>[\w.+-]+)))?"
)
_LONGEST = 64


def is_name(text: str) -> bool:
    """Whether a text may be a model's name, with a version or not, and no path."""
    return NAME.fullmatch(text) is not None


def plain_name(text: str) -> str:
    """Make a name of any text: one that is a folder's and can stand in a command."""
    return re.sub(r"[^\w-]+", "-", text).strip("-")[:_LONGEST]


def plain_version(text: str) -> str:
    """Make a version of any text, for a folder's name likewise."""
    plain = re.sub(r"[^\w.+-]+", "-", text).strip("-.")
    return plain[:_LONGEST] or NO_VERSION
