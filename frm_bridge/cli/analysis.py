"""``analyze`` and ``compare``: the ImageJ workflows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frm_bridge.cli.batch import (
    Faults,
    check_images,
    images_of,
    result_name,
)
from frm_bridge.cli.options import (
    FijiFolder,
    Output,
    Overwrite,
    PixelSize,
    progress_bar,
    warn,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.comparison import Comparison
    from frm_bridge.imagej import Workflow

BlurSigma = Annotated[
    float | None, typer.Option("--blur-sigma", help="Gaussian blur, sigma in px.")
]
Threshold = Annotated[
    str | None, typer.Option(help="One of ImageJ's 17 automatic thresholds.")
]
FillHoles = Annotated[
    bool | None,
    typer.Option("--fill-holes/--no-fill-holes", help="Fill holes in nuclei."),
]
Watershed = Annotated[
    bool | None,
    typer.Option("--watershed/--no-watershed", help="Cut touching nuclei apart."),
]
MinArea = Annotated[
    float | None, typer.Option(help="In µm² where the image is calibrated, else px.")
]
MaxArea = Annotated[float | None, typer.Option(help="Likewise; 0 for no limit.")]
MinCircularity = Annotated[float | None, typer.Option(help="0 to 1.")]
MinContrast = Annotated[
    float | None, typer.Option(help="Background guard, in sd of the background.")
]


def analyze(
    workflow: Annotated[
        str, typer.Argument(help="nuclei, or the path of a script of your own.")
    ],
    images: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    output: Output,
    blur_sigma: BlurSigma = None,
    threshold: Threshold = None,
    fill_holes: FillHoles = None,
    watershed: Watershed = None,
    min_area: MinArea = None,
    max_area: MaxArea = None,
    min_circularity: MinCircularity = None,
    min_contrast: MinContrast = None,
    pixel_size: PixelSize = None,
    fiji: FijiFolder = None,
    overwrite: Overwrite = False,
) -> None:
    """Measure images in real ImageJ.

    Writes, for each image, a folder with objects.csv, labels.tif, rois.zip (for
    ImageJ's ROI Manager) and result.json with every parameter used; for a stack
    one folder a plane, <name>_plane0001 and on. Defaults are those of the
    script's dialog in Fiji. No object is a result too: count 0, and a warning.

    Unreadable images are refused before any work. An image whose pixels prove
    unusable later (NaN) is named and left out; the others are finished, and the
    exit status is 1.

    For example:

        frm-bridge analyze nuclei stain.tif --output measured

        frm-bridge analyze nuclei fields/ -o measured --threshold Li
    """
    from frm_bridge.outputs import check_absent

    chosen = _workflow(
        workflow,
        blur_sigma_px=blur_sigma,
        threshold_method=threshold,
        fill_holes=fill_holes,
        watershed=watershed,
        min_area=min_area,
        max_area=max_area,
        min_circularity=min_circularity,
        min_contrast=min_contrast,
    )
    sources = images_of(images)
    check_images(sources)
    jobs = [
        (source, plane, output / name)
        for source in sources
        for plane, name in _planes(source)
    ]
    for _, _, folder in jobs:
        check_absent(folder / "result.json", overwrite=overwrite)
    options = {"pixel_size_um": pixel_size, "fiji": fiji, "overwrite": overwrite}
    _analyze_each(jobs, chosen, options)


def _analyze_each(
    jobs: Sequence[tuple[Path, int | None, Path]],
    workflow: Workflow,
    options: dict[str, Any],
) -> None:
    """Run the workflow on plane after plane, and say where each result is."""
    from frm_bridge.imagej import run_workflow

    faults = Faults(len(jobs))
    lines, notes = [], []
    noun = "nuclei" if workflow.name == "nuclei" else "object(s)"
    try:
        with progress_bar(workflow.name) as progress:
            for done, (source, plane, folder) in enumerate(jobs):
                progress(done, len(jobs), source.name)
                with faults.of(source):
                    result = run_workflow(
                        workflow, source, folder, plane=plane, **options
                    )
                    lines.append(f"{folder}  {result.count} {noun}")
                    notes += [f"{folder.name}: {text}" for text in result.warnings]
    finally:
        warn(notes)
        typer.echo("\n".join(lines), nl=bool(lines))
    faults.end("the others are measured; mend these, and measure them alone")


def compare(
    truth: Annotated[Path, typer.Option(help="Measured fluorescence: file or folder.")],
    prediction: Annotated[
        Path, typer.Option(help="Predicted fluorescence, files of the same names.")
    ],
    output: Output,
    workflow: Annotated[
        str, typer.Option(help="nuclei, or the path of a script of your own.")
    ] = "nuclei",
    input_images: Annotated[
        Path | None,
        typer.Option("--input", help="Transmitted light, to be shown in the report."),
    ] = None,
    min_iou: Annotated[
        float | None,
        typer.Option(help="Least overlap (intersection over union) of a match."),
    ] = None,
    signal_threshold: Annotated[
        float | None,
        typer.Option(help="Grey level of signal in the truth, for the paper's P."),
    ] = None,
    blur_sigma: BlurSigma = None,
    threshold: Threshold = None,
    fill_holes: FillHoles = None,
    watershed: Watershed = None,
    min_area: MinArea = None,
    max_area: MaxArea = None,
    min_circularity: MinCircularity = None,
    min_contrast: MinContrast = None,
    pixel_size: PixelSize = None,
    fiji: FijiFolder = None,
    overwrite: Overwrite = False,
) -> None:
    """Run one ImageJ workflow on truth and prediction, and report how they agree.

    Files are matched by name. Writes report.html (one page, nothing to install),
    objects.csv, fields.csv, comparison.json and the workflow's own results for
    each field. One faulty image stops the whole: a comparison of fewer fields
    than were given would be another comparison.

    For example:

        frm-bridge compare --truth stain/ --prediction predicted/ -o compared
    """
    from frm_bridge import comparison, reporting

    chosen = _workflow(
        workflow,
        blur_sigma_px=blur_sigma,
        threshold_method=threshold,
        fill_holes=fill_holes,
        watershed=watershed,
        min_area=min_area,
        max_area=max_area,
        min_circularity=min_circularity,
        min_contrast=min_contrast,
    )
    iou = comparison.DEFAULT_MIN_IOU if min_iou is None else min_iou
    with progress_bar(chosen.name) as progress:
        result = comparison.compare(
            truth,
            prediction,
            chosen,
            output,
            transmitted=input_images,
            min_iou=iou,
            signal_threshold=signal_threshold,
            pixel_size_um=pixel_size,
            fiji=fiji,
            overwrite=overwrite,
            progress=progress,
        )
    page = reporting.write_report(output, overwrite=overwrite)
    warn(result.warnings)
    summarise(result)
    typer.echo(f"report: {page.resolve()}")


def summarise(result: Comparison) -> None:
    """Print a comparison in one line."""
    found = result.summary.objects
    percent = found.count_error_percent
    change = "n/a" if percent is None else f"{percent:+.1f} %"
    scores = ", ".join(
        f"{name} {'n/a' if value is None else f'{value:.2f}'}"
        for name, value in (
            ("recall", found.recall),
            ("precision", found.precision),
            ("F1", found.f1),
            ("PCC", result.summary.pcc.mean),
        )
    )
    typer.echo(
        f"{found.truth_count} on the truth, {found.predicted_count} on the prediction "
        f"({change}); {scores}"
    )


def _workflow(name: str, **options: float | str | bool | None) -> Workflow:
    """Make the workflow with the options that the command line gives."""
    from frm_bridge.imagej import find_workflow, nuclei

    given = {key: value for key, value in options.items() if value is not None}
    # The nuclei workflow takes areas given by hand in µm² where an image is calibrated.
    return (
        nuclei(**given)
        if name == "nuclei"
        else find_workflow(name).with_parameters(**given)
    )


def _planes(source: Path) -> list[tuple[int | None, str]]:
    """Every plane of an image with the name of its folder of results."""
    from frm_bridge.images import open_image

    with open_image(source) as image:
        count = image.info.plane_count
    if count == 1:
        return [(None, result_name(source))]
    # ImageJ counts planes from 1, and so do the names of the folders.
    return [
        (plane, f"{result_name(source)}_plane{plane + 1:04d}") for plane in range(count)
    ]
