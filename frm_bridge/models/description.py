"""A bioimage.io package of any program, read as one of our cards.

Format 0.5, and 0.4 with its letters for axes. A package is taken if one plane goes in
and one of the same size comes out, and if its processing is a mean and an sd.
"""

from __future__ import annotations

import logging
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from frm_bridge.models.card import ModelCard, card_of
from frm_bridge.models.graphcheck import check_graph
from frm_bridge.models.normalisation import Normalisation
from frm_bridge.models.packagefolder import package_file, weights_file
from frm_bridge.models.processing import (
    input_normalisation,
    output_normalisation,
    read_steps,
)
from frm_bridge.models.rdf import find_rdf, read_rdf
from frm_bridge.models.tensors import Tensor, as_mapping, read_tensor, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import onnx

DEFAULT_HALO = 96  # of the paper's U-Net
_AXES = "bcyx"
_DEEPEST = 3  # folders between an .onnx file and the description, at most

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
    folder = package_folder(weights)
    return None if folder is None else card_from_description(read_rdf(folder))


def package_folder(weights: Path) -> Path | None:
    """Give the folder of the package that an ``.onnx`` file belongs to, if to one."""
    for folder in list(weights.resolve().parents)[:_DEEPEST]:
        if find_rdf(folder) is not None:
            named = weights_file(folder, read_rdf(folder))
            return folder if named.resolve() == weights.resolve() else None
    return None


def find_card(path: Path, graph: onnx.ModelProto) -> ModelCard | None:
    """Give the card of an ONNX file: its own, else what its package declares."""
    return card_of(graph) or declared_card(path)


def checked_card(path: Path) -> ModelCard | None:
    """Give the card of an ONNX file, once its network is found to be harmless.

    Raises
    ------
    ModelError
        As `~frm_bridge.models.graphcheck.check_graph` and `declared_card`.
    """
    return find_card(path, check_graph(path))


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
        refuse(f"has the format {version or 'of no version'}, not 0.5 or 0.4")
    given, made = (_one(description, side) for side in ("inputs", "outputs"))
    image, result = read_tensor(given), read_tensor(made)
    for side, tensor in (("input", image), ("output", result)):
        if tensor.axes != _AXES or len(tensor.channels) > 1:
            found = ", ".join(tensor.axes) or "none"
            refuse(
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


def golden_files(
    description: Mapping[str, Any], folder: Path
) -> tuple[Path, Path] | None:
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
    config = as_mapping(as_mapping(description.get("config")).get("bioimageio"))
    entries = config.get("reproducibility_tolerance")
    for entry in entries if isinstance(entries, list) else ():
        formats = as_mapping(entry).get("weights_formats")
        if isinstance(entry, dict) and (not formats or "onnx" in formats):
            return Tolerance(
                float(entry.get("absolute_tolerance", 1e-3)),
                float(entry.get("relative_tolerance", 1e-3)),
                int(entry.get("mismatched_elements_per_million", 100)),
            )
    return Tolerance()


def _stride(image: Tensor) -> int:
    """Give what all sides of windows are multiples of."""
    if not image.step or image.smallest is None:
        refuse("does not say which sizes its network takes (min and step)")
    if image.smallest % image.step:
        refuse(
            f"takes sides of {image.smallest} + n * {image.step} px; a multiple of "
            f"{image.step} was expected"
        )
    return image.step


def _one(description: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    tensors = description.get(side)
    count = len(tensors) if isinstance(tensors, list) else 0
    if count != 1:
        refuse(f"has {count} {side}; one was expected")
    return as_mapping(tensors[0])  # type: ignore[index]


def _modality(description: Mapping[str, Any], image: Tensor) -> str:
    config = as_mapping(as_mapping(description.get("config")).get("bioimageio"))
    channel = image.channels[0] if image.channels else ""
    return str(config.get("modality") or channel or "unknown")


def _licence(description: Mapping[str, Any]) -> str:
    licence = description.get("license")
    return licence if isinstance(licence, str) else ""


def _texts(entries: object, key: str) -> list[str]:
    listed = entries if isinstance(entries, list) else []
    found = (as_mapping(each).get(key) for each in listed)
    return [text for text in found if isinstance(text, str)]
