"""Run a workflow on one image and read what it leaves behind."""

from __future__ import annotations

import json
import logging
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frm_bridge.errors import WorkflowError
from frm_bridge.imagej.gateway import start_imagej
from frm_bridge.imagej.handover import Source, hand_over
from frm_bridge.imagej.ownscripts import own_call
from frm_bridge.imagej.scripts import run_script
from frm_bridge.imagej.workflows import Workflow, find_workflow, library_folder
from frm_bridge.images import check_pixel_size
from frm_bridge.outputs import (
    check_absent,
    disk_full,
    folder_of,
    make_folder,
    owner_mark,
    translated_os_errors,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from frm_bridge.imagej.gateway import ImageJ
    from frm_bridge.imagej.parameters import Value

_log = logging.getLogger(__name__)

RESULT = "result.json"
_FULL_BYTES = 2**16  # a disk with less room than this could not take the results


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """What a workflow made of one image.

    Attributes
    ----------
    image : Path
        The image that was measured; of several, the first.
    output : Path
        The folder of the results.
    workflow : Workflow
        Script and parameters.
    result : mapping
        ``result.json``.
    files : mapping of str to Path
        What the workflow wrote, by its own names for it. ``objects``: the table of
        nuclei or cells, headings alone where there are none, with centroids in
        ImageJ's convention (the centre of the first pixel is 0.5, 0.5). ``labels``:
        uint16, 0 is background, the others are the table's labels. ``rois``: for
        ImageJ's ROI Manager.
    """

    image: Path
    output: Path
    workflow: Workflow
    result: Mapping[str, Any]
    files: Mapping[str, Path]

    def file(self, name: str) -> Path:
        """Give the file that the workflow calls by this name.

        Raises
        ------
        WorkflowError
            ``E_WORKFLOW_TABLE`` when it wrote none.
        """
        if name not in self.files:
            raise WorkflowError(
                "E_WORKFLOW_TABLE",
                f"the workflow {self.workflow.name} wrote no {name}; it wrote "
                f"{', '.join(self.files) or 'nothing'}",
                f"let the script name it among the outputs of its {RESULT}",
            )
        return self.files[name]

    @property
    def objects(self) -> Path:
        """The table of the objects."""
        return self.file("objects")

    @property
    def labels(self) -> Path:
        """The label image of the objects."""
        return self.file("labels")

    @property
    def rois(self) -> Path:
        """The outlines of the objects."""
        return self.file("rois")

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
    image: str | Path | Sequence[Source],
    output: str | Path,
    *,
    parameters: Mapping[str, Value] | None = None,
    channel: int | None = None,
    plane: int | None = None,
    pixel_size_um: float | None = None,
    fiji: Path | None = None,
    overwrite: bool = False,
) -> WorkflowResult:
    """Measure an image in ImageJ: a plane, a movie, or a truth with its prediction.

    Parameters
    ----------
    workflow : Workflow or str
        Or its name, or the path of its script.
    image : str or Path, or sequence of Source
        Anything that `frm_bridge.images.open_image` reads. Several sources are the
        frames of one movie, or the truth and its prediction.
    output : str or Path
        Folder for the workflow's files, ``result.json`` last; it appears with all of
        them, or not at all.
    parameters : mapping, optional
        Instead of the workflow's own.
    channel : int, optional
        Take this channel of a multi-channel image, counted from 1 as in ImageJ.
    plane : int, optional
        Flat index over the leading axes, from 0, of a movie over those but T; needed
        for a stack. ``result.json`` and names of folders count planes from 1, as
        ImageJ does.
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
    output = Path(output)
    sources = (
        [Source(Path(image), channel, plane)]
        if isinstance(image, str | Path)
        else list(image)
    )
    if not isinstance(workflow, Workflow):
        workflow = find_workflow(workflow)
    if parameters:
        workflow = workflow.with_parameters(**parameters)
    check_absent(output / RESULT, overwrite=overwrite)
    check_pixel_size(pixel_size_um)
    with _new_folder(output) as partial:
        handed = partial / "plane.tif"
        warnings = hand_over(handed, workflow, sources, pixel_size_um=pixel_size_um)
        imagej = start_imagej(fiji=fiji)
        result = _run(imagej, workflow, handed, sources[0].image.name)
        result |= _describe(sources) | {"sha256": workflow.sha256}
        result["warnings"] = [*warnings, *result["warnings"]]
        handed.unlink()
        write_json(partial / RESULT, result, overwrite=True)
    return _read_result(sources[0].image, output, workflow)


def _describe(sources: Sequence[Source]) -> dict[str, Any]:
    """Say what was measured: the first source, and all where there are several."""
    first = sources[0].described()
    if len(sources) == 1:
        return first
    return first | {"sources": [source.described() for source in sources]}


def _read_result(image: Path, output: Path, workflow: Workflow) -> WorkflowResult:
    result = json.loads((output / RESULT).read_text(encoding="utf-8"))
    files = {name: output / file for name, file in result.get("outputs", {}).items()}
    return WorkflowResult(image, output, workflow, result, files)


def _run(
    imagej: ImageJ, workflow: Workflow, source: Path, title: str
) -> dict[str, Any]:
    """Run the script; its ``result.json`` alone says whether it worked."""
    # NB: Java keeps the current folder that it was started in; Python's may change.
    folder = source.resolve().parent
    paths = {"image_path": str(source.resolve()), "output_folder": str(folder)}
    files = {
        name: str(Path(str(value)).resolve())
        for name, value in workflow.parameters.items()
        if name.endswith("_file") and value
    }
    script, values = workflow.script, {**workflow.parameters, **files}
    if workflow.is_own:
        script, values = own_call(script, workflow.source, workflow.parameters)
        values["title"] = title
    library = library_folder(script)
    text = run_script(imagej, script, {**paths, **values}, library=library)
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
        failed = _failure(
            workflow, str(result.get("message")), str(result.get("traceback", text))
        )
        failed.code = result.get("code") or failed.code
        failed.fix = result.get("fix") or failed.fix
        raise failed
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
    partial = output.with_name(f".{output.name}.{owner_mark()}.partial")
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
