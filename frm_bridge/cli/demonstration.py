"""``demo``: the main job on a real field that the shipped model has never seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from frm_bridge.cli.options import Overwrite, progress_bar, warn

MODEL = "nuclei-brightfield"


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the results.")
    ] = Path("demo"),
    overwrite: Overwrite = False,
) -> None:
    """Predict a real bright-field image, count its nuclei in ImageJ, and report.

    The field is one of those kept aside when the shipped model was trained.

    For example:

        frm-bridge demo --output demo
    """
    from frm_bridge.comparison import compare
    from frm_bridge.comparison.folder import check_folder
    from frm_bridge.imagej import start_imagej
    from frm_bridge.images import list_images
    from frm_bridge.models.card import read_card
    from frm_bridge.models.registry import find_model
    from frm_bridge.prediction.engine import predict_file
    from frm_bridge.reporting import write_report

    model = find_model(MODEL)
    sample = model.parent / "sample"
    (field,), (target,) = (list_images(sample / side) for side in ("input", "target"))
    check_folder(output, overwrite=overwrite)
    # First, so that a machine without Java or network leaves nothing behind.
    imagej = start_imagej()
    typer.echo(f"1/3  predicting {field.stem} with {MODEL}")
    with progress_bar("predicting") as progress:
        report = predict_file(
            field,
            [model],
            output / "prediction" / f"{field.stem}.tif",
            overwrite=True,  # without a comparison it is a rest of a demo cut short
            progress=progress,
        )
    typer.echo(f"     {report.provider}, {report.seconds:.1f} s")
    warn(report.warnings)
    typer.echo(
        "2/3  finding nuclei on the stain and on the prediction, in ImageJ "
        f"{imagej.version}"
    )

    def report_on(folder: Path) -> None:
        typer.echo("3/3  writing the report")
        write_report(folder)

    with progress_bar("ImageJ") as progress:
        result = compare(
            target,
            report.output,
            "nuclei",
            output,
            transmitted=field,
            card=read_card(model),
            overwrite=overwrite,
            progress=progress,
            report=report_on,
        )
    typer.echo(result.sentence())
    warn(result.warnings)
    page = (output / "report.html").resolve()
    typer.echo(f"\nOpen this page in a browser: {page}")
