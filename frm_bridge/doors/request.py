"""What a door is asked for: one schema, from JSON or from ``key=value`` words."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

from frm_bridge.doors.settings import read_settings
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA = 1
Action = Literal["predict", "analyze", "compare", "split"]
_NEEDS: dict[str, tuple[str, ...]] = {
    "predict": ("model",),
    "analyze": ("workflow",),
    "compare": ("workflow", "truth"),
    "split": ("truth",),
}
# What only these actions heed; of any other it is a mistake.
_ONLY: dict[str, tuple[str, ...]] = {
    "parameters": ("analyze", "compare", "split"),
    "min_iou": ("compare",),
    "pixel_size_um": ("analyze", "compare"),
    "channel": ("predict", "analyze"),
}
_PATHS = ("input", "output", "truth")
_COUNTS = ("schema", "window", "channel")
_MEASURES = ("min_iou", "pixel_size_um")
_SWITCHES = ("require_gpu", "overwrite")


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to do.

    Attributes
    ----------
    action : {"predict", "analyze", "compare", "split"}
        What to do.
    input : Path
        The image: transmitted light to predict from, the image to analyze, or the
        prediction (a file or a folder) to compare with the truth; of a split, the
        folder of transmitted light.
    output : Path
        The TIFF of a prediction; of the others, the folder of the results.
    schema : int
        Of this record: 1.
    job : str
        The asker's own name for it.
    model : str
        Of a prediction: a file, or the name of a shipped model.
    truth : Path or None
        The measured fluorescence: of a comparison a file or a folder, of a split a
        folder.
    workflow : str
        Of an analysis and a comparison: a name, or the path of a script.
    parameters : mapping of str to str, int, float or bool
        The workflow's, or those of a split (tile, input_suffix, target_suffix); a
        text stands for a value of the declared type. What is not named has its
        default.
    min_iou : float or None
        Of a comparison: least overlap of a match.
    pixel_size_um : float or None
        µm per px in place of what the files say, which 0 leaves as it is.
    channel : int or None
        Of an image with several: the one that is meant, counted from 1 as in ImageJ.
    window : int or None
        Largest window side in px.
    device : str
        auto, cuda, openvino or cpu.
    require_gpu : bool
        Fail rather than run on the CPU.
    overwrite : bool
        Replace results that exist already.

    Raises
    ------
    InputError
        ``E_REQUEST``.
    """

    action: Action
    input: Path
    output: Path
    schema: int = SCHEMA
    job: str = ""
    model: str = ""
    truth: Path | None = None
    workflow: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict, hash=False)
    min_iou: float | None = None
    pixel_size_um: float | None = None
    channel: int | None = None
    window: int | None = None
    device: str = "auto"
    require_gpu: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        if self.action not in get_args(Action):
            found = (
                f"action is {self.action!r}; expected one of "
                f"{', '.join(get_args(Action))}"
            )
            raise _wrong(found)
        if self.schema != SCHEMA:
            raise InputError(
                "E_REQUEST",
                f"the request has schema {self.schema}; this frm_bridge has {SCHEMA}",
                "let the Fiji side and the Python side be of one version",
            )
        missing = [name for name in _NEEDS[self.action] if not getattr(self, name)]
        if missing:
            found = f"{self.action} needs {' and '.join(missing)}"
            raise _wrong(found)
        for name, actions in _ONLY.items():
            if getattr(self, name) and self.action not in actions:
                names = ", ".join(self.parameters) if name == "parameters" else name
                found = (
                    f"{self.action} has no {names}; a request has {', '.join(NAMES)}"
                )
                raise _wrong(found)


NAMES = tuple(each.name for each in fields(Request))


def read_request(words: Sequence[str], *, standard_input: str = "") -> Request:
    """Read a request as it comes on a command line.

    Parameters
    ----------
    words : sequence of str
        Either one path of a JSON file, or ``-`` for JSON on standard input; or
        ``key=value`` words. A key that the schema does not have is a parameter of the
        workflow. A value may hold anything, spaces and ``=`` too. ``parameters`` is
        read by `read_settings`.
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
        text = standard_input if words[0] == "-" else _read(Path(words[0]))
        return parse_json(text)
    return parse_words(words)


def parse_json(text: str) -> Request:
    """Read a request from JSON.

    Raises
    ------
    InputError
        ``E_REQUEST``.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        found = f"it is no JSON: {error}"
        raise _wrong(found) from error
    if not isinstance(content, dict):
        found = f"it is {type(content).__name__}, not a JSON object"
        raise _wrong(found)
    for name in content:
        if name not in NAMES:
            found = f"it has no {name}; it has {', '.join(NAMES)}"
            raise _wrong(found)
    settings = content.get("parameters", {})
    if isinstance(settings, str):
        content["parameters"] = read_settings(settings)
    elif not isinstance(settings, dict):
        raise _wrong("parameters are no JSON object of names and values")
    return _build(content)


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
            found = f"{word!r} is not of the form name=value"
            raise _wrong(found)
        into = named if name in NAMES else parameters
        if name in into:
            found = f"{name} is given twice"
            raise _wrong(found)
        into[name] = value
    settings = read_settings(str(named.pop("parameters", "")))
    for name in parameters:
        if name in settings:
            found = f"{name} is given twice"
            raise _wrong(found)
    values = {name: _typed(name, str(text)) for name, text in named.items()}
    return _build({**values, "parameters": settings | parameters})


def check_absolute(request: Request) -> None:
    """Refuse a path that depends on the folder of whoever asks.

    Raises
    ------
    InputError
        ``E_REQUEST``.
    """
    named: dict[str, str | Path | None] = {
        name: getattr(request, name) for name in _PATHS
    }
    # The others may be names of what is shipped; with a suffix they are files.
    named |= {
        name: getattr(request, name)
        for name in ("model", "workflow")
        if Path(getattr(request, name)).suffix
    }
    for name, path in named.items():
        if path and not Path(path).is_absolute():
            found = f"{name} is {path}; a whole path was expected"
            raise _wrong(found)


def _typed(name: str, text: str) -> object:
    """Give a word's value in the type that JSON would have given; empty is absent."""
    if not text:
        return None
    if name in _COUNTS and text.isdecimal():
        return int(text)
    if name in _MEASURES:
        with contextlib.suppress(ValueError):
            return float(text)
    if name in _SWITCHES:
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
        raise _wrong(found)
    for name in _PATHS:
        if name in given:
            given[name] = Path(given[name])
    return Request(**given)


def _checked(name: str, value: object) -> object:
    """Refuse a value of another type than the schema's."""
    kinds: dict[str, type] = {
        "parameters": dict,
        **dict.fromkeys(_COUNTS, int),
        **dict.fromkeys(_MEASURES, float),
        **dict.fromkeys(_SWITCHES, bool),
    }
    kind = kinds.get(name, str)
    if kind is float and type(value) is int:  # JSON's 1
        return float(value)
    if type(value) is not kind:
        words = {
            str: "a text",
            int: "a whole number",
            float: "a number",
            bool: "true or false",
        }
        found = f"{name} is {value!r}; expected {words.get(kind, 'an object')}"
        raise _wrong(found)
    return value


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        found = f"{path} cannot be read: {error}"
        raise _wrong(found) from error


def _wrong(found: str) -> InputError:
    return InputError(
        "E_REQUEST",
        f"the request cannot be used: {found}",
        "for example: action=analyze workflow=nuclei input=stain.tif output=measured",
    )
