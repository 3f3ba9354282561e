"""Predict fluorescence: exact tiles, ONNX Runtime, read-run-write, the paper's way."""
