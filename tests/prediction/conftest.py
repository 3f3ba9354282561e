"""Networks of several kinds."""

from pathlib import Path

import pytest

from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.prediction import available_providers


@pytest.fixture(scope="session")
def one_stack(make_model) -> Path:
    return make_model()


@pytest.fixture(scope="session")
def two_stacks(make_model) -> Path:
    return make_model(stacks=2, halo=192, margin=190)


@pytest.fixture(scope="session")
def relative(make_model) -> Path:
    scales = Normalisation(
        InputNormalisation("field"), OutputNormalisation(0.0, 1.0, "relative")
    )
    return make_model(name="relative", marker="actin", normalisation=scales)


@pytest.fixture(scope="session")
def openvino() -> str:
    """The device "openvino", where it is part of the installed runtime."""
    if available_providers()["OpenVINOExecutionProvider"] is not None:
        pytest.skip("this ONNX Runtime has no OpenVINO provider")
    return "openvino"
