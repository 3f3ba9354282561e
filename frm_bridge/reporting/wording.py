"""Words and numbers of the report: plain, with units and sensible digits."""

from __future__ import annotations

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


def displacement(objects: Record, what: str) -> str:
    """Write a displacement in px, and in µm where it is known."""
    px, um = objects["displacement_px"][what], objects["displacement_um"][what]
    if px is None:
        return NOT_AVAILABLE
    return f"{number(px, 2)} px" + ("" if um is None else f" ({number(um, 2)} µm)")


def extent(record: Record) -> str:
    """Say how much was compared: fields, or planes of stacks, which are no replicates.

    Planes of one stack show the same cells, so they are not called fields.
    """
    count, unit = record["summary"]["fields"], unit_of(record)
    images = len({field["image"] for field in record["fields"]})
    if images == count:
        whole = "movie" if unit == "movie" else "field"
        return f"one {whole}" if count == 1 else f"{count} {whole}s"
    return f"{count} {unit}s of {'one image' if images == 1 else f'{images} images'}"


def unit_of(record: Record) -> str:
    """Say what one row of the table is: a field, a plane of a stack, or a movie."""
    if record["kind"] == "tracks":
        return "movie"
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


def caution(record: Record) -> list[str]:
    """Say how far the numbers of a page reach: the last lines of how to read it."""
    unit = unit_of(record)
    shown = "movies" if unit == "movie" else "images"
    return [
        f"Numbers hold for {shown} like these. If these {unit}s, or their neighbours, "
        "were used for training, they say little about new ones.",
        "This page measures agreement. Whether it is good enough depends on the "
        "question that you ask of your images.",
    ]


def held_out(record: Record) -> str:
    """Say that the model has never seen these fields, where its card tells."""
    card = record["model"]
    scored = [] if card is None else card["evaluation"].get("fields", [])
    names = {field["name"] for field in scored}
    if not names or not names >= {field["name"] for field in record["fields"]}:
        return ""
    whom = "This field was" if len(record["fields"]) == 1 else "These fields were"
    return f"{whom} kept out of the model's training, as its card says."
