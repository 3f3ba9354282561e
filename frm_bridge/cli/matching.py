"""Options that bring the images of another microscope to a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frm_bridge.cli.batch import images_of
from frm_bridge.cli.options import (
    Channel,
    Grain,
    Overwrite,
    PixelSize,
    progress_bar,
    warn,
)
from frm_bridge.errors import InputError, ModelError

if TYPE_CHECKING:
    from frm_bridge.prediction.matching import Matching

MatchScale = Annotated[
    bool,
    typer.Option(
        "--match-scale",
        help="Resample each image to the model's pixel size, and the result back.",
    ),
]
Scale = Annotated[
    float | None,
    typer.Option(
        "--scale",
        help="Likewise, by this factor: above 1 enlarges the image for the model.",
    ),
]
MatchIntensity = Annotated[
    bool,
    typer.Option(
        "--match-intensity",
        help="Map each plane's mean and sd to those of the training fields.",
    ),
]
IntensityMapFile = Annotated[
    Path | None,
    typer.Option(
        "--intensity-map",
        help="Map all images alike, by a file of 'frm-bridge models map-intensity'.",
    ),
]


def matching_of(
    *,
    match_scale: bool = False,
    scale: float | None = None,
    pixel_size: float | None = None,
    grain: bool = True,
    match_intensity: bool = False,
    intensity_map: Path | None = None,
) -> Matching:
    """Give what the options ask for.

    Raises
    ------
    InputError
        ``E_OPTION`` where two exclude each other, and those of `Matching`.
    """
    from frm_bridge.prediction.intensity import read_map
    from frm_bridge.prediction.matching import Matching

    if match_scale and scale is not None:
        raise _both("--match-scale", "--scale", "the factor")
    if match_intensity and intensity_map is not None:
        raise _both("--match-intensity", "--intensity-map", "the mean and sd")
    return Matching(
        scale="pixel size" if match_scale else scale,
        pixel_size_um=pixel_size,
        grain=grain,
        intensity=read_map(intensity_map)
        if intensity_map is not None
        else "own"
        if match_intensity
        else None,
    )


def map_intensity(
    model: Annotated[
        str, typer.Argument(help="A model's name, an .onnx file, or a package.")
    ],
    images: Annotated[
        list[Path],
        typer.Argument(help="Images of one session, or folders of images."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The map to write, a .json file.")
    ],
    channel: Channel = None,
    match_scale: MatchScale = False,
    scale: Scale = None,
    pixel_size: PixelSize = None,
    grain: Grain = True,
    overwrite: Overwrite = False,
) -> None:
    """Make one linear map of grey levels for a session on another microscope.

    For models with the mean and sd of their training fields (kind "global"):
    'predict --intensity-map' puts those of the given images in their place,
    alike for all fields, so that intensities of fields can be compared. Give
    several fields, and the same --match-scale or --scale as to 'predict'.

    For example:

        frm-bridge models map-intensity nuclei.onnx session/ -o session.json

        frm-bridge predict nuclei.onnx session/ -o out --intensity-map session.json
    """
    from frm_bridge.models.card import read_card
    from frm_bridge.models.registry import find_model
    from frm_bridge.outputs import check_absent
    from frm_bridge.prediction.intensity import linear_map
    from frm_bridge.prediction.mapping import map_intensity as measure

    path = find_model(model)
    card = read_card(path)
    if card is None:
        raise ModelError(
            "E_MODEL_NO_CARD",
            f"{path} carries no model card, so there is nothing to map to",
            "give 'predict' the images' own statistics: --input-mean and --input-sd",
        )
    check_absent(output, overwrite=overwrite)
    sources = images_of(images)
    how = matching_of(
        match_scale=match_scale, scale=scale, pixel_size=pixel_size, grain=grain
    )
    with progress_bar("measuring") as progress:
        made = measure(sources, card, channel=channel, matching=how, progress=progress)
    trained = card.normalisation.input
    if trained.kind == "field":
        warn(
            [
                f"the model {card.name} takes each plane by its own mean and sd: it "
                "needs no map, and 'predict' will not use this one"
            ]
        )
    made.save(output, overwrite=overwrite)
    gain, offset = linear_map((made.mean, made.sd), trained)
    typer.echo(
        f"{output}  {len(sources)} image(s): mean {made.mean:.6g}, sd {made.sd:.6g} at "
        f"scale {made.scale:.5g}; grey level x {gain:.5g} {offset:+.5g}"
    )


def _both(one: str, other: str, what: str) -> InputError:
    return InputError(
        "E_OPTION", f"{one} and {other} both say {what}", f"leave out {one} or {other}"
    )
