"""What holds for the package as a whole: its public names, its rooms, its weight."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import frm_bridge
from frm_bridge.shipped import shipped_folder

PACKAGE = Path(frm_bridge.__file__).parent
ROOMS = [
    "errors",
    "shipped",
    "outputs",
    "home",
    "images",
    "models",
    "prediction",
    "training",
    "imagej",
    "comparison",
    "reporting",
    "experiments",
    "doors",
    "cli",
]
FENCED = {
    "keras": "training",
    "tensorflow": "training",
    "tf2onnx": "training",
    "onnxruntime": "prediction",
    "scyjava": "imagej",
    "imagej": "imagej",
    "jpype": "imagej",
}


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def modules() -> list[tuple[str, Path]]:
    files = (path for path in PACKAGE.rglob("*.py") if "_shipped" not in path.parts)
    inner = (
        (path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path) for path in files
    )
    return [(room, path) for room, path in inner if room != "__init__"]


def test_every_module_is_in_a_room_and_imports_only_rooms_before_it():
    assert {room for room, _ in modules()} <= set(ROOMS)
    upwards = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for room, path in modules()
        for name in imports_of(path)
        if name.startswith("frm_bridge.")
        and ROOMS.index(name.split(".")[1]) > ROOMS.index(room)
    ]
    assert upwards == []


def test_heavy_libraries_stay_in_their_rooms():
    strays = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for room, path in modules()
        for name in imports_of(path)
        if FENCED.get(name.split(".")[0], room) != room
    ]
    assert strays == []


def test_public_names_are_sorted_and_all_load():
    assert frm_bridge.__all__ == sorted(frm_bridge.__all__)
    stated = {
        alias.asname
        for node in ast.walk(ast.parse(Path(frm_bridge.__file__).read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    assert set(frm_bridge.__all__) == stated  # what mypy sees is what loads
    for name in frm_bridge.__all__:
        assert getattr(frm_bridge, name).__doc__
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = frm_bridge.no_such_name


@pytest.mark.parametrize(
    "code",
    ["import frm_bridge", "from frm_bridge.cli import main; main(['--help'])"],
)
def test_start_loads_nothing_heavy(code):
    heavy = ["tensorflow", "keras", "onnxruntime", "jpype", "pandas", "numpy", "onnx"]
    program = f"{code}; import sys; print([n for n in {heavy} if n in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines()[-1] == "[]"


def test_prediction_and_analysis_need_no_training_library():
    program = (
        "import frm_bridge.prediction.engine, frm_bridge.comparison, "
        "frm_bridge.reporting, sys; "
        "print([n for n in ('tensorflow', 'keras', 'tf2onnx') if n in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_scripts_and_models_travel_with_the_package():
    assert (shipped_folder("fiji_scripts") / "Plugins/FRM/FRM_Nuclei.py").is_file()
    assert (shipped_folder("models") / "nuclei-brightfield").is_dir()


def test_without_tensorflow_all_other_names_are_there():
    """Blocked rather than missing: as where only [cpu] was installed."""
    program = """
import importlib.util, sys
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "keras" else real(name, *a)
sys.modules["keras"] = None
import frm_bridge
print(hasattr(frm_bridge, "train_model"))
from frm_bridge import *
print(callable(predict_file))
try:
    frm_bridge.train_model
except frm_bridge.FrmError as error:
    print(error.code)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False", "True", "E_NO_TENSORFLOW"]
