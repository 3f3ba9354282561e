"""Options of the workflows, from their scripts' own declarations.

The ``#@`` lines of a script are the one place that names its parameters with their
defaults, limits and meaning: Fiji makes its dialog of them, and this module the options
of the commands.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frm_bridge.errors import InputError
from frm_bridge.imagej.parameters import parse_parameters
from frm_bridge.imagej.workflows import PATHS, shipped_scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from frm_bridge.imagej import Workflow
    from frm_bridge.imagej.parameters import Parameter, Value

ARGUMENT = "given"
_SHORT = {"blur_sigma_px": "blur_sigma", "threshold_method": "threshold"}
_IN_FIJI = ("prediction_image",)  # here, the prediction is a file of the command
_ORDER = (
    "nuclei",
    "junctions",
    "tracks",
    "displacement",
    "profile",
    "histogram",
)


@dataclass(frozen=True, slots=True)
class GivenParameters:
    """What a command line says of a workflow's parameters.

    Attributes
    ----------
    file : Path or None
        JSON; less than the other two.
    options : mapping
        From options as ``--threshold``.
    texts : tuple of str
        ``name=value``; the last word.
    preset : str or None
        Name of a shipped preset; the first word, before ``file``.
    """

    file: Path | None
    options: Mapping[str, Value]
    texts: tuple[str, ...]
    preset: str | None = None

    def workflow(self, name: str) -> Workflow:
        """Give the workflow of this name, or of this script, with these parameters."""
        from frm_bridge.imagej import find_workflow
        from frm_bridge.imagej.parameters import read_parameters

        stored = {} if self.file is None else read_parameters(self.file)
        workflow = find_workflow(name)
        if self.preset is not None:
            workflow = workflow.with_preset(self.preset)
        workflow = workflow.with_parameters(**{**stored, **self.options})
        return workflow.with_parameters(**dict(self._read(workflow)))

    def _read(self, workflow: Workflow) -> Iterator[tuple[str, Value]]:
        for text in self.texts:
            name, equals, value = (part.strip() for part in text.partition("="))
            if not equals or name not in workflow.declared:
                near = difflib.get_close_matches(name, workflow.declared, 1)
                raise InputError(
                    "E_WORKFLOW_PARAMETER",
                    f"--set {text!r}: expected name=value, and a name out of "
                    f"{', '.join(workflow.declared) or 'none: it has no parameters'}",
                    f"did you mean {near[0]}?"
                    if near
                    else "for example --set blur_sigma_px=2",
                )
            yield name, workflow.declared[name].read(value)


def with_workflow_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each parameter of the shipped workflows.

    Parameters
    ----------
    command : callable
        Its last argument, ``given``, gets the `GivenParameters`.
    """
    declared = _declared()

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        values = {name: arguments.pop(name) for name in declared}
        given = GivenParameters(
            arguments.pop("parameters"),
            {name: value for name, value in values.items() if value is not None},
            tuple(arguments.pop("settings") or ()),
            arguments.pop("preset"),
        )
        command(**arguments, **{ARGUMENT: given})

    own = inspect.signature(command, eval_str=True)
    kept = [each for each in own.parameters.values() if each.name != ARGUMENT]
    made = [_option(parameters) for parameters in declared.values()]
    wrapper.__signature__ = own.replace(parameters=[*kept, *_COMMON, *made])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {}
    return wrapper


def _keyword(name: str, kind: Any, option: Any) -> inspect.Parameter:
    annotation = Annotated[kind | None, option]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


_COMMON = (
    _keyword(
        "preset",
        str,
        typer.Option(
            "--preset",
            help="Parameters for one of the paper's data sets, as 5x-mdck-nuclei; "
            "'frm-bridge presets' lists them. All other options replace them.",
        ),
    ),
    _keyword(
        "parameters",
        Path,
        typer.Option(
            "--parameters",
            help="JSON with the workflow's parameters: a result.json of an earlier "
            "run, or name and value.",
        ),
    ),
    _keyword(
        "settings",
        list[str],
        typer.Option(
            "--set", help="Parameter of any script, as name=value; may be repeated."
        ),
    ),
)


def _declared() -> dict[str, dict[str, Parameter]]:
    """Give each parameter's declaration by each workflow that has it."""
    scripts = shipped_scripts()
    found: dict[str, dict[str, Parameter]] = {}
    for workflow in sorted(scripts, key=_ORDER.index):
        source = scripts[workflow].read_text(encoding="utf-8")
        for name, parameter in parse_parameters(source).items():
            if name not in (*PATHS, *_IN_FIJI):
                found.setdefault(name, {})[workflow] = parameter
    return found


def _option(declared: dict[str, Parameter]) -> inspect.Parameter:
    """Declare one option; without it, the script's default holds."""
    parameter = next(iter(declared.values()))
    flag = _SHORT.get(parameter.name, parameter.name).replace("_", "-")
    names = f"--{flag}/--no-{flag}" if parameter.type is bool else f"--{flag}"
    option = typer.Option(
        names,
        help=_help(declared),
        show_default=_default(declared),
        rich_help_panel=f"Workflow {', '.join(declared)}",
    )
    return _keyword(parameter.name, parameter.type, option)


def _help(declared: dict[str, Parameter]) -> str:
    """Say what it is, in the words of the first script that has it."""
    parameter = next(iter(declared.values()))
    sentences = [parameter.label, parameter.description]
    if parameter.choices:
        sentences.append(f"One of {', '.join(parameter.choices)}")
    return " ".join(f"{text.rstrip('.')}." for text in sentences if text)


def _default(declared: dict[str, Parameter]) -> str:
    """Give the default, and those of the workflows that have another."""
    values = {workflow: _shown(each.default) for workflow, each in declared.items()}
    usual = max(values.values(), key=list(values.values()).count)
    others = (
        f"{value} for {workflow}"
        for workflow, value in values.items()
        if value != usual
    )
    return ", ".join([usual, *others])


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
