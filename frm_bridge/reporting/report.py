"""One self-contained page about a comparison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from frm_bridge.errors import InputError
from frm_bridge.outputs import write_text
from frm_bridge.reporting import wording
from frm_bridge.reporting.facts import fact_tables
from frm_bridge.reporting.histogrampage import histogram_page
from frm_bridge.reporting.linkpage import link_page
from frm_bridge.reporting.methods import methods
from frm_bridge.reporting.objectpage import object_page
from frm_bridge.reporting.page import TOTAL, Page
from frm_bridge.reporting.profilepage import profile_page
from frm_bridge.reporting.tablepage import table_page
from frm_bridge.reporting.trackpage import track_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Record = Mapping[str, Any]

SHOWN_FIELDS = 6
"""Fields whose pictures are on the page, so that a plate does not weigh 100 MB."""


_PAGES: dict[str, Callable[[Record, Path, int], Page]] = {
    "histogram": histogram_page,
    "links": link_page,
    "objects": object_page,
    "profiles": profile_page,
    "table": table_page,
    "tracks": track_page,
}


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
    page = _PAGES[record["kind"]](record, comparison, shown_fields)
    text = render_page(page, record, title=title)
    path = output or comparison / "report.html"
    write_text(path, text, overwrite=overwrite)
    return path


def render_page(
    page: Page,
    record: Record,
    *,
    title: str,
    references: Sequence[tuple[str, str]] = (),
) -> str:
    """Give a page about a comparison as HTML.

    Parameters
    ----------
    page : Page
        What it shows.
    record : mapping
        ``comparison.json``.
    title : str
        Its heading.
    references : sequence of (str, str)
        Texts and DOIs to cite beside those of every page.
    """
    return render(
        page,
        title=title,
        record=record,
        methods=methods(record, page.matching),
        references=(*wording.REFERENCES, *references),
        facts=fact_tables(record, page.facts),
        calibrated=all(f["pixel_size_um"] is not None for f in record["fields"]),
    )


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


def render(page: Page, **values: object) -> str:
    """Give the HTML of a page, with what its template needs beside."""
    environment = Environment(
        loader=PackageLoader("frm_bridge.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template(page.template)
    return template.render(
        words=wording, page=page, total=TOTAL, **values, **page.extra
    )
