"""What keeps a package from running in deepImageJ, and what changes its numbers there.

deepImageJ, and JDLL below it, read less than bioimage.io allows: older ONNX, fewer
processing steps, a fixed name of the description. bioimage.io's own test finds none
of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import onnx

MAX_OPSET, MAX_IR = 17, 8  # of ONNX Runtime 1.13.1, the newest that Fiji's hosts have
DESCRIPTION = "rdf.yaml"
_STEPS = {
    "binarize",
    "clip",
    "ensure_dtype",  # passed over there
    "fixed_zero_mean_unit_variance",
    "scale_linear",
    "scale_range",
    "sigmoid",
    "zero_mean_unit_variance",
}
_AXES = {"b", "c", "x", "y", "z"}
_LETTERS = {"batch": "b", "channel": "c"}


@dataclass(frozen=True, slots=True)
class LintFinding:
    """Something that another program will not like.

    Attributes
    ----------
    severity : {"error", "warning"}
        ``error``: it does not run there; ``warning``: it may give other numbers.
    found : str
        What there is, and what is wrong with it.
    fix : str
        What to do about it.
    """

    severity: Literal["error", "warning"]
    found: str
    fix: str


def lint_graph(graph: onnx.ModelProto) -> list[LintFinding]:
    """Look for what an old ONNX Runtime does not read."""
    found = []
    opset = opset_of(graph)
    if opset > MAX_OPSET:
        fix = f"export the network with opset {MAX_OPSET} or less"
        found.append(_error(f"its opset is {opset}, above {MAX_OPSET}", fix))
    if graph.ir_version > MAX_IR:
        fix = f"set its ir_version to {MAX_IR}, and save it again"
        found.append(_error(f"its IR is {graph.ir_version}, above {MAX_IR}", fix))
    return found


def opset_of(graph: onnx.ModelProto) -> int:
    """Give the version of the standard operators that a graph is written in."""
    versions = [o.version for o in graph.opset_import if o.domain in ("", "ai.onnx")]
    return max(versions, default=0)


def lint_description(
    description: Mapping[str, Any], name: str = DESCRIPTION
) -> list[LintFinding]:
    """Look for what deepImageJ cannot do, or does in another way.

    Parameters
    ----------
    description : mapping
        Content of the description.
    name : str
        Of its file, in the root of the package.
    """
    return [
        *_lint_root(description, name),
        *_lint_tensors(description),
        *_lint_steps(description),
        *_lint_numbers(description),
        *_lint_words(description),
    ]


def _lint_root(description: Mapping[str, Any], name: str) -> Iterator[LintFinding]:
    if name != DESCRIPTION:
        yield _error(f"its description is called {name}", f"call it {DESCRIPTION}")
    version = str(description.get("format_version"))
    if not version.startswith(("0.4", "0.5")):
        yield _error(f"its format is {version}", "write it in the format 0.5")
    inputs = description.get("inputs")
    count = len(inputs) if isinstance(inputs, list) else 0
    if count != 1:
        yield _error(
            f"it has {count} inputs; the macro command takes one",
            "give the network one input",
        )


def _lint_tensors(description: Mapping[str, Any]) -> Iterator[LintFinding]:
    for where, tensor in _tensors(description):
        axes = tensor.get("axes")
        if isinstance(axes, str):  # of the format 0.4
            letters = list(axes)
        else:
            parts = [axis for axis in axes or () if isinstance(axis, dict)]
            letters = [_axis_letter(axis) for axis in parts]
            for axis in parts:
                if axis.get("type") == "channel" and not axis.get("channel_names"):
                    yield _error(
                        f"the channel axis of {where} has no channel_names",
                        "name each channel there",
                    )
        for letter in letters:
            if letter not in _AXES:
                yield _error(
                    f"{where} has the axis {letter!r}",
                    "call the axes of space x, y and z",
                )


def _lint_steps(description: Mapping[str, Any]) -> Iterator[LintFinding]:
    for where, tensor in _tensors(description):
        steps = (tensor.get("preprocessing") or []) + (
            tensor.get("postprocessing") or []
        )
        for step in (step for step in steps if isinstance(step, dict)):
            name = step.get("id") or step.get("name")
            if name not in _STEPS:
                yield _error(
                    f"{where} has the step {name}, which is not done there",
                    f"use {', '.join(sorted(_STEPS - {'ensure_dtype'}))}",
                )
            mode = (step.get("kwargs") or {}).get("mode", "per_sample")
            if name == "zero_mean_unit_variance" and mode != "fixed":
                yield LintFinding(
                    "warning",
                    "each image is normalised as a whole: a program that does so tile "
                    "by tile will differ, with seams",
                    "there, let one tile cover the whole image; or train with "
                    "--normalise global",
                )


def _lint_numbers(description: Mapping[str, Any]) -> Iterator[LintFinding]:
    """Find numbers that YAML 1.1, which Java's library reads, takes for text."""
    for where, tensor in _tensors(description):
        for part in ("axes", "preprocessing", "postprocessing"):
            items = tensor.get(part)
            for item in items if isinstance(items, list) else ():
                for key in ("size", "halo", "scale", "kwargs"):
                    value = item.get(key) if isinstance(item, dict) else None
                    yield from _text_numbers(value, f"{where}.{part}: {key}")


def _text_numbers(value: Any, where: str) -> Iterator[LintFinding]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _text_numbers(item, f"{where}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _text_numbers(item, where)
    elif isinstance(value, str) and _is_number(value):
        fix = "write it with a dot and a sign, as 1.0e-06"
        yield _error(f"{where} is the text {value!r}, not a number", fix)


def _lint_words(description: Mapping[str, Any]) -> Iterator[LintFinding]:
    """Find what bioimage.io's collection, and a person, will miss."""
    wanted = ("license", "authors", "cite", "documentation", "covers")
    missing = [key for key in wanted if not description.get(key)]
    if missing:
        yield LintFinding(
            "warning",
            f"it does not state {', '.join(missing)}",
            "state it in a card file (--card)",
        )


def _tensors(description: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for side in ("inputs", "outputs"):
        values = description.get(side)
        for place, tensor in enumerate(values if isinstance(values, list) else ()):
            if isinstance(tensor, dict):
                yield f"{side}[{place}]", tensor


def _axis_letter(axis: Mapping[str, Any]) -> str:
    kind = str(axis.get("type"))
    return _LETTERS.get(kind, str(axis.get("id", kind)))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return any(letter.isdigit() for letter in text)


def _error(found: str, fix: str) -> LintFinding:
    return LintFinding("error", found, fix)
