"""The user's own models: put in, and taken out."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError, ModelError
from frm_bridge.home import explained, home
from frm_bridge.models.archive import is_package, open_model_file, open_package
from frm_bridge.models.card import file_sha256
from frm_bridge.models.description import find_card
from frm_bridge.models.externaldata import is_external
from frm_bridge.models.graphcheck import check_graph
from frm_bridge.models.membernames import check_member_names
from frm_bridge.models.names import NO_VERSION, plain_name, plain_version
from frm_bridge.models.newfolder import new_folder, remove_folder
from frm_bridge.models.packagefolder import list_files
from frm_bridge.models.places import PlacedModel, placed_models
from frm_bridge.models.registry import ambiguous, find_named

if TYPE_CHECKING:
    from pathlib import Path

    from frm_bridge.models.card import ModelCard


@dataclass(frozen=True, slots=True)
class Installed:
    """What was installed.

    Attributes
    ----------
    name, version : str
        ``name@version`` finds it.
    path : Path
        Where it lies: a folder, or the ``.onnx`` file of a shipped model.
    is_new : bool
        False where the same model was there already.
    """

    name: str
    version: str
    path: Path
    is_new: bool


def install_model(
    source: Path, *, into: Path | None = None, name: str | None = None
) -> Installed:
    """Copy a model to where it is found by its name.

    Parameters
    ----------
    source : Path
        A package's ``.zip`` or folder, or an ``.onnx`` file. It is checked; whether it
        predicts what it should, `~frm_bridge.prediction.verification.verify_package`
        says.
    into : Path, optional
        A folder of models in place of the user's own, such as Fiji's ``models``: the
        model becomes a folder ``NAME`` there, as deepImageJ has them.
    name : str, optional
        In place of the model's own.

    Raises
    ------
    ModelError
        ``E_MODEL_NAME`` where there is none; ``E_MODEL_EXISTS`` where another model has
        this name and version; what is wrong with the model.
    OutputError
        Where it cannot be written. Nothing is left behind.
    """
    folder, file = _opened(source)
    graph = check_graph(file)
    card = find_card(file, graph)
    if folder is None and any(map(is_external, graph.graph.initializer)):
        raise ModelError(
            "E_MODEL_EXTERNAL",
            f"{source.name} keeps its weights in another file",
            "export it with its weights inside, or give the package that holds both",
        )
    called = _name(source, card, name)
    version = plain_version(card.version if card else NO_VERSION)
    for placed in _in_the_way(called, version, into):
        if placed.content() == (file_sha256(file), card.to_json() if card else ""):
            return Installed(called, version, placed.path, is_new=False)
        raise _exists(called, version, placed)
    target = into / called if into else home() / "models" / called / version
    with new_folder(target) as partial:
        _copy(folder, file, partial, f"{called}.onnx")
    return Installed(called, version, target, is_new=True)


def remove_model(text: str) -> PlacedModel:
    """Remove one of the user's own models.

    Parameters
    ----------
    text : str
        As `find_removable`.

    Raises
    ------
    ModelError
        As `find_removable`.
    """
    placed = find_removable(text)
    with explained():
        remove_folder(placed.path)
        if not any(placed.path.parent.iterdir()):
            placed.path.parent.rmdir()
    return placed


def find_removable(text: str) -> PlacedModel:
    """Find one of the user's own models, whole or broken, by its name.

    Parameters
    ----------
    text : str
        As for `~frm_bridge.models.registry.find_model`, and no path.

    Raises
    ------
    ModelError
        ``E_MODEL_MISSING``, ``E_MODEL_AMBIGUOUS``, or ``E_MODEL_NOT_INSTALLED`` for one
        that was not installed by 'frm-bridge models install'.
    """
    name, _, version = text.partition("@")
    found = [
        placed
        for placed in placed_models()
        if placed.name == name and placed.where == "installed"
    ]
    if version.startswith("sha256:"):
        digest = version.removeprefix("sha256:")
        found = [placed for placed in found if placed.sha256().startswith(digest)]
    elif version:
        found = [placed for placed in found if placed.path.name == version]
    if len(found) == 1:
        return found[0]
    if found:
        raise ambiguous(text, found)
    others = find_named(text)
    if others:
        raise ModelError(
            "E_MODEL_NOT_INSTALLED",
            f"{text} is {others[0].path}, which 'models install' did not put there",
            "remove it by hand if it is yours; what is shipped stays",
        )
    raise ModelError(
        "E_MODEL_MISSING",
        f"no model is installed as {text}",
        "see 'frm-bridge models list'",
    )


def _opened(source: Path) -> tuple[Path | None, Path]:
    """Give the folder of a package, if it is one, and the ``.onnx`` file."""
    if is_package(source):
        folder = open_package(source)
        return folder, open_model_file(folder)
    if source.suffix.lower() != ".onnx":
        raise ModelError(
            "E_MODEL_MISSING",
            f"{source} is neither an .onnx file nor a package (.zip, or its folder)",
            "give the file that you were sent",
        )
    return None, source


def _name(source: Path, card: ModelCard | None, given: str | None) -> str:
    if given is not None and (not given or plain_name(given) != given):
        raise InputError(
            "E_MODEL_NAME",
            f"{given!r} cannot be a name; letters, digits, _ and - were expected",
            f"for example --as {plain_name(given) or 'nuclei'}",
        )
    name = given or plain_name(card.name if card else "")
    if not name:
        raise InputError(
            "E_MODEL_NAME",
            f"{source.name} has no card, and so no name",
            "give it one with --as NAME",
        )
    check_member_names([name])
    return name


def _in_the_way(name: str, version: str, into: Path | None) -> list[PlacedModel]:
    """Find what has the name and version already; of a folder, what has the name."""
    if into is not None:
        there = PlacedModel(name, "Fiji", into / name)
        return [there] if there.path.exists() else []
    return [
        placed
        for placed in placed_models()
        if placed.name.casefold() == name.casefold()
        and placed.where != "Fiji"
        and placed.version() == version
    ]


def _exists(name: str, version: str, placed: PlacedModel) -> ModelError:
    return ModelError(
        "E_MODEL_EXISTS",
        f"another model has the name {name} and the version {version}: {placed.path}",
        "install this one under another name with --as NAME, or ask for it with a "
        "version of its own",
    )


def _copy(folder: Path | None, file: Path, partial: Path, name: str) -> None:
    """Copy the files of a package, or one file, and check what has arrived."""
    if folder is None:
        shutil.copyfile(file, partial / name)
        check_graph(partial / name)
        return
    for each in list_files(folder):
        target = partial / each
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / each, target)
    open_model_file(partial)
