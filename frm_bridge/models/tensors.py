"""Inputs and outputs as bioimage.io packages describe them, in format 0.5 or 0.4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from frm_bridge.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

_UM = {"nanometer": 1e-3, "micrometer": 1.0, "millimeter": 1e3}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor, in the words of both formats.

    Attributes
    ----------
    axes : str
        Letters: b, c, y, x, and others for what is not known here.
    smallest, step : int or None
        Sides that the network takes: ``smallest + n * step``; None where not stated.
    halo : int or None
        Pixels to crop from each side.
    pixel_size_um : float or None
        Where it is stated, and the same both ways.
    channels : tuple of str
        Their names.
    """

    axes: str
    smallest: int | None = None
    step: int | None = None
    halo: int | None = None
    pixel_size_um: float | None = None
    channels: tuple[str, ...] = ()


def read_tensor(tensor: Mapping[str, Any]) -> Tensor:
    """Read one entry of ``inputs`` or ``outputs``."""
    axes = tensor.get("axes")
    if isinstance(axes, str):
        return _read_letters(tensor, axes)
    letters = ""
    channels: tuple[str, ...] = ()
    sizes: dict[str, list[Any]] = {"min": [], "step": [], "halo": [], "um": []}
    for axis in map(as_mapping, axes if isinstance(axes, list) else ()):
        kind = axis.get("type")
        if kind == "space":
            letters += str(axis.get("id", "x"))
            size = axis.get("size")
            if isinstance(size, int):
                refuse(f"takes images of {size} px alone")
            for key in ("min", "step"):
                sizes[key].append(as_mapping(size).get(key))
            sizes["halo"].append(axis.get("halo"))
            unit = _UM.get(str(axis.get("unit")))
            sizes["um"].append(unit and unit * float(axis.get("scale", 1.0)))
        elif kind == "channel":
            letters += "c"
            channels = tuple(map(str, axis.get("channel_names") or ("",)))
        else:
            letters += "b" if kind == "batch" else f"({kind})"
    return Tensor(
        letters,
        smallest=_same("min", sizes["min"]),
        step=_same("step", sizes["step"]),
        halo=max((h for h in sizes["halo"] if h is not None), default=None),
        pixel_size_um=sizes["um"][0] if len(set(sizes["um"])) == 1 else None,
        channels=channels,
    )


def _read_letters(tensor: Mapping[str, Any], axes: str) -> Tensor:
    """Read a tensor of the format 0.4."""
    shape, halo = tensor.get("shape"), tensor.get("halo")
    places = [place for place, axis in enumerate(axes) if axis in "yx"]
    channel = axes.find("c")
    smallest = step = count = None
    if isinstance(shape, list):
        if [shape[place] for place in places] and "reference_tensor" not in tensor:
            refuse(f"takes images of {shape} alone")
        count = shape[channel] if channel >= 0 else 1
    elif isinstance(shape, dict) and "min" in shape:
        smallest = _same("min", [shape["min"][place] for place in places])
        step = _same("step", [shape["step"][place] for place in places])
        count = shape["min"][channel]
    return Tensor(
        axes,
        smallest=smallest,
        step=step,
        halo=max(halo[place] for place in places) if isinstance(halo, list) else None,
        channels=(str(tensor.get("name", "")),) * int(count or 1),
    )


def _same(key: str, values: list[Any]) -> int | None:
    known = {value for value in values if isinstance(value, int)}
    if len(known) > 1:
        refuse(f"has another {key} along y than along x: {values}")
    return known.pop() if known else None


def as_mapping(value: object) -> Mapping[str, Any]:
    """Give a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def refuse(found: str) -> NoReturn:
    """Say what of a package cannot be predicted here."""
    raise ModelError(
        "E_PACKAGE_MODEL",
        f"the package {found}",
        "predict with bioimageio.core or deepImageJ, which know more kinds of models",
    )
