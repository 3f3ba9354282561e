"""Fields to compare: a truth, its prediction and, for show, its transmitted light."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from frm_bridge.comparison.faults import FieldFaults
from frm_bridge.errors import InputError
from frm_bridge.imagej import Source, planes_of_series
from frm_bridge.images import (
    check_pixel_size,
    image_stem,
    list_images,
    open_image,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from frm_bridge.imagej import Workflow
    from frm_bridge.images import ImageInfo

TRUTH, PREDICTION, PAIR = "truth", "prediction", "pair"
_NO_CHANNELS: Mapping[str, int] = MappingProxyType({})
_ROLE_NAMES = {
    "truth": "truth",
    "prediction": "prediction",
    "transmitted": "input (transmitted light)",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One plane of one field.

    Attributes
    ----------
    name : str
        The stem; in a stack followed by the plane, ``exp1_plane0003``.
    image : str
        The stem alone: planes of one stack share it.
    truth, prediction : Path
        Image files.
    transmitted : Path or None
        Shown in the report; never measured.
    channels : mapping of str to int
        The channel taken of the truth, prediction or transmitted file, counted from 1;
        without an entry the file has one.
    plane : int
        Flat index of the plane; of a movie over the axes but T.
    planes : tuple of int
        Flat indices of all its planes: of one, or of a movie's frames.
    place : mapping of str to int
        The plane's index, from 0, on those of the axes T, Z and C that the file has; of
        a movie without T.
    height, width : int
        In px.
    pixel_size_um : float or None
        µm per px; None where the files do not say.
    pixel_size_is_given : bool
        Whether it was given in place of what the files say.
    provenance : mapping of str to str
        What the prediction file says of its origin; may be empty.
    """

    name: str
    image: str
    truth: Path
    prediction: Path
    transmitted: Path | None
    channels: Mapping[str, int]
    plane: int
    planes: tuple[int, ...]
    place: Mapping[str, int]
    height: int
    width: int
    pixel_size_um: float | None
    pixel_size_is_given: bool
    provenance: Mapping[str, str]

    def sources(self, workflow: Workflow) -> dict[str, list[Source]]:
        """Give what the workflow runs on, by side; truth and prediction as one pair."""
        sides = {
            side: Source(path, self.channels.get(side), self.plane)
            for side, path in ((TRUTH, self.truth), (PREDICTION, self.prediction))
        }
        if workflow.measures == "pair":
            return {PAIR: list(sides.values())}
        return {side: [source] for side, source in sides.items()}


def find_fields(
    truth: Path,
    prediction: Path,
    *,
    transmitted: Path | None = None,
    channels: Mapping[str, int] = _NO_CHANNELS,
    pixel_size_um: float | None = None,
    workflow: Workflow,
) -> tuple[Field, ...]:
    """Pair the files of two folders by stem, or two single files.

    Parameters
    ----------
    truth, prediction : Path
        Two folders, or two image files (whatever their names).
    transmitted : Path, optional
        Folder or file of the transmitted-light images, paired likewise.
    channels : mapping of str to int
        Of ``truth``, ``prediction`` and ``transmitted``: the channel to take, counted
        from 1 as in ImageJ.
    pixel_size_um : float, optional
        In place of what the files say.
    workflow : Workflow
        What it measures makes a field: a plane, or a movie of one slice.

    Raises
    ------
    InputError
        ``E_PAIR_MISSING``, ``E_PAIR_AMBIGUOUS``, ``E_PAIR_SAME``, ``E_PAIR_SWAPPED``,
        ``E_PAIR_CHANNELS``, ``E_PAIR_SIZE`` or ``E_PAIR_PIXEL_SIZE``, each naming every
        file concerned; ``E_OPTION`` for a pixel size that is no length.
    """
    check_pixel_size(pixel_size_um)
    roles = {"truth": truth, "prediction": prediction}
    if transmitted is not None:
        roles["transmitted"] = transmitted
    files = {role: _by_stem(path) for role, path in roles.items()}
    if all(path.is_file() for path in roles.values()):
        (stem,) = files["truth"]
        files = {role: {stem: roles[role]} for role in roles}
    _refuse_missing(files)
    return _planes_of(files, channels, pixel_size_um, workflow)


def is_relative(provenance: Mapping[str, str]) -> bool:
    """Say whether a prediction declares that its grey levels have no unit."""
    return any(
        key.endswith("output_unit") and value == "relative"
        for key, value in provenance.items()
    )


def _by_stem(path: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in list_images(path):
        stem = image_stem(file)
        if stem in found:
            raise InputError(
                "E_PAIR_AMBIGUOUS",
                f"{found[stem].name} and {file.name} in {path} have one stem",
                "keep one of them",
            )
        found[stem] = file
    return found


def _refuse_missing(files: dict[str, dict[str, Path]]) -> None:
    """Name every file without partner, in both directions, in one error."""
    needed = files["truth"].keys() | files["prediction"].keys()
    missing = [
        f"{stem} has no {_ROLE_NAMES[role]}"
        for role, found in files.items()
        for stem in sorted(needed - found.keys())
    ]
    if missing:
        raise InputError(
            "E_PAIR_MISSING",
            "every field needs its partner of the same file stem: "
            + "; ".join(missing),
            "give both files of a field one name, or take the lone ones out",
        )


def _planes_of(
    files: Mapping[str, Mapping[str, Path]],
    channels: Mapping[str, int],
    pixel_size_um: float | None,
    workflow: Workflow,
) -> tuple[Field, ...]:
    faults = FieldFaults()
    fields: list[Field] = []
    for stem in sorted(files["truth"]):
        infos = {
            role: _info(found[stem], channels.get(role))
            for role, found in files.items()
            if stem in found
        }
        faults.look(infos, channels, pixel_size_is_given=pixel_size_um is not None)
        fields += [
            _field(stem, infos, channels, place, pixel_size_um=pixel_size_um)
            for place in _places(infos["truth"], workflow)
        ]
    faults.refuse()
    return tuple(fields)


@dataclass(frozen=True, slots=True)
class _Place:
    """One of several series of planes in a file: a plane, or a movie's frames."""

    number: int
    of: int
    planes: tuple[int, ...]
    axes: Mapping[str, int]


def _places(truth: ImageInfo, workflow: Workflow) -> list[_Place]:
    series = _series(truth, workflow)
    shared = [axis for axis in truth.axes[:-2] if _varies(truth, series[0], axis)]
    return [
        _Place(
            number,
            len(series),
            tuple(planes),
            {
                axis: index
                for axis, index in truth.place(planes[0]).items()
                if axis not in shared
            },
        )
        for number, planes in enumerate(series)
    ]


def _series(truth: ImageInfo, workflow: Workflow) -> list[list[int]]:
    """Give the planes of each field; a pair has one plane on either side."""
    if workflow.measures == "pair":
        return [[plane] for plane in range(truth.plane_count)]
    return planes_of_series(truth, workflow)


def _varies(info: ImageInfo, planes: Sequence[int], axis: str) -> bool:
    return len({info.place(plane)[axis] for plane in planes}) > 1


def _field(
    stem: str,
    infos: Mapping[str, ImageInfo],
    channels: Mapping[str, int],
    place: _Place,
    *,
    pixel_size_um: float | None,
) -> Field:
    truth, prediction = infos["truth"], infos["prediction"]
    return Field(
        # ImageJ counts planes from 1, and so do names.
        name=f"{stem}_plane{place.number + 1:04d}" if place.of > 1 else stem,
        image=stem,
        truth=truth.path,
        prediction=prediction.path,
        transmitted=infos["transmitted"].path if "transmitted" in infos else None,
        channels=channels,
        plane=place.number,
        planes=place.planes,
        place=place.axes,
        height=truth.height,
        width=truth.width,
        pixel_size_um=pixel_size_um or truth.pixel_size_um,
        pixel_size_is_given=pixel_size_um is not None,
        provenance=prediction.properties,
    )


def _info(path: Path, channel: int | None) -> ImageInfo:
    with open_image(path, channel=channel) as image:
        return image.info
