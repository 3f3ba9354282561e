"""A dialog of plain ImageJ: one field for each parameter, with its own key."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.imagej import Parameter

# What may name an open image as well as a file or a folder.
IMAGES = ("truth", "prediction", "input", "target")
_NUMBER_COLUMNS, _TEXT_COLUMNS = 8, 25


def field(parameter: Parameter) -> str:
    """Ask for one parameter; the key of a field is its label's first word.

    NB: numbers are asked for as text, since a macro rounds a number to four digits when
    it makes a text of it; and true or false as a choice, since a checkbox takes
    ``fill_holes=true``, which Fiji records, for false.
    """
    label = _quoted(f"{parameter.name}: {parameter.label or parameter.name}")
    default = _quoted(_shown(parameter))
    choices = ("true", "false") if parameter.type is bool else parameter.choices
    if choices:
        array = ", ".join(map(_quoted, choices))
        return f"Dialog.addChoice({label}, newArray({array}), {default});"
    if parameter.name in IMAGES:  # with a button to browse, and free for a title
        return f"Dialog.addDirectory({label}, {default});"
    columns = _TEXT_COLUMNS if parameter.type is str else _NUMBER_COLUMNS
    return f"Dialog.addString({label}, {default}, {columns});"


def getter(parameter: Parameter) -> str:
    """Read what a dialog's field says."""
    if parameter.type is bool or parameter.choices:
        return "Dialog.getChoice()"
    if parameter.type is str:
        return f'frmGiven("{parameter.name}", Dialog.getString())'
    return "Dialog.getString()"


def _shown(parameter: Parameter) -> str:
    if parameter.type is bool:
        return str(parameter.default).lower()
    return f"{parameter.default}"


def help_text(parameters: Sequence[Parameter]) -> str:
    """Say in HTML what each parameter is."""
    rows = (
        f"<p><b>{each.name}</b> {html.escape(_about(each), quote=False)}"
        for each in parameters
    )
    return f"<html><body width=500>{''.join(rows)}"


def _about(parameter: Parameter) -> str:
    low, high = parameter.minimum, parameter.maximum
    limits = [
        f"{word} {limit:g}"
        for word, limit in (("at least", low), ("at most", high))
        if limit is not None
    ]
    sentences = [parameter.label, parameter.description, ", ".join(limits).capitalize()]
    return " ".join(f"{text.rstrip('.')}." for text in sentences if text)


def _quoted(text: str) -> str:
    return f'"{escaped(text)}"'


def escaped(text: str) -> str:
    """Write a text as it stands between a macro's quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
