"""Words and numbers of the report: plain, with units and sensible digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from frm_bridge.comparison.fields import is_relative

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]

NOT_AVAILABLE = "n/a"
MINUS = "\N{MINUS SIGN}"

REFERENCES = (
    (
        "LaChance J, Cohen DJ (2020) Practical fluorescence reconstruction microscopy "
        "for large samples and low-magnification imaging. PLOS Comput Biol 16(12): "
        "e1008443.",
        "10.1371/journal.pcbi.1008443",
    ),
    (
        "Schneider CA, Rasband WS, Eliceiri KW (2012) NIH Image to ImageJ: 25 years of "
        "image analysis. Nat Methods 9: 671-675.",
        "10.1038/nmeth.2089",
    ),
)


def number(value: float | None, digits: int = 3, *, sign: bool = False) -> str:
    """Write a number with some significant digits; n/a when there is none.

    Whole numbers below a million are written in full.
    """
    if value is None:
        return NOT_AVAILABLE
    if isinstance(value, int) or (abs(value) >= 10**digits and abs(value) < 1e6):
        text = f"{value:{'+' if sign else ''},.0f}"
    else:
        text = f"{value:{'+' if sign else ''}#.{digits}g}".rstrip(".")
    return text.replace("-", MINUS)


def percent(part: float | None, digits: int = 0) -> str:
    """Write a part of one in percent."""
    return NOT_AVAILABLE if part is None else f"{100 * part:.{digits}f} %"


def error_percent(value: float | None) -> str:
    """Write an error that is in percent already, with its sign."""
    if value is None:
        return NOT_AVAILABLE
    return f"{value:+.1f} %".replace("+0.0", "0.0").replace("-", MINUS)


def fixed(value: float | None, places: int = 2) -> str:
    """Write a number with a fixed number of decimals."""
    if value is None:
        return NOT_AVAILABLE
    return f"{value:.{places}f}".replace("-", MINUS)


def noun(record: Record) -> str:
    """Say what the workflow finds: nuclei, cells, or objects."""
    return str(record["workflow"]["things"])


def headline(record: Record) -> tuple[str, str]:
    """Say in two sentences what came out; they claim no fitness."""
    objects, things = record["summary"]["objects"], noun(record)
    truth, predicted = objects["truth_count"], objects["predicted_count"]
    change = objects["count_error_percent"]
    counted = (
        f"The {record['workflow']['name']} workflow counted {number(truth)} {things} "
        f"on the stain and {number(predicted)} on the prediction"
    )
    counted += "." if change is None else f" ({error_percent(change)})."
    if truth == 0:
        return counted, f"No {things} were counted on the stain."
    return counted, (
        f"{number(objects['matched'])} of the stained {things} "
        f"({percent(objects['recall'])}) were found in their place; "
        f"{number(objects['missed'])} were missed, and {number(objects['invented'])} "
        f"predicted {things} have no stained partner."
    )


def summary_sentence(record: Record) -> str:
    """Say what the matched objects look like."""
    objects = record["summary"]["objects"]
    ratio = objects["area_ratio"]["median"]
    if ratio is None:
        return f"No {noun(record)} were matched: no area or position to compare."
    difference = f"{abs(100 * (ratio - 1)):.0f} %"
    size = f"{difference} {'larger' if ratio > 1 else 'smaller'} than"
    if abs(ratio - 1) < 0.005:
        size = "as large as"
    where = displacement(objects, "median")
    return (
        f"Matched {noun(record)} are, at the median, {size} on the stain, and their "
        f"centroids lie {where} away."
    )


def displacement(objects: Record, what: str) -> str:
    """Write a displacement in px, and in µm where it is known."""
    px, um = objects["displacement_px"][what], objects["displacement_um"][what]
    if px is None:
        return NOT_AVAILABLE
    return f"{number(px, 2)} px" + ("" if um is None else f" ({number(um, 2)} µm)")


def methods(record: Record) -> str:
    """Write the Methods paragraph, ready to paste."""
    settings, versions = record["settings"], record["versions"]
    things = noun(record)
    return " ".join(
        [
            _origin(record),
            f"Measured and predicted fluorescence of {extent(record)} were analysed "
            f"independently with one and the same ImageJ {versions['imagej']} workflow "
            f"(Schneider et al., 2012): {_steps(record)}.",
            f"The {things} of both were matched {settings['matching']}, with a least "
            f"intersection over union of {settings['min_iou']:g}; unmatched {things} "
            "of the stain were called missed, unmatched ones of the prediction "
            "invented. Precision is matched / predicted, recall matched / true, F1 "
            "their harmonic mean. Area ratio (predicted / true) and centroid "
            f"displacement refer to matched {things}.",
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


def extent(record: Record) -> str:
    """Say how much was compared: fields, or planes of stacks, which are no replicates.

    Planes of one stack show the same cells, so they are not called fields.
    """
    count = record["summary"]["fields"]
    images = len({field["image"] for field in record["fields"]})
    if images == count:
        return "one field" if count == 1 else f"{count} fields"
    return f"{count} planes of {'one image' if images == 1 else f'{images} images'}"


def unit_of(record: Record) -> str:
    """Say what one row of the table is: a field, or a plane of a stack."""
    stacks = any(field["place"] for field in record["fields"])
    return "plane" if stacks else "field"


def level_unit(field: Record, role: str) -> str:
    """Say what the pixels of a field's truth, prediction or input are in."""
    provenance = field[role].get("provenance", {})
    return "relative units" if is_relative(provenance) else "grey levels"


def field_title(field: Record) -> str:
    """Name a field; a plane of a stack with its place, counted as ImageJ does."""
    place = ", ".join(f"{axis} {number}" for axis, number in field["place"].items())
    return f"{field['name']} ({place})" if place else str(field["name"])


def pixel_size(record: Record) -> str:
    """Give the pixel size, and who says so."""
    sizes = [f["pixel_size_um"] for f in record["fields"]]
    known = sorted({size for size in sizes if size is not None})
    if not known:
        return "not known: uncalibrated"
    source = "given by the user" if _is_given(record) else "from the image files"
    text = f"{known[0]:.4g} µm" + (f" to {known[-1]:.4g} µm" if len(known) > 1 else "")
    some = f"; not known for {sizes.count(None)}" if None in sizes else ""
    return f"{text}, {source}{some}"


def _is_given(record: Record) -> bool:
    return bool(record["settings"]["pixel_size_is_given"])


def _pixel_size_sentence(record: Record) -> str:
    if all(field["pixel_size_um"] is None for field in record["fields"]):
        return "The images have no pixel size, and lengths are in pixels."
    return f"Pixel size: {pixel_size(record)}."


def held_out(record: Record) -> str:
    """Say that the model has never seen these fields, where its card tells."""
    card = record["model"]
    scored = [] if card is None else card["evaluation"].get("fields", [])
    names = {field["name"] for field in scored}
    if not names or not names >= {field["name"] for field in record["fields"]}:
        return ""
    whom = "This field was" if len(record["fields"]) == 1 else "These fields were"
    return f"{whom} kept out of the model's training, as its card says."


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
