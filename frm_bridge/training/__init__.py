"""Pairs in, one ONNX file out: the only room that imports Keras."""
