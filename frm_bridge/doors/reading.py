"""Read a request: from JSON, from words of a command line, from lines of a file."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from frm_bridge.doors.examples import WHOLE, example_of, nearest
from frm_bridge.doors.namedlines import decoded, lines_of
from frm_bridge.doors.request import (
    COUNTS,
    MEASURES,
    NAMES,
    PATHS,
    SWITCHES,
    Request,
    wrong_request,
)
from frm_bridge.doors.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_JSON = 'for example: {"action": "predict", "model": "nuclei-brightfield", ...}'


def read_request(words: Sequence[str], *, standard_input: str = "") -> Request:
    """Read a request as it comes on a command line.

    Parameters
    ----------
    words : sequence of str
        Either one path of a JSON file or of a ``.txt`` of `parse_lines`, or ``-`` for
        JSON on standard input; or ``key=value`` words. A key that the schema does not
        have is a parameter of the workflow. A value may hold anything, spaces and
        ``=`` too. ``parameters`` is read by `read_settings`.
    standard_input : str
        What ``-`` stands for.

    Returns
    -------
    Request
        Checked, as far as a look at it can tell.

    Raises
    ------
    InputError
        ``E_REQUEST``.
    """
    if len(words) == 1 and "=" not in words[0]:
        if words[0] == "-":
            return parse_json(standard_input)
        return read_file(Path(words[0]))
    return parse_words(words)


def read_file(path: Path) -> Request:
    """Read a request from a file: ``.txt`` for lines, any other for JSON.

    Raises
    ------
    InputError
        ``E_REQUEST``.
    """
    try:
        text = decoded(path.read_bytes())
    except OSError as error:
        found = f"{path} cannot be read: {error}"
        fix = f"give a file with a request, or words, {WHOLE}"
        raise wrong_request(found, fix) from error
    return parse_lines(text) if path.suffix == ".txt" else parse_json(text)


def parse_lines(text: str) -> Request:
    """Read a request from lines, each a word as `parse_words` takes it.

    A macro writes text in Java's own encoding, which need not have all letters: in
    ``name*=value`` the value stands as in a web address, ``%C3%A9`` for ``é``.

    Raises
    ------
    InputError
        ``E_REQUEST``.
    """
    return parse_words([_unquoted(line) for line in lines_of(text)])


def _unquoted(line: str) -> str:
    name, equals, value = line.partition("=")
    if equals and name.endswith("*"):
        return f"{name[:-1]}={unquote_plus(value)}"
    return line


def parse_json(text: str) -> Request:
    """Read a request from JSON.

    Raises
    ------
    InputError
        ``E_REQUEST``.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        found = f"it is no JSON: {error}"
        raise wrong_request(found, _JSON) from error
    if not isinstance(content, dict):
        found = f"it is {type(content).__name__}, not a JSON object"
        raise wrong_request(found, _JSON)
    return parse_fields(content)


def parse_fields(fields: Mapping[str, object]) -> Request:
    """Read a request from its fields, in types that JSON has.

    Parameters
    ----------
    fields : mapping
        Of a program in Python they may be a `Path` and numbers of numpy, too.

    Raises
    ------
    InputError
        ``E_REQUEST``.
    """
    for name in fields:
        if name not in NAMES:
            found = f"it has no {name}; it has {', '.join(NAMES)}"
            raise wrong_request(found, nearest(name, NAMES))
    content = {name: _plain(value) for name, value in fields.items()}
    settings = content.get("parameters")
    if isinstance(settings, str):
        content["parameters"] = read_settings(settings)
    elif isinstance(settings, Mapping):
        content["parameters"] = {name: _plain(settings[name]) for name in settings}
    return _build(content)


def _plain(value: object) -> object:
    """Give a path, or a number of numpy, in a type that JSON has."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    is_number = hasattr(value, "dtype") and getattr(value, "ndim", None) == 0
    return value.item() if is_number else value  # type: ignore[attr-defined]


def parse_words(words: Sequence[str]) -> Request:
    """Read a request from ``key=value`` words.

    Raises
    ------
    InputError
        ``E_REQUEST``.
    """
    named: dict[str, object] = {}
    parameters: dict[str, object] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            found = f"{word[:80]!r} is not of the form name=value"
            raise wrong_request(found, f"write words, {WHOLE}")
        into = named if name in NAMES else parameters
        if name in into:
            found = f"{name} is given twice"
            raise wrong_request(found, f"give {name} once")
        into[name] = value
    settings = read_settings(str(named.pop("parameters", "")))
    for name in parameters:
        if name in settings:
            found = f"{name} is given twice"
            raise wrong_request(found, f"give {name} once")
    values = {name: _typed(name, str(text)) for name, text in named.items()}
    return _build({**values, "parameters": settings | parameters})


def _typed(name: str, text: str) -> object:
    """Give a word's value in the type that JSON would have given; empty is absent."""
    if not text:
        return None
    if name in COUNTS and text.isdecimal():
        return int(text)
    if name in MEASURES:
        with contextlib.suppress(ValueError):
            return float(text)
    if name in SWITCHES:
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def _build(content: Mapping[str, object]) -> Request:
    given: dict[str, Any] = {
        name: _checked(name, value)
        for name, value in content.items()
        if value is not None
    }
    missing = [name for name in ("action", "input", "output") if name not in given]
    if missing:
        found = f"it does not say {', '.join(missing)}"
        raise wrong_request(
            found, WHOLE if len(missing) > 1 else example_of(missing[0])
        )
    for name in PATHS:
        if name in given:
            given[name] = Path(given[name])
    return Request(**given)


def _checked(name: str, value: object) -> object:
    """Refuse a value of another type than the schema's."""
    kinds: dict[str, type] = {
        "parameters": dict,
        **dict.fromkeys(COUNTS, int),
        **dict.fromkeys(MEASURES, float),
        **dict.fromkeys(SWITCHES, bool),
    }
    kind = kinds.get(name, str)
    if kind is float and type(value) is int:  # JSON's 1
        return float(value)
    if type(value) is not kind:
        words = {
            str: "a path" if name in PATHS else "a text",
            int: "a whole number",
            float: "a number",
            bool: "true or false",
        }
        said, wanted = f"{value!r:.80}", words.get(kind, "names and values")
        found = f"{name} is {said}; expected {wanted}"
        raise wrong_request(found, example_of(name))
    return value
