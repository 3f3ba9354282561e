"""What a workflow measures, written as the one TIFF that ImageJ opens.

NB: ImageJ would read inches as a scale, has no PNG scale, and not every TIFF
compression; one reader for all is also what makes truth and prediction alike.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.errors import InputError
from frm_bridge.images import Image, create_image, open_image, same_pixel_size
from frm_bridge.images.hyperstack import DTYPES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from frm_bridge.imagej.workflows import Workflow
    from frm_bridge.images import ImageInfo

_PAIR = 2  # planes: truth and prediction


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and what of it is measured.

    Attributes
    ----------
    image : Path
        The file.
    channel : int or None
        Counted from 1, as in ImageJ; None for a file of one channel.
    plane : int or None
        Flat index, from 0, over the leading axes; of a movie over those but T. None
        where there is one.
    """

    image: Path
    channel: int | None = None
    plane: int | None = None

    def described(self) -> dict[str, Any]:
        """Give what ``result.json`` says of it; counted from 1, as ImageJ does."""
        return {
            "image": str(self.image),
            "channel": self.channel,
            "plane": (self.plane or 0) + 1,
        }


def hand_over(
    path: Path,
    workflow: Workflow,
    sources: Sequence[Source],
    *,
    pixel_size_um: float | None,
) -> list[str]:
    """Write the sources, one after another, as a TIFF for ImageJ.

    Parameters
    ----------
    path : Path
        The TIFF.
    workflow : Workflow
        It measures one plane; all frames of a movie; a truth and its prediction as two
        frames.
    sources : sequence of Source
        One for a plane; one or several for a movie; one of two planes, or two, for a
        pair.
    pixel_size_um : float or None
        In place of what the files say.

    Returns
    -------
    list of str
        What a reader of the numbers should know.

    Raises
    ------
    InputError
        ``E_IMAGE_PLANES``, ``E_IMAGE_FRAMES``, ``E_IMAGE_SIZES``,
        ``E_IMAGE_NOT_FINITE``, and those of `open_image`.
    """
    with ExitStack() as stack:
        opened = [
            stack.enter_context(open_image(source.image, channel=source.channel))
            for source in sources
        ]
        planes = [
            (image, plane)
            for image, source in zip(opened, sources, strict=True)
            for plane in _planes(image.info, source, workflow, len(sources))
        ]
        _check_frames(workflow, planes, [source.image for source in sources])
        info = opened[0].info
        _write(path, planes, pixel_size_um or info.pixel_size_um)
        notes = [note for image in opened for note in _notes(image.info, pixel_size_um)]
        if workflow.measures == "movie" and frames_axis(info, workflow) == "Z":
            notes.append("the slices were taken as the frames")
        return list(dict.fromkeys(notes))


def planes_of_series(info: ImageInfo, workflow: Workflow) -> list[list[int]]:
    """Give the flat indices of what can be measured in an image: each plane, or movie.

    Parameters
    ----------
    info : ImageInfo
        Of one channel.
    workflow : Workflow
        Of movies there is one for each slice; of pairs one in all.
    """
    if workflow.measures == "pair":
        return [list(range(info.plane_count))]
    if workflow.measures == "plane":
        return [[plane] for plane in range(info.plane_count)]
    axis = frames_axis(info, workflow)
    if info.axis_size(axis) == 1 and info.plane_count > 1:
        raise _no_movie(info, [info.path])
    movies: dict[tuple[tuple[str, int], ...], list[int]] = {}
    for plane in range(info.plane_count):
        place = {name: at for name, at in info.place(plane).items() if name != axis}
        movies.setdefault(tuple(place.items()), []).append(plane)
    return list(movies.values())


def frames_axis(info: ImageInfo, workflow: Workflow) -> str:
    """Say which axis of an image is the time of a movie.

    It is T; but Z where a stack has one of them only and either does not name it or is
    said to hold frames there (the parameter ``slices_are_frames``).
    """
    told = workflow.parameters.get("slices_are_frames") is True
    if info.axis_size("T") == 1 and (told or not info.axes_are_named):
        return "Z"
    return "T"


def _planes(
    info: ImageInfo, source: Source, workflow: Workflow, sources: int
) -> list[int]:
    """Give the flat indices of the planes that one source adds."""
    if workflow.measures == "pair" and sources > 1:
        return [_choose(source, info.plane_count)]
    series = planes_of_series(info, workflow)
    return series[_choose(source, len(series))]


def _choose(source: Source, count: int) -> int:
    image, plane = source.image, source.plane
    if plane is None and count > 1:
        raise InputError(
            "E_IMAGE_PLANES",
            f"{image} has {count} planes; a workflow measures one",
            f"name a plane from 0 to {count - 1}, or run the workflow on each in turn",
        )
    if not 0 <= (plane or 0) < count:
        raise InputError(
            "E_IMAGE_PLANES",
            f"{image} has no plane {plane}",
            f"name a plane from 0 to {count - 1}",
        )
    return plane or 0


def _check_frames(
    workflow: Workflow, planes: Sequence[tuple[Image, int]], images: Sequence[Path]
) -> None:
    """Refuse what is no movie, or no pair; and frames of different size."""
    first = planes[0][0].info
    names = ", ".join(path.name for path in images[:3])
    if workflow.measures == "pair" and len(planes) != _PAIR:
        raise InputError(
            "E_IMAGE_FRAMES",
            f"{names} has {len(planes)} plane{'s' * (len(planes) > 1)}; a pair has 2: "
            "the truth, then the prediction",
            "give an image of two planes, or a truth and a prediction",
        )
    if workflow.measures == "movie" and len(planes) == 1:
        raise _no_movie(first, images)
    for image, _ in planes:
        if image.info.shape[-2:] != first.shape[-2:]:
            raise InputError(
                "E_IMAGE_SIZES",
                f"{image.info.path} is {image.info.width} x {image.info.height} px, "
                f"{first.path.name} is {first.width} x {first.height} px",
                "give frames of one size",
            )


def _no_movie(info: ImageInfo, images: Sequence[Path]) -> InputError:
    slices = info.axis_size("Z")
    has = f"1 frame and {slices} slices" if slices > 1 else "1 frame"
    names = ", ".join(path.name for path in images[:3])
    return InputError(
        "E_IMAGE_FRAMES",
        f"{names} has {has}; a movie has two frames or more",
        "if its slices are the frames, say so with --slices-are-frames; files that "
        "hold one frame each are one movie to 'analyze' with --as-movie, or are made "
        "one in ImageJ (File > Import > Image Sequence)",
    )


def _write(
    path: Path, planes: Sequence[tuple[Image, int]], pixel_size_um: float | None
) -> None:
    info = planes[0][0].info
    dtypes = {image.info.dtype.name for image, _ in planes}
    same = len(dtypes) == 1 and dtypes <= set(DTYPES)
    dtype = info.dtype if same else np.dtype(np.float32)
    with create_image(
        path,
        axes="TYX",
        shape=(len(planes), info.height, info.width),
        dtype=dtype,
        pixel_size_um=pixel_size_um,
        frame_interval_s=info.frame_interval_s if len(planes) > 1 else None,
    ) as writer:
        for frame, (image, plane) in enumerate(planes):
            pixels = image.read_plane(plane)
            _check_finite(image.info.path, pixels)
            writer.write_window(frame, 0, 0, pixels.astype(dtype, copy=False))


def _check_finite(image: Path, pixels: NDArray[Any]) -> None:
    if not np.isfinite(pixels).all():
        raise InputError(
            "E_IMAGE_NOT_FINITE",
            f"{image} has {np.count_nonzero(~np.isfinite(pixels))} pixels that are NaN "
            "or infinite",
            "replace them, in ImageJ by Process > Noise > Remove NaNs...",
        )


def _notes(info: ImageInfo, given: float | None) -> list[str]:
    own = info.pixel_size_um
    if given is None or own is None or same_pixel_size(own, given):
        return list(info.notes)
    return [
        *info.notes,
        f"the pixel size of {given:g} µm was given, and replaces the file's {own:g} µm",
    ]
