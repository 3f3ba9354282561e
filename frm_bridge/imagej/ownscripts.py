"""Scripts that know nothing of frm_bridge: any macro, any Jython script.

A script that declares ``image_path`` and ``output_folder`` follows the project's
contract. Any other is somebody's own: ImageJ opens the image for it, it runs unedited,
and what it leaves in ImageJ's Results table is the result. Its ``#@`` lines are read
as SciJava reads them; of a macro's argument, ``argument`` is the parameter.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError, WorkflowError
from frm_bridge.imagej.parameters import Parameter, Value, read_attributes
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SUFFIXES = (".py", ".ijm")
ARGUMENT = "argument"

_LINE = re.compile(r"^\s*#@\s*(?P<rest>.*?)\s*$")
_PARTS = re.compile(
    r"^(?:(?P<io>(?i:input|output|both))\b\s*)?(?P<type>[\w.]+(?:\[\])?(?:<\w*>)?)?\s*"
    r"(?:\((?P<before>.*)\)\s*(?P<name1>\w+)|(?P<name2>\w+)\s*(?:\((?P<after>.*)\))?)$"
)
_TYPES: dict[str, type[Value]] = {
    **dict.fromkeys(("String", "char", "Character", "File"), str),
    **dict.fromkeys(("Integer", "int", "Long", "long", "Short", "short", "Byte"), int),
    **dict.fromkeys(("Double", "double", "Float", "float"), float),
    **dict.fromkeys(("BigInteger",), int),
    **dict.fromkeys(("BigDecimal", "Number"), float),
    **dict.fromkeys(("Boolean", "boolean"), bool),
}
_BOUND = {"ImagePlus": "image", "ResultsTable": "table", "File": "file"}
_CHOICE = re.compile(r"""["]([^"]*)["]|'([^']*)'""")
_PATHS = re.compile(r"^#@.*\b(image_path|output_folder)\b", re.MULTILINE)
_ASKS_ARGUMENT = re.compile(r"\bgetArgument\b")


class Asked(Parameter):
    """A parameter without a default: empty until somebody gives a value."""

    def check(self, value: object) -> Value:
        """Give a value in the declared type, or the empty text."""
        return "" if value == "" else super().check(value)


class Unset(Parameter):
    """A text without a default: it is empty unless somebody gives one."""


def is_own(script: Path, source: str) -> bool:
    """Say whether a script is somebody's own, and keeps no contract."""
    declared = set(_PATHS.findall(source))
    return script.suffix == ".ijm" or declared != {"image_path", "output_folder"}


def own_parameters(script: Path, source: str) -> dict[str, Parameter]:
    """Read what can be given to somebody's own script, in the order of its lines.

    Raises
    ------
    WorkflowError
        ``E_WORKFLOW_SCRIPT`` for a line that cannot be read.
    """
    declared = {
        parameter.name: parameter
        for _, parameter in _lines(source)
        if isinstance(parameter, Parameter)
    }
    if script.suffix == ".ijm" and _ASKS_ARGUMENT.search(source):
        declared[ARGUMENT] = Parameter(ARGUMENT, str, "")
    return declared


def own_call(
    script: Path, source: str, parameters: Mapping[str, Value]
) -> tuple[Path, dict[str, Value]]:
    """Give the script that runs somebody's own one, and what it is to be told.

    Raises
    ------
    InputError
        ``E_WORKFLOW_PARAMETER`` for one without a value.
    """
    declared = own_parameters(script, source)
    for name, value in parameters.items():
        if value == "" and isinstance(declared[name], Asked):
            raise InputError(
                "E_WORKFLOW_PARAMETER",
                f"the script asks for {name}, and has no default for it",
                f"give one: --set {name}=...",
            )
    bound = {name: kind for kind, name in _bound(source)}
    unset = [
        name
        for name, value in parameters.items()
        if value == "" and isinstance(declared[name], Unset)
    ]
    call = json.dumps({"parameters": dict(parameters), "bound": bound, "unset": unset})
    wrapper = shipped_folder("fiji_scripts") / "lib" / "frm" / "run_own.py"
    return wrapper, {"script": str(script.resolve()), "call": call}


def _bound(source: str) -> Iterator[tuple[str, str]]:
    for kind, parameter in _lines(source):
        if kind:
            yield (
                kind,
                parameter.name if isinstance(parameter, Parameter) else parameter,
            )


def _lines(source: str) -> Iterator[tuple[str, Parameter | str]]:
    """Give each line's kind, where it stands for an object, and parameter or name."""
    for number, line in enumerate(source.splitlines(), 1):
        match = _LINE.match(line)
        if match is None or match["rest"].startswith(("script", "dependency")):
            continue
        parts = _PARTS.match(match["rest"])
        if parts is None:
            raise _unreadable(line, number, "a type and a name")
        name = parts["name1"] or parts["name2"]
        kind = re.sub(r".*\.", "", parts["type"] or "")
        if (parts["io"] or "").lower() == "output":
            yield "output", name
        elif kind in _TYPES:
            attributes = parts["before"] or parts["after"] or ""
            parameter = _parameter(name, kind, dict(read_attributes(attributes, line)))
            yield _BOUND.get(kind, ""), parameter
        elif kind in _BOUND:
            yield _BOUND[kind], name
        elif not kind.endswith(("Service", "Context")):
            raise _unreadable(line, number, f"a type out of {', '.join(_TYPES)}")


def _parameter(name: str, kind: str, attributes: Mapping[str, str]) -> Parameter:
    typed = _TYPES[kind]
    choices = _CHOICE.findall(attributes.get("choices", ""))
    # As in SciJava's dialog, a box starts unticked and a text empty; not so a number.
    asked: type[Parameter] = Parameter
    if "value" not in attributes and typed is not bool:
        asked = Asked if typed in (int, float) or kind == "File" else Unset
    parameter = asked(
        name,
        typed,
        False if typed is bool else "",
        label=attributes.get("label", ""),
        description=attributes.get("description", ""),
        minimum=_number(attributes.get("min")),
        maximum=_number(attributes.get("max")),
        choices=tuple(one or other for one, other in choices),
    )
    if "value" not in attributes:
        return parameter
    return replace(parameter, default=parameter.read(attributes["value"]))


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _unreadable(line: str, number: int, expected: str) -> WorkflowError:
    return WorkflowError(
        "E_WORKFLOW_SCRIPT",
        f"cannot read line {number} of the script, {line.strip()!r}; expected "
        f"{expected}",
        "write: #@ Double name (value=1.0); ImagePlus, ResultsTable and services may "
        "stand there, too",
    )
