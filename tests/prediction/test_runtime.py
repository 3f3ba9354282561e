"""Opening models: which device runs, and what is said when none can."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import tifffile
from onnx import TensorProto, helper

from frm_bridge.errors import EnvironmentProblem, FrmError, InputError, ModelError
from frm_bridge.models.card import write_card
from frm_bridge.prediction import available_providers, open_model, runtime
from frm_bridge.prediction.distributions import (
    DISTRIBUTIONS,
    check_distributions,
    exchange_for,
    library_error,
)
from frm_bridge.prediction.memory import default_window, free_memory_bytes
from frm_bridge.prediction.providers import (
    CPU,
    CUDA,
    OPENVINO,
    CudaSettings,
    available_cores,
    is_out_of_memory,
    provider_options,
    providers_to_try,
    usable_cores,
)

# --- distributions


def test_one_distribution_is_what_is_wanted():
    assert check_distributions(["onnxruntime-gpu"]) == "onnxruntime-gpu"


def test_no_runtime_is_an_error_with_a_pip_line():
    with pytest.raises(EnvironmentProblem, match="E_NO_RUNTIME") as caught:
        check_distributions([])
    assert "pip install onnxruntime-openvino" in caught.value.fix


@pytest.mark.parametrize(
    ("installed", "line"),
    [
        (
            ["onnxruntime", "onnxruntime-gpu"],
            "pip uninstall -y onnxruntime onnxruntime-gpu && "
            'pip install "onnxruntime-gpu[cuda,cudnn]"',
        ),
        (
            ["onnxruntime", "onnxruntime-openvino"],
            "pip uninstall -y onnxruntime onnxruntime-openvino && "
            'pip install "onnxruntime-openvino"',
        ),
    ],
)
def test_two_runtimes_are_an_error_with_the_exact_pip_line(installed, line):
    with pytest.raises(EnvironmentProblem, match="E_TWO_RUNTIMES") as caught:
        check_distributions(installed)
    assert line in caught.value.fix


def test_two_installed_distributions_are_found_by_their_metadata(tmp_path, monkeypatch):
    name = next(n for n in DISTRIBUTIONS if n not in runtime.installed_distributions())
    about = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1")
    monkeypatch.syspath_prepend(tmp_path)
    runtime._load_runtime.cache_clear()
    with pytest.raises(EnvironmentProblem, match="E_TWO_RUNTIMES"):
        available_providers()


def test_the_exchange_line_needs_nothing_installed():
    assert exchange_for("onnxruntime", []) == 'pip install "onnxruntime"'


# --- choices


@pytest.mark.parametrize(
    ("device", "available", "expected"),
    [
        ("auto", [CPU, OPENVINO, CUDA], [CUDA, OPENVINO, CPU]),
        ("auto", ["TensorrtExecutionProvider", CPU], [CPU]),
        ("cpu", [CUDA, CPU], [CPU]),
        ("cuda", [CPU], [CUDA]),
        ("openvino", [OPENVINO, CPU], [OPENVINO]),
    ],
)
def test_the_fastest_provider_is_tried_first(device, available, expected):
    assert providers_to_try(device, available) == expected


def test_a_required_gpu_leaves_nothing_to_fall_back_to():
    assert providers_to_try("auto", [CUDA, CPU], require_gpu=True) == [CUDA]


@pytest.mark.parametrize(("device", "required"), [("tpu", False), ("cpu", True)])
def test_an_unknown_or_contradictory_device_is_refused(device, required):
    with pytest.raises(InputError, match="E_DEVICE"):
        providers_to_try(device, [CPU], require_gpu=required)


def test_cuda_options():
    settings = CudaSettings(tf32=False, memory_limit_bytes=2**33)
    assert provider_options(CUDA, threads=2, cuda=settings) == {
        "cudnn_conv_algo_search": "EXHAUSTIVE",
        "use_tf32": "0",
        "arena_extend_strategy": "kSameAsRequested",
        "gpu_mem_limit": "8589934592",
    }
    default = provider_options(CUDA, threads=2)
    assert default["use_tf32"] == "1"
    assert "gpu_mem_limit" not in default


def test_openvino_options_ask_for_float32_and_no_cache():
    options = provider_options(OPENVINO, threads=3)
    assert options["device_type"] == "CPU"
    assert json.loads(options["load_config"]) == {
        "CPU": {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": "3"}
    }
    assert not any("cache" in key.lower() for key in options)


def test_the_cpu_needs_no_options():
    assert provider_options(CPU, threads=2) == {}


def test_a_memory_limit_below_one_byte_is_refused():
    with pytest.raises(InputError, match="E_DEVICE"):
        CudaSettings(memory_limit_bytes=0)


@pytest.mark.parametrize(
    ("logical", "physical", "allowed", "limit", "threads"),
    [
        (16, 8, 16, "", 8),
        (16, 8, 4, "", 2),
        (2, 2, 1, "", 1),
        (16, 8, 1, "", 1),
        (8, 8, 8, "max 100000", 8),
        (8, 8, 8, "200000 100000", 2),
        (8, 8, 8, "5000 100000\n", 1),
    ],
)
def test_threads_are_the_physical_cores_that_are_granted(
    logical, physical, allowed, limit, threads
):
    counts = {"logical": logical, "physical": physical, "allowed": allowed}
    assert usable_cores(**counts, cgroup_limit=limit) == threads


def test_this_machine_grants_at_least_one_core():
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    "message",
    [
        "Failed to allocate memory for requested buffer of size 1073741824",
        "Available memory of 0 is smaller than requested bytes of 512",
        "std::bad_alloc",
        "CUDA failure 2: out of memory ; GPU=0",
        "CUDNN failure 4: CUDNN_STATUS_ALLOC_FAILED",
    ],
)
def test_allocation_failures_are_recognised(message):
    assert is_out_of_memory(message)
    assert not is_out_of_memory("Invalid rank for input: image")


def test_the_default_window_follows_free_memory():
    gigabyte = 10**9
    assert default_window(CPU, 0) == 256
    assert default_window(CPU, gigabyte) == 640
    assert default_window(CPU, 100 * gigabyte) == 2048
    assert default_window(CUDA, 100 * gigabyte) == 4096
    assert default_window(OPENVINO) % 16 == 0


def test_a_containers_memory_limit_counts(tmp_path):
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("2000\n")
    assert free_memory_bytes(tmp_path) == 3000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory_bytes(tmp_path) > 5000
    assert free_memory_bytes(tmp_path / "nowhere") > 5000


# --- opening


def test_the_provider_that_runs_is_read_back(one_stack):
    with open_model(one_stack, device="cpu") as model:
        assert model.provider == CPU
        assert model.precision == "float32"
        assert model.warnings == ()
        assert model.card.halo == 96
        assert len(model.sha256) == 64


def test_auto_takes_the_first_provider_that_works(one_stack):
    works = [name for name, problem in available_providers().items() if problem is None]
    with open_model(one_stack) as model:
        assert model.provider == works[0]


def test_a_provider_that_is_not_there_has_a_reason():
    found = available_providers()
    assert found[CPU] is None
    if found[CUDA] is not None:
        assert CUDA in found[CUDA]


@pytest.mark.parametrize("options", [{"device": "cuda"}, {"require_gpu": True}])
def test_a_gpu_that_is_required_and_missing_is_an_error(one_stack, options):
    if available_providers()[CUDA] is None:
        pytest.skip("this machine has a GPU")
    with pytest.raises(EnvironmentProblem, match="E_NO_GPU") as caught:
        open_model(one_stack, **options)
    assert CUDA in caught.value.message
    assert 'pip install "onnxruntime-gpu[cuda,cudnn]"' in caught.value.fix


def test_a_driver_without_its_provider_is_a_warning(one_stack, monkeypatch, caplog):
    if available_providers()[CUDA] is None:
        pytest.skip("this machine has a GPU")
    monkeypatch.setattr(runtime, "nvidia_driver_present", lambda: True)
    with open_model(one_stack) as model:
        assert "an NVIDIA driver is present" in model.warnings[0]
        assert f"has no {CUDA}" in model.warnings[0]
        assert 'pip install "onnxruntime-gpu[cuda,cudnn]"' in model.warnings[0]
    assert "NVIDIA" in caplog.text
    with open_model(one_stack, device="cpu") as model:
        assert model.warnings == ()


def test_the_loaders_own_words_are_the_reason(tmp_path):
    (tmp_path / "libonnxruntime_providers_cuda.so").write_text("no library")
    assert "libonnxruntime_providers_cuda" in library_error(tmp_path, CUDA)
    assert library_error(tmp_path, OPENVINO) is None


def test_a_file_that_is_no_onnx_is_refused(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_text("hello")
    with pytest.raises(ModelError, match="E_MODEL_FORMAT"):
        open_model(path)
    with pytest.raises(ModelError, match="E_MODEL_MISSING"):
        open_model(tmp_path / "none.onnx")


def _write(
    path, card, *, shape=("b", 1, "h", "w"), element=TensorProto.FLOAT, op="Elu"
):
    image = helper.make_tensor_value_info("image", element, shape)
    prediction = helper.make_tensor_value_info("prediction", element, shape)
    node = helper.make_node(op, ["image"], ["prediction"])
    graph = helper.make_graph([node], "graph", [image], [prediction])
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    if card:
        write_card(path, card)
    return path


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"shape": ("b", 3, "h", "w")}, "E_MODEL_CHANNELS"),
        ({"shape": ("b", "h", "w", 1)}, "E_MODEL_CHANNELS"),
        ({"shape": ("h", "w")}, "E_MODEL_CHANNELS"),
        ({"shape": ("b", 1, 256, 256)}, "E_MODEL_SHAPE"),
        ({"element": TensorProto.FLOAT16}, "E_MODEL_SHAPE"),
        ({"op": "NoSuchOperator"}, "E_MODEL_OPERATOR"),
    ],
)
def test_a_model_of_another_form_is_refused(tmp_path, make_card, options, code):
    path = _write(tmp_path / "other.onnx", make_card(), **options)
    with pytest.raises(ModelError, match=code):
        open_model(path, device="cpu")


def test_a_model_without_a_card_says_which_flags_supply_one(tmp_path, make_card):
    path = _write(tmp_path / "bare.onnx", None)
    with pytest.raises(ModelError, match="E_MODEL_NO_CARD") as caught:
        open_model(path)
    for flag in ("--input-mean", "--input-sd", "--output-mean", "--output-sd"):
        assert flag in caught.value.fix
    assert "--normalise field" in caught.value.fix
    with open_model(path, device="cpu", card=make_card(name="mine")) as model:
        assert model.card.name == "mine"


def test_a_failing_run_is_a_model_error(one_stack):
    with (
        open_model(one_stack, device="cpu") as model,
        pytest.raises(ModelError, match="E_MODEL_RUN"),
    ):
        model.run(np.zeros((1, 2, 32, 32), np.float32))


LITTLE_MEMORY = """
import resource, sys
import numpy as np
import psutil
from frm_bridge.prediction import open_model, predict_image
image = np.random.default_rng(0).integers(0, 99, (1024, 704), np.uint16)
with open_model(sys.argv[1], device="cpu") as model:
    whole = predict_image(image[:256, :256], model)
    limit = psutil.Process().memory_info().vms + 200_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    tiled = predict_image(image, model, window=1024)
assert np.isfinite(tiled).all()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
def test_a_real_allocation_failure_is_tried_again(one_stack):
    done = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, one_stack],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "memory ran out with windows of 1024 px" in done.stderr


# --- side effects

QUIET = """
import os, sys
from pathlib import Path
from frm_bridge.prediction import runtime, predict_file
assert "onnxruntime" not in sys.modules
loaded = []
import importlib
real = importlib.import_module
def spy(name, *rest):
    if name == "onnxruntime":
        loaded.append(os.environ.get("ORT_DISABLE_TELEMETRY"))
    return real(name, *rest)
importlib.import_module = spy
predict_file(Path(sys.argv[1]), [Path(sys.argv[2])], Path(sys.argv[3]))
assert loaded == ["1"], loaded
"""


def test_nothing_is_written_outside_the_output_and_telemetry_is_off_before_import(
    one_stack, tmp_path
):
    folders = [tmp_path / name for name in ("home", "tmp", "work", "out")]
    for folder in folders:
        folder.mkdir()
    home, temporary, work, out = folders
    image = np.random.default_rng(0).integers(0, 99, (64, 64), np.uint16)
    tifffile.imwrite(work / "field.tif", image)
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "TMPDIR": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run(
        [sys.executable, "-c", QUIET, work / "field.tif", one_stack, out / "out.tif"],
        cwd=work,
        env=environment,
        check=True,
    )
    left = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert left == [Path("out/out.tif"), Path("work/field.tif")]


def test_errors_of_this_room_say_what_to_do(one_stack):
    with pytest.raises(FrmError) as caught:
        open_model(one_stack, device="tpu")
    assert caught.value.fix == "use --device auto, cuda, openvino, cpu"
