"""The folder of a verdict: all of it new, or all of it as it was."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from frm_bridge.comparison.folder import check_folder, put_aside, recover
from frm_bridge.errors import OutputError
from frm_bridge.outputs import check_absent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RECORD, PAGE, TABLE = "verdict.json", "verdict.html", "fields.csv"
COMPARISONS = ("comparison", "floor", "ceiling", "band")
NAMES = (RECORD, PAGE, TABLE, *COMPARISONS)


@contextmanager
def fresh_verdict(
    output: Path, sources: Sequence[Path], *, overwrite: bool
) -> Iterator[None]:
    """Put an earlier verdict aside; if the new one fails, put it back.

    Parameters
    ----------
    output : Path
        It need not exist.
    sources : sequence of Path
        Files and folders that are read.
    overwrite : bool
        Whether an earlier verdict may be replaced.

    Raises
    ------
    OutputError
        ``E_OUTPUT_EXISTS``, ``E_OUTPUT_IS_INPUT``.
    """
    recover(output, record=RECORD, names=NAMES)
    for source in sources:
        if output.resolve() in (source.resolve(), *source.resolve().parents):
            raise OutputError(
                "E_OUTPUT_IS_INPUT",
                f"{source} lies in {output}, where the results are written",
                "choose another --output folder",
            )
    for name in NAMES:
        check_absent(output / name, overwrite=overwrite)
    _refuse_strangers(output)
    with put_aside(output, NAMES):
        yield


def _refuse_strangers(output: Path) -> None:
    """Refuse a folder where what bears our names is not ours."""
    there = [name for name in NAMES if (output / name).exists()]
    if there and not _is_verdict(output / RECORD):
        raise OutputError(
            "E_OUTPUT_EXISTS",
            f"{output} holds {', '.join(there[:3])}, which no verdict wrote",
            "choose another --output folder",
        )
    for name in COMPARISONS:
        for folder in _comparisons(output / name):
            check_folder(folder, overwrite=True)


def _comparisons(folder: Path) -> list[Path]:
    return [record.parent for record in folder.rglob("comparison.json")]


def _is_verdict(path: Path) -> bool:
    try:
        return "verdict" in json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False
