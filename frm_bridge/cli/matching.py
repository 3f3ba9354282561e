"""Options that bring the images of another microscope to a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frm_bridge.errors import InputError

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
        intensity=read_map(intensity_map)
        if intensity_map is not None
        else "own"
        if match_intensity
        else None,
    )


def _both(one: str, other: str, what: str) -> InputError:
    return InputError(
        "E_OPTION", f"{one} and {other} both say {what}", f"leave out {one} or {other}"
    )
