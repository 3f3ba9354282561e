"""Run a workflow on one image and read what it leaves behind."""

from __future__ import annotations

import json
import logging
import os
import shutil
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.errors import InputError, WorkflowError
from frm_bridge.imagej.gateway import start_imagej
from frm_bridge.imagej.scripts import run_script
from frm_bridge.imagej.workflows import Workflow, find_workflow, library_folder
from frm_bridge.images import create_image, open_image
from frm_bridge.outputs import (
    check_absent,
    folder_of,
    make_folder,
    translated_os_errors,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from frm_bridge.imagej.gateway import ImageJ
    from frm_bridge.imagej.parameters import Value

_log = logging.getLogger(__name__)

RESULT = "result.json"
_STORED = ("uint8", "uint16", "float32")  # what ImageJ can hold


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """What a workflow made of one image.

    Attributes
    ----------
    image : Path
        The image that was measured.
    output : Path
        The folder of the results.
    workflow : Workflow
        Script and parameters.
    result : mapping
        ``result.json``.
    objects : Path
        ``objects.csv``; headings alone where there is no object. Centroids are in
        ImageJ's convention: the centre of the first pixel is (0.5, 0.5).
    labels : Path
        ``labels.tif``, uint16: 0 is background, the others are the table's labels.
    rois : Path
        ``rois.zip``, for ImageJ's ROI Manager.
    """

    image: Path
    output: Path
    workflow: Workflow
    result: Mapping[str, Any]
    objects: Path
    labels: Path
    rois: Path

    @property
    def count(self) -> int:
        """Number of objects."""
        return int(self.result["count"])

    @property
    def imagej_version(self) -> str:
        """As ImageJ says it."""
        return str(self.result["imagej_version"])

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers should know."""
        return tuple(self.result["warnings"])


def run_workflow(
    workflow: Workflow | str,
    image: str | Path,
    output: str | Path,
    *,
    parameters: Mapping[str, Value] | None = None,
    plane: int | None = None,
    pixel_size_um: float | None = None,
    fiji: Path | None = None,
    overwrite: bool = False,
) -> WorkflowResult:
    """Measure one plane of an image in ImageJ.

    Parameters
    ----------
    workflow : Workflow or str
        Or its name, or the path of its script.
    image : str or Path
        Anything that `frm_bridge.images.open_image` reads.
    output : str or Path
        Folder for ``objects.csv``, ``labels.tif``, ``rois.zip`` and ``result.json``;
        it appears with all of them, or not at all.
    parameters : mapping, optional
        Instead of the workflow's own.
    plane : int, optional
        Flat index over the leading axes; needed for a stack.
    pixel_size_um : float, optional
        Instead of the one in the file.
    fiji : Path, optional
        Folder of a Fiji; the embedded ImageJ without.
    overwrite : bool
        Replace the results of an earlier run.

    Returns
    -------
    WorkflowResult
        No object is a result, too, with a warning.

    Raises
    ------
    InputError
        ``E_IMAGE_...``, ``E_WORKFLOW_PARAMETER``, ``E_WORKFLOW_UNKNOWN``.
    OutputError
        ``E_OUTPUT_EXISTS`` and its kin.
    WorkflowError
        ``E_WORKFLOW_FAILED`` with the script's own words; its traceback is a note.
    EnvironmentProblem
        ``E_NO_JAVA``, ``E_NO_IMAGEJ``.
    """
    image, output = Path(image), Path(output)
    if not isinstance(workflow, Workflow):
        workflow = find_workflow(workflow)
    if parameters:
        workflow = workflow.with_parameters(**parameters)
    check_absent(output / RESULT, overwrite=overwrite)
    with _new_folder(output) as partial:
        source = _hand_over(image, plane, pixel_size_um, partial / "plane.tif")
        imagej = start_imagej(fiji=fiji)
        result = _run(imagej, workflow, source, partial)
        result |= {"image": str(image), "plane": plane or 0, "sha256": workflow.sha256}
        source.unlink()
        write_json(partial / RESULT, result, overwrite=True)
    return _read_result(image, output, workflow)


def _read_result(image: Path, output: Path, workflow: Workflow) -> WorkflowResult:
    result = json.loads((output / RESULT).read_text(encoding="utf-8"))
    files = {name: output / file for name, file in result["outputs"].items()}
    return WorkflowResult(
        image,
        output,
        workflow,
        result,
        files["objects"],
        files["labels"],
        files["rois"],
    )


def _hand_over(
    image: Path, plane: int | None, pixel_size_um: float | None, path: Path
) -> Path:
    """Write the plane as a TIFF that ImageJ opens just as we read it.

    NB: ImageJ would read inches as a scale, has no PNG scale, and not every TIFF
    compression; one reader for all is also what makes truth and prediction alike.
    """
    with open_image(image) as opened:
        pixels = opened.read_plane(_choose_plane(image, plane, opened.info.plane_count))
        if pixel_size_um is None:
            pixel_size_um = opened.info.pixel_size_um
    _check_finite(image, pixels)
    if pixels.dtype.name not in _STORED:
        pixels = pixels.astype(np.float32)
    with create_image(
        path,
        axes="YX",
        shape=pixels.shape,
        dtype=pixels.dtype,
        pixel_size_um=pixel_size_um,
    ) as writer:
        writer.write_window(0, 0, 0, pixels)
    return path


def _choose_plane(image: Path, plane: int | None, count: int) -> int:
    if plane is None and count > 1:
        raise InputError(
            "E_IMAGE_PLANES",
            f"{image} has {count} planes; a workflow measures one",
            f"name a plane from 0 to {count - 1}, or run the workflow on each in turn",
        )
    if not 0 <= (plane or 0) < count:
        raise InputError(
            "E_IMAGE_PLANES",
            f"{image} has no plane {plane}",
            f"name a plane from 0 to {count - 1}",
        )
    return plane or 0


def _check_finite(image: Path, pixels: NDArray[Any]) -> None:
    if not np.isfinite(pixels).all():
        raise InputError(
            "E_IMAGE_NOT_FINITE",
            f"{image} has {np.count_nonzero(~np.isfinite(pixels))} pixels that are NaN "
            "or infinite",
            "replace them by numbers before measuring",
        )


def _run(
    imagej: ImageJ, workflow: Workflow, source: Path, folder: Path
) -> dict[str, Any]:
    """Run the script; its ``result.json`` alone says whether it worked."""
    # NB: Java keeps the current folder that it was started in; Python's may change.
    paths = {
        "image_path": str(source.resolve()),
        "output_folder": str(folder.resolve()),
    }
    library = library_folder(workflow.script)
    text = run_script(
        imagej, workflow.script, {**paths, **workflow.parameters}, library=library
    )
    if text:
        _log.debug("%s printed: %s", workflow.name, text)
    written = folder / RESULT
    if not written.is_file():
        raise _failure(workflow, "it ended without a result", text)
    result: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
    if result.get("status") != "ok":
        raise _failure(
            workflow, str(result.get("message")), str(result.get("traceback", text))
        )
    return result


def _failure(workflow: Workflow, message: str, traceback: str) -> WorkflowError:
    last = traceback.strip().splitlines()[-1:] if "without" in message else []
    error = WorkflowError(
        "E_WORKFLOW_FAILED",
        f"the workflow {workflow.name} failed: {': '.join([message, *last])}",
        f"check its parameters and the image; the script is {workflow.script}",
    )
    error.add_note(traceback)
    return error


@contextmanager
def _new_folder(output: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``output`` whose files end up there on success.

    Files of other names that ``output`` holds stay as they are.
    """
    partial = output.with_name(f".{output.name}.{uuid.uuid4().hex[:8]}.partial")
    with folder_of(output):
        make_folder(partial)
        try:
            with translated_os_errors(output):
                yield partial
                _publish(partial, output)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _publish(partial: Path, output: Path) -> None:
    if not output.exists():
        os.replace(partial, output)
        return
    # result.json goes first and comes last: while it is away, there is no result.
    (output / RESULT).unlink(missing_ok=True)
    for file in sorted(partial.iterdir(), key=lambda path: path.name == RESULT):
        os.replace(file, output / file.name)
