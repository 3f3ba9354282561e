"""Models by name: the ones that are shipped, and any file by its path."""

from __future__ import annotations

from pathlib import Path

from frm_bridge.errors import ModelError
from frm_bridge.models.archive import is_package, open_model_file
from frm_bridge.shipped import shipped_folder


def shipped_models() -> dict[str, Path]:
    """Give the shipped models: name (the folder's) to ``.onnx`` file, sorted."""
    folder = shipped_folder("models")
    return {path.parent.name: path for path in sorted(folder.glob("*/*.onnx"))}


def find_model(model: str | Path) -> Path:
    """Give the file of a model named by path or by the name of a shipped model.

    Parameters
    ----------
    model : str or Path
        A shipped name; or an ``.onnx`` file, a package's ``.zip``, or its folder.

    Raises
    ------
    ModelError
        ``E_MODEL_MISSING``: neither a file nor a shipped name; ``E_PACKAGE_...`` and
        ``E_MODEL_...``: what is wrong with a package.
    """
    shipped = shipped_models()
    if str(model) in shipped:
        return shipped[str(model)]
    path = Path(model)
    if is_package(path):
        return open_model_file(path)
    if path.is_file():
        return path
    raise ModelError(
        "E_MODEL_MISSING",
        f"{model} is neither a file nor a shipped model "
        f"({', '.join(shipped) or 'none is shipped'})",
        "give the path of an .onnx file, or one of these names",
    )


def find_models(text: str) -> list[Path]:
    """Give the files of one model, or of several that are joined by commas.

    Raises
    ------
    ModelError
        ``E_MODEL_MISSING``, as `find_model`.
    """
    if Path(text).exists() and text:  # commas are allowed in names of files
        return [find_model(text)]
    names = [name.strip() for name in text.split(",")]
    return [find_model(name) for name in names if name or len(names) == 1]
