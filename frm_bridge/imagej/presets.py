"""Presets: the parameters of a workflow for one of the paper's data sets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from frm_bridge.imagej.parameters import Value


@dataclass(frozen=True, slots=True)
class Preset:
    """Parameters under a name.

    Attributes
    ----------
    name : str
        As ``5X MDCK nuclei``; ``5x-mdck-nuclei`` finds it as well.
    workflow : str
        The workflow that it is for.
    source : str
        Which numbers are the paper's, and which are a choice of this project.
    pixel_size_um : float or None
        That of the images it was made for; None where it does not matter.
    parameters : mapping
        Those it sets; the others stay as they are.
    """

    name: str
    workflow: str
    source: str
    pixel_size_um: float | None
    parameters: Mapping[str, Value] = field(hash=False)


def list_presets(workflow: str | None = None) -> tuple[Preset, ...]:
    """Give the shipped presets, by name; of one workflow, or all.

    Returns
    -------
    tuple of Preset
        Empty for a workflow without.
    """
    files = sorted((shipped_folder("fiji_scripts") / "presets").glob("*.json"))
    found = (_read(path) for path in files)
    return tuple(each for each in found if workflow in (None, each.workflow))


def find_preset(name: str, workflow: str) -> Preset:
    """Find a workflow's preset by its name.

    Raises
    ------
    InputError
        ``E_PRESET`` for a name that is not there, or one of another workflow.
    """
    known = list_presets()
    for preset in known:
        if _plain(preset.name) == _plain(name) and preset.workflow == workflow:
            return preset
    others = [each.workflow for each in known if _plain(each.name) == _plain(name)]
    own = [each.name for each in known if each.workflow == workflow]
    is_for = f": it is one of {others[0]}" if others else ""
    raise InputError(
        "E_PRESET",
        f"the workflow {workflow} has no preset {name!r}{is_for}",
        f"choose one of {', '.join(own)}; 'frm-bridge presets' tells of them"
        if own
        else "give its parameters one by one, or with --parameters FILE",
    )


def _read(path: Path) -> Preset:
    content = json.loads(path.read_text(encoding="utf-8"))
    parameters = MappingProxyType(content.pop("parameters"))
    return Preset(**content, parameters=parameters)


def _plain(name: str) -> str:
    return name.strip().casefold().replace(" ", "-")
