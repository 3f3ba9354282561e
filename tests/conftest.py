"""Small synthetic images and networks for every room."""

from __future__ import annotations

import ctypes
import hashlib
import inspect
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
import tifffile
from onnx import TensorProto, helper, numpy_helper

from frm_bridge.models.card import ModelCard, write_card
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray


@pytest.fixture(scope="session", autouse=True)
def obey_signals() -> None:
    """Let signals that nohup or a shell's & had ignored end what the tests start."""
    for name, handler in (
        ("SIGINT", signal.default_int_handler),
        ("SIGHUP", signal.SIG_DFL),
    ):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The small real images."""
    return Path(__file__).parent / "data"


@pytest.fixture(scope="session", autouse=True)
def users_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that stands for ~/.frm_bridge, which no test may touch."""
    folder = tmp_path_factory.mktemp("frm_bridge home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRM_BRIDGE_HOME", str(folder))
        yield folder
        if (folder / "server.txt").exists():
            from frm_bridge.doors.starting import stop_server

            stop_server()


# What a Fiji and a plain ImageJ have when they are unpacked, by name.
LAYOUTS = {
    "fiji": [
        "jars/ij-1.54p.jar",
        "jars/scijava-common-2.99.2.jar",
        "jars/imagej-legacy-2.0.3.jar",
        "jars/jython-slim-2.7.4.jar",
        "jars/scripting-jython-1.0.1.jar",
        "jars/bio-formats/formats-api-8.0.0.jar",
        "plugins/Examples/blobs.py",
        "plugins/Trainable_Segmentation-4.0.0.jar",
        "scripts/Plugins/Utilities/Count_Words.py",
        "macros/toolsets/Magic_Montage.txt",
        "Contents/MacOS/fiji-macos",
        "fiji-linux-x64",
    ],
    "imagej": [
        "ij.jar",
        "ImageJ",
        "jre/bin/java",
        "macros/StartupMacros.txt",
        "plugins/Analyze/Measure_RGB.txt",
        "plugins/JRuby/readme.txt",
    ],
}


@pytest.fixture(scope="session")
def lay_out() -> Callable[[str, Path], Path]:
    """Make a folder that looks like a Fiji's or a plain ImageJ's, and give it."""

    def make(form: str, folder: Path) -> Path:
        for name in LAYOUTS[form]:
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{name} as it was unpacked")
            os.utime(file, (1.6e9, 1.6e9))
        (folder / "plugins" / "empty").mkdir()
        return folder

    return make


@pytest.fixture(scope="session")
def make_pixels() -> Callable[..., NDArray[Any]]:
    """Make noise of any shape and type; the same seed gives the same pixels."""

    def make(*shape: int, dtype: str = "uint16", seed: int = 0) -> NDArray[Any]:
        values = np.random.default_rng(seed).random(shape)
        top = np.iinfo(dtype).max if np.dtype(dtype).kind in "ui" else 1.0
        return (values * top).astype(dtype)

    return make


@pytest.fixture
def write_tiff(tmp_path: Path) -> Callable[..., Path]:
    """Write an array as ``<name>.tif`` with tifffile options, grey by default."""

    def write(name: str, array: NDArray[Any], **options: Any) -> Path:
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, array, **{"photometric": "minisblack"} | options)
        return path

    return write


@pytest.fixture
def write_calibrated(write_tiff: Callable[..., Path]) -> Callable[..., Path]:
    """Write an array as an ImageJ TIFF with a pixel size in µm."""

    def write(name: str, array: NDArray[Any], pixel_size_um: float) -> Path:
        per_um = 1 / pixel_size_um
        return write_tiff(
            name,
            array,
            imagej=True,
            resolution=(per_um, per_um),
            metadata={"unit": "micron"},
        )

    return write


# Capabilities by which root ignores modes: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH.
_IGNORE_MODES = 1 << 1 | 1 << 2
_VERSION_3 = 0x20080522


def _set_modes_ignored(ignored: bool) -> None:
    """Let this thread, which may be root's, obey the modes of files, or not."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    assert libc.capget(header, sets) == 0
    if ignored:
        sets[0] |= _IGNORE_MODES & sets[1]
    else:
        sets[0] &= ~_IGNORE_MODES
    assert libc.capset(header, sets) == 0


@pytest.fixture
def obey_modes() -> Iterator[None]:
    """Let this process obey the modes of files and folders, even as root."""
    if sys.platform != "linux":
        yield
        return
    _set_modes_ignored(False)
    yield
    _set_modes_ignored(True)


@pytest.fixture(scope="session")
def code_to_obey_modes() -> str:
    """Code that lets another process obey the modes of files, even as root."""
    if sys.platform != "linux":
        return ""
    numbers = f"_IGNORE_MODES, _VERSION_3 = {_IGNORE_MODES}, {_VERSION_3}"
    code = inspect.getsource(_set_modes_ignored)
    return f"import ctypes\n{numbers}\n{code}\n_set_modes_ignored(False)\n"


@pytest.fixture
def read_only_folder(tmp_path: Path, obey_modes: None) -> Iterator[Path]:
    """A folder that this process may look into and not write to."""
    folder = tmp_path / "read only"
    folder.mkdir(mode=0o555)
    yield folder
    folder.chmod(0o755)


@pytest.fixture(scope="session")
def listing() -> Callable[[Path], dict[str, str]]:
    """List all that lies in a folder, hidden files too, with what is in it."""

    def look(folder: Path) -> dict[str, str]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(
                path.read_bytes() if path.is_file() else b""
            ).hexdigest()
            for path in folder.rglob("*")
        }

    return look


WIDTHS = (16, 32, 64, 128, 256)


class Graph:
    """Nodes and weights of the U-Net, in the order in which they run."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, inputs, [output], output, **attributes)
        )
        return output

    def weight(self, shape: tuple[int, ...], sd: float) -> str:
        name = f"weight_{len(self.weights)}"
        values = self.random.normal(0, sd, shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def convolution(self, image: str, channels: int, filters: int) -> str:
        kernel = self.weight((filters, channels, 3, 3), (2 / (9 * channels)) ** 0.5)
        bias = self.weight((filters,), 0.1)
        sides = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        return self.node("Conv", image, kernel, bias, **sides)

    def convolution_elu(self, image: str, channels: int, filters: int) -> str:
        return self.node("Elu", self.convolution(image, channels, filters))

    def up(self, image: str, channels: int) -> str:
        kernel = self.weight((channels, channels // 2, 2, 2), (1 / channels) ** 0.5)
        bias = self.weight((channels // 2,), 0.1)
        sides = {"kernel_shape": [2, 2], "strides": [2, 2]}
        return self.node("ConvTranspose", image, kernel, bias, **sides)

    def stack(self, image: str, channels: int) -> str:
        """One U-Net but for its last convolution; 16 channels come out."""
        skips = []
        for width in WIDTHS:
            image = self.convolution_elu(image, channels, width)
            image = self.convolution_elu(image, width, width)
            channels = width
            if width != WIDTHS[-1]:
                skips.append(image)
                sides = {"kernel_shape": [2, 2], "strides": [2, 2]}
                image = self.node("MaxPool", image, **sides)
        for width in WIDTHS[-2::-1]:
            up = self.up(image, channels)
            image = self.node("Concat", up, skips.pop(), axis=1)
            image = self.convolution_elu(image, 2 * width, width)
            if width != WIDTHS[0]:
                image = self.convolution_elu(image, width, width)
            channels = width
        return image


def write_network(
    path: Path, *, stacks: int = 1, head: str = "linear", channels: int = 1
) -> Path:
    """Write the clean graph: 47 nodes for one stack with a linear head."""
    graph = Graph(seed=stacks)
    features, wide = "image", channels
    for _ in range(stacks - 1):
        features = graph.convolution_elu(graph.stack(features, wide), 16, 16)
        wide = 16
    graph.convolution(graph.stack(features, wide), 16, 1)
    if head == "elu":
        graph.node("Elu", graph.nodes[-1].output[0])
    graph.nodes[-1].output[0] = "prediction"
    sides = ["batch", channels, "height", "width"]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, sides)
    sides = ["batch", 1, "height", "width"]
    prediction = helper.make_tensor_value_info("prediction", TensorProto.FLOAT, sides)
    model = helper.make_model(
        helper.make_graph(graph.nodes, "unet", [image], [prediction], graph.weights),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def card(**changes: object) -> ModelCard:
    """A card in camera counts, field statistics in, for one stack."""
    plain = ModelCard(
        name="random",
        marker="nuclei",
        modality="bright field",
        normalisation=Normalisation(
            InputNormalisation("field"), OutputNormalisation(1000.0, 100.0, "counts")
        ),
    )
    return replace(plain, **changes)


@pytest.fixture(scope="session")
def make_card() -> Callable[..., ModelCard]:
    return card


@pytest.fixture(scope="session")
def make_model(tmp_path_factory) -> Callable[..., Path]:
    """Write a random network with a card; keyword options are the card's."""
    folder = tmp_path_factory.mktemp("models")
    made: dict[str, Path] = {}

    def make(**changes: object) -> Path:
        name = f"{abs(hash(repr(sorted(changes.items(), key=str)))):x}.onnx"
        if name not in made:
            written = card(**changes)
            network = {"stacks": written.stacks, "head": written.head}
            made[name] = write_network(folder / name, **network)
            write_card(made[name], written)
        return made[name]

    return make


@pytest.fixture(scope="session")
def blur_network() -> Callable[..., Path]:
    """Write the smallest network that blurs a little: (path, channels=1, stride=1)."""

    def write(path: Path, channels: int = 1, stride: int = 1) -> Path:
        kernel = np.full((1, channels, 3, 3), 1 / 9, np.float32)
        sides = ["batch", channels, "height", "width"]
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, sides)
        sides = ["batch", 1, "height", "width"]
        blurred = helper.make_tensor_value_info("blurred", TensorProto.FLOAT, sides)
        node = helper.make_node(
            "Conv", ["image", "kernel"], ["blurred"], pads=[1] * 4, kernel_shape=[3, 3]
        )
        node.attribute.append(helper.make_attribute("strides", [stride] * 2))
        weights = [numpy_helper.from_array(kernel, "kernel")]
        model = helper.make_model(
            helper.make_graph([node], "blur", [image], [blurred], weights),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
        )
        onnx.save(model, path)
        return path

    return write


def _draw_field(
    seed: int, *, side: int = 512, cells: int = 30, noise: float = 3.0
) -> NDArray[np.uint8]:
    """Draw a synthetic bright-field image: grainy cells with dark rims, and noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    image = np.full((side, side), 110.0, np.float32)
    grain = random.standard_normal((side, side), np.float32)
    for _ in range(cells):
        row, column = random.uniform(0, side, 2)
        radius = random.uniform(10, 14)
        distance = np.hypot(y - row, x - column)
        rim = np.exp(-(((distance - radius) / 2.5) ** 2))
        image += rim * (12 * grain - 40) + 15 * (distance < radius - 4)
    image += noise * random.standard_normal((side, side), np.float32)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def draw_field() -> Callable[..., NDArray[np.uint8]]:
    """Draw synthetic bright-field images: (seed, *, side, cells, noise)."""
    return _draw_field


_LEFT_OUT = pytest.StashKey[int]()


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count what the markers leave out, here or in a worker of xdist."""
    config = items[0].config
    config.stash[_LEFT_OUT] = len(items)
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = len(items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take a worker's count; all workers collect the same tests."""
    node.config.stash[_LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how many tests were not run, since xdist does not."""
    count = config.stash.get(_LEFT_OUT, 0)
    terminalreporter.write_line(f"{count} not run: marked fiji, gpu or slow")
