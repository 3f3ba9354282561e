"""Where models lie: shipped ones, the user's own, and those of Fiji.

::

    shipped     models/NAME/*.onnx in frm_bridge itself
    installed   ~/.frm_bridge/models/NAME/VERSION/, by 'frm-bridge models install'
    Fiji        FIJI/models/NAME/, as deepImageJ and update sites put them there, of
                each Fiji that the FRM commands were installed into
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from frm_bridge.errors import FrmError, ModelError
from frm_bridge.home import home_path, installed_folders
from frm_bridge.models.archive import is_package, open_model_file
from frm_bridge.models.card import file_sha256
from frm_bridge.models.description import checked_card
from frm_bridge.models.names import NO_VERSION, plain_name
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from pathlib import Path

Where = Literal["shipped", "installed", "Fiji"]


@dataclass(frozen=True, slots=True)
class PlacedModel:
    """A model that has a name.

    Attributes
    ----------
    name : str
        Letters, digits, ``_`` and ``-``.
    where : {"shipped", "installed", "Fiji"}
        Whose it is.
    path : Path
        The folder of a package, or an ``.onnx`` file.
    """

    name: str
    where: Where
    path: Path

    def file(self) -> Path:
        """Give the ``.onnx`` file, a package's once it was checked.

        Raises
        ------
        ModelError
            What is wrong with it.
        """
        if self.path.is_dir() and not is_package(self.path):
            found = sorted(self.path.glob("*.onnx"))
            if len(found) != 1:
                raise ModelError(
                    "E_MODEL_MISSING",
                    f"{self.path} holds {len(found)} .onnx files and no rdf.yaml",
                    "remove the model, and install it again",
                )
            return found[0]
        return open_model_file(self.path) if self.path.is_dir() else self.path

    def version(self) -> str:
        """Give the version; empty where the model cannot be read."""
        if self.where == "installed":
            return self.path.name
        try:
            card = checked_card(self.file())
        except FrmError:
            return ""
        return card.version if card else NO_VERSION

    def content(self) -> tuple[str, str]:
        """Give what two places of one model share: its content hash, and its card.

        NB: of a foreign package the card is not in the hashed ``.onnx`` file.
        """
        try:
            file = self.file()
            card = checked_card(file)
            return file_sha256(file), card.to_json() if card else ""
        except (FrmError, OSError):
            return "", str(self.path)

    def sha256(self) -> str:
        """Give the SHA-256 of the ``.onnx`` file; empty where there is none."""
        try:
            return file_sha256(self.file())
        except (FrmError, OSError):
            return ""


def shipped_models() -> dict[str, Path]:
    """Give the shipped models: name (the folder's) to ``.onnx`` file, sorted."""
    folder = shipped_folder("models")
    return {path.parent.name: path for path in sorted(folder.glob("*/*.onnx"))}


def user_folder() -> Path:
    """Give the folder of the models that the user installed; it need not be there."""
    return home_path() / "models"


def placed_models() -> list[PlacedModel]:
    """Find all models that have a name; none of them is opened."""
    found = [
        PlacedModel(name, "shipped", path) for name, path in shipped_models().items()
    ]
    found += [
        PlacedModel(path.parent.name, "installed", path)
        for path in _entries(user_folder(), "*/*")
        if path.is_dir()
    ]
    for folder, form in installed_folders().items():
        if form != "fiji":
            continue
        for path in _entries(folder / "models", "*"):
            inside = path.is_dir() and (is_package(path) or any(path.glob("*.onnx")))
            if inside or path.suffix == ".onnx":
                name = path.name.removesuffix(".onnx")
                found.append(PlacedModel(plain_name(name), "Fiji", path))
    return found


def _entries(folder: Path, pattern: str) -> list[Path]:
    """List a folder, sorted, without what is hidden: it is being written."""
    paths = sorted(folder.glob(pattern)) if folder.is_dir() else []
    return [
        path
        for path in paths
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
