"""Comparison: one workflow on truth and prediction, and how far the answers agree."""

from frm_bridge.comparison.agreement import compare
from frm_bridge.comparison.histogramagreement import HistogramComparison
from frm_bridge.comparison.linkagreement import LinkComparison
from frm_bridge.comparison.objectagreement import FieldComparison, ObjectComparison
from frm_bridge.comparison.objects import (
    DEFAULT_MIN_IOU,
    ObjectMatches,
    match_objects,
)
from frm_bridge.comparison.outliers import OutlierRemoval, remove_outliers
from frm_bridge.comparison.pixels import (
    mean_squared_error,
    pearson,
    segmentation_pcc,
)
from frm_bridge.comparison.profileagreement import ProfileComparison
from frm_bridge.comparison.results import Comparison, MeasuredField
from frm_bridge.comparison.summary import ObjectAgreement, ObjectSummary
from frm_bridge.comparison.tableagreement import TableComparison
from frm_bridge.comparison.trackagreement import TrackComparison

__all__ = [
    "DEFAULT_MIN_IOU",
    "Comparison",
    "FieldComparison",
    "HistogramComparison",
    "LinkComparison",
    "MeasuredField",
    "ObjectAgreement",
    "ObjectComparison",
    "ObjectMatches",
    "ObjectSummary",
    "OutlierRemoval",
    "ProfileComparison",
    "TableComparison",
    "TrackComparison",
    "compare",
    "match_objects",
    "mean_squared_error",
    "pearson",
    "remove_outliers",
    "segmentation_pcc",
]
