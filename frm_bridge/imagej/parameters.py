"""The ``#@`` lines of a script: the one declaration of its parameters.

``#@ Double sigma (label="Blur", value=2.0, min=0, persist=false)``
"""

from __future__ import annotations

import ast
import json
import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Value = str | int | float | bool

_LINE = re.compile(r"^#@\s*(\w+)\s+(\w+)\s*(?:\((.*)\))?\s*$")
_ATTRIBUTE = re.compile(
    r"""(\w+)\s*=\s*(\{[^}]*\}|"(?:[^"\\]|\\.)*"|'[^']*'|[^,"\s]+)\s*(?:,|$)"""
)
_TYPES: dict[str, type[Value]] = {
    "String": str,
    "Integer": int,
    "Double": float,
    "Boolean": bool,
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter.

    Attributes
    ----------
    name : str
        lower_snake_case; the key in a macro, too.
    type : type
        str, int, float or bool.
    default : str, int, float or bool
        What holds when nothing is given.
    label, description : str
        For people.
    minimum, maximum : float or None
        Both are allowed values.
    choices : tuple of str
        The allowed values of a string; empty for any.
    """

    name: str
    type: type[Value]
    default: Value
    label: str = ""
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def check(self, value: object) -> Value:
        """Give a value in the declared type.

        Raises
        ------
        InputError
            ``E_WORKFLOW_PARAMETER``.
        """
        checked = self._typed(value)
        if checked is None:
            kind = {str: "a text", int: "a whole number", float: "a number"}.get(
                self.type, "true or false"
            )
            raise self._error(value, kind)
        if self.choices and checked not in self.choices:
            raise self._error(value, f"one of {', '.join(self.choices)}")
        if isinstance(checked, int | float) and not isinstance(checked, bool):
            self._check_range(checked)
        return checked

    def read(self, text: str) -> Value:
        """Give the value that a text stands for, on a command line or in a ``#@`` line.

        Raises
        ------
        InputError
            ``E_WORKFLOW_PARAMETER``.
        """
        value: object = text
        if self.type is bool:
            value = {"true": True, "false": False}.get(text.lower(), text)
        elif self.type is not str:
            try:
                value = float(text)
            except ValueError:
                value = text
        return self.check(value)

    def _typed(self, value: object) -> Value | None:
        """Accept what loses nothing: 2 for a Double, but not 2.5 for an Integer."""
        if self.type is bool or isinstance(value, bool):
            return value if self.type is bool and isinstance(value, bool) else None
        if self.type is str:
            return value if isinstance(value, str) else None
        if not isinstance(value, int | float) or not math.isfinite(value):
            return None
        if self.type is float:
            return float(value)
        return int(value) if value == int(value) else None

    def _check_range(self, value: float) -> None:
        low, high = self.minimum, self.maximum
        if low is not None and value < low:
            raise self._error(value, f"at least {low:g}")
        if high is not None and value > high:
            raise self._error(value, f"at most {high:g}")

    def _error(self, value: object, expected: str) -> InputError:
        return InputError(
            "E_WORKFLOW_PARAMETER",
            f"{self.name} is {value!r}; expected {expected}",
            f"give {self.name} another value, or leave it out for {self.default!r}",
        )


def parse_parameters(source: str) -> dict[str, Parameter]:
    """Read the ``#@`` lines of a script, in their order.

    Raises
    ------
    WorkflowError
        ``E_WORKFLOW_SCRIPT`` for a line that cannot be read, or a parameter without a
        default: a missing one opens a dialog, or silently takes an older value.
    """
    found = (_parse_line(line) for line in source.splitlines() if line.startswith("#@"))
    return {parameter.name: parameter for parameter in found}


def read_parameters(path: Path) -> dict[str, Value]:
    """Read parameters from JSON: a ``result.json``, or name and value alone.

    Raises
    ------
    InputError
        ``E_PARAMETERS_FILE``.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = content.get("parameters", content)
        return {str(name): value for name, value in found.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            "E_PARAMETERS_FILE",
            f"{path} holds no parameters: {type(error).__name__}: {error}",
            'give a result.json of an earlier run, or JSON as {"blur_sigma_px": 2.0}',
        ) from error


def check_values(
    declared: Mapping[str, Parameter], given: Mapping[str, object]
) -> dict[str, Value]:
    """Give all declared parameters a value: the given one, checked, or the default.

    Raises
    ------
    InputError
        ``E_WORKFLOW_PARAMETER`` for an unknown name or an unsuitable value.
    """
    for name in given:
        if name not in declared:
            raise InputError(
                "E_WORKFLOW_PARAMETER",
                f"the workflow has no parameter {name}",
                f"it has: {', '.join(declared)}",
            )
    return {
        name: parameter.check(given[name]) if name in given else parameter.default
        for name, parameter in declared.items()
    }


def _parse_line(line: str) -> Parameter:
    match = _LINE.match(line)
    if match is None or match[1] not in _TYPES:
        raise _unreadable(line, f"a type out of {', '.join(_TYPES)}, and a name")
    kind, name = _TYPES[match[1]], match[2]
    attributes = dict(read_attributes(match[3] or "", line))
    if "value" not in attributes:
        raise _unreadable(line, "a default: (value=...)")
    parameter = Parameter(
        name,
        kind,
        "",
        label=attributes.get("label", ""),
        description=attributes.get("description", ""),
        minimum=float(attributes["min"]) if "min" in attributes else None,
        maximum=float(attributes["max"]) if "max" in attributes else None,
        choices=_choices(attributes.get("choices")),
    )
    return _with_default(parameter, attributes["value"])


def read_attributes(text: str, line: str) -> Iterator[tuple[str, str]]:
    """Give the names and values in the brackets of a ``#@`` line.

    Raises
    ------
    WorkflowError
        ``E_WORKFLOW_SCRIPT``.
    """
    place = 0
    text = text.strip()
    while place < len(text):
        match = _ATTRIBUTE.match(text, place)
        if match is None:
            raise _unreadable(line, f"name=value at {text[place:]!r}")
        value = match[2]
        yield match[1], ast.literal_eval(value) if value[0] in "\"'" else value
        place = match.end()
        place += len(text[place:]) - len(text[place:].lstrip())


def _choices(text: str | None) -> tuple[str, ...]:
    return tuple(re.findall(r'"([^"]*)"', text)) if text else ()


def _with_default(parameter: Parameter, text: str) -> Parameter:
    return replace(parameter, default=parameter.read(text))


def _unreadable(line: str, expected: str) -> WorkflowError:
    return WorkflowError(
        "E_WORKFLOW_SCRIPT",
        f"cannot read the script line {line!r}; expected {expected}",
        'write: #@ Double name (label="...", value=1.0, persist=false)',
    )
