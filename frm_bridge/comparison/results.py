"""What a comparison gives back, and the settings it was made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from frm_bridge.comparison.objects import DEFAULT_MIN_IOU, check_min_iou

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from frm_bridge.comparison.fields import Field
    from frm_bridge.comparison.objects import ObjectMatches
    from frm_bridge.comparison.pixels import PixelAgreement
    from frm_bridge.comparison.summary import ObjectAgreement, Summary
    from frm_bridge.imagej import WorkflowResult


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """How a comparison is made; the workflow's own parameters are with the workflow.

    Attributes
    ----------
    min_iou : float
        Least intersection over union for two objects to be the same.
    signal_threshold : float or None
        In grey levels of the truth: an image has signal when any pixel is above.
        None: P and segmentation PCC are not available.
    """

    min_iou: float = DEFAULT_MIN_IOU
    signal_threshold: float | None = None

    def __post_init__(self) -> None:
        check_min_iou(self.min_iou)


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """What one field gave.

    Attributes
    ----------
    field : Field
        Its files.
    pixels, objects
        Agreement of pixels and of objects.
    matches : ObjectMatches
        Which predicted object is which true one.
    ledger : DataFrame
        The rows of ``objects.csv``.
    results : mapping
        The workflow's results on ``truth`` and ``prediction``.
    provenance : mapping of str to str
        What the prediction file, or else the caller, says of its origin.
    """

    field: Field
    pixels: PixelAgreement
    objects: ObjectAgreement
    matches: ObjectMatches
    ledger: pd.DataFrame
    results: Mapping[str, WorkflowResult]
    provenance: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What all fields gave; everything is in ``output`` too.

    Attributes
    ----------
    output : Path
        The folder with ``comparison.json``, ``fields.csv`` and ``objects.csv``.
    fields : tuple of FieldComparison
        One per field (or plane), by name.
    summary : Summary
        All fields together.
    warnings : tuple of str
        What the reader of the numbers must know.
    """

    output: Path
    fields: tuple[FieldComparison, ...]
    summary: Summary
    warnings: tuple[str, ...]
