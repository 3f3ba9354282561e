"""What a comparison gives back, and the settings it was made with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from frm_bridge.comparison.objects import DEFAULT_MIN_IOU, check_min_iou
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from frm_bridge.comparison.fields import Field
    from frm_bridge.comparison.pixels import PixelAgreement
    from frm_bridge.comparison.summary import Distribution
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
    match_distance_px : float or None
        Largest distance for two spots of a frame to be the same; None for the median
        radius of the true ones.
    """

    min_iou: float = DEFAULT_MIN_IOU
    signal_threshold: float | None = None
    match_distance_px: float | None = None

    def __post_init__(self) -> None:
        check_min_iou(self.min_iou)
        if self.match_distance_px is not None and not self.match_distance_px > 0:
            raise InputError(
                "E_OPTION",
                f"the match distance is {self.match_distance_px}; expected more than 0",
                "give --match-distance in px, or leave it out for a nucleus' radius",
            )


@dataclass(frozen=True, slots=True)
class MeasuredField:
    """A field that the workflow has run on.

    Attributes
    ----------
    field : Field
        Its files.
    pixels : PixelAgreement
        How alike the pixels are; over all frames of a movie.
    results : mapping
        The workflow's results on ``truth`` and ``prediction``; of a workflow that
        measures pairs, its one result on ``pair``.
    provenance : mapping of str to str
        What the prediction file, or else the caller, says of its origin.
    """

    field: Field
    pixels: PixelAgreement
    results: Mapping[str, WorkflowResult]
    provenance: Mapping[str, str]


class Summary(Protocol):
    """All fields together: a dataclass that goes into the record as it is."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def pcc(self) -> Distribution:
        """PCC of each field, over all its pixels."""


@dataclass(frozen=True, slots=True)
class Comparison(ABC):
    """What all fields gave; everything is in ``output`` too.

    Each kind of workflow has its own subclass, which adds what it compares.

    Attributes
    ----------
    output : Path
        The folder with ``comparison.json`` and the tables.
    fields : tuple of MeasuredField
        One per field, plane or movie, by name.
    summary : dataclass
        All fields together.
    warnings : tuple of str
        What the reader of the numbers must know.
    """

    kind: ClassVar[str]
    output: Path
    fields: tuple[MeasuredField, ...]
    summary: Summary
    warnings: tuple[str, ...]

    @abstractmethod
    def tables(self) -> dict[str, pd.DataFrame]:
        """Give the tables to write, by the name of their file."""

    @abstractmethod
    def describe_field(self, index: int) -> dict[str, Any]:
        """Give what the record says of a field beside its files and pixels."""

    @abstractmethod
    def sentence(self) -> str:
        """Say in one line what came out."""
