"""The program as a user meets it: a command line in, status and two streams out."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
import tifffile

import frm_bridge
from frm_bridge.cli import main
from frm_bridge.models.card import ModelCard, write_card
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def frm(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a command in this process: ``frm("predict", model, image, "-o", folder)``."""

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Ended(status, printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def in_a_process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command as ImageJ starts it; what it writes anywhere is kept apart."""

    def run(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
        package = Path(frm_bridge.__file__).parents[1]
        return subprocess.run(
            [sys.executable, "-P", "-m", "frm_bridge.cli", *map(str, words)],
            env=os.environ | {"PYTHONPATH": str(package)} | variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=90,
            check=False,
        )

    return run


@pytest.fixture
def frm_without(tmp_path_factory) -> Callable[..., Ended]:
    """Run a command in an environment that really lacks some packages.

    ``also`` is one more folder of packages.
    """

    def run(
        packages: tuple[str, ...],
        *arguments: object,
        also: Path | None = None,
        **variables: str,
    ) -> Ended:
        folder = tmp_path_factory.mktemp("site")
        for kind in ("purelib", "platlib"):
            for entry in Path(sysconfig.get_path(kind)).iterdir():
                link = folder / entry.name
                if not entry.name.startswith((*packages, "frm_bridge")):
                    link.exists() or link.symlink_to(entry)
        places = [Path(frm_bridge.__file__).parents[1], folder]
        path = os.pathsep.join(map(str, [*places, also] if also else places))
        code = "import sys; from frm_bridge.cli import main; sys.exit(main())"
        done = subprocess.run(
            [sys.executable, "-S", "-c", code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path} | variables,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


def stain(seed: int, height: int = 96, width: int = 112) -> NDArray[np.uint16]:
    """Five round nuclei on a noisy background."""
    random = np.random.default_rng(seed)
    rows, columns = np.indices((height, width))
    pixels = random.normal(100, 4, (height, width))
    for _ in range(5):
        y, x = random.integers(14, height - 14), random.integers(14, width - 14)
        pixels[(rows - y) ** 2 + (columns - x) ** 2 < 64] += 400
    return pixels.round().astype(np.uint16)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A working folder whose name has a space, µ and é."""
    folder = tmp_path / "données à 10 µm"
    folder.mkdir()
    return folder


@pytest.fixture
def fields(place: Path) -> tuple[Path, Path]:
    """Four fields, in a folder of transmitted light and a folder of stains."""
    folders = place / "champ clair", place / "DAPI é"
    for folder in folders:
        folder.mkdir()
    for number in range(4):
        pixels = stain(number)
        name = f"µ field{number}.tif"
        tifffile.imwrite(folders[0] / name, pixels // 2 + 300)
        tifffile.imwrite(folders[1] / name, pixels)
    return folders


@pytest.fixture(scope="session")
def models(tmp_path_factory, blur_network) -> Path:
    """Folder of models with and without a card, and of files that are none."""
    folder = tmp_path_factory.mktemp("models µ")
    for name, output in (
        ("nuclei", OutputNormalisation(1000.0, 100.0, "counts")),
        ("actin", OutputNormalisation(0.0, 1.0, "relative")),
    ):
        card = ModelCard(
            name=name,
            marker=name,
            modality="bright field",
            normalisation=Normalisation(InputNormalisation("field"), output),
            halo=16,
            margin=1,
            evaluation={"fields": [{"name": "f1", "pcc": 0.5}]},
        )
        write_card(blur_network(folder / f"{name}.onnx"), card)
    short = replace(card, name="wrong-halo", halo=0, margin=0, stride=1)
    write_card(blur_network(folder / "wrong-halo.onnx"), short)
    blur_network(folder / "cardless.onnx")
    blur_network(folder / "half.onnx", stride=2)
    outside = onnx.load(blur_network(folder / "outside.onnx"))
    onnx.save(
        outside,
        folder / "outside.onnx",
        save_as_external_data=True,
        location="outside.weights",
        size_threshold=0,
    )
    (folder / "outside.weights").unlink()
    (folder / "text.json").write_text("{}")
    write_card(blur_network(folder / "two-channels.onnx", channels=2), card)
    (folder / "text.onnx").write_text("not a network\n")
    return folder


def _write_bad_images(folder: Path) -> None:
    pixels: NDArray[Any] = stain(0)
    tifffile.imwrite(folder / "truncated.tif", pixels)
    whole = (folder / "truncated.tif").read_bytes()
    (folder / "truncated.tif").write_bytes(whole[: len(whole) // 2])
    (folder / "text.tif").write_text("label,area\n1,20\n")
    tifffile.imwrite(folder / "small.tif", pixels[:12])
    for name, value in (("nan", np.nan), ("infinite", np.inf)):
        floats = pixels.astype(np.float32)
        floats[3, 4] = value
        tifffile.imwrite(folder / f"{name}.tif", floats)
    colours = np.stack([pixels // 3, pixels // 4, pixels // 5], -1).astype(np.uint8)
    tifffile.imwrite(folder / "colour.tif", colours, photometric="rgb")
    tifffile.imwrite(folder / "constant.tif", np.full_like(pixels, 7))


@pytest.fixture
def bad(place: Path) -> Path:
    """Folder of images that nothing can be made of, each named by its fault."""
    folder = place / "mauvaises µ"
    folder.mkdir()
    _write_bad_images(folder)
    return folder
