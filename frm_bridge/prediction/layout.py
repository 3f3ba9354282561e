"""What the output image is: its channels, its pixel type, its warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from frm_bridge.images import ImageInfo
    from frm_bridge.prediction.loaded import LoadedModel

OutputType = Literal["auto", "uint16", "float32"]

# A pixel size this much larger or smaller than the model's is worth a warning.
SCALE_TOLERANCE = 1.1


def check_channels(info: ImageInfo, models: Sequence[LoadedModel]) -> None:
    """Refuse several models for an image that has several channels itself.

    Raises
    ------
    InputError
        ``E_CHANNELS``.
    """
    if len(models) > 1 and info.axis_size("C") > 1:
        raise InputError(
            "E_CHANNELS",
            f"{info.path} has {info.axis_size('C')} channels, and {len(models)} models "
            "were given: each model makes a channel of its own",
            "choose the channel of transmitted light with --channel",
        )


def output_unit(models: Sequence[LoadedModel]) -> str:
    """Give "counts" or "relative", or "mixed" where models differ."""
    units = {model.card.normalisation.output.unit for model in models}
    return units.pop() if len(units) == 1 else "mixed"


def output_dtype(asked: OutputType, unit: str) -> Literal["uint16", "float32"]:
    """Choose the pixel type: uint16 holds counts and nothing else.

    Raises
    ------
    InputError
        ``E_OUTPUT_DTYPE``.
    """
    if asked not in get_args(OutputType) or (asked == "uint16" and unit != "counts"):
        raise InputError(
            "E_OUTPUT_DTYPE",
            f"a prediction in {unit} units cannot be written as {asked}",
            "use --dtype auto or float32; uint16 is for models that predict counts",
        )
    if asked == "auto":
        return "uint16" if unit == "counts" else "float32"
    return asked


def output_layout(info: ImageInfo, models: Sequence[LoadedModel]) -> dict[str, Any]:
    """Give axes, shape, calibration and channel names for ``create_image``."""
    several = len(models) > 1
    channels: tuple[int, ...] = (len(models),) if several else ()
    names = _channel_names(models)
    if not several and info.axis_size("C") > 1:
        names = info.channel_names
    return {
        "axes": info.axes[:-2] + ("C" if several else "") + "YX",
        "shape": (*info.shape[:-2], *channels, *info.shape[-2:]),
        "pixel_size_um": info.pixel_size_um,
        "z_step_um": info.z_step_um,
        "frame_interval_s": info.frame_interval_s,
        "channel_names": names,
    }


def _channel_names(models: Sequence[LoadedModel]) -> tuple[str, ...]:
    markers = [model.card.marker for model in models]
    return tuple(
        marker if markers.count(marker) == 1 else f"{marker} ({model.card.name})"
        for marker, model in zip(markers, models, strict=True)
    )


def as_counts(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Round to the nearest grey level and clip to what uint16 holds.

    NB: the published code truncates, which darkens by half a level, and does not clip
    above, so that 65536 becomes 0 (CL-071).
    """
    rounded = np.rint(values)
    np.clip(rounded, 0, 65535, out=rounded)  # in place: three times as fast
    return rounded.astype(np.uint16)


def channel_warnings(info: ImageInfo) -> list[str]:
    """Say where channels of fluorescence may have been taken for transmitted light."""
    count = info.axis_size("C")
    if count == 1:
        return []
    return [
        f"{info.path.name} has {count} channels, and each was predicted as if it were "
        "transmitted light: choose the right one with --channel"
    ]


def calibration_warnings(info: ImageInfo, models: Sequence[LoadedModel]) -> list[str]:
    """Say where the pixel size is not a model's own, and what cannot be kept."""
    warnings = []
    if info.z_step_um is not None and info.pixel_size_um is None:
        warnings.append(
            f"{info.path.name} has a Z step but no pixel size: an ImageJ TIFF cannot "
            "hold the one without the other, and the step is left out"
        )
    for card in (model.card for model in models):
        if info.pixel_size_um is None or card.pixel_size_um is None:
            continue
        ratio = info.pixel_size_um / card.pixel_size_um
        if max(ratio, 1 / ratio) > SCALE_TOLERANCE:
            warnings.append(
                f"{info.path.name} has {info.pixel_size_um:g} um per pixel, the model "
                f"{card.name} was trained at {card.pixel_size_um:g} um: match "
                "the scale (predict --match-scale)"
            )
    return warnings
