"""frm_bridge: fluorescence reconstruction microscopy between Python and ImageJ.

Python trains the U-Net of LaChance & Cohen (2020) and exports ONNX; an ONNX Runtime
engine predicts fluorescence from transmitted light in exact tiles; the same ImageJ
workflow then measures the measured and the predicted fluorescence.

The public names are loaded on first use: importing this package starts no Java, no
TensorFlow and no ONNX Runtime.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import lazy_loader

__version__ = "0.1.0"

if TYPE_CHECKING:
    from frm_bridge.comparison import compare as compare
    from frm_bridge.comparison import match_objects as match_objects
    from frm_bridge.doors.client import connect as connect
    from frm_bridge.errors import FrmError as FrmError
    from frm_bridge.experiments.verdict import verdict as verdict
    from frm_bridge.imagej import find_workflow as find_workflow
    from frm_bridge.imagej import junctions as junctions
    from frm_bridge.imagej import nuclei as nuclei
    from frm_bridge.imagej import run_workflow as run_workflow
    from frm_bridge.images import create_image as create_image
    from frm_bridge.images import open_image as open_image
    from frm_bridge.models.card import ModelCard as ModelCard
    from frm_bridge.models.card import read_card as read_card
    from frm_bridge.models.registry import shipped_models as shipped_models
    from frm_bridge.prediction.engine import predict_file as predict_file
    from frm_bridge.prediction.engine import predict_image as predict_image
    from frm_bridge.prediction.runtime import open_model as open_model
    from frm_bridge.reporting import write_report as write_report
    from frm_bridge.training.export import export_onnx as export_onnx
    from frm_bridge.training.model import train_model as train_model
    from frm_bridge.training.pairs import find_pairs as find_pairs
    from frm_bridge.training.pairs import read_pairs as read_pairs
    from frm_bridge.training.settings import TrainingSettings as TrainingSettings
    from frm_bridge.training.splits import split_by_group as split_by_group
else:
    __getattr__, __dir__, __all__ = lazy_loader.attach(
        __name__,
        submod_attrs={
            "comparison": ["compare", "match_objects"],
            "doors.client": ["connect"],
            "errors": ["FrmError"],
            "experiments.verdict": ["verdict"],
            "imagej": ["find_workflow", "junctions", "nuclei", "run_workflow"],
            "images": ["create_image", "open_image"],
            "models.card": ["ModelCard", "read_card"],
            "models.registry": ["shipped_models"],
            "prediction.engine": ["predict_file", "predict_image"],
            "prediction.runtime": ["open_model"],
            "reporting": ["write_report"],
            "training.export": ["export_onnx"],
            "training.model": ["train_model"],
            "training.pairs": ["find_pairs", "read_pairs"],
            "training.settings": ["TrainingSettings"],
            "training.splits": ["split_by_group"],
        },
    )
    if find_spec("keras") is None:  # 'import *' takes what is there
        __all__ = [
            name
            for name in __all__
            if name not in {"TrainingSettings", "export_onnx", "train_model"}
        ]
