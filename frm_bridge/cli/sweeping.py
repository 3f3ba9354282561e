"""``scale-sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from frm_bridge.cli.options import (
    Channel,
    Device,
    Grain,
    Output,
    Overwrite,
    one_of,
    progress_bar,
)


def scale_sweep(
    model: Annotated[
        str, typer.Argument(help="A model's name, an .onnx file, or a package.")
    ],
    image: Annotated[Path, typer.Argument(help="Transmitted light.")],
    output: Output,
    truth: Annotated[
        Path | None,
        typer.Option(help="The stain of the same field: then the answer is measured."),
    ] = None,
    smallest: Annotated[
        float, typer.Option("--from", help="Smallest factor to try.")
    ] = 0.5,
    largest: Annotated[float, typer.Option("--to", help="Largest factor.")] = 2.0,
    steps: Annotated[int, typer.Option(help="How many, in equal ratios.")] = 9,
    side: Annotated[
        int, typer.Option(help="Side of the image's middle that is predicted, in px.")
    ] = 1024,
    channel: Channel = None,
    grain: Grain = True,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Predict one image at several scales, and show them on one page.

    For an image or a model of unknown pixel size: which factor is to be given to
    'predict --scale'? With --truth the page shows the correlation with the stain;
    without, how steady the prediction is, which is an indicator and no proof.

    For example:

        frm-bridge scale-sweep nuclei-brightfield field.tif --truth dapi.tif -o sweep
    """
    from frm_bridge.experiments.scalesweep import SweepSettings, sweep_scale
    from frm_bridge.experiments.sweeppage import PAGE, TABLE, headline, write_sweep
    from frm_bridge.models.registry import find_model
    from frm_bridge.outputs import check_absent
    from frm_bridge.prediction.providers import Device as DeviceName
    from frm_bridge.prediction.runtime import open_model

    on = one_of("--device", device, get_args(DeviceName))
    settings = SweepSettings(smallest, largest, steps, side)
    for name in (PAGE, TABLE):
        check_absent(output / name, overwrite=overwrite)
    with (
        open_model(find_model(model), device=on) as loaded,
        progress_bar(image.name) as progress,
    ):
        sweep = sweep_scale(
            loaded,
            image,
            truth=truth,
            channel=channel,
            grain=grain,
            settings=settings,
            progress=progress,
        )
    page = write_sweep(sweep, output, overwrite=overwrite)
    for each in sweep.points:
        agreement = "n/a" if each.agreement is None else f"{each.agreement:.3f}"
        pcc = "" if each.pcc is None else f"  PCC {each.pcc:.3f}"
        typer.echo(f"factor {each.factor:<7.4g} agreement {agreement}{pcc}")
    typer.echo(" ".join(headline(sweep)))
    typer.echo(page)
