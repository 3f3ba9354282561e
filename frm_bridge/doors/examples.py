"""What each field of a request takes, said by an example: the fix for a wrong one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WHOLE = "for example: action=analyze workflow=nuclei input=stain.tif output=measured"
EXAMPLES = {
    "action": "action=predict",
    "input": "input=/data/stain.tif",
    "output": "output=/data/measured",
    "schema": "schema=1",
    "job": "job=mine-1",
    "model": "model=nuclei-brightfield, or the path of an .onnx file",
    "truth": "truth=/data/stain.tif",
    "workflow": "workflow=nuclei, or the path of a script",
    "parameters": "parameters=[blur_sigma_px=2], or the path of a JSON file",
    "min_iou": "min_iou=0.5",
    "pixel_size_um": "pixel_size_um=0.65",
    "channel": "channel=1, the first",
    "window": "window=512, in px; without it, as memory allows",
    "device": "device=auto",
    "require_gpu": "require_gpu=true",
    "match_scale": "match_scale=true",
    "match_intensity": "match_intensity=true",
    "force": "force=true",
    "overwrite": "overwrite=true",
    "door": "door=program",
    "input_title": "input_title=cells.tif",
    "truth_title": "truth_title=stain.tif",
}


def example_of(name: str) -> str:
    """Give the fix for a field that has a wrong value."""
    return f"for example {EXAMPLES[name]}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the fix for a name that has no place here."""
    others = [each for each in known if each != name]
    alike = difflib.get_close_matches(name, others, n=1)
    return f"write {alike[0]}" if alike else f"leave {name} out"
