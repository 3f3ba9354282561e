"""Predict fluorescence: exact tiles, ONNX Runtime, read-run-write, the paper's way."""

from frm_bridge.prediction.engine import PredictionReport, predict_file, predict_image
from frm_bridge.prediction.loaded import LoadedModel
from frm_bridge.prediction.providers import CudaSettings
from frm_bridge.prediction.runtime import available_providers, open_model

__all__ = [
    "CudaSettings",
    "LoadedModel",
    "PredictionReport",
    "available_providers",
    "open_model",
    "predict_file",
    "predict_image",
]
