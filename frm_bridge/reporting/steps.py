"""What a workflow does to an image, in words, for the Methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.wording import noun

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Record = Mapping[str, Any]
    Steps = Callable[[Record, Record], list[str]]


def steps(record: Record) -> str:
    """Describe a shipped workflow in words, any other by its parameters.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    """
    given = record["workflow"]["parameters"]
    name = record["workflow"]["name"]
    if name not in _STEPS or not record["workflow"]["is_shipped"]:
        listed = ", ".join(f"{name} = {value}" for name, value in given.items())
        return f"script {record['workflow']['script']}, {listed or 'no parameters'}"
    return ", ".join(step for step in _STEPS[name](record, given) if step)


def _nuclei(record: Record, given: Record) -> list[str]:
    return [
        "hot pixels replaced by the median of their neighbours",
        _blur(given),
        f"automatic threshold ({given['threshold_method']}) on 256 grey levels",
        # NB: the workflows that link nuclei always fill their holes.
        "filling of holes" if given.get("fill_holes", True) else "",
        "watershed of the Euclidean distance map" if given["watershed"] else "",
        f"particle analysis ({_limits(record, given)})",
        f"and a background guard (contrast of at least {given['min_contrast']:g} sd of "
        "the background)"
        if given["min_contrast"]
        else "",
    ]


def _junctions(record: Record, given: Record) -> list[str]:
    return [
        _blur(given),
        f"rolling-ball background ({given['background_radius_px']:g} px)"
        if given["background_radius_px"]
        else "",
        _stretch(given),
        f"threshold at {given['threshold_percent']:g} % of that range",
        "skeletonization, one dilation, inversion",
        f"particle analysis ({_limits(record, given)})",
    ]


def _displacement(record: Record, given: Record) -> list[str]:
    return [
        "nuclei found in each image by itself ("
        + _joined(_nuclei(record, given))
        + ")",
        "and linked from the measured to the predicted one over "
        f"{_at_most(record, given['linking_distance'])}",
    ]


def _tracks(record: Record, given: Record) -> list[str]:
    gap, frames = given["gap_distance"], given["max_frame_gap"]
    split = given["splitting_distance"]
    return [
        _spots(record, given),
        "linking from frame to frame over "
        f"{_at_most(record, given['linking_distance'])}",
        f"closing of gaps (at most {frames} frames from spot to spot, over "
        f"{_at_most(record, gap)})"
        if frames > 1 and gap
        else "no closing of gaps",
        f"and divisions over {_at_most(record, split)}"
        if split
        else "and no divisions",
    ]


def _spots(record: Record, given: Record) -> str:
    if given["detector"] == "LoG":
        radius = f"{given['spot_radius']:g} {_length_unit(record)}"
        return (
            f"blobs found in each frame by TrackMate's LoG detector (radius {radius}, "
            f"quality of at least {given['spot_quality']:g})"
        )
    if given["detector"] == "labels":
        return "objects of each frame taken from label images"
    return f"nuclei found in each frame ({_joined(_nuclei(record, given))})"


def _profile(record: Record, given: Record) -> list[str]:
    del record
    width = given["line_width_px"]
    return [
        _stretch(given) if given["normalise"] == "range16" else "",
        "grey values along lines, about every px, by linear interpolation",
        f"each the mean across {width:g} px" if width > 1 else "",
    ]


def _histogram(record: Record, given: Record) -> list[str]:
    del record
    depth, threshold = given["bit_depth"], given["feature_threshold"]
    span = f"the range of {depth} bits" if depth else "the range of the data"
    return [
        f"2D histogram of raw grey levels (at most {given['bins']} bins on each axis, "
        f"over {span})",
        "and Pearson's correlation and the line of least squares of all pixels"
        + (f" and of those measured above {threshold:g}" if threshold else ""),
    ]


_STEPS: dict[str, Steps] = {
    "displacement": _displacement,
    "histogram": _histogram,
    "junctions": _junctions,
    "nuclei": _nuclei,
    "profile": _profile,
    "tracks": _tracks,
}


def _joined(parts: list[str]) -> str:
    return ", ".join(part for part in parts if part)


def _blur(given: Record) -> str:
    sigma = given["blur_sigma_px"]
    return f"Gaussian blur (sigma {sigma:g} px)" if sigma else ""


def _stretch(given: Record) -> str:
    return f"stretch to 16 bits ({given['saturated_percent']:g} % saturated)"


def _at_most(record: Record, distance: float) -> str:
    return f"at most {distance:g} {_length_unit(record)}"


def _length_unit(record: Record) -> str:
    return _unit(record, "length_unit", calibrated="µm", uncalibrated="px")


def _area_unit(record: Record) -> str:
    return _unit(record, "area_unit", calibrated="µm²", uncalibrated="px²")


def _unit(record: Record, name: str, *, calibrated: str, uncalibrated: str) -> str:
    """Say what the limits were in: it hangs on the images where it is automatic."""
    chosen = record["workflow"]["parameters"][name]
    known = {field["pixel_size_um"] is not None for field in record["fields"]}
    if chosen in {"um", "um2"} or (chosen == "auto" and known == {True}):
        return calibrated
    if chosen == "px" or known == {False}:
        return uncalibrated
    return f"{calibrated} where calibrated, else {uncalibrated}"


def _limits(record: Record, given: Record) -> str:
    unit = _area_unit(record)
    # 0 is the scripts' word for specks, which are counted in px whatever the unit.
    least = f"{given['min_area']:g} {unit}" if given["min_area"] else "50 px²"
    area = f"at least {least}"
    if given["max_area"]:
        area += f" and at most {given['max_area']:g} {unit}"
    edges = ""
    if given.get("exclude_edges"):
        edges = f", {noun(record)} at the border left out"
    if "min_circularity" not in given:
        return f"area {area}{edges}"
    return (
        f"area {area}, circularity {given['min_circularity']:g} to "
        f"{given['max_circularity']:g}{edges}"
    )
