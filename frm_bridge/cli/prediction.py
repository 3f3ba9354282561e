"""``predict``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from frm_bridge.cli.batch import (
    Faults,
    check_images,
    images_of,
    refuse_inputs,
    result_name,
)
from frm_bridge.cli.matching import (
    IntensityMapFile,
    MatchIntensity,
    MatchScale,
    Scale,
    matching_of,
)
from frm_bridge.cli.options import (
    Channel,
    Device,
    Force,
    Grain,
    Output,
    Overwrite,
    PixelSize,
    RequireGpu,
    one_of,
    progress_bar,
    warn,
)
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.models.card import ModelCard
    from frm_bridge.prediction.loaded import LoadedModel

InputMean = Annotated[
    float | None, typer.Option(help="Of the training inputs, in grey levels.")
]
InputSd = Annotated[float | None, typer.Option(help="Likewise.")]
OutputMean = Annotated[
    float | None,
    typer.Option(help="Of the training targets; without it, relative units come out."),
]
OutputSd = Annotated[float | None, typer.Option(help="Likewise.")]


def predict(
    model: Annotated[
        str,
        typer.Argument(
            help="A model's name, an .onnx file, or a package; several, joined by "
            "commas, give one multi-channel image."
        ),
    ],
    images: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    output: Output,
    channel: Channel = None,
    device: Device = "auto",
    require_gpu: RequireGpu = False,
    window: Annotated[
        int | None,
        typer.Option(help="Largest window side in px; by default from free memory."),
    ] = None,
    dtype: Annotated[
        str, typer.Option(help="auto, uint16 or float32 for the result's grey levels.")
    ] = "auto",
    algorithm: Annotated[
        str,
        typer.Option(help="exact, or paper: the published overlapping windows."),
    ] = "exact",
    normalise: Annotated[
        str | None,
        typer.Option(
            help="For an .onnx file without a card: global, with the means and sds "
            "below, or field: each plane's own mean and sd."
        ),
    ] = None,
    input_mean: InputMean = None,
    input_sd: InputSd = None,
    output_mean: OutputMean = None,
    output_sd: OutputSd = None,
    halo: Annotated[
        int | None,
        typer.Option(
            help="Likewise: the network's reach in px, a multiple of 16; by default "
            "that of the paper's U-Net, 96."
        ),
    ] = None,
    match_scale: MatchScale = False,
    scale: Scale = None,
    pixel_size: PixelSize = None,
    grain: Grain = True,
    match_intensity: MatchIntensity = False,
    intensity_map: IntensityMapFile = None,
    force: Force = False,
    overwrite: Overwrite = False,
) -> None:
    """Predict fluorescence for each image, whole and exactly.

    Writes <name>.tif into the output folder: an ImageJ TIFF with the input's
    size, axes, pixel size and frame interval, and in its Info (Fiji: Image >
    Show Info) how it was made. No input image is ever written over.

    Unreadable images are refused before any work. An image whose pixels prove
    unusable later (NaN, one grey level, unlike all training images) is named and
    left out; the others are finished, and the exit status is 1.

    For example:

        frm-bridge predict nuclei-brightfield field.tif --output predicted

        frm-bridge predict nuclei.onnx,actin.onnx movies/ -o both --device cpu

        frm-bridge predict nuclei.onnx nikon4x/ -o predicted --match-scale
    """
    from frm_bridge.models.registry import find_models
    from frm_bridge.outputs import check_absent
    from frm_bridge.prediction.job import Algorithm
    from frm_bridge.prediction.layout import OutputType
    from frm_bridge.prediction.providers import Device as DeviceName
    from frm_bridge.prediction.runtime import open_model

    on = one_of("--device", device, get_args(DeviceName))
    options = {
        "channel": channel,
        "dtype": one_of("--dtype", dtype, get_args(OutputType)),
        "algorithm": one_of("--algorithm", algorithm, get_args(Algorithm)),
        "window": window,
        "force": force,
        "overwrite": overwrite,
        "matching": matching_of(
            match_scale=match_scale,
            scale=scale,
            pixel_size=pixel_size,
            grain=grain,
            match_intensity=match_intensity,
            intensity_map=intensity_map,
        ),
    }
    card = _given_card(normalise, input_mean, input_sd, output_mean, output_sd, halo)
    names = find_models(model)
    sources = images_of(images)
    outputs = [output / f"{result_name(source)}.tif" for source in sources]
    refuse_inputs(outputs, sources)
    for path in outputs:
        check_absent(path, overwrite=overwrite)
    check_images(sources, channel=channel)
    with ExitStack() as stack:
        loaded = [
            stack.enter_context(
                open_model(name, device=on, require_gpu=require_gpu, card=own)
            )
            for name, own in zip(names, _cards_for(names, card), strict=True)
        ]
        _predict_each(sources, outputs, loaded, options)


def _cards_for(
    models: Sequence[str | Path], given: ModelCard | None
) -> list[ModelCard | None]:
    """Give the card from the command line to the files without one of their own."""
    from frm_bridge.models.card import read_card

    if given is None:
        return [None] * len(models)
    cards = [given if read_card(Path(model)) is None else None for model in models]
    # Where all have one, opening the first says that nothing else is wanted.
    return cards if any(cards) else [given, *cards[1:]]


def _predict_each(
    sources: Sequence[Path],
    outputs: Sequence[Path],
    models: Sequence[LoadedModel],
    options: dict[str, Any],
) -> None:
    """Predict file by file, and say where each result is."""
    from frm_bridge.prediction.engine import predict_file

    faults = Faults(len(sources))
    for source, output in zip(sources, outputs, strict=True):
        with faults.of(source):
            with progress_bar(source.name) as progress:
                report = predict_file(
                    source, models, output, progress=progress, **options
                )
            warn(report.warnings)
            for sentence in report.matching:
                typer.echo(f"{source.name}: {sentence}")
            typer.echo(
                f"{report.output}  {report.dtype}, {report.unit}; {report.windows} "
                f"window(s) of {report.window} px on {report.provider} in "
                f"{report.seconds:.2f} s"
            )
    faults.end("the others are predicted; mend these, and predict them alone")


def _given_card(
    normalise: str | None,
    input_mean: float | None,
    input_sd: float | None,
    output_mean: float | None,
    output_sd: float | None,
    halo: int | None,
) -> ModelCard | None:
    """Make a card from the command line for a file that has none."""
    numbers: tuple[Any, ...] = (input_mean, input_sd, output_mean, output_sd, halo)
    if normalise is None and numbers == (None,) * 5:
        return None
    if halo is None:
        warn(
            [
                "the file has no card: its reach is taken for that of the paper's "
                "U-Net, 96 px; give --halo where the network sees further"
            ]
        )
    from frm_bridge.models.card import ModelCard
    from frm_bridge.models.normalisation import (
        InputKind,
        InputNormalisation,
        Normalisation,
        OutputNormalisation,
    )

    kind = one_of("--normalise", normalise or "global", get_args(InputKind))
    if (output_mean is None) != (output_sd is None):
        raise InputError(
            "E_OPTION",
            "--output-mean and --output-sd belong together",
            "give both for grey levels, or neither for relative units",
        )
    if output_mean is None or output_sd is None:
        scale = OutputNormalisation(0.0, 1.0, "relative")
    else:
        scale = OutputNormalisation(output_mean, output_sd, "counts")
    return ModelCard(
        name="from the command line",
        marker="fluorescence",
        modality="unknown",
        normalisation=Normalisation(
            InputNormalisation(kind, input_mean, input_sd), scale
        ),
        halo=96 if halo is None else halo,
    )
