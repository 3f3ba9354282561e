"""bioimage.io's own library, which reads a description as the collection would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frm_bridge.errors import EnvironmentProblem, ModelError

if TYPE_CHECKING:
    from pathlib import Path


def format_version() -> str:
    """Give the version of the format that the library writes."""
    try:
        from bioimageio.spec.model.v0_5 import ModelDescr
    except ImportError as error:
        raise EnvironmentProblem(
            "E_NO_BIOIMAGEIO",
            f"packing needs bioimageio.spec, which does not load: {error}",
            'install it: pip install "frm-bridge[share]"',
        ) from error
    return str(ModelDescr.implemented_format_version)


def check_description(path: Path) -> None:
    """Let bioimage.io's library read the description and the files it names."""
    from bioimageio.spec import InvalidDescr, load_description

    found = load_description(path, perform_io_checks=True)
    if not isinstance(found, InvalidDescr):
        return
    errors = [
        entry for detail in found.validation_summary.details for entry in detail.errors
    ]
    said = "; ".join(
        f"{'.'.join(map(str, entry.loc))}: {entry.msg}" for entry in errors[:5]
    )
    raise ModelError(
        "E_PACKAGE_DESCRIPTION",
        f"bioimage.io does not take what the card says: {said}",
        "state it another way in a card file (--card)",
    )
