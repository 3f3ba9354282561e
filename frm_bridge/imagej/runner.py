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
from frm_bridge.images import (
    check_pixel_size,
    open_image,
    same_pixel_size,
    write_plane,
)
from frm_bridge.outputs import (
    check_absent,
    disk_full,
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
    from frm_bridge.images import ImageInfo

_log = logging.getLogger(__name__)

RESULT = "result.json"
_FULL_BYTES = 2**16  # a disk with less room than this could not take the results


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
    def things(self) -> str:
        """What the objects are: nuclei, cells; objects where a script does not say."""
        return str(self.result.get("things", "objects"))

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
    channel: int | None = None,
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
    channel : int, optional
        Take this channel of a multi-channel image, counted from 1 as in ImageJ.
    plane : int, optional
        Flat index over the leading axes, from 0; needed for a stack. ``result.json``
        and names of folders count planes from 1, as ImageJ does.
    pixel_size_um : float, optional
        Instead of the one in the file, with a warning where that is another.
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
    check_pixel_size(pixel_size_um)
    chosen = _Plane(image, channel, plane, pixel_size_um)
    with _new_folder(output) as partial:
        source = partial / "plane.tif"
        warnings = chosen.hand_over(source)
        imagej = start_imagej(fiji=fiji)
        result = _run(imagej, workflow, source, partial)
        result |= chosen.described() | {"sha256": workflow.sha256}
        result["warnings"] = [*warnings, *result["warnings"]]
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


@dataclass(frozen=True, slots=True)
class _Plane:
    """The plane that is measured."""

    image: Path
    channel: int | None
    plane: int | None
    pixel_size_um: float | None

    def hand_over(self, path: Path) -> list[str]:
        """Write it as a TIFF that ImageJ opens just as we read it; give warnings.

        NB: ImageJ would read inches as a scale, has no PNG scale, and not every TIFF
        compression; one reader for all is also what makes truth and prediction alike.
        """
        with open_image(self.image, channel=self.channel) as opened:
            info = opened.info
            place = _choose_plane(self.image, self.plane, info.plane_count)
            pixels = opened.read_plane(place)
        _check_finite(self.image, pixels)
        size = self.pixel_size_um or info.pixel_size_um
        write_plane(path, pixels, pixel_size_um=size)
        return self._warnings(info)

    def _warnings(self, info: ImageInfo) -> list[str]:
        given, own = self.pixel_size_um, info.pixel_size_um
        if given is None or own is None or same_pixel_size(own, given):
            return list(info.notes)
        replaced = (
            f"the pixel size of {given:g} µm was given, and replaces the file's "
            f"{own:g} µm"
        )
        return [*info.notes, replaced]

    def described(self) -> dict[str, Any]:
        """Give what ``result.json`` says of it; counted from 1, as ImageJ does."""
        return {
            "image": str(self.image),
            "channel": self.channel,
            "plane": (self.plane or 0) + 1,
        }


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
            "replace them, in ImageJ by Process > Noise > Remove NaNs...",
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
    try:
        result: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _failure(workflow, f"it wrote a broken {RESULT}", text) from error
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
        except WorkflowError as error:
            # NB: Java says of a full disk no more than that a file was not written.
            if shutil.disk_usage(partial).free < _FULL_BYTES:
                raise disk_full(output) from error
            raise
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
