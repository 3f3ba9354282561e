"""What is wrong with the files of a truth and its prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frm_bridge.errors import InputError
from frm_bridge.images import same_pixel_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frm_bridge.images import ImageInfo

_PLANES = {"T": "frames", "Z": "slices", "C": "channels"}


class FieldFaults:
    """What is wrong with the files of all fields, to be told together."""

    def __init__(self) -> None:
        self.same: list[str] = []
        self.swapped: list[str] = []
        self.channels: list[str] = []
        self.size: list[str] = []
        self.pixel_size: list[str] = []

    def look(
        self,
        infos: Mapping[str, ImageInfo],
        channels: Mapping[str, int],
        *,
        pixel_size_is_given: bool,
    ) -> None:
        """Note the faults of one field."""
        truth, prediction = infos["truth"], infos["prediction"]
        # No channel and the only one are the same.
        one_channel = channels.get("truth", 1) == channels.get("prediction", 1)
        if truth.path.samefile(prediction.path) and one_channel:
            self.same.append(str(truth.path))
        if _is_predicted(truth) and not _is_predicted(prediction):
            self.swapped.append(str(truth.path))
        self.channels += [
            f"{info.path} has {info.axis_size('C')}"
            for info in infos.values()
            if info.axis_size("C") > 1
        ]
        self.size += [
            f"{truth.path} is {_size(truth)}, {other.path} is {_size(other)}"
            for other in infos.values()
            if not _is_alike(other, truth)
        ]
        # Limits in µm would mean different things on the two sides.
        a, b = truth.pixel_size_um, prediction.pixel_size_um
        if not pixel_size_is_given and not same_pixel_size(a, b):
            self.pixel_size.append(
                f"{truth.path.name}: truth {_um(a)}, prediction {_um(b)}"
            )

    def refuse(self) -> None:
        """Raise the worst kind of fault, naming every file."""
        kinds = (
            (
                self.same,
                "E_PAIR_SAME",
                "truth and prediction are one and the same file",
                "give the measured fluorescence as --truth, and what was predicted "
                "from transmitted light as --prediction",
            ),
            (
                self.swapped,
                "E_PAIR_SWAPPED",
                "these files of the truth say that they were predicted, and their "
                "partners do not",
                "exchange --truth and --prediction",
            ),
            (
                self.channels,
                "E_PAIR_CHANNELS",
                "one channel of each image can be compared",
                "choose with --truth-channel, --prediction-channel or --input-channel",
            ),
            (
                self.size,
                "E_PAIR_SIZE",
                "truth and prediction must have one size",
                "compare images of the same field, cropped and binned alike, and of "
                "the same frames and slices",
            ),
            (
                self.pixel_size,
                "E_PAIR_PIXEL_SIZE",
                "truth and prediction must have one pixel size, for the workflow's "
                "limits to mean the same on both",
                "give the right one for both with --pixel-size, or write it into the "
                "files (ImageJ: Image > Properties)",
            ),
        )
        for found, code, what, fix in kinds:
            if found:
                names = "; ".join(dict.fromkeys(found))
                raise InputError(code, f"{what}: {names}", fix)


def _is_predicted(info: ImageInfo) -> bool:
    """Say whether a file's Info names the model that it was predicted with."""
    return any(key.startswith("frm_bridge.model") for key in info.properties)


def _is_alike(a: ImageInfo, b: ImageInfo) -> bool:
    """Say whether plane n of one image is plane n of the other."""
    named = a.axes_are_named and b.axes_are_named
    return a.shape == b.shape and (a.axes == b.axes or not named)


def _size(info: ImageInfo) -> str:
    leading = zip(info.axes[:-2], info.shape, strict=False)
    planes = "".join(f", {size} {_PLANES[axis]}" for axis, size in leading)
    return f"{info.width} x {info.height} px{planes}"


def _um(size: float | None) -> str:
    return "uncalibrated" if size is None else f"{size:g} µm"
