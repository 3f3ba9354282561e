"""On an NVIDIA GPU with onnxruntime-gpu: ``pytest -m gpu tests/prediction``."""

import numpy as np
import pytest

from frm_bridge.prediction import CudaSettings, open_model, predict_image
from frm_bridge.prediction.benchmark import benchmark
from frm_bridge.prediction.providers import CUDA

pytestmark = pytest.mark.gpu

FLOAT32 = CudaSettings(tf32=False)
# In units of the prediction's sd: float32 sums in another order, and TF32's 10 bits.
FLOAT32_TOLERANCE = 1e-3
TF32_TOLERANCE = 2e-2


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 4096, (700, 900), np.uint16)


@pytest.fixture(scope="module")
def on_cpu(one_stack, image):
    return predict_image(image, one_stack, device="cpu")


def _difference_sd(found, expected):
    return np.abs(found - expected).max() / expected.std()


def test_the_gpu_really_runs(one_stack):
    with open_model(one_stack, require_gpu=True) as model:
        assert model.provider == CUDA
        assert model.precision == "tf32"
        assert model.warnings == ()


def test_float32_agrees_with_the_cpu(one_stack, image, on_cpu):
    with open_model(one_stack, device="cuda", cuda=FLOAT32) as model:
        assert model.precision == "float32"
        found = predict_image(image, model)
    assert _difference_sd(found, on_cpu) < FLOAT32_TOLERANCE


def test_tf32_agrees_with_the_cpu_within_its_precision(one_stack, image, on_cpu):
    with open_model(one_stack, device="cuda") as model:
        found = predict_image(image, model)
    assert _difference_sd(found, on_cpu) < TF32_TOLERANCE


@pytest.mark.parametrize("window", [256, 512])
def test_tiled_is_whole_within_the_tolerance(one_stack, image, window):
    # Another shape may take another kernel, so not bit for bit.
    with open_model(one_stack, device="cuda", cuda=FLOAT32) as model:
        whole = predict_image(image, model, window=4096)
        tiled = predict_image(image, model, window=window)
    assert _difference_sd(tiled, whole) < FLOAT32_TOLERANCE


def test_out_of_gpu_memory_is_tried_again(one_stack, caplog):
    image = np.random.default_rng(1).integers(0, 4096, (2048, 2048), np.uint16)
    limited = CudaSettings(tf32=False, memory_limit_bytes=512 * 2**20)
    with open_model(one_stack, device="cuda", cuda=limited) as model:
        found = predict_image(image, model, window=2048)
    assert "memory ran out with windows of 2048 px" in caplog.text
    with open_model(one_stack, device="cuda", cuda=FLOAT32) as model:
        expected = predict_image(image, model, window=1024)
    assert _difference_sd(found, expected) < FLOAT32_TOLERANCE


def test_the_benchmark_runs_on_the_gpu(one_stack):
    table = benchmark(one_stack, device="cuda", sizes=(1024,), memory=False)
    assert table.provider == CUDA
    assert table.paper_ratio > 1
