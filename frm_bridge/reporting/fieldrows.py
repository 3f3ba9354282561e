"""Rows of a table: one per field, and one for all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.reporting.page import TOTAL
from frm_bridge.reporting.wording import field_title

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Record = Mapping[str, Any]


def rows_by_field(
    record: Record,
    name: str,
    cells: Callable[[Record, float | None], tuple[str, ...]],
) -> list[tuple[str, ...]]:
    """Give the rows; of one field there is no sum.

    Parameters
    ----------
    record : mapping
        ``comparison.json``.
    name : str
        What the record calls the agreement, in each field and in the summary.
    cells : callable (agreement, pcc)
        Gives the texts of a row, without its title.
    """
    rows = [
        (field_title(field), *cells(field[name], field["pixels"]["pcc"]))
        for field in record["fields"]
    ]
    if len(rows) > 1:
        summary = record["summary"]
        rows.append((TOTAL, *cells(summary[name], summary["pcc"]["mean"])))
    return rows
