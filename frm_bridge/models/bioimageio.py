"""bioimage.io's own library, which reads a description as the collection would."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from frm_bridge.errors import EnvironmentProblem, ModelError
from frm_bridge.models.card import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def format_version() -> str:
    """Give the version of the format that the library writes.

    Raises
    ------
    EnvironmentProblem
        ``E_NO_BIOIMAGEIO``.
    """
    try:
        with _without_its_warnings():
            from bioimageio.spec.model.v0_5 import ModelDescr
    except ImportError as error:
        raise EnvironmentProblem(
            "E_NO_BIOIMAGEIO",
            f"packing needs bioimageio.spec, which is missing here: {error}",
            'install it: pip install "frm-bridge[share]"',
        ) from error
    return str(ModelDescr.implemented_format_version)


def check_description(path: Path) -> None:
    """Let the library read a description and the files it names.

    Raises
    ------
    ModelError
        ``E_PACKAGE_DESCRIPTION``, with what the library says.
    """
    with _without_its_warnings():
        from bioimageio.spec import ValidationContext, load_description

        try:
            # NB: what it gives back for a wrong version fails in itself.
            with ValidationContext(raise_errors=True, perform_io_checks=True):
                load_description(path)
        except ValueError as error:
            raise ModelError(
                "E_PACKAGE_DESCRIPTION",
                f"bioimage.io does not take what the card says: {_said(error)}",
                "state it another way in a card file (--card)",
            ) from error


def _said(error: ValueError) -> str:
    """Give the first faults of what pydantic found, each with its place."""
    entries = error.errors() if hasattr(error, "errors") else []
    words = {
        ".".join(map(str, entry["loc"])): " ".join(entry["msg"].split())
        for entry in entries
    }
    found = [f"{place}: {text[:100]}" for place, text in words.items()]
    return "; ".join(found[:3]) or first_line(error)


@contextmanager
def _without_its_warnings() -> Iterator[None]:
    """Keep a user from what only the library's developers can mend."""
    from loguru import logger

    logger.disable("bioimageio")  # it logs all that it finds on standard error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
