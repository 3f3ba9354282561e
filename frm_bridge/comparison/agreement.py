"""One workflow on truth and prediction, and how far the two answers agree.

``compare`` writes into its output folder::

    fields/<name>/truth/        what the workflow found on the truth
    fields/<name>/prediction/   ... and on the prediction
    fields.csv                  one row per field
    objects.csv                 every object of every field, and what became of it; or
                                the tables of another kind of workflow
    comparison.json             all numbers, parameters, versions and hashes; last
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.comparison import record
from frm_bridge.comparison.fields import PREDICTION, TRUTH, find_fields, is_relative
from frm_bridge.comparison.folder import FOLDER, RECORD, fresh_folder
from frm_bridge.comparison.histogramagreement import compare_histograms
from frm_bridge.comparison.linkagreement import compare_links
from frm_bridge.comparison.objectagreement import compare_objects
from frm_bridge.comparison.objects import DEFAULT_MIN_IOU
from frm_bridge.comparison.pixels import PixelAgreement, join_pixels, measure_pixels
from frm_bridge.comparison.profileagreement import compare_profiles
from frm_bridge.comparison.results import CompareSettings, Comparison, MeasuredField
from frm_bridge.comparison.tableagreement import compare_tables
from frm_bridge.comparison.trackagreement import compare_tracks
from frm_bridge.errors import FrmError, WorkflowError
from frm_bridge.imagej import Job, Workflow, find_workflow, run_workflows
from frm_bridge.images import open_image
from frm_bridge.outputs import replacing, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from frm_bridge.comparison.fields import Field
    from frm_bridge.imagej import WorkflowResult
    from frm_bridge.models.card import ModelCard


def compare(
    truth: str | Path,
    prediction: str | Path,
    workflow: Workflow | str,
    output: str | Path,
    *,
    transmitted: str | Path | None = None,
    channels: Mapping[str, int] | None = None,
    card: ModelCard | None = None,
    provenance: Mapping[str, str] | None = None,
    min_iou: float = DEFAULT_MIN_IOU,
    signal_threshold: float | None = None,
    match_distance_px: float | None = None,
    pixel_size_um: float | None = None,
    fiji: Path | None = None,
    jobs: int = 1,
    time_limit_s: float | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
    while_waiting: Callable[[], None] | None = None,
    report: Callable[[Path], object] | None = None,
) -> Comparison:
    """Run one workflow on truth and prediction, and compare what it finds.

    Parameters
    ----------
    truth, prediction : str or Path
        Two folders whose files are paired by stem, or two files.
    workflow : Workflow or str
        The very same object runs on both sides: same script, same parameters.
    output : str or Path
        Folder for the results.
    transmitted : str or Path, optional
        The input images, for the report.
    channels : mapping of str to int, optional
        Of multi-channel files, the channel to take as ``truth``, ``prediction`` or
        ``transmitted``, counted from 1 as in ImageJ.
    card : ModelCard, optional
        Of the model that predicted; goes into the record.
    provenance : mapping, optional
        Where the prediction comes from, when its files do not say.
    min_iou : float
        Least overlap of a match.
    signal_threshold : float, optional
        Grey level of the truth above which an image has signal (the paper's P).
    match_distance_px : float, optional
        Of tracks: largest distance for two spots of a frame to be the same nucleus; the
        median radius of the true ones by default.
    pixel_size_um : float, optional
        µm per px of all files, in place of what they say or do not say.
    fiji : Path, optional
        A Fiji folder to run in, in place of the embedded ImageJ.
    jobs : int
        Images measured at a time, each in a Java machine of its own; no number hangs
        on how many there are.
    time_limit_s : float, optional
        End the comparison when the measuring of one image takes longer.
    overwrite : bool
        Replace an earlier comparison in ``output``.
    progress : callable, optional
        Called with (workflow runs done, total).
    while_waiting : callable, optional
        As for `run_workflows`.
    report : callable, optional
        Called with ``output`` when all numbers are written, to put a page there; if it
        fails, the comparison has failed.

    Returns
    -------
    Comparison
        The numbers, and where the files are; of nuclei, cells and other objects an
        `ObjectComparison`, of tracks a `TrackComparison`, of linked places a
        `LinkComparison`, of line profiles a `ProfileComparison`, of grey levels a
        `HistogramComparison`, of the Results table of your own script a
        `TableComparison`.

    Raises
    ------
    InputError
        ``E_PAIR_MISSING``, ``E_PAIR_SAME``, ``E_PAIR_SWAPPED``, ``E_PAIR_SIZE``,
        ``E_PAIR_PIXEL_SIZE``, ``E_OPTION``.
    OutputError
        ``E_OUTPUT_EXISTS``.
    WorkflowError
        ``E_WORKFLOW_FAILED``, ``E_WORKFLOW_TIMEOUT``: of the first image that failed.
    """
    output = Path(output)
    settings = CompareSettings(min_iou, signal_threshold, match_distance_px)
    chosen = find_workflow(workflow) if isinstance(workflow, str) else workflow
    fields = find_fields(
        Path(truth),
        Path(prediction),
        transmitted=None if transmitted is None else Path(transmitted),
        channels=channels or {},
        pixel_size_um=pixel_size_um,
        workflow=chosen,
    )
    runs = _plan_runs(fields, chosen, output, fiji=fiji)
    outcomes = run_workflows(
        runs, workers=jobs, time_limit_s=time_limit_s, while_waiting=while_waiting
    )
    sources = [
        path
        for field in fields
        for path in (field.truth, field.prediction, field.transmitted)
        if path is not None
    ]
    with fresh_folder(output, sources, overwrite=overwrite), closing(outcomes):
        results = _count(zip(runs, outcomes, strict=True), len(runs), progress)
        measured = tuple(
            _measure(field, chosen, settings, results, provenance=provenance)
            for field in fields
        )
        comparison = _kind(measured)(
            measured,
            output,
            settings,
            warnings=record.collect_warnings(measured, settings),
        )
        _write(comparison, chosen, settings, card)
        if report is not None:
            report(output)
    return comparison


def _kind(measured: Sequence[MeasuredField]) -> Callable[..., Comparison]:
    """Choose what to compare by what the workflow left behind."""
    files = next(iter(measured[0].results.values())).files
    for name, kind in _KINDS.items():
        if name in files:
            return kind
    return compare_objects


# NB: tracks leave links, too.
_KINDS: dict[str, Callable[..., Comparison]] = {
    "tracks": compare_tracks,
    "links": compare_links,
    "profile": compare_profiles,
    "histogram": compare_histograms,
    # A script of one's own that names its objects, too, has these compared.
    "objects": compare_objects,
    "results": compare_tables,
}


def _plan_runs(
    fields: Sequence[Field], workflow: Workflow, output: Path, *, fiji: Path | None
) -> list[Job]:
    """Give the workflow's run on each side of each field, in their order."""
    return [
        Job(
            workflow,
            tuple(sources),
            output / FOLDER / field.name / side,
            {"pixel_size_um": field.pixel_size_um, "fiji": fiji},
        )
        for field in fields
        for side, sources in field.sources(workflow).items()
    ]


def _count(
    outcomes: Iterable[tuple[Job, WorkflowResult | FrmError]],
    total: int,
    progress: Callable[[int, int], None] | None,
) -> Iterator[WorkflowResult]:
    """Give result after result, and tell how far we are; the first error ends all."""
    for done, (job, outcome) in enumerate(outcomes, 1):
        if isinstance(outcome, FrmError):
            if isinstance(outcome, WorkflowError) and job.name not in outcome.message:
                outcome.message = f"{job.name}: {outcome.message}"
            raise outcome
        if progress is not None:
            progress(done, total)
        yield outcome


def _measure(
    field: Field,
    workflow: Workflow,
    settings: CompareSettings,
    results: Iterator[WorkflowResult],
    *,
    provenance: Mapping[str, str] | None,
) -> MeasuredField:
    """Take the results of one field, and compare the pixels."""
    provenance = provenance or field.provenance
    return MeasuredField(
        field=field,
        pixels=_compare_pixels(field, settings, relative=is_relative(provenance)),
        results={side: next(results) for side in field.sources(workflow)},
        provenance=provenance,
    )


def _compare_pixels(
    field: Field, settings: CompareSettings, *, relative: bool
) -> PixelAgreement:
    channels = field.channels
    with (
        open_image(field.truth, channel=channels.get(TRUTH)) as truth,
        open_image(field.prediction, channel=channels.get(PREDICTION)) as predicted,
    ):
        return join_pixels(
            [
                measure_pixels(
                    truth.read_plane(plane),
                    predicted.read_plane(plane),
                    signal_threshold=settings.signal_threshold,
                    relative=relative,
                )
                for plane in field.planes
            ]
        )


def _write(
    comparison: Comparison,
    workflow: Workflow,
    settings: CompareSettings,
    card: ModelCard | None,
) -> None:
    """Write the tables, then the record that marks the comparison as whole."""
    for name, table in comparison.tables().items():
        with replacing(comparison.output / name) as partial:
            # As many digits as the workflow's own tables.
            table.to_csv(
                partial, index=False, lineterminator="\n", float_format="%.10g"
            )
    content = record.describe(comparison, workflow, settings, card)
    write_json(comparison.output / RECORD, content, overwrite=False)
