"""One self-contained page about a comparison."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from frm_bridge.errors import InputError
from frm_bridge.outputs import write_text
from frm_bridge.reporting import wording
from frm_bridge.reporting.charts import draw_charts
from frm_bridge.reporting.panels import picture_field
from frm_bridge.reporting.tables import (
    FIELD_COLUMNS,
    TOTAL,
    fact_tables,
    field_rows,
    score_rows,
    tiles,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]

SHOWN_FIELDS = 6
"""Fields whose pictures are on the page, so that a plate does not weigh 100 MB."""


def write_report(
    comparison: str | Path,
    *,
    output: Path | None = None,
    title: str = "Prediction against stain",
    shown_fields: int = SHOWN_FIELDS,
    overwrite: bool = False,
) -> Path:
    """Write the report of a comparison as one HTML file.

    The page holds its pictures itself, loads nothing and runs no script.

    Parameters
    ----------
    comparison : str or Path
        Folder that :func:`frm_bridge.comparison.compare` wrote; its images must still
        be where they were.
    output : Path, optional
        The page; ``report.html`` in the folder by default.
    title : str
        Its heading.
    shown_fields : int
        How many fields are shown as pictures; of more, the page shows those from best
        to worst F1 in even steps, and says so.
    overwrite : bool
        Replace an earlier page.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        ``E_REPORT_MISSING`` when the folder holds no comparison, ``E_REPORT_IMAGE``
        when an image has gone.
    OutputError
        ``E_OUTPUT_EXISTS``.
    """
    comparison = Path(comparison)
    record = _read_record(comparison)
    ledger = pd.read_csv(
        comparison / "objects.csv",
        dtype={"field": str, "note": str},
        # A field may be called NA.
        keep_default_na=False,
        na_values=[""],
    )
    page = output or comparison / "report.html"
    shown = _choose_fields(record, shown_fields)
    text = _template().render(
        title=title,
        record=record,
        words=wording,
        things=wording.noun(record),
        headline=wording.headline(record),
        second_line=wording.summary_sentence(record),
        methods=wording.methods(record),
        references=wording.REFERENCES,
        tiles=tiles(record),
        charts=draw_charts(record, ledger),
        columns=FIELD_COLUMNS,
        total=TOTAL,
        rows=field_rows(record),
        scores=score_rows(record),
        facts=fact_tables(record),
        calibrated=all(f["pixel_size_um"] is not None for f in record["fields"]),
        pictures=[
            (
                field,
                picture_field(
                    field, comparison, ledger[ledger["field"] == field["name"]]
                ),
            )
            for field in shown
        ],
    )
    write_text(page, text, overwrite=overwrite)
    return page


def _read_record(comparison: Path) -> dict[str, Any]:
    path = comparison / "comparison.json"
    if not path.is_file():
        raise InputError(
            "E_REPORT_MISSING",
            f"{comparison} holds no comparison.json",
            "run 'frm-bridge compare' into this folder first",
        )
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    _refuse_gone(record)
    return record


def _refuse_gone(record: Record) -> None:
    """Name every image that was compared and is not there any more."""
    images = (
        field[side]["path"]
        for field in record["fields"]
        for side in ("truth", "prediction", "transmitted")
        if field[side] is not None
    )
    gone = [path for path in images if not Path(path).is_file()]
    if gone:
        raise InputError(
            "E_REPORT_IMAGE",
            f"images were compared, but are not there any more: {', '.join(gone)}",
            "put them back, or run the comparison again",
        )


def _choose_fields(record: Record, count: int) -> list[Record]:
    """Take all fields, or best, worst and some between, in the record's order."""
    fields = list(record["fields"])
    if len(fields) <= count:
        return fields
    ranked = sorted(fields, key=lambda field: field["objects"]["f1"] or 0.0)
    last = len(ranked) - 1
    ranks = {round(step * last / max(1, count - 1)) for step in range(count)}
    names = {ranked[rank]["name"] for rank in ranks}
    return [field for field in fields if field["name"] in names]


def _template() -> Any:
    folder = files("frm_bridge.reporting") / "templates"
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = (folder / "report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text)
