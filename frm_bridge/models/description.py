"""A bioimage.io package of any program, read as one of our cards.

Format 0.5, and 0.4 with its letters for axes. A package is taken if one plane goes in
and one of the same size comes out, and if its processing is a mean and an sd.
"""

from __future__ import annotations

import logging
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from frm_bridge.errors import ModelError
from frm_bridge.models.card import ModelCard, card_of
from frm_bridge.models.normalisation import Normalisation
from frm_bridge.models.packagefolder import package_file, weights_file
from frm_bridge.models.processing import (
    input_normalisation,
    output_normalisation,
    read_steps,
)
from frm_bridge.models.rdf import find_rdf, read_rdf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import onnx

DEFAULT_HALO = 96  # of the paper's U-Net
_UM = {"nanometer": 1e-3, "micrometer": 1.0, "millimeter": 1e3}
_AXES = "bcyx"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a prediction may be from the expected one.

    Attributes
    ----------
    absolute, relative : float
        A pixel differs if it is further off than ``absolute + relative * |expected|``.
    per_million : int
        How many pixels of a million may differ.
    """

    absolute: float = 1e-3
    relative: float = 1e-3
    per_million: int = 100


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor, in the words of both formats.

    Attributes
    ----------
    axes : str
        Letters: b, c, y, x, and others for what is not known here.
    smallest, step : int or None
        Sides that the network takes: ``smallest + n * step``; None where not stated.
    halo : int or None
        Pixels to crop from each side.
    pixel_size_um : float or None
        Where it is stated, and the same both ways.
    channels : tuple of str
        Their names.
    """

    axes: str
    smallest: int | None = None
    step: int | None = None
    halo: int | None = None
    pixel_size_um: float | None = None
    channels: tuple[str, ...] = ()


def declared_card(weights: Path) -> ModelCard | None:
    """Give the card that a description beside an ``.onnx`` file declares for it.

    Returns
    -------
    ModelCard or None
        None where there is no description, or it describes another file.

    Raises
    ------
    ModelError
        ``E_PACKAGE_PROCESSING`` or ``E_PACKAGE_MODEL`` for what cannot be predicted
        here, and those of `~frm_bridge.models.rdf.read_rdf`.
    """
    folder = weights.parent
    if find_rdf(folder) is None:
        return None
    description = read_rdf(folder)
    if weights_file(folder, description).resolve() != weights.resolve():
        return None
    return card_from_description(description)


def find_card(path: Path, graph: onnx.ModelProto) -> ModelCard | None:
    """Give the card of an ONNX file: its own, else what its package declares."""
    return card_of(graph) or declared_card(path)


def card_from_description(description: Mapping[str, Any]) -> ModelCard:
    """Turn a description into a card.

    Raises
    ------
    ModelError
        ``E_PACKAGE_PROCESSING`` names a step, ``E_PACKAGE_MODEL`` anything else that
        cannot be predicted here.
    """
    version = str(description.get("format_version", ""))
    if not version.startswith(("0.4.", "0.5.")):
        _refuse(f"has the format {version or 'of no version'}, not 0.5 or 0.4")
    given, made = (_one(description, side) for side in ("inputs", "outputs"))
    image, result = read_tensor(given), read_tensor(made)
    for side, tensor in (("input", image), ("output", result)):
        if tensor.axes != _AXES or len(tensor.channels) > 1:
            found = ", ".join(tensor.axes) or "none"
            _refuse(
                f"has an {side} with the axes {found} and {len(tensor.channels)} "
                "channel(s); batch, one channel, y, x were expected"
            )
    stride, halo = _stride(image), result.halo
    if halo is None:
        halo = DEFAULT_HALO
        log.warning(
            "the package states no halo: tiles overlap by %d px; check its seams with "
            "'frm-bridge models verify'",
            halo,
        )
    halo = math.ceil(halo / stride) * stride
    return ModelCard(
        name=re.sub(r"[^\w+\- ()]", "-", str(description.get("name") or "unnamed")),
        marker=result.channels[0] if result.channels else "fluorescence",
        modality=_modality(description, image),
        normalisation=Normalisation(
            input_normalisation(read_steps(given.get("preprocessing"))),
            output_normalisation(read_steps(made.get("postprocessing"))),
        ),
        stride=stride,
        halo=halo,
        margin=halo,
        pixel_size_um=image.pixel_size_um,
        version=str(description.get("version") or "0"),
        description=str(description.get("description") or ""),
        licence=_licence(description),
        citation="; ".join(_texts(description.get("cite"), "text")),
        authors=tuple(_texts(description.get("authors"), "name")),
    )


def test_files(description: Mapping[str, Any], folder: Path) -> tuple[Path, Path] | None:
    """Give the files of the test image and the expected output; None without them."""
    files = []
    for side in ("input", "output"):
        value = description.get(f"test_{side}s")  # of the format 0.4
        if value is None:
            value = [_one(description, f"{side}s").get("test_tensor")]
        found = value[0] if isinstance(value, list) and value else None
        source = found.get("source") if isinstance(found, dict) else found
        if not isinstance(source, str):
            return None
        files.append(package_file(folder, source))
    return files[0], files[1]


def declared_tolerance(description: Mapping[str, Any]) -> Tolerance:
    """Give the tolerance for ONNX weights, or bioimage.io's own."""
    config = _mapping(_mapping(description.get("config")).get("bioimageio"))
    entries = config.get("reproducibility_tolerance")
    for entry in entries if isinstance(entries, list) else ():
        formats = _mapping(entry).get("weights_formats")
        if isinstance(entry, dict) and (not formats or "onnx" in formats):
            return Tolerance(
                float(entry.get("absolute_tolerance", 1e-3)),
                float(entry.get("relative_tolerance", 1e-3)),
                int(entry.get("mismatched_elements_per_million", 100)),
            )
    return Tolerance()


def read_tensor(tensor: Mapping[str, Any]) -> Tensor:
    """Read one entry of ``inputs`` or ``outputs``."""
    axes = tensor.get("axes")
    if isinstance(axes, str):
        return _read_letters(tensor, axes)
    letters, channels = "", ()
    sizes: dict[str, list[Any]] = {"min": [], "step": [], "halo": [], "um": []}
    for axis in map(_mapping, axes if isinstance(axes, list) else ()):
        kind = axis.get("type")
        if kind == "space":
            letters += str(axis.get("id", "x"))
            size = axis.get("size")
            if isinstance(size, int):
                _refuse(f"takes images of {size} px alone")
            for key in ("min", "step"):
                sizes[key].append(_mapping(size).get(key))
            sizes["halo"].append(axis.get("halo"))
            unit = _UM.get(str(axis.get("unit")))
            sizes["um"].append(unit and unit * float(axis.get("scale", 1.0)))
        elif kind == "channel":
            letters += "c"
            channels = tuple(map(str, axis.get("channel_names") or ("",)))
        else:
            letters += "b" if kind == "batch" else f"({kind})"
    return Tensor(
        letters,
        smallest=_same("min", sizes["min"]),
        step=_same("step", sizes["step"]),
        halo=max((h for h in sizes["halo"] if h is not None), default=None),
        pixel_size_um=sizes["um"][0] if len(set(sizes["um"])) == 1 else None,
        channels=channels,
    )


def _read_letters(tensor: Mapping[str, Any], axes: str) -> Tensor:
    """Read a tensor of the format 0.4."""
    shape, halo = tensor.get("shape"), tensor.get("halo")
    places = [place for place, axis in enumerate(axes) if axis in "yx"]
    channel = axes.find("c")
    smallest = step = count = None
    if isinstance(shape, list):
        if [shape[place] for place in places] and "reference_tensor" not in tensor:
            _refuse(f"takes images of {shape} alone")
        count = shape[channel] if channel >= 0 else 1
    elif isinstance(shape, dict) and "min" in shape:
        smallest = _same("min", [shape["min"][place] for place in places])
        step = _same("step", [shape["step"][place] for place in places])
        count = shape["min"][channel]
    return Tensor(
        axes,
        smallest=smallest,
        step=step,
        halo=max(halo[place] for place in places) if isinstance(halo, list) else None,
        channels=(str(tensor.get("name", "")),) * int(count or 1),
    )


def _stride(image: Tensor) -> int:
    """Give what all sides of windows are multiples of."""
    if not image.step or image.smallest is None:
        _refuse("does not say which sizes its network takes (min and step)")
    if image.smallest % image.step:
        _refuse(
            f"takes sides of {image.smallest} + n * {image.step} px; a multiple of "
            f"{image.step} was expected"
        )
    return image.step


def _same(key: str, values: list[Any]) -> int | None:
    known = {value for value in values if isinstance(value, int)}
    if len(known) > 1:
        _refuse(f"has another {key} along y than along x: {values}")
    return known.pop() if known else None


def _one(description: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    tensors = description.get(side)
    count = len(tensors) if isinstance(tensors, list) else 0
    if count != 1:
        _refuse(f"has {count} {side}; one was expected")
    return _mapping(tensors[0])  # type: ignore[index]


def _modality(description: Mapping[str, Any], image: Tensor) -> str:
    config = _mapping(_mapping(description.get("config")).get("bioimageio"))
    channel = image.channels[0] if image.channels else ""
    return str(config.get("modality") or channel or "unknown")


def _licence(description: Mapping[str, Any]) -> str:
    licence = description.get("license")
    return licence if isinstance(licence, str) else ""


def _texts(entries: object, key: str) -> list[str]:
    listed = entries if isinstance(entries, list) else []
    found = (_mapping(each).get(key) for each in listed)
    return [text for text in found if isinstance(text, str)]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _refuse(found: str) -> NoReturn:
    raise ModelError(
        "E_PACKAGE_MODEL",
        f"the package {found}",
        "predict with bioimageio.core or deepImageJ, which know more kinds of models",
    )
