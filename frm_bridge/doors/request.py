"""What a door is asked for: one schema."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

from frm_bridge.doors.examples import WHOLE, example_of, nearest
from frm_bridge.errors import InputError
from frm_bridge.models.names import is_name

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = 1
Action = Literal["predict", "analyze", "compare", "split"]
Door = Literal["program", "macro", "python"]
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
    "pixel_size_um": ("predict", "analyze", "compare"),
    "match_scale": ("predict",),
    "match_intensity": ("predict",),
    "force": ("predict",),
    "channel": ("predict", "analyze"),
}
WHOLE_PATH = "write the path from the root, or the drive, on"
PATHS = ("input", "output", "truth")
COUNTS = ("schema", "window", "channel")
MEASURES = ("min_iou", "pixel_size_um")
SWITCHES = ("require_gpu", "match_scale", "match_intensity", "force", "overwrite")


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
        Largest window side in px; as free memory allows where it is 0.
    device : str
        auto, cuda, openvino or cpu.
    require_gpu : bool
        Fail rather than run on the CPU.
    match_scale, match_intensity : bool
        Of a prediction: bring the image to the model's pixel size, and its grey levels
        to the training fields'; what it gives stays in the image's own pixels.
    force : bool
        Predict an image that is too unlike the training fields, and say so in the
        output.
    overwrite : bool
        Replace results that exist already.
    door : {"program", "macro", "python"}
        Whose words the answer is to speak: those of this record, of the FRM commands
        or of `Client`.
    input_title, truth_title : str
        What the asker calls an image whose copy this is, for messages.

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
    match_scale: bool = False
    match_intensity: bool = False
    force: bool = False
    overwrite: bool = False
    door: Door = "program"
    input_title: str = ""
    truth_title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        for name, value in _changed_paths(self, _expanded).items():
            object.__setattr__(self, name, value)
        for name, kind in (("action", Action), ("door", Door)):
            if (given := getattr(self, name)) not in (known := get_args(kind)):
                found = f"{name} is {given!r}; expected one of {', '.join(known)}"
                raise wrong_request(found, example_of(name))
        if self.schema != SCHEMA:
            raise InputError(
                "E_REQUEST",
                f"the request has schema {self.schema}; this frm_bridge has {SCHEMA}",
                "let the Fiji side and the Python side be of one version",
            )
        missing = [name for name in _NEEDS[self.action] if not getattr(self, name)]
        if missing:
            found = f"{self.action} needs {' and '.join(missing)}"
            raise wrong_request(found, example_of(missing[0]))
        for name, actions in _ONLY.items():
            if getattr(self, name) and self.action not in actions:
                names = ", ".join(self.parameters) if name == "parameters" else name
                found = (
                    f"{self.action} has no {names}; a request has {', '.join(NAMES)}"
                )
                raise wrong_request(found, nearest(names, NAMES))

    def as_json(self) -> dict[str, Any]:
        """Give what was asked for, in types that JSON has."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        given |= {name: str(given[name]) for name in PATHS if given[name] is not None}
        given["parameters"] = dict(self.parameters)
        return {name: value for name, value in given.items() if value is not None}


NAMES = tuple(each.name for each in fields(Request))


def check_absolute(request: Request) -> None:
    """Refuse a path that depends on the folder of whoever asks.

    Raises
    ------
    InputError
        ``E_REQUEST``.
    """

    def check(name: str, path: str) -> str:
        if not is_whole_path(path):
            shown = path if path.isprintable() else ascii(path)
            found = f"{name} is {shown}; a whole path was expected"
            raise wrong_request(found, WHOLE_PATH)
        return path

    _with_each_path(request, check)


def with_whole_paths(request: Request) -> Request:
    """Give a request whose paths do not depend on this program's folder.

    Raises
    ------
    ModelError
        ``E_MODEL_MISSING``.
    """
    from frm_bridge.models.registry import find_models

    if request.model:
        models = ",".join(str(path.absolute()) for path in find_models(request.model))
        request = replace(request, model=models)
    return _with_each_path(request, lambda _, path: str(Path(path).absolute()))


def _with_each_path(request: Request, changed: Callable[[str, str], str]) -> Request:
    """Give a request with what ``changed(name, path)`` makes of each of its paths."""
    return replace(request, **_changed_paths(request, changed))


def _changed_paths(
    request: Request, changed: Callable[[str, str], str]
) -> dict[str, Any]:
    """Give the fields that have paths, changed."""

    def named(name: str, text: str) -> str:
        # Others may be names of what is shipped; with a suffix they are files.
        is_file = PurePath(text).suffix and not (name == "model" and is_name(text))
        return changed(name, text) if is_file else text

    changes: dict[str, Any] = {
        name: Path(changed(name, str(path)))
        for name in PATHS
        if (path := getattr(request, name)) is not None
    }
    # As `find_models` reads it: commas are allowed in names of files.
    is_one = Path(request.model).is_file()
    models = [request.model] if is_one else request.model.split(",")
    changes["model"] = ",".join(named("model", each.strip()) for each in models)
    changes["workflow"] = named("workflow", request.workflow)
    settings = {
        name: changed(name, str(value)) if name.endswith("_file") and value else value
        for name, value in request.parameters.items()
    }
    return changes | {"parameters": MappingProxyType(settings)}


def _expanded(name: str, path: str) -> str:
    """Put the user's home for a leading ``~/``, as a shell does; no other's."""
    if not path.startswith("~"):
        return path
    if path[1:2] not in ("", "/", os.sep):
        found = f"{name} is {path}; ~ alone stands for a folder, your home"
        raise wrong_request(found, WHOLE_PATH)
    return str(Path.home() / path[2:])


def named_models(models: object) -> object:
    """Give the field ``model`` for one or several; anything else as it is."""
    if isinstance(models, Sequence) and not isinstance(models, str):
        return ",".join(map(str, models))
    return models


def named_workflow(workflow: object, parameters: object) -> dict[str, Any]:
    """Give the fields ``workflow`` and ``parameters``; what is wrong as it is."""
    from frm_bridge.imagej import Workflow

    given = {} if parameters is None else parameters
    if not isinstance(workflow, Workflow):
        return {"workflow": workflow, "parameters": given}
    name = workflow.name if workflow.is_shipped else str(workflow.script)
    if isinstance(given, Mapping):
        given = {**workflow.parameters, **given}
    return {"workflow": name, "parameters": given}


def is_whole_path(path: str, kind: type[PurePath] = PurePath) -> bool:
    r"""Whether a path leads to a place from wherever it is followed.

    Parameters
    ----------
    path : str
        What may be one.
    kind : type of PurePath
        Of which system; by default of this one. On Windows ``C:data`` and ``\data``
        depend on the current folder, and ``\\server\share\data`` does not.
    """
    if any(sign in path for sign in "\0\r\n"):  # an answer is one line
        return False
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return kind(path).is_absolute()


def wrong_request(found: str, fix: str = WHOLE) -> InputError:
    """Give the error for a request that cannot be used."""
    return InputError("E_REQUEST", f"the request cannot be used: {found}", fix)
