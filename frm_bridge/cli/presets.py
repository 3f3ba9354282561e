"""``presets``: what ``--preset`` knows."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from frm_bridge.imagej.presets import Preset


def presets(
    workflow: Annotated[
        str | None, typer.Argument(help="nuclei, junctions...; all without it.")
    ] = None,
) -> None:
    """List the presets of the workflows, with their parameters and sources.

    A preset holds a workflow's parameters for one of the paper's data sets, and
    says which numbers are the paper's. Its JSON is in fiji_scripts/presets.

    For example:

        frm-bridge presets nuclei

        frm-bridge analyze nuclei stain.tif -o measured --preset 5x-mdck-nuclei
    """
    from frm_bridge.imagej import list_presets
    from frm_bridge.imagej.workflows import find_workflow

    if workflow is not None:
        find_workflow(workflow)  # refuses a name that is none
    typer.echo("\n\n".join(_text(preset) for preset in list_presets(workflow)))


def _text(preset: Preset) -> str:
    """Show one preset on a few lines."""
    values = " ".join(f"{name}={value}" for name, value in preset.parameters.items())
    about = textwrap.fill(
        preset.source, 76, initial_indent="  ", subsequent_indent="  "
    )
    return f"{preset.name}  ({preset.workflow})\n  {values}\n{about}"
