"""The options of a prediction, for those who check types."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from frm_bridge.doors.pendingjob import Progress
    from frm_bridge.prediction.providers import Device


class PredictOptions(TypedDict, total=False):
    """The options of `Client.predict`."""

    channel: int | None
    window: int | None
    device: Device
    require_gpu: bool
    match_scale: bool
    match_intensity: bool
    pixel_size_um: float | None
    force: bool
    overwrite: bool
    progress: Progress | None
