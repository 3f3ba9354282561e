"""Options of the nuclei workflow, from its script's own declarations.

The ``#@`` lines of ``FRM_Nuclei.py`` are the one place that names its parameters with
their defaults, limits and meaning: Fiji makes its dialog of them, and this module the
options of the commands.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frm_bridge.imagej.parameters import parse_parameters
from frm_bridge.imagej.workflows import PATHS, shipped_script

if TYPE_CHECKING:
    from collections.abc import Callable

    from frm_bridge.imagej.parameters import Parameter

ARGUMENT = "options"
_SHORT = {"blur_sigma_px": "blur_sigma", "threshold_method": "threshold"}
_PANEL = "Nuclei workflow"


def with_nuclei_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each parameter of the nuclei workflow.

    Parameters
    ----------
    command : callable
        Its last argument, ``options``, gets a mapping of those that the user gave.
    """
    source = shipped_script("nuclei").read_text(encoding="utf-8")
    declared = {
        name: parameter
        for name, parameter in parse_parameters(source).items()
        if name not in PATHS
    }

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        values = {name: arguments.pop(name) for name in declared}
        given = {name: value for name, value in values.items() if value is not None}
        command(**arguments, **{ARGUMENT: given})

    own = inspect.signature(command, eval_str=True)
    kept = [each for each in own.parameters.values() if each.name != ARGUMENT]
    made = [_option(parameter) for parameter in declared.values()]
    wrapper.__signature__ = own.replace(parameters=[*kept, *made])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {}
    return wrapper


def _option(parameter: Parameter) -> inspect.Parameter:
    """Declare one option; without it, the script's default holds."""
    flag = _SHORT.get(parameter.name, parameter.name).replace("_", "-")
    names = f"--{flag}/--no-{flag}" if parameter.type is bool else f"--{flag}"
    option = typer.Option(
        names,
        help=_help(parameter),
        show_default=_default(parameter),
        rich_help_panel=_PANEL,
    )
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[parameter.type | None, option],
    )


def _help(parameter: Parameter) -> str:
    sentences = [parameter.label, parameter.description]
    if parameter.choices:
        sentences.append(f"One of {', '.join(parameter.choices)}")
    return " ".join(f"{text.rstrip('.')}." for text in sentences if text)


def _default(parameter: Parameter) -> str:
    if isinstance(parameter.default, bool):
        return "yes" if parameter.default else "no"
    if isinstance(parameter.default, float):
        return f"{parameter.default:g}"
    return str(parameter.default)
