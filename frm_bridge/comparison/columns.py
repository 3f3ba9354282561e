"""Columns of the Results tables of truth and prediction, and how alike they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy import stats

from frm_bridge.comparison.fields import PREDICTION, TRUTH
from frm_bridge.comparison.pixels import pearson
from frm_bridge.comparison.summary import Distribution

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

Kind = Literal["quantity", "position", "angle", "grey level", "constant"]

FIELD, SOURCE = "field", "source"
IS_ID, IS_POSITION, IS_TEXT = "number or name of a row", "position", "text"
ONE_SIDED = {TRUTH: "on the truth only", PREDICTION: "on the prediction only"}
LIMITS_SD = 1.96  # of the differences: Bland and Altman's limits of agreement

_LEAST_FOR_PEARSON = 3
_ID = re.compile(
    r"\s*|label|slice|frame|ch|counter|%?index|#|no\.?|nr\.?|(.*[ _])?id|unnamed: \d+",
    re.IGNORECASE,
)
_GREY = re.compile(
    r"mean|std ?dev|mode|min|max|median|(raw)?intden|integrated density|m(in|ax)thr",
    re.IGNORECASE,
)
_ANGLE = re.compile(r"(feret)?angle|theta", re.IGNORECASE)
_POSITION = re.compile(r"[xyz]m?|b[xyz]|feret[xy]|[xy]start", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PairedValues:
    """A column of tables with one row per field: pairs over the fields.

    Attributes
    ----------
    n : int
        Pairs of which both values are known.
    mean_difference, sd_difference : float or None
        Of prediction minus truth, with its sign; the sd has divisor n - 1.
    limits : tuple of float, or None
        Mean difference -+ 1.96 sd (Bland and Altman's limits of agreement).
    mean_absolute_difference_percent : float or None
        Of the true value; of the pairs where that is not zero.
    pearson : float or None
        Over the fields; of three or more, none of them constant.
    """

    n: int
    mean_difference: float | None
    sd_difference: float | None
    limits: tuple[float, float] | None
    mean_absolute_difference_percent: float | None
    pearson: float | None

    @classmethod
    def of(cls, truth: Values, predicted: Values) -> PairedValues:
        """Compare pair by pair; one with a value that is not known is left out."""
        known = ~(np.isnan(truth) | np.isnan(predicted))
        a, b = truth[known], predicted[known]
        if not a.size:
            return cls(0, None, None, None, None, None)
        difference = b - a
        mean = float(difference.mean())
        sd = float(difference.std(ddof=1)) if a.size > 1 else None
        part = np.abs(difference[a != 0] / a[a != 0])
        return cls(
            n=a.size,
            mean_difference=mean,
            sd_difference=sd,
            limits=None
            if sd is None
            else (mean - LIMITS_SD * sd, mean + LIMITS_SD * sd),
            mean_absolute_difference_percent=100 * float(part.mean())
            if part.size
            else None,
            pearson=pearson(a, b) if a.size >= _LEAST_FOR_PEARSON else None,
        )


@dataclass(frozen=True, slots=True)
class ColumnAgreement:
    """How alike the values of a column are on truth and prediction.

    Attributes
    ----------
    name : str
        Its heading.
    truth, prediction : Distribution
        Of all rows of each side.
    mean_difference_percent : float or None
        Predicted minus true mean, in percent of the true one's size.
    median_ratio : float or None
        Predicted / true median; of medians of one sign.
    ks_distance : float or None
        Two-sample Kolmogorov-Smirnov distance, from 0 (one distribution) to 1 (no
        overlap): an effect size, not a test. None for tables with one row per field.
    pairs : PairedValues or None
        Of tables with one row per field.
    kind : str
        ``quantity``, which alone is ranked; ``position``; ``angle``, which has no mean;
        ``grey level`` where the prediction has no unit, so that nothing but a
        correlation can be told; ``constant`` where all rows of both sides hold one
        value.
    """

    name: str
    truth: Distribution
    prediction: Distribution
    mean_difference_percent: float | None
    median_ratio: float | None
    ks_distance: float | None
    pairs: PairedValues | None
    kind: Kind

    @property
    def disagreement(self) -> float | None:
        """What ranks columns, 0 for the best; None for one that has no rank."""
        if self.kind != "quantity":
            return None
        if self.pairs is not None:
            return self.pairs.mean_absolute_difference_percent
        return self.ks_distance


@dataclass(frozen=True, slots=True)
class Layout:
    """What is compared of all tables of a comparison.

    Attributes
    ----------
    compared : tuple of str
        Columns of numbers, in the tables' order.
    left_out : mapping of str to str
        The other columns, and why.
    one_row : bool
        Whether every table has exactly one row: pairs over the fields.
    relative : bool
        Whether the grey levels of the prediction have no unit.
    not_finite : tuple of str
        Columns with infinite values, which are taken as not known.
    """

    compared: tuple[str, ...]
    left_out: Mapping[str, str]
    one_row: bool
    relative: bool
    not_finite: tuple[str, ...]


def read_results(path: Path) -> pd.DataFrame:
    """Read a Results table as texts; one that names no column is empty."""
    if not path.read_text(encoding="utf-8").strip():
        return pd.DataFrame()
    table = pd.read_csv(
        path, dtype=str, keep_default_na=False, index_col=False, skip_blank_lines=False
    )
    clash = {name: f"{name} (script)" for name in (FIELD, SOURCE)}
    return table.rename(columns=clash)


def join_results(
    tables: Sequence[tuple[str, str, pd.DataFrame]], *, relative: bool
) -> tuple[pd.DataFrame, Layout]:
    """Put tables under one another, numbers as numbers, and say what is compared.

    Parameters
    ----------
    tables : sequence of (str, str, DataFrame)
        Field, side, and what `read_results` gave.
    relative : bool
        Whether the grey levels of the prediction have no unit.
    """
    rows = pd.concat([_named(*each) for each in tables], ignore_index=True)
    names = [name for name in rows.columns if name not in (FIELD, SOURCE)]
    sides = {
        side: {name for _, s, t in tables if s == side and len(t) for name in t.columns}
        for side in (TRUTH, PREDICTION)
    }
    one_row = all(len(table) == 1 for _, _, table in tables)
    compared, left_out, not_finite = [], {}, []
    for name in names:
        numbers = _numbers(rows[name])
        why = _why_left_out(name, sides, is_text=numbers is None, one_row=one_row)
        if numbers is not None:
            infinite = np.isinf(numbers)
            rows[name] = numbers.mask(infinite)
            if infinite.any():
                not_finite.append(name)
        if why:
            left_out[name] = why
        else:
            compared.append(name)
    return rows, Layout(tuple(compared), left_out, one_row, relative, tuple(not_finite))


def compare_columns(rows: pd.DataFrame, layout: Layout) -> tuple[ColumnAgreement, ...]:
    """Compare every column that is compared, over the given rows."""
    truth, predicted = (rows[rows[SOURCE] == side] for side in (TRUTH, PREDICTION))
    return tuple(
        _compare(
            name,
            truth[name].to_numpy(np.float64),
            predicted[name].to_numpy(np.float64),
            layout=layout,
        )
        for name in layout.compared
    )


def _compare(
    name: str, truth: Values, predicted: Values, *, layout: Layout
) -> ColumnAgreement:
    a, b = Distribution.of(truth), Distribution.of(predicted)
    kind = _kind(name, np.concatenate([truth, predicted]), relative=layout.relative)
    has_mean = kind not in ("angle", "grey level")
    distance = None
    if a.n and b.n and not layout.one_row and kind != "grey level":
        # Of the two p-values, which are not used, this is the fast one.
        test = stats.ks_2samp(_known(truth), _known(predicted), method="asymp")
        distance = float(test.statistic)
    pairs = PairedValues.of(truth, predicted) if layout.one_row else None
    if pairs is not None and not has_mean:
        pairs = PairedValues(pairs.n, None, None, None, None, pairs.pearson)
    return ColumnAgreement(
        name=name,
        truth=a,
        prediction=b,
        mean_difference_percent=100 * (b.mean - a.mean) / abs(a.mean)
        if has_mean and a.mean and b.mean is not None
        else None,
        median_ratio=_ratio(a.median, b.median) if has_mean else None,
        ks_distance=distance,
        pairs=pairs,
        kind=kind,
    )


def _kind(name: str, values: Values, *, relative: bool) -> Kind:
    if np.unique(_known(values)).size < 2:
        return "constant"
    if _POSITION.fullmatch(name):
        return "position"
    if _ANGLE.fullmatch(name):
        return "angle"
    return "grey level" if relative and _GREY.fullmatch(name) else "quantity"


def _ratio(truth: float | None, predicted: float | None) -> float | None:
    if truth is None or predicted is None or truth * predicted <= 0:
        return None
    return predicted / truth


def _known(values: Values) -> Values:
    return values[~np.isnan(values)]


def _named(field: str, side: str, table: pd.DataFrame) -> pd.DataFrame:
    named = table.copy()
    named.insert(0, FIELD, field)
    named.insert(1, SOURCE, side)
    return named


def _numbers(texts: pd.Series[str]) -> pd.Series[float] | None:
    """Read a column as numbers; None when anything else stands there."""
    # A table without this column left nothing at all.
    known = texts.fillna("").str.strip().str.lower().replace("nan", "")
    numbers = pd.to_numeric(known, errors="coerce").astype("float64")
    return None if (numbers.isna() & (known != "")).any() else numbers


def _why_left_out(
    name: str, sides: Mapping[str, set[str]], *, is_text: bool, one_row: bool
) -> str:
    if _ID.fullmatch(name):
        return IS_ID
    for side, other in ((TRUTH, PREDICTION), (PREDICTION, TRUTH)):
        # A side without any row has no columns to lack.
        if sides[other] and name in sides[side] - sides[other]:
            return ONE_SIDED[side]
    if is_text:
        return IS_TEXT
    # Rows are not matched, so where each lies tells nothing; one row is its own match.
    return IS_POSITION if _POSITION.fullmatch(name) and not one_row else ""
