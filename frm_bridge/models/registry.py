"""Models by name: the ones that are shipped, and any file by its path."""

from __future__ import annotations

from pathlib import Path

from frm_bridge.errors import ModelError
from frm_bridge.shipped import shipped_folder


def shipped_models() -> dict[str, Path]:
    """Give the shipped models: name (the folder's) to ``.onnx`` file, sorted."""
    folder = shipped_folder("models")
    return {path.parent.name: path for path in sorted(folder.glob("*/*.onnx"))}


def find_model(model: str | Path) -> Path:
    """Give the file of a model named by path or by the name of a shipped model.

    Raises
    ------
    ModelError
        ``E_MODEL_MISSING``: neither a file nor a shipped name.
    """
    shipped = shipped_models()
    if str(model) in shipped:
        return shipped[str(model)]
    path = Path(model)
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
    if Path(text).is_file():  # commas are allowed in names of files
        return [Path(text)]
    names = [name.strip() for name in text.split(",")]
    return [find_model(name) for name in names if name or len(names) == 1]
