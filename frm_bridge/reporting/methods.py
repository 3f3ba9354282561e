"""The Methods paragraph, ready to paste."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.wording import extent, noun, pixel_size, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Record = Mapping[str, Any]


def methods(record: Record, matching: Sequence[str]) -> str:
    """Write the Methods paragraph.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    matching : sequence of str
        What this kind of comparison does with the two answers, in sentences.
    """
    settings, versions = record["settings"], record["versions"]
    return " ".join(
        [
            _origin(record),
            f"Measured and predicted fluorescence of {extent(record)} were analysed "
            f"independently with one and the same ImageJ {versions['imagej']} workflow "
            f"(Schneider et al., 2012): {_steps(record)}.",
            *matching,
            _pixel_size_sentence(record),
            "The Pearson correlation coefficient (PCC) was taken over all pixels of a "
            f"{unit_of(record)}{_signal(settings['signal_threshold'])}.",
            "Where outliers were removed, values more than three scaled median "
            "absolute deviations from the median were left out (MATLAB rmoutliers); "
            "the numbers before and after are given.",
            f"Comparison: frm_bridge {versions['frm_bridge']}, Python "
            f"{versions['python']}, scikit-image {versions['scikit-image']}, SciPy "
            f"{versions['scipy']}. Workflow digest "
            f"{record['workflow']['sha256'][:12]}.",
        ]
    )


def _origin(record: Record) -> str:
    """Say which models predicted, as far as the files tell."""
    told = [_models_in(field["prediction"]["provenance"]) for field in record["fields"]]
    models = list(dict.fromkeys(model for models in told for model in models))
    if not models:
        return (
            "Fluorescence was predicted from transmitted light [the prediction files "
            "do not name their model: name it here]."
        )
    silent = told.count(())
    gap = f" [{silent} of {len(told)} predictions do not name theirs]" if silent else ""
    nouns = "model" if len(models) == 1 else "models"
    return (
        f"Fluorescence was predicted from transmitted light with the {nouns} "
        f"{' and '.join(models)}{gap}, convolutional after LaChance & Cohen (2020)."
    )


def _models_in(said: Record) -> tuple[str, ...]:
    """Name the models of one prediction file, and what ran them."""
    keys = [key for key in said if re.fullmatch(r"frm_bridge\.model(\.\d+)?", key)]
    return tuple(
        f"'{said[key]}' (SHA-256 {said.get(f'{key}.sha256', 'unknown')[:12]}, ONNX "
        f"Runtime, {said.get(f'{key}.provider', 'an unnamed device')})"
        for key in keys
    )


def _pixel_size_sentence(record: Record) -> str:
    if all(field["pixel_size_um"] is None for field in record["fields"]):
        return "The images have no pixel size, and lengths are in pixels."
    return f"Pixel size: {pixel_size(record)}."


def _signal(threshold: float | None) -> str:
    if threshold is None:
        return ""
    return (
        f"; P is its mean over the images with any true pixel above {threshold:g} grey "
        "levels, and the segmentation PCC is taken over those pixels only (LaChance & "
        "Cohen, 2020)"
    )


def _steps(record: Record) -> str:
    """Describe a shipped workflow in words, any other by its parameters."""
    given = record["workflow"]["parameters"]
    known = {"nuclei": _nuclei_steps, "junctions": _junction_steps}
    name = record["workflow"]["name"]
    if name not in known or not record["workflow"]["is_shipped"]:
        listed = ", ".join(f"{name} = {value}" for name, value in given.items())
        return f"script {record['workflow']['script']}, {listed or 'no parameters'}"
    return ", ".join(step for step in known[name](record, given) if step)


def _nuclei_steps(record: Record, given: Record) -> list[str]:
    return [
        "hot pixels replaced by the median of their neighbours",
        f"Gaussian blur (sigma {given['blur_sigma_px']:g} px)"
        if given["blur_sigma_px"]
        else "",
        f"automatic threshold ({given['threshold_method']}) on 256 grey levels",
        "filling of holes" if given["fill_holes"] else "",
        "watershed of the Euclidean distance map" if given["watershed"] else "",
        f"particle analysis ({_limits(record, given)})",
        f"and a background guard (contrast of at least {given['min_contrast']:g} sd of "
        "the background)"
        if given["min_contrast"]
        else "",
    ]


def _junction_steps(record: Record, given: Record) -> list[str]:
    return [
        f"Gaussian blur (sigma {given['blur_sigma_px']:g} px)"
        if given["blur_sigma_px"]
        else "",
        f"rolling-ball background ({given['background_radius_px']:g} px)"
        if given["background_radius_px"]
        else "",
        f"stretch to 16 bits ({given['saturated_percent']:g} % saturated)",
        f"threshold at {given['threshold_percent']:g} % of that range",
        "skeletonization, one dilation, inversion",
        f"particle analysis ({_limits(record, given)})",
    ]


def _area_unit(record: Record) -> str:
    """Say what the limits were in: it hangs on the images where it is automatic."""
    chosen = record["workflow"]["parameters"]["area_unit"]
    known = {field["pixel_size_um"] is not None for field in record["fields"]}
    if chosen == "um2" or (chosen == "auto" and known == {True}):
        return "µm²"
    if chosen == "px" or known == {False}:
        return "px²"
    return "µm² where calibrated, else px²"


def _limits(record: Record, given: Record) -> str:
    unit, things = _area_unit(record), noun(record)
    # 0 is the scripts' word for specks, which are counted in px whatever the unit.
    least = f"{given['min_area']:g} {unit}" if given["min_area"] else "50 px²"
    area = f"at least {least}"
    if given["max_area"]:
        area += f" and at most {given['max_area']:g} {unit}"
    edges = f", {things} at the border left out" if given["exclude_edges"] else ""
    if "min_circularity" not in given:
        return f"area {area}{edges}"
    return (
        f"area {area}, circularity {given['min_circularity']:g} to "
        f"{given['max_circularity']:g}{edges}"
    )
