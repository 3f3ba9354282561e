"""What a package of ours declares: the content of its ``rdf.yaml``, format 0.5.

The normalisation of the card becomes processing steps, so that other programs give
the same numbers; its words become what bioimage.io shows of a model.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from frm_bridge.models.processing import DEFAULT_EPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frm_bridge.models.card import ModelCard

INPUT, OUTPUT = "transmitted", "fluorescence"
WEIGHTS, README, COVER = "weights.onnx", "README.md", "cover.png"
TEST_INPUT, TEST_OUTPUT = "test_input.npy", "test_output.npy"
SAMPLE_INPUT, SAMPLE_OUTPUT = "sample_input.tif", "sample_output.tif"
METHOD = {
    "text": "LaChance J, Cohen DJ (2020) Practical fluorescence reconstruction "
    "microscopy for large samples and low-magnification imaging. PLoS Comput Biol "
    "16(12): e1008443",
    "doi": "10.1371/journal.pcbi.1008443",
}
_DOI = re.compile(r"10\.\d{4,9}/[^\s;,]+[^\s;,.]")
_CONTENT_TAGS = ("nuclei", "cells", "mitochondria", "tissue", "cell-membrane")


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """What a description needs beside the card.

    Attributes
    ----------
    format_version : str
        Of the description, as the library writes it.
    opset, parameters : int
        Of the network.
    hashes : mapping
        The SHA-256 of each file that is named.
    tolerance : float
        The largest difference that a prediction of the test image may have, in units
        of the output.
    sample : str
        Which field the test image was cut from.
    extras : mapping
        Further entries of the description: the ``[package]`` part of a card file.
    """

    format_version: str
    opset: int
    parameters: int
    hashes: Mapping[str, str]
    tolerance: float
    sample: str
    extras: Mapping[str, Any] = field(default_factory=dict)


def smallest_side(card: ModelCard) -> int:
    """Give the smallest image with a pixel that has its whole context, in px."""
    return 2 * card.halo + card.stride


def describe_model(card: ModelCard, facts: PackageFacts) -> dict[str, Any]:
    """Give the content of ``rdf.yaml``."""

    def file(name: str) -> dict[str, str]:
        return {"source": name, "sha256": facts.hashes[name]}

    content: dict[str, Any] = {
        "type": "model",
        "format_version": facts.format_version,
        "name": package_name(card.name),
        "version": card.version,
        "description": (card.description or f"{card.marker} from {card.modality}")[
            :1024
        ],
        "authors": [{"name": name.replace("/", "-")} for name in card.authors],
        "cite": _citations(card),
        "tags": _tags(card),
        "documentation": file(README),
        "covers": [file(COVER)],
        "inputs": [
            _input(card)
            | {"test_tensor": file(TEST_INPUT), "sample_tensor": file(SAMPLE_INPUT)}
        ],
        "outputs": [
            _output(card)
            | {"test_tensor": file(TEST_OUTPUT), "sample_tensor": file(SAMPLE_OUTPUT)}
        ],
        "weights": {"onnx": file(WEIGHTS) | {"opset_version": facts.opset}},
    }
    if card.licence:
        content["license"] = spdx_id(card.licence)
    content |= facts.extras
    content["config"] = {
        "bioimageio": _model_card(card, facts),
        "frm_bridge": _own(card, facts),
    }
    return content


def yaml_text(content: Mapping[str, Any]) -> str:
    """Write a description in the one form that YAML 1.1 and 1.2 read alike."""

    class Plain(yaml.SafeDumper):
        """Without anchors: a value that stands twice is written twice."""

        def ignore_aliases(self, data: object) -> bool:
            del data
            return True

    return yaml.dump(
        dict(content), Dumper=Plain, sort_keys=False, allow_unicode=True, width=88
    )


def package_name(name: str) -> str:
    """Make a name that bioimage.io takes: its letters, at least five."""
    plain = re.sub(r"[^A-Za-z0-9_+\- ()]", "-", name)[:64]
    return plain if len(plain) >= 5 else f"{plain} model"


def spdx_id(licence: str) -> str:
    """Write a licence as SPDX does: "CC BY 4.0" is CC-BY-4.0 there."""
    return "-".join(licence.split())


def _axes(card: ModelCard, channel: str) -> list[dict[str, Any]]:
    """Give the axes that input and output share, without sizes in space."""
    scale: dict[str, Any] = {}
    if card.pixel_size_um is not None:
        scale = {"unit": "micrometer", "scale": card.pixel_size_um}
    return [
        {"type": "batch"},
        {"type": "channel", "channel_names": [channel]},
        *({"type": "space", "id": axis, **scale} for axis in "yx"),
    ]


def _input(card: ModelCard) -> dict[str, Any]:
    axes = _axes(card, INPUT)
    size = {"min": smallest_side(card), "step": card.stride}
    for axis in axes[2:]:
        axis["size"] = size
    scale = card.normalisation.input
    if scale.mean is None or scale.sd is None:
        # NB: the library adds eps to the sd, and takes no 0 for it. Of grey levels
        # with an sd of 10, 1e-6 is less than float32 resolves.
        step = {
            "id": "zero_mean_unit_variance",
            "kwargs": {
                "axes": ["channel", "y", "x"],
                "eps": max(scale.eps, DEFAULT_EPS),
            },
        }
    else:
        step = {
            "id": "fixed_zero_mean_unit_variance",
            "kwargs": {"mean": float(scale.mean), "std": float(scale.sd)},
        }
    return {
        "id": INPUT,
        "description": f"{card.modality}, raw grey levels"[:128],
        "axes": axes,
        "data": {"type": "float32"},
        "preprocessing": [step],
    }


def _output(card: ModelCard) -> dict[str, Any]:
    axes = _axes(card, card.marker)
    for axis in axes[2:]:
        axis["size"] = {"tensor_id": INPUT, "axis_id": axis["id"]}
        if card.halo:
            axis["halo"] = card.halo
    scale = card.normalisation.output
    steps = []
    if (scale.mean, scale.sd) != (0.0, 1.0):
        kwargs = {"gain": float(scale.sd), "offset": float(scale.mean)}
        steps = [{"id": "scale_linear", "kwargs": kwargs}]
    unit = "camera counts" if scale.unit == "counts" else "relative units"
    return {
        "id": OUTPUT,
        "description": f"{card.marker}, predicted, in {unit}"[:128],
        "axes": axes,
        "data": {"type": "float32"},
        "postprocessing": steps,
    }


def _citations(card: ModelCard) -> list[dict[str, str]]:
    """Give the paper of the method, and the card's own where it states a DOI."""
    doi = next((found for found in _DOI.findall(card.citation)), METHOD["doi"])
    if doi == METHOD["doi"]:
        return [dict(METHOD)]
    return [{"text": card.citation, "doi": doi}, dict(METHOD)]


def _tags(card: ModelCard) -> list[str]:
    words = (card.marker.lower(), card.modality.lower().replace(" ", "-"))
    content = [tag for tag in _CONTENT_TAGS if tag in card.marker.lower()]
    fixed = ["2d", "unet", "transmission-light-microscopy", "in-silico-labeling"]
    tags = [*fixed, *content, *words, "fluorescence-reconstruction", "fiji", "imagej"]
    return list(dict.fromkeys(tags))


def _model_card(card: ModelCard, facts: PackageFacts) -> dict[str, Any]:
    """Fill in what bioimage.io asks of a model, where the card knows it."""
    settings = card.training.get("settings", {})
    optimiser = settings.get("optimiser", {})
    training = {
        "training_preprocessing": (
            "each image by its own mean and sd"
            if card.normalisation.input.kind == "field"
            else "one mean and sd of all training fields"
        ),
        "training_epochs": card.training.get("epochs_run"),
        "training_batch_size": settings.get("batch_size"),
        "learning_rate_schedule": optimiser.get("schedule"),
        "loss_function": settings.get("loss"),
        "optimizer": optimiser.get("name"),
        "fields": card.training.get("pairs"),
        "data_fingerprint": card.training.get("fingerprint"),
    }
    limits = "; ".join(card.not_good_for)
    content: dict[str, Any] = {
        "reproducibility_tolerance": [
            {
                "relative_tolerance": 0.0 if facts.tolerance else 1e-3,
                "absolute_tolerance": facts.tolerance,
                "mismatched_elements_per_million": 0,
                "output_ids": [OUTPUT],
                "weights_formats": ["onnx"],
            }
        ],
        "architecture_type": "U-Net",
        "architecture_description": f"{card.stacks} stack(s), {card.head} head",
        "modality": card.modality,
        "target_structure": [card.marker],
        "task": "in-silico labelling",
        "model_parameter_count": facts.parameters,
        "training": {key: value for key, value in training.items() if value},
    }
    if limits:
        content["out_of_scope_use"] = limits
        content["bias_risks_limitations"] = {"limitations": limits}
    return content


def _own(card: ModelCard, facts: PackageFacts) -> dict[str, Any]:
    """Give the whole card, and what 'frm-bridge models verify' goes by."""
    content = json.loads(card.to_json())
    content.pop("passport", None)  # long, and in the .onnx file
    return {
        "card": content,
        "golden": {"tolerance": facts.tolerance, "sample": facts.sample},
        "weights_sha256": facts.hashes[WEIGHTS],
    }
