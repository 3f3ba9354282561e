"""A workflow: a script and its parameters as one frozen object.

Ground truth and prediction are measured with the same object, which makes a comparison
fair by construction.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast

from frm_bridge.errors import InputError
from frm_bridge.imagej.ownscripts import SUFFIXES, is_own, own_parameters
from frm_bridge.imagej.parameters import (
    Parameter,
    Value,
    check_values,
    parse_parameters,
)
from frm_bridge.imagej.presets import find_preset
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

# Every script has these two; the runner fills them in.
PATHS = ("image_path", "output_folder")

Measures = Literal["plane", "movie", "pair"]
_NAME = re.compile(r"^# name: (\w+)$", re.MULTILINE)
_ASKS = re.compile(r"^# asks: (\w+)$", re.MULTILINE)
_MEASURES = re.compile(r"^# measures: (plane|movie|pair)$", re.MULTILINE)
# A command for people, as FRM Tune.
_NO_WORKFLOW = re.compile(r"^# measures: nothing$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Workflow:
    """A script with all its parameters.

    Attributes
    ----------
    name : str
        ``nuclei`` for ``FRM_Nuclei.py``, unless its line ``# name:`` says another.
    script : Path
        A Jython 2.7 file with ``#@`` lines, or a macro.
    parameters : mapping of str to str, int, float or bool
        Those given; after construction, all that the script declares, checked, with
        the script's defaults where nothing was given. Without the two paths.

    Raises
    ------
    InputError
        ``E_WORKFLOW_PARAMETER`` for an unknown name or an unsuitable value.
    """

    name: str
    script: Path
    parameters: Mapping[str, Value] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        values = check_values(self.declared, self.parameters)
        object.__setattr__(self, "parameters", MappingProxyType(values))

    @property
    def declared(self) -> dict[str, Parameter]:
        """The parameters that the script's ``#@`` lines declare, without the paths."""
        declared = (
            own_parameters(self.script, self.source)
            if self.is_own
            else parse_parameters(self.source)
        )
        return {name: declared[name] for name in declared if name not in PATHS}

    @property
    def is_shipped(self) -> bool:
        """Whether the script is one that comes with the package."""
        return self.script == shipped_scripts().get(self.name)

    @property
    def is_own(self) -> bool:
        """Whether the script is anybody's own, and knows nothing of frm_bridge."""
        return is_own(self.script, self.source)

    @property
    def measures(self) -> Measures:
        """What the script measures, by its line ``# measures: movie``; else a plane.

        A movie is all frames of one channel and slice; a pair is a truth and its
        prediction, as two frames.
        """
        said = _MEASURES.search(self.source)
        return "plane" if said is None else cast("Measures", said[1])

    @property
    def source(self) -> str:
        """The text of the script."""
        return self.script.read_text(encoding="utf-8")

    @property
    def sha256(self) -> str:
        """Digest of script, shared Jython code and parameters: the same, the same."""
        digest = hashlib.sha256(self.source.encode())
        for module in sorted(library_folder(self.script).glob("frm/*.py")):
            digest.update(module.read_bytes())
        digest.update(json.dumps(dict(self.parameters), sort_keys=True).encode())
        return digest.hexdigest()

    def with_parameters(self, **changes: Value) -> Workflow:
        """Give the same workflow with other parameters."""
        return Workflow(self.name, self.script, {**self.parameters, **changes})

    def with_preset(self, name: str) -> Workflow:
        """Give the same workflow with the parameters that a preset sets.

        Parameters
        ----------
        name : str
            As ``5X MDCK nuclei`` or ``5x-mdck-nuclei``.

        Raises
        ------
        InputError
            ``E_PRESET``.
        """
        return self.with_parameters(**find_preset(name, self.name).parameters)

    def __reduce__(self) -> tuple[type[Workflow], tuple[str, Path, dict[str, Value]]]:
        return (Workflow, (self.name, self.script, dict(self.parameters)))


def find_workflow(name_or_path: str | Path) -> Workflow:
    """Find a shipped workflow by its name, or take a script file.

    Parameters
    ----------
    name_or_path : str or Path
        ``nuclei``, or the path of a ``.py`` script that follows the same contract, or
        of any ``.ijm`` macro or Jython script that leaves a Results table.

    Returns
    -------
    Workflow
        With the script's defaults.

    Raises
    ------
    InputError
        ``E_WORKFLOW_UNKNOWN``.
    """
    shipped = shipped_scripts()
    if str(name_or_path) in shipped:
        return Workflow(str(name_or_path), shipped[str(name_or_path)])
    path = Path(name_or_path)
    if path.suffix in SUFFIXES and path.is_file():
        return Workflow(_name_of(path), path.resolve())
    if path.suffix in SUFFIXES:
        raise InputError(
            "E_WORKFLOW_UNKNOWN",
            f"there is no script {path}",
            "check the spelling and the current folder",
        )
    raise InputError(
        "E_WORKFLOW_UNKNOWN",
        f"there is no workflow {name_or_path}",
        f"choose one of {', '.join(shipped)}, or give the path of a .py or .ijm script",
    )


def nuclei(**parameters: Value) -> Workflow:
    """Give the nuclei workflow.

    Parameters
    ----------
    **parameters
        As ``FRM_Nuclei.py`` declares them: ``blur_sigma_px``, ``threshold_method``...

    Returns
    -------
    Workflow
        For ``run_workflow`` and ``compare``.
    """
    return find_workflow("nuclei").with_parameters(**parameters)


def junctions(**parameters: Value) -> Workflow:
    """Give the junctions workflow.

    Parameters
    ----------
    **parameters
        As ``FRM_Junctions.py`` declares them: ``threshold_percent``...

    Returns
    -------
    Workflow
        For ``run_workflow`` and ``compare``.
    """
    return find_workflow("junctions").with_parameters(**parameters)


def library_folder(script: Path) -> Path:
    """Give the folder of the Jython code that a script may import."""
    beside = script.parents[2] / "lib" if len(script.parents) > 2 else None
    if beside is not None and (beside / "frm").is_dir():
        return beside
    return shipped_folder("fiji_scripts") / "lib"


def shipped_scripts() -> dict[str, Path]:
    """Give the script of each shipped workflow, by name."""
    return {_name_of(path): path for path in menu_scripts() if _is_workflow(path)}


def request_scripts() -> dict[str, Path]:
    """Give the shipped scripts that measure nothing, by what they ask of Python."""
    return {asked_by(path): path for path in menu_scripts() if asked_by(path)}


def asked_by(script: Path) -> str:
    """Give the action that a script asks of the Python side by ``# asks: compare``.

    Such a script is a command of ImageJ's menu, but no workflow: it measures nothing by
    itself. A workflow has no such line; of it, this is empty.
    """
    said = _ASKS.search(script.read_text(encoding="utf-8"))
    return "" if said is None else said[1]


def _is_workflow(script: Path) -> bool:
    source = script.read_text(encoding="utf-8")
    return not (asked_by(script) or _NO_WORKFLOW.search(source))


def menu_scripts() -> list[Path]:
    """Give the scripts of all commands of the menu, also those that are no workflow."""
    folder = shipped_folder("fiji_scripts") / "Plugins" / "FRM"
    return sorted(folder.glob("FRM_*.py"))


def _name_of(path: Path) -> str:
    """Give what the script calls itself by ``# name: profile``, or its file's name."""
    said = _NAME.search(path.read_text(encoding="utf-8"))
    return path.stem.removeprefix("FRM_").lower() if said is None else said[1]
