"""frm_bridge: fluorescence reconstruction microscopy between Python and ImageJ.

Python trains the U-Net of LaChance & Cohen (2020) and exports ONNX; an ONNX Runtime
engine predicts fluorescence from transmitted light in exact tiles; the same ImageJ
workflow then measures the measured and the predicted fluorescence.

The public names are loaded on first use: importing this package starts no Java, no
TensorFlow and no ONNX Runtime.
"""

__version__ = "0.1.0"
