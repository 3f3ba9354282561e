"""``models pack``: a model, its card and its golden pair as a bioimage.io package."""

from __future__ import annotations

import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.errors import InputError, ModelError, OutputError
from frm_bridge.images import list_images, write_plane
from frm_bridge.models.bioimageio import check_description, format_version
from frm_bridge.models.card import card_of, file_sha256, load_onnx, write_card
from frm_bridge.models.cardfile import CardFile, read_card_file
from frm_bridge.models.declaration import (
    COVER,
    README,
    SAMPLE_INPUT,
    SAMPLE_OUTPUT,
    TEST_INPUT,
    TEST_OUTPUT,
    WEIGHTS,
    PackageFacts,
    describe_model,
    yaml_text,
)
from frm_bridge.models.handout import write_handout
from frm_bridge.models.lint import (
    DESCRIPTION,
    LintFinding,
    lint_description,
    lint_graph,
    opset_of,
)
from frm_bridge.models.registry import find_model
from frm_bridge.models.seal import canonical_zip, write_manifest
from frm_bridge.outputs import check_absent, replacing
from frm_bridge.prediction.golden import TOLERANCE_SD, cut_sample, predict_whole
from frm_bridge.prediction.runtime import open_model

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    from frm_bridge.models.card import ModelCard

_BRIGHT = 99.8  # percent of the pixels below white in the cover


@dataclass(frozen=True, slots=True)
class Sample:
    """Where the test image of a package comes from.

    Attributes
    ----------
    field : Path
        Transmitted light that the model has never seen.
    truth : Path or None
        Its stain, which tells the liveliest part.
    """

    field: Path
    truth: Path | None = None


@dataclass(frozen=True, slots=True)
class PackReport:
    """What was packed.

    Attributes
    ----------
    output : Path
        The package.
    sha256 : str
        Of it; the same model gives the same bytes.
    size : int
        Bytes.
    card : ModelCard
        As packed.
    sample : Path
        The field that the test image was cut from.
    side : int
        Of the test image, in px.
    tolerance : float
        For its prediction, in units of the output.
    findings : tuple of LintFinding
        What other programs will not like.
    """

    output: Path
    sha256: str
    size: int
    card: ModelCard
    sample: Path
    side: int
    tolerance: float
    findings: tuple[LintFinding, ...]


def pack_model(
    model: str | Path,
    output: str | Path,
    *,
    card_file: Path | None = None,
    sample: Sample | None = None,
    overwrite: bool = False,
) -> PackReport:
    """Write a model as a package that other programs run and check.

    Parameters
    ----------
    model : str or Path
        An ``.onnx`` file with a card, or the name of a shipped model.
    output : str or Path
        The ``.zip`` to write.
    card_file : Path, optional
        Completes the card; the ``.onnx`` in the package gets the completed one.
        Without it the file is packed as it is.
    sample : Sample, optional
        By default the one field in the folder ``sample`` beside the model.
    overwrite : bool
        Replace an existing package.

    Returns
    -------
    PackReport
        What was packed.

    Raises
    ------
    ModelError
        ``E_MODEL_NO_CARD``, ``E_PACKAGE_DESCRIPTION`` for what bioimage.io does not
        take, and those of :func:`~frm_bridge.prediction.runtime.open_model`.
    InputError
        ``E_SAMPLE``, ``E_SAMPLE_SMALL``, ``E_SAMPLE_SIZES``, ``E_CARD_FILE``, and
        those of the images.
    OutputError
        ``E_OUTPUT_NAME``, ``E_OUTPUT_EXISTS`` and the like.
    EnvironmentProblem
        ``E_NO_BIOIMAGEIO``.
    """
    output = Path(output)
    if output.suffix.lower() != ".zip":
        raise OutputError(
            "E_OUTPUT_NAME",
            f"a package is a zip, and {output.name} is no name of one",
            "let it end in .zip",
        )
    check_absent(output, overwrite=overwrite)
    version = format_version()
    path = find_model(model)
    chosen = sample or _own_sample(path)
    given = read_card_file(card_file) if card_file else CardFile({}, {})
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        graph = _copy_weights(path, folder / WEIGHTS, given)
        card = _card(path, graph)
        side, tolerance = _write_golden(folder, card, chosen)
        name = chosen.field.name
        handout = write_handout(card, sample=name, tolerance=tolerance)
        _write_text(folder / README, handout)
        facts = PackageFacts(
            format_version=version,
            opset=opset_of(graph),
            parameters=_parameters(graph),
            hashes={file.name: file_sha256(file) for file in folder.iterdir()},
            tolerance=tolerance,
            sample=name,
            extras=given.package,
        )
        description = describe_model(card, facts)
        _write_text(folder / DESCRIPTION, yaml_text(description))
        check_description(folder / DESCRIPTION)
        write_manifest(folder)
        content = canonical_zip(folder)
        with replacing(output, overwrite=overwrite) as partial:
            partial.write_bytes(content)
    return PackReport(
        output=output,
        sha256=file_sha256(output),
        size=len(content),
        card=card,
        sample=chosen.field,
        side=side,
        tolerance=tolerance,
        findings=(*lint_graph(graph), *lint_description(description)),
    )


def _own_sample(path: Path) -> Sample:
    """Find the sample field of a shipped model."""
    sides = [path.parent / "sample" / side for side in ("input", "target")]
    if not all(side.is_dir() for side in sides):
        raise InputError(
            "E_SAMPLE",
            f"there is no sample field beside {path.name}",
            "give a field that the model has never seen: --sample FIELD.png, and its "
            "stain with --truth",
        )
    field, truth = (list_images(side)[0] for side in sides)
    return Sample(field, truth)


def _copy_weights(path: Path, copy: Path, given: CardFile) -> onnx.ModelProto:
    """Copy the file as it is, or with the completed card; give its graph."""
    graph = load_onnx(path)
    shutil.copyfile(path, copy)
    if not given.changes:
        return graph
    write_card(copy, given.complete(_card(path, graph)))
    return load_onnx(copy)


def _card(path: Path, graph: onnx.ModelProto) -> ModelCard:
    card = card_of(graph)
    if card is None:
        raise ModelError(
            "E_MODEL_NO_CARD",
            f"{path} carries no model card, so its normalisation is unknown",
            "write one into it, in Python: frm_bridge.models.card.write_card",
        )
    return card


def _write_golden(folder: Path, card: ModelCard, sample: Sample) -> tuple[int, float]:
    """Write test image, expected output and cover; give the side and the tolerance."""
    image = cut_sample(sample.field, card, sample.truth)
    with open_model(folder / WEIGHTS, device="cpu") as model:
        expected = predict_whole(image, model)
    for test, picture, pixels in (
        (TEST_INPUT, SAMPLE_INPUT, image),
        (TEST_OUTPUT, SAMPLE_OUTPUT, expected),
    ):
        np.save(folder / test, pixels.astype(np.float32)[np.newaxis, np.newaxis])
        # The same for people: Fiji opens no .npy.
        write_plane(folder / picture, pixels, pixel_size_um=card.pixel_size_um)
    _write_cover(folder / COVER, image, expected)
    # NB: bioimage.io takes no tolerance above a hundredth of the largest value.
    limit = max(0.0, 0.01 * float(expected.max()))
    return image.shape[0], min(TOLERANCE_SD * float(expected.std()), limit)


def _parameters(graph: onnx.ModelProto) -> int:
    return sum(math.prod(weight.dims) for weight in graph.graph.initializer)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_cover(
    path: Path, image: NDArray[np.generic], expected: NDArray[np.float32]
) -> None:
    """Draw the test image and its prediction side by side, twice as wide as high."""
    from PIL import Image

    halves = [_as_picture(image), _as_picture(expected)]
    Image.fromarray(np.hstack(halves)).save(path, optimize=True)


def _as_picture(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    values = pixels.astype(np.float64)
    low, high = np.percentile(values, [100 - _BRIGHT, _BRIGHT])
    scaled = np.clip((values - low) / (high - low or 1.0), 0.0, 1.0)
    picture: NDArray[np.uint8] = np.rint(scaled * 255).astype(np.uint8)
    return picture
