"""What a report's page is made of, whatever kind of comparison it is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOTAL = "All together"
"""First cell of the row that sums a table up."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One number in large letters, and what it is."""

    name: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with its heading and the sentence below it."""

    title: str
    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its heading and the sentence below it.

    Attributes
    ----------
    title, note : str
        Above and below it.
    columns : sequence of str
        Its heads.
    rows : sequence of (sequence of str)
        One text for each column.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The parts of a page that hang on the kind of comparison.

    Attributes
    ----------
    template : str
        Name of the template, which extends ``page.html.j2``.
    headline : (str, str)
        What came out, in two sentences that claim no fitness.
    second_line : str
        Below them, in small.
    tiles, charts, tables : sequence
        Numbers, pictures of numbers, tables.
    charts_title, charts_note : str
        Above the charts.
    charts_first : bool
        Whether they come before the pictures.
    reading : sequence of str
        How to read the page.
    matching : sequence of str
        What the Methods say of the comparison, in sentences.
    facts : list of (str, str)
        The same as names and values.
    extra : mapping
        What the template needs beside.
    record_name : str
        The file that has all numbers.
    """

    template: str
    headline: tuple[str, str]
    second_line: str
    tiles: Sequence[Tile]
    charts: Sequence[Chart]
    tables: Sequence[Table]
    reading: Sequence[str]
    matching: Sequence[str]
    facts: list[tuple[str, str]]
    extra: Mapping[str, Any] = field(default_factory=dict)
    charts_title: str = "Distributions"
    charts_note: str = ""
    charts_first: bool = False
    record_name: str = "comparison.json"
