"""Options of the workflows, from their scripts' own declarations.

The ``#@`` lines of a script are the one place that names its parameters with their
defaults, limits and meaning: Fiji makes its dialog of them, and this module the options
of the commands.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frm_bridge.imagej.parameters import parse_parameters
from frm_bridge.imagej.workflows import PATHS, shipped_scripts

if TYPE_CHECKING:
    from collections.abc import Callable

    from frm_bridge.imagej.parameters import Parameter, Value

ARGUMENT = "options"
_SHORT = {"blur_sigma_px": "blur_sigma", "threshold_method": "threshold"}
_ORDER = ("nuclei", "junctions")


def with_workflow_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each parameter of the shipped workflows.

    Parameters
    ----------
    command : callable
        Its last argument, ``options``, gets a mapping of those that the user gave.
    """
    declared = _declared()

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        values = {name: arguments.pop(name) for name in declared}
        given = {name: value for name, value in values.items() if value is not None}
        command(**arguments, **{ARGUMENT: given})

    own = inspect.signature(command, eval_str=True)
    kept = [each for each in own.parameters.values() if each.name != ARGUMENT]
    made = [_option(parameters) for parameters in declared.values()]
    wrapper.__signature__ = own.replace(parameters=[*kept, *made])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {}
    return wrapper


def _declared() -> dict[str, dict[str, Parameter]]:
    """Give each parameter's declaration by each workflow that has it."""
    scripts = shipped_scripts()
    found: dict[str, dict[str, Parameter]] = {}
    for workflow in sorted(scripts, key=_ORDER.index):
        source = scripts[workflow].read_text(encoding="utf-8")
        for name, parameter in parse_parameters(source).items():
            if name not in PATHS:
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
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[parameter.type | None, option],
    )


def _help(declared: dict[str, Parameter]) -> str:
    """Say what it is, in the words of the first script that has it."""
    parameter = next(iter(declared.values()))
    sentences = [parameter.label, parameter.description]
    if parameter.choices:
        sentences.append(f"One of {', '.join(parameter.choices)}")
    return " ".join(f"{text.rstrip('.')}." for text in sentences if text)


def _default(declared: dict[str, Parameter]) -> str:
    """Give the default, or each workflow's own where they differ."""
    values = {workflow: _shown(each.default) for workflow, each in declared.items()}
    if len(set(values.values())) == 1:
        return next(iter(values.values()))
    return ", ".join(f"{value} for {workflow}" for workflow, value in values.items())


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
