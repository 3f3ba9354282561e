"""``analyze`` and ``compare``: the ImageJ workflows."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frm_bridge.cli.batch import Faults, check_images, images_of, result_name
from frm_bridge.cli.options import (
    Channel,
    FijiFolder,
    Jobs,
    Output,
    Overwrite,
    PixelSize,
    TimeLimit,
    progress_bar,
    time_limit_of,
    warn,
)
from frm_bridge.cli.workflowoptions import GivenParameters, with_workflow_options
from frm_bridge.errors import FrmError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.imagej import Job, Workflow

_WORKFLOWS = (
    "nuclei, junctions, tracks, displacement, profile, histogram, or the path of a "
    "script of your own."
)
WorkflowName = Annotated[str, typer.Option(help=_WORKFLOWS)]


@with_workflow_options
def analyze(
    workflow: Annotated[str, typer.Argument(help=_WORKFLOWS)],
    images: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    output: Output,
    channel: Channel = None,
    pixel_size: PixelSize = None,
    as_movie: Annotated[
        bool,
        typer.Option(
            "--as-movie",
            help="All images are the frames of one movie, in the order of the numbers "
            "in their names.",
        ),
    ] = False,
    fiji: FijiFolder = None,
    jobs: Jobs = 1,
    time_limit: TimeLimit = None,
    overwrite: Overwrite = False,
    *,
    given: GivenParameters,
) -> None:
    """Measure images in real ImageJ.

    Writes, for each image, a folder with tables (CSV), label image, rois.zip (for
    ImageJ's ROI Manager) and result.json with every parameter used; for a stack
    one folder a plane, <name>_plane0001 and on. No object is a result too: count
    0, and a warning.

    nuclei and junctions measure a plane, and profile does along a line. tracks
    follows nuclei through a movie: with a Fiji by its TrackMate, else by laptrack.
    displacement and histogram take an image of two planes, a truth and its
    prediction.

    The options of a workflow are those of its dialog in Fiji. Area limits are
    in µm² where the image is calibrated, else in px, unless --area-unit says
    otherwise.

    A script of your own is any ImageJ macro (.ijm) or Jython script (.py) that
    measures the current image: it runs as it is, and what it leaves in ImageJ's
    Results table becomes results.csv. Its #@ parameters, and "argument" for a
    macro's getArgument(), are given with --set.

    Unreadable images are refused before any work. An image whose pixels prove
    unusable later (NaN), or on which the script fails or takes too long, is named
    and left out; the others are finished, and the exit status is 1.

    For example:

        frm-bridge analyze nuclei stain.tif --output measured

        frm-bridge analyze nuclei fields/ -o measured --threshold Li

        frm-bridge analyze junctions ecad.tif -o cells --threshold-percent 20

        frm-bridge analyze nuclei more/ -o again
        --parameters measured/stain/result.json

        frm-bridge analyze tracks movie.tif -o tracked --linking-distance 12

        frm-bridge analyze tracks frames/ --as-movie -o tracked --fiji ~/Fiji

        frm-bridge analyze my_macro.ijm fields/ -o spots --set radius=3 --jobs 2
    """
    from frm_bridge.imagej import Job
    from frm_bridge.images import check_pixel_size
    from frm_bridge.outputs import check_absent

    chosen = given.workflow(workflow)
    check_pixel_size(pixel_size)
    sources = images_of(images)
    check_images(sources, channel=channel)
    common = {
        "channel": channel,
        "pixel_size_um": pixel_size,
        "fiji": fiji,
        "overwrite": overwrite,
    }
    if as_movie:
        runs = [_movie(chosen, sources, output, channel, options=common)]
    else:
        runs = [
            Job(chosen, source, output / name, common | {"plane": plane})
            for source in sources
            for plane, name in _planes(source, channel, chosen)
        ]
    for run in runs:
        check_absent(run.output / "result.json", overwrite=overwrite)
    limit_s = time_limit_of(chosen, time_limit)
    _analyze_each(runs, workers=jobs, time_limit_s=limit_s)


def _movie(
    workflow: Workflow,
    frames: Sequence[Path],
    output: Path,
    channel: int | None,
    *,
    options: dict[str, Any],
) -> Job:
    """Give the one run on images that hold a frame each."""
    from frm_bridge.imagej import Job, Source

    if workflow.measures != "movie":
        raise InputError(
            "E_OPTION",
            f"--as-movie: the workflow {workflow.name} measures no movies",
            "leave --as-movie out, or choose tracks",
        )
    ordered = sorted(frames, key=_numbers_last)
    sources = tuple(Source(frame, channel) for frame in ordered)
    return Job(workflow, sources, output / result_name(ordered[0]), options)


def _numbers_last(path: Path) -> list[tuple[str, int]]:
    """Sort t2 before t10, as people count."""
    return [
        (text, int(number or 0))
        for text, number in re.findall(r"(\D*)(\d*)", path.name)
    ]


def _analyze_each(
    runs: Sequence[Job], *, workers: int, time_limit_s: float | None
) -> None:
    """Run the workflow on plane after plane, and say where each result is."""
    from frm_bridge.imagej import run_workflows

    faults = Faults(len(runs))
    lines, notes, uncalibrated = [], [], 0
    outcomes = run_workflows(runs, workers=workers, time_limit_s=time_limit_s)
    try:
        with progress_bar(runs[0].workflow.name) as progress, closing(outcomes):
            for done, run in enumerate(runs):
                progress(done, len(runs), Path(run.name).name)
                with faults.of(Path(run.name)):
                    result = next(outcomes)
                    if isinstance(result, FrmError):
                        raise result
                    lines.append(f"{run.output}  {result.count} {result.things}")
                    notes += [f"{run.output.name}: {text}" for text in result.warnings]
                    uncalibrated += result.result.get("pixel_size_um", 0) is None
    finally:
        if uncalibrated:
            notes.append(
                f"{uncalibrated} of {len(runs)} give no pixel size in µm (inches are "
                "none): lengths are in px; --pixel-size gives one"
            )
        warn(notes)
        typer.echo("\n".join(lines), nl=bool(lines))
    faults.end("the others are measured; mend these, and measure them alone")


@with_workflow_options
def compare(
    truth: Annotated[Path, typer.Option(help="Measured fluorescence: file or folder.")],
    prediction: Annotated[
        Path, typer.Option(help="Predicted fluorescence, files of the same names.")
    ],
    output: Output,
    workflow: WorkflowName = "nuclei",
    input_images: Annotated[
        Path | None,
        typer.Option("--input", help="Transmitted light, to be shown in the report."),
    ] = None,
    truth_channel: Annotated[
        int | None,
        typer.Option(help="Channel of multi-channel truth files, from 1 as in ImageJ."),
    ] = None,
    prediction_channel: Annotated[
        int | None, typer.Option(help="Likewise, of the predictions.")
    ] = None,
    input_channel: Annotated[
        int | None, typer.Option(help="Likewise, of the transmitted light.")
    ] = None,
    min_iou: Annotated[
        float | None,
        typer.Option(help="Least overlap (intersection over union) of a match."),
    ] = None,
    signal_threshold: Annotated[
        float | None,
        typer.Option(help="Grey level of signal in the truth, for the paper's P."),
    ] = None,
    match_distance: Annotated[
        float | None,
        typer.Option(
            help="Of tracks: largest distance, in px, for two spots of a frame to be "
            "the same nucleus; a nucleus' radius by default."
        ),
    ] = None,
    pixel_size: PixelSize = None,
    fiji: FijiFolder = None,
    jobs: Jobs = 1,
    time_limit: TimeLimit = None,
    overwrite: Overwrite = False,
    *,
    given: GivenParameters,
) -> None:
    """Run one ImageJ workflow on truth and prediction, and report how they agree.

    Files are matched by name. Writes report.html (one page, nothing to install),
    fields.csv, the tables of what was matched (objects.csv; of tracks spots.csv,
    links.csv and tracks.csv; of a script of your own results.csv and columns.csv),
    comparison.json and the workflow's own results for each field. One faulty
    image stops the whole: a comparison of fewer fields than were given would be
    another comparison. Area limits are in µm² where the images are calibrated,
    else in px, unless --area-unit says otherwise.

    For example:

        frm-bridge compare --truth stain/ --prediction predicted/ -o compared

        frm-bridge compare --truth ecad/ --prediction predicted/ -o compared
        --workflow junctions

        frm-bridge compare --truth movies/ --prediction predicted/ -o compared
        --workflow tracks
    """
    from frm_bridge import comparison, reporting

    chosen = given.workflow(workflow)
    roles = {
        "truth": truth_channel,
        "prediction": prediction_channel,
        "transmitted": input_channel,
    }
    channels = {role: each for role, each in roles.items() if each is not None}
    iou = comparison.DEFAULT_MIN_IOU if min_iou is None else min_iou
    with progress_bar(chosen.name) as progress:
        result = comparison.compare(
            truth,
            prediction,
            chosen,
            output,
            transmitted=input_images,
            channels=channels,
            min_iou=iou,
            signal_threshold=signal_threshold,
            match_distance_px=match_distance,
            pixel_size_um=pixel_size,
            fiji=fiji,
            jobs=jobs,
            time_limit_s=time_limit_of(chosen, time_limit),
            overwrite=overwrite,
            progress=progress,
            report=reporting.write_report,
        )
    warn(result.warnings)
    typer.echo(result.sentence())
    typer.echo(f"report: {(output / 'report.html').resolve()}")


def _planes(
    source: Path, channel: int | None, workflow: Workflow
) -> list[tuple[int | None, str]]:
    """Every plane, or movie, of an image with the name of its folder of results."""
    from frm_bridge.imagej import planes_of_series
    from frm_bridge.images import open_image

    with open_image(source, channel=channel) as image:
        count = len(planes_of_series(image.info, workflow))
    if count == 1:
        return [(None, result_name(source))]
    # ImageJ counts planes from 1, and so do the names of the folders.
    return [
        (plane, f"{result_name(source)}_plane{plane + 1:04d}") for plane in range(count)
    ]
