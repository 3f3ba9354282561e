"""frm_bridge: fluorescence reconstruction microscopy between Python and ImageJ.

Python trains the U-Net of LaChance & Cohen (2020) and exports ONNX; an ONNX Runtime
engine predicts fluorescence from transmitted light in exact tiles; the same ImageJ
workflow then measures the measured and the predicted fluorescence.

The public names are loaded on first use: importing this package starts no Java, no
TensorFlow and no ONNX Runtime.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frm_bridge.comparison import compare, match_objects
    from frm_bridge.errors import FrmError
    from frm_bridge.imagej import find_workflow, nuclei, run_workflow
    from frm_bridge.images import create_image, open_image
    from frm_bridge.models.card import ModelCard, read_card
    from frm_bridge.models.registry import shipped_models
    from frm_bridge.prediction.engine import predict_file, predict_image
    from frm_bridge.prediction.runtime import open_model
    from frm_bridge.reporting import write_report
    from frm_bridge.training.export import export_onnx
    from frm_bridge.training.model import train_model
    from frm_bridge.training.pairs import find_pairs, read_pairs
    from frm_bridge.training.settings import TrainingSettings
    from frm_bridge.training.splits import split_by_group

__version__ = "0.1.0"

_HOMES = {
    "FrmError": "errors",
    "ModelCard": "models.card",
    "TrainingSettings": "training.settings",
    "compare": "comparison",
    "create_image": "images",
    "export_onnx": "training.export",
    "find_pairs": "training.pairs",
    "find_workflow": "imagej",
    "match_objects": "comparison",
    "nuclei": "imagej",
    "open_image": "images",
    "open_model": "prediction.runtime",
    "predict_file": "prediction.engine",
    "predict_image": "prediction.engine",
    "read_card": "models.card",
    "read_pairs": "training.pairs",
    "run_workflow": "imagej",
    "shipped_models": "models.registry",
    "split_by_group": "training.splits",
    "train_model": "training.model",
    "write_report": "reporting",
}

__all__ = [
    "FrmError",
    "ModelCard",
    "TrainingSettings",
    "compare",
    "create_image",
    "export_onnx",
    "find_pairs",
    "find_workflow",
    "match_objects",
    "nuclei",
    "open_image",
    "open_model",
    "predict_file",
    "predict_image",
    "read_card",
    "read_pairs",
    "run_workflow",
    "shipped_models",
    "split_by_group",
    "train_model",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module 'frm_bridge' has no attribute {name!r}"
        raise AttributeError(msg)
    home = importlib.import_module(f"frm_bridge.{_HOMES[name]}")
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
