"""The model card: everything but the weights, inside the ``.onnx`` file itself.

A card travels as one JSON text in the file's ``metadata_props`` under the key
``frm_bridge``, so that one file is enough to predict, and no constant is ever typed
by hand.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
from google.protobuf.message import DecodeError

from frm_bridge.errors import ModelError
from frm_bridge.models.encoding import MAX_BYTES, check_encoding, not_onnx
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.models.passport import Passport
from frm_bridge.outputs import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping

METADATA_KEY = "frm_bridge"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a user and the predictor must know of a model.

    Attributes
    ----------
    name : str
        Short name, file-name safe.
    marker : str
        What the output shows, for example ``"nuclei"``.
    modality : str
        The transmitted-light modality of the input, for example ``"bright field"``.
    normalisation : Normalisation
        Grey levels in, grey levels out.
    stride : int
        Window origins must be multiples of this, in px.
    halo : int
        Context to crop from each side of a window, in px; a multiple of ``stride``.
    margin : int
        Pixels nearer than this to the image border lack context.
    stacks : int
        1, or 2 for the two-stack network.
    head : {"linear", "elu"}
        Last activation.
    bit_depth : int or None
        Of the training input.
    pixel_size_um : float or None
        Of the training input, in µm; None where the files did not say.
    objective : str
        Of the training microscope, for example ``"20x/0.75"``; empty where unknown.
    version : str
        Of the model: two files of one name are told apart by it.
    parity_error_sd : float or None
        Largest Keras-against-ONNX difference, in units of the output's sd.
    description, licence, citation : str
        Free text.
    authors : tuple of str
        Of the model.
    good_for, not_good_for : tuple of str
        Stated uses.
    training : mapping
        Fingerprint of the data, split, settings, history summary.
    evaluation : mapping
        Held-out numbers.
    passport : Passport or None
        What the training fields looked like; None for a model that has none.
    """

    name: str
    marker: str
    modality: str
    normalisation: Normalisation
    stride: int = 16
    halo: int = 96
    margin: int = 94
    stacks: int = 1
    head: str = "linear"
    bit_depth: int | None = None
    pixel_size_um: float | None = None
    objective: str = ""
    version: str = "1.0.0"
    parity_error_sd: float | None = None
    description: str = ""
    licence: str = ""
    citation: str = ""
    authors: tuple[str, ...] = ()
    good_for: tuple[str, ...] = ()
    not_good_for: tuple[str, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    passport: Passport | None = None

    def __post_init__(self) -> None:
        if self.stride < 1 or self.halo < 0 or self.halo % self.stride:
            raise ModelError(
                "E_MODEL_CARD",
                f"halo {self.halo} must be a multiple of stride {self.stride}",
                "export the model again with this version of frm_bridge",
            )

    def to_json(self) -> str:
        """Write the card as one line of JSON."""
        content = {"schema": SCHEMA, **dataclasses.asdict(self)}
        content["passport"] = self.passport and self.passport.to_dict()
        return json.dumps(content, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> ModelCard:
        """Read a card that :meth:`to_json` wrote.

        Raises
        ------
        ModelError
            ``E_MODEL_CARD`` for anything else, or a newer schema.
        """
        try:
            content = json.loads(text)
            schema = content.pop("schema")
            if schema != SCHEMA:
                raise ModelError(
                    "E_MODEL_CARD",
                    f"the model card has schema {schema}; this version reads {SCHEMA}",
                    "install the newest frm_bridge",
                )
            scales = content.pop("normalisation")
            normalisation = Normalisation(
                InputNormalisation(**scales["input"]),
                OutputNormalisation(**scales["output"]),
            )
            passport = content.pop("passport", None)
            for name in ("authors", "good_for", "not_good_for"):
                content[name] = tuple(content[name])
            return cls(
                normalisation=normalisation,
                passport=passport and Passport.from_dict(passport),
                **content,
            )
        except ModelError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                "E_MODEL_CARD",
                f"the model card cannot be read: {error!r}",
                "export the model again with this version of frm_bridge",
            ) from error


def load_onnx(path: Path) -> onnx.ModelProto:
    """Read an ONNX file; weights that it keeps in other files are left there.

    Raises
    ------
    ModelError
        ``E_MODEL_MISSING``, ``E_MODEL_UNREADABLE``, ``E_MODEL_FORMAT`` or
        ``E_MODEL_GRAPH`` for one that would fill the memory.
    """
    if not path.is_file():
        raise ModelError(
            "E_MODEL_MISSING",
            f"there is no model file {path}",
            "give the path of an .onnx file",
        )
    try:
        if path.stat().st_size > MAX_BYTES:
            raise not_onnx(path)
        content = path.read_bytes()
        check_encoding(content, path)
        model = onnx.load_model_from_string(content, format="protobuf")
    except PermissionError as error:
        raise ModelError(
            "E_MODEL_UNREADABLE",
            f"{path} cannot be read: {error.strerror}",
            "ask its owner for permission, or copy it to a folder of your own",
        ) from error
    except ModelError:
        raise
    except (DecodeError, ValueError, OSError) as error:
        raise not_onnx(path) from error
    if not model.graph.node or not model.graph.output:
        raise not_onnx(path)
    return model


def first_line(error: Exception) -> str:
    """Give the first line of what a library says, or its name."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def read_card(path: str | Path) -> ModelCard | None:
    """Read the card of an ONNX file; None when the file carries none."""
    return card_of(load_onnx(Path(path)))


def card_of(graph: onnx.ModelProto) -> ModelCard | None:
    """Give the card that a graph in memory carries; None when it carries none."""
    for entry in graph.metadata_props:
        if entry.key == METADATA_KEY:
            return ModelCard.from_json(entry.value)
    return None


def write_card(path: Path, card: ModelCard) -> None:
    """Put a card into an ONNX file, in place of the one it may carry."""
    model = load_onnx(path)
    kept = [entry for entry in model.metadata_props if entry.key != METADATA_KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    model.metadata_props.add(key=METADATA_KEY, value=card.to_json())
    with replacing(path, overwrite=True) as partial:
        onnx.save(model, partial)


def file_sha256(path: Path) -> str:
    """Give a file's SHA-256 as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
