"""One workflow on truth and prediction, and how far the two answers agree.

``compare`` writes into its output folder::

    fields/<name>/truth/        what the workflow found on the truth
    fields/<name>/prediction/   ... and on the prediction
    objects.csv                 every object of every field, and what became of it
    fields.csv                  one row per field
    comparison.json             all numbers, parameters, versions and hashes; last
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import tifffile

from frm_bridge.comparison import record
from frm_bridge.comparison.fields import find_fields
from frm_bridge.comparison.ledger import (
    PREDICTION,
    TRUTH,
    build_ledger,
    read_objects,
)
from frm_bridge.comparison.objects import (
    DEFAULT_MIN_IOU,
    ObjectMatches,
    check_min_iou,
    match_objects,
)
from frm_bridge.comparison.pixels import PixelAgreement, measure_pixels
from frm_bridge.comparison.summary import ObjectAgreement, Summary, summarise_objects
from frm_bridge.imagej import Workflow, find_workflow, run_workflow
from frm_bridge.images import create_image, open_image
from frm_bridge.outputs import check_absent, make_folder, replacing, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from frm_bridge.comparison.fields import Field
    from frm_bridge.imagej import WorkflowResult
    from frm_bridge.models.card import ModelCard

FILES = ("comparison.json", "fields.csv", "objects.csv")
FOLDER = "fields"
REPORT = "report.html"


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """How a comparison is made; the workflow's own parameters are with the workflow.

    Attributes
    ----------
    min_iou : float
        Least intersection over union for two objects to be the same.
    signal_threshold : float or None
        In grey levels of the truth: an image has signal when any pixel is above.
        None: P and segmentation PCC are not available.
    """

    min_iou: float = DEFAULT_MIN_IOU
    signal_threshold: float | None = None

    def __post_init__(self) -> None:
        check_min_iou(self.min_iou)


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """What one field gave.

    Attributes
    ----------
    field : Field
        Its files.
    pixels, objects
        Agreement of pixels and of objects.
    matches : ObjectMatches
        Which predicted object is which true one.
    ledger : DataFrame
        The rows of ``objects.csv``.
    results : mapping
        The workflow's results on ``truth`` and ``prediction``.
    provenance : mapping of str to str
        What the prediction file, or else the caller, says of its origin.
    """

    field: Field
    pixels: PixelAgreement
    objects: ObjectAgreement
    matches: ObjectMatches
    ledger: pd.DataFrame
    results: Mapping[str, WorkflowResult]
    provenance: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What all fields gave; everything is in ``output`` too.

    Attributes
    ----------
    output : Path
        The folder with ``comparison.json``, ``fields.csv`` and ``objects.csv``.
    fields : tuple of FieldComparison
        One per field (or plane), by name.
    summary : Summary
        All fields together.
    warnings : tuple of str
        What the reader of the numbers must know.
    """

    output: Path
    fields: tuple[FieldComparison, ...]
    summary: Summary
    warnings: tuple[str, ...]


def compare(
    truth: Path,
    prediction: Path,
    workflow: Workflow | str,
    output: Path,
    *,
    transmitted: Path | None = None,
    card: ModelCard | None = None,
    provenance: Mapping[str, str] | None = None,
    min_iou: float = DEFAULT_MIN_IOU,
    signal_threshold: float | None = None,
    fiji: Path | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Run one workflow on truth and prediction, and compare what it finds.

    Parameters
    ----------
    truth, prediction : Path
        Two folders whose files are paired by stem, or two files.
    workflow : Workflow or str
        The very same object runs on both sides: same script, same parameters.
    output : Path
        Folder for the results.
    transmitted : Path, optional
        The input images, for the report.
    card : ModelCard, optional
        Of the model that predicted; goes into the record.
    provenance : mapping, optional
        Where the prediction comes from, when its files do not say.
    min_iou : float
        Least overlap of a match.
    signal_threshold : float, optional
        Grey level of the truth above which an image has signal (the paper's P).
    fiji : Path, optional
        A Fiji folder to run in, in place of the embedded ImageJ.
    overwrite : bool
        Replace an earlier comparison in ``output``.
    progress : callable, optional
        Called with (workflow runs done, total).

    Returns
    -------
    Comparison
        The numbers, and where the files are.

    Raises
    ------
    InputError
        ``E_PAIR_MISSING``, ``E_PAIR_SIZE``, ``E_PAIR_PIXEL_SIZE``, ``E_OPTION``.
    OutputError
        ``E_OUTPUT_EXISTS``.
    """
    settings = CompareSettings(min_iou, signal_threshold)
    chosen = find_workflow(workflow) if isinstance(workflow, str) else workflow
    fields = find_fields(truth, prediction, transmitted=transmitted)
    runs = _Runs(chosen, settings, provenance, fiji, 2 * len(fields), progress)
    with _fresh_folder(output, overwrite=overwrite):
        found = tuple(runs.compare_field(field, output) for field in fields)
        comparison = Comparison(
            output=output,
            fields=found,
            summary=Summary.of(
                [one.ledger for one in found],
                [one.matches for one in found],
                [one.pixels for one in found],
            ),
            warnings=record.collect_warnings(found, settings),
        )
        _write(comparison, chosen, settings, card)
    return comparison


@dataclass(slots=True)
class _Runs:
    """The workflow runs of one comparison: what they share, and how far they are."""

    workflow: Workflow
    settings: CompareSettings
    provenance: Mapping[str, str] | None
    fiji: Path | None
    total: int
    progress: Callable[[int, int], None] | None
    done: int = 0

    def compare_field(self, field: Field, output: Path) -> FieldComparison:
        """Run, match and measure one field."""
        folder = output / FOLDER / field.name
        results = {
            TRUTH: self._run(field, field.truth, folder / TRUTH),
            PREDICTION: self._run(field, field.prediction, folder / PREDICTION),
        }
        matches = match_objects(
            tifffile.imread(results[TRUTH].labels),
            tifffile.imread(results[PREDICTION].labels),
            min_iou=self.settings.min_iou,
        )
        tables = {side: read_objects(run.objects) for side, run in results.items()}
        ledger = build_ledger(
            field.name, tables, matches, pixel_size_um=field.pixel_size_um
        )
        provenance = self.provenance or field.provenance
        return FieldComparison(
            field=field,
            pixels=self._pixels(field, relative=provenance.get("unit") == "relative"),
            objects=summarise_objects(ledger, [matches]),
            matches=matches,
            ledger=ledger,
            results=results,
            provenance=provenance,
        )

    def _run(self, field: Field, image: Path, output: Path) -> WorkflowResult:
        with _as_single_plane(field, image, output.parent) as single:
            result = run_workflow(self.workflow, single, output, fiji=self.fiji)
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)
        return result

    def _pixels(self, field: Field, *, relative: bool) -> PixelAgreement:
        with (
            open_image(field.truth) as truth,
            open_image(field.prediction) as predicted,
        ):
            return measure_pixels(
                truth.read_plane(field.plane),
                predicted.read_plane(field.plane),
                signal_threshold=self.settings.signal_threshold,
                relative=relative,
            )


@contextmanager
def _as_single_plane(field: Field, image: Path, folder: Path) -> Iterator[Path]:
    """Give the file itself, or for a stack a passing copy of one plane."""
    if field.planes == 1:
        yield image
        return
    make_folder(folder)
    single = folder / f"{field.name}.tif"
    with open_image(image) as source:
        plane = source.read_plane(field.plane)
    with create_image(
        single,
        axes="YX",
        shape=plane.shape,
        dtype=plane.dtype,
        pixel_size_um=field.pixel_size_um,
    ) as writer:
        writer.write_window(0, 0, 0, plane)
    try:
        yield single
    finally:
        single.unlink()


@contextmanager
def _fresh_folder(output: Path, *, overwrite: bool) -> Iterator[None]:
    """Clear an earlier comparison away, and leave nothing of a failed one."""
    mine = [output / name for name in (*FILES, REPORT, FOLDER)]
    for path in mine:
        check_absent(path, overwrite=overwrite)
    new = not output.exists()
    make_folder(output)
    _remove(mine)
    try:
        yield
    except BaseException:
        _remove([output] if new else mine)
        raise


def _remove(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _write(
    comparison: Comparison,
    workflow: Workflow,
    settings: CompareSettings,
    card: ModelCard | None,
) -> None:
    """Write the two tables, then the record that marks the comparison as whole."""
    output = comparison.output
    objects = pd.concat([one.ledger for one in comparison.fields], ignore_index=True)
    rows = pd.DataFrame([record.field_row(one) for one in comparison.fields])
    for name, table in (("objects.csv", objects), ("fields.csv", rows)):
        with replacing(output / name) as partial:
            table.to_csv(partial, index=False, lineterminator="\n")
    content = record.describe(comparison, workflow, settings, card)
    write_json(output / "comparison.json", content, overwrite=False)
