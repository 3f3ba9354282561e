"""Fields to compare: a truth, its prediction and, for show, its transmitted light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError
from frm_bridge.images import list_images, open_image

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from frm_bridge.images import ImageInfo

PIXEL_SIZE_TOLERANCE = 1e-3
"""Relative; TIFF resolutions are rounded."""


@dataclass(frozen=True, slots=True)
class Field:
    """One plane of one field.

    Attributes
    ----------
    name : str
        The stem; in a stack followed by the plane, ``exp1_plane0003``.
    truth, prediction : Path
        Image files.
    transmitted : Path or None
        Shown in the report; never measured.
    plane, planes : int
        Flat index of the plane, and how many the file has.
    height, width : int
        In px.
    pixel_size_um : float or None
        µm per px; None where the files do not say.
    provenance : mapping of str to str
        What the prediction file says of its origin; may be empty.
    """

    name: str
    truth: Path
    prediction: Path
    transmitted: Path | None
    plane: int
    planes: int
    height: int
    width: int
    pixel_size_um: float | None
    provenance: Mapping[str, str]


def find_fields(
    truth: Path,
    prediction: Path,
    *,
    transmitted: Path | None = None,
    pixel_size_um: float | None = None,
) -> tuple[Field, ...]:
    """Pair the files of two folders by stem, or two single files.

    Parameters
    ----------
    truth, prediction : Path
        Two folders, or two image files (whatever their names).
    transmitted : Path, optional
        Folder or file of the transmitted-light images, paired likewise.
    pixel_size_um : float, optional
        In place of what the files say.

    Raises
    ------
    InputError
        ``E_PAIR_MISSING``, ``E_PAIR_AMBIGUOUS``, ``E_PAIR_SIZE`` or
        ``E_PAIR_PIXEL_SIZE``, each naming every file concerned.
    """
    roles = {"truth": truth, "prediction": prediction}
    if transmitted is not None:
        roles["transmitted"] = transmitted
    files = {role: _by_stem(path) for role, path in roles.items()}
    if all(path.is_file() for path in roles.values()):
        (stem,) = files["truth"]
        files = {role: {stem: roles[role]} for role in roles}
    _refuse_missing(files)
    return _planes_of(files, pixel_size_um)


def is_relative(provenance: Mapping[str, str]) -> bool:
    """Say whether a prediction declares that its grey levels have no unit."""
    return any(
        key.endswith("output_unit") and value == "relative"
        for key, value in provenance.items()
    )


def _by_stem(path: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in list_images(path):
        stem = file.stem.removesuffix(".ome")
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
        f"{stem} has no {role}"
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
    files: dict[str, dict[str, Path]], pixel_size_um: float | None
) -> tuple[Field, ...]:
    fields: list[Field] = []
    wrong_size: list[str] = []
    wrong_pixel: list[str] = []
    for stem in sorted(files["truth"]):
        truth, prediction = files["truth"][stem], files["prediction"][stem]
        transmitted = files.get("transmitted", {}).get(stem)
        a, b = _info(truth), _info(prediction)
        wrong_size += _size_faults(
            a, b, None if transmitted is None else _info(transmitted)
        )
        wrong_pixel += [] if pixel_size_um else _pixel_size_faults(a, b)
        fields += [
            Field(
                name=stem if a.plane_count == 1 else f"{stem}_plane{plane + 1:04d}",
                truth=truth,
                prediction=prediction,
                transmitted=transmitted,
                plane=plane,
                planes=a.plane_count,
                height=a.height,
                width=a.width,
                pixel_size_um=pixel_size_um or a.pixel_size_um,
                provenance=b.properties,
            )
            for plane in range(a.plane_count)
        ]
    _refuse_sizes(wrong_size, wrong_pixel)
    return tuple(fields)


def _info(path: Path) -> ImageInfo:
    with open_image(path) as image:
        return image.info


def _size_faults(
    truth: ImageInfo, prediction: ImageInfo, transmitted: ImageInfo | None
) -> list[str]:
    others = [prediction] if transmitted is None else [prediction, transmitted]
    return [
        f"{truth.path.name} is {_size(truth)}, {other.path} is {_size(other)}"
        for other in others
        if _size(other) != _size(truth)
    ]


def _size(info: ImageInfo) -> str:
    planes = f" x {info.plane_count} planes" if info.plane_count > 1 else ""
    return f"{info.width} x {info.height} px{planes}"


def _pixel_size_faults(truth: ImageInfo, prediction: ImageInfo) -> list[str]:
    """Limits in µm would mean different things on the two sides."""
    a, b = truth.pixel_size_um, prediction.pixel_size_um
    if a is None and b is None:
        return []
    if a is not None and b is not None and abs(a - b) <= PIXEL_SIZE_TOLERANCE * a:
        return []
    return [f"{truth.path.name}: truth {_um(a)}, prediction {_um(b)}"]


def _um(size: float | None) -> str:
    return "uncalibrated" if size is None else f"{size:g} µm"


def _refuse_sizes(wrong_size: list[str], wrong_pixel: list[str]) -> None:
    if wrong_size:
        raise InputError(
            "E_PAIR_SIZE",
            "truth and prediction must have one size: " + "; ".join(wrong_size),
            "compare images of the same field, cropped and binned alike",
        )
    if wrong_pixel:
        raise InputError(
            "E_PAIR_PIXEL_SIZE",
            "truth and prediction must have one pixel size, for the workflow's limits "
            "to mean the same on both: " + "; ".join(wrong_pixel),
            "give the right one for both with --pixel-size, or write it into the files "
            "(ImageJ: Image > Properties)",
        )
