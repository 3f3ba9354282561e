"""Models by name, and any file or package by its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.errors import FrmError, ModelError
from frm_bridge.models.archive import is_package, open_model_file
from frm_bridge.models.card import file_sha256
from frm_bridge.models.description import checked_card
from frm_bridge.models.names import NAME, NO_VERSION
from frm_bridge.models.places import PlacedModel, Where, placed_models
from frm_bridge.models.places import shipped_models as shipped_models

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 12  # digits of a content hash, as in sha256:0123456789ab


@dataclass(frozen=True, slots=True)
class ListedModel:
    """What is to be said of a model in a list.

    Attributes
    ----------
    name, version : str
        ``name@version`` finds it; the version is empty where it cannot be read.
    where : {"shipped", "installed", "Fiji"}
        Whose it is.
    path : str
        The package's folder, or the ``.onnx`` file.
    sha256 : str
        Of the ``.onnx`` file, its content hash; empty where there is none.
    size_bytes : int
        Of the ``.onnx`` file.
    predicts : str
        The marker and the modality; empty for a file without a card.
    problem : str
        Why it cannot be used; empty where it can.
    """

    name: str
    version: str
    where: Where
    path: str
    sha256: str = ""
    size_bytes: int = 0
    predicts: str = ""
    problem: str = ""


def list_models() -> list[ListedModel]:
    """List all models that have a name: shipped, installed, and Fiji's.

    A broken one is in the list, with the reason; it is no exception.
    """
    return [_listed(placed) for placed in placed_models()]


def find_model(model: str | Path) -> Path:
    """Give the ``.onnx`` file of a model.

    Parameters
    ----------
    model : str or Path
        A name: ``name`` where there is one of it, ``name@version``, or
        ``name@sha256:0123`` with the first digits of its content hash; a shipped name
        alone is always the shipped model. Or the path of an ``.onnx`` file, of a
        package's ``.zip``, or of its folder.

    Raises
    ------
    ModelError
        ``E_MODEL_MISSING``: neither a file nor a name; ``E_MODEL_AMBIGUOUS``: several
        have the name; ``E_PACKAGE_...`` and ``E_MODEL_...``: what is wrong with a
        package.
    """
    named = find_named(str(model))
    if len(named) == 1:
        return named[0].file()
    if named:
        raise ambiguous(str(model), named)
    path = Path(model)
    if is_package(path):
        return open_model_file(path)
    if path.is_file():
        return path
    raise _missing(model, path)


def find_models(text: str) -> list[Path]:
    """Give the files of one model, or of several that are joined by commas.

    Raises
    ------
    ModelError
        As `find_model`.
    """
    if text and Path(text).exists():  # commas are allowed in names of files
        return [find_model(text)]
    names = [name.strip() for name in text.split(",")]
    return [find_model(name) for name in names if name or len(names) == 1]


def find_named(text: str) -> list[PlacedModel]:
    """Give the models that a name may mean, each content once.

    Returns
    -------
    list of PlacedModel
        None where no model has the name.
    """
    said = NAME.fullmatch(text)
    if said is None:
        return []
    if text in shipped_models():
        return [PlacedModel(text, "shipped", shipped_models()[text])]
    found = [placed for placed in placed_models() if placed.name == said["name"]]
    if said["version"]:
        found = [placed for placed in found if placed.version() == said["version"]]
    if said["digest"]:
        found = [each for each in found if each.sha256().startswith(said["digest"])]
    if len(found) < 2:
        return found
    contents: dict[tuple[str, str], PlacedModel] = {}
    for placed in found:
        contents.setdefault(placed.content(), placed)
    return list(contents.values())


def ambiguous(text: str, found: Sequence[PlacedModel]) -> ModelError:
    """Give the error for a name that several models have."""
    return ModelError(
        "E_MODEL_AMBIGUOUS",
        f"{text} may be {', or '.join(map(_choice, found))}",
        "name the one that is meant, by its version or its content",
    )


def _choice(placed: PlacedModel) -> str:
    digest = placed.sha256()[:_SHOWN]
    content = f" {placed.name}@sha256:{digest}" if digest else " which is broken"
    return f"{placed.name}@{placed.version() or NO_VERSION} ({placed.where},{content})"


def _missing(model: str | Path, path: Path) -> ModelError:
    said = NAME.fullmatch(str(model))
    alike = [each for each in placed_models() if said and each.name == said["name"]]
    if alike:
        found = f"there is no {model}; there is {', '.join(map(_choice, alike))}"
        return ModelError("E_MODEL_MISSING", found, "name one of these")
    names = ", ".join(dict.fromkeys(placed.name for placed in placed_models()))
    return ModelError(
        "E_MODEL_MISSING",
        f"{model} is neither a file nor the name of a model "
        f"({names or 'there is none'})",
        "give the .onnx file in it, or a folder with an rdf.yaml"
        if path.is_dir()
        else "give the path of an .onnx file, or one of these names",
    )


def _listed(placed: PlacedModel) -> ListedModel:
    """Say what a model is, or why that cannot be said."""
    version = placed.path.name if placed.where == "installed" else ""
    plain = ListedModel(placed.name, version, placed.where, str(placed.path))
    try:
        file = placed.file()
        card = checked_card(file)
        return ListedModel(
            placed.name,
            version or (card.version if card else NO_VERSION),
            placed.where,
            plain.path,
            sha256=file_sha256(file),
            size_bytes=file.stat().st_size,
            predicts=f"{card.marker} from {card.modality}" if card else "",
        )
    except FrmError as error:
        problem = f"{error.code} {error.message}"
    except OSError as error:
        problem = f"it cannot be read: {error.strerror}"
    return ListedModel(placed.name, version, placed.where, plain.path, problem=problem)
