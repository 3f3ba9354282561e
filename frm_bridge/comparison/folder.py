"""The folder of a comparison: all of it new, or all of it as it was."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from frm_bridge.errors import OutputError
from frm_bridge.imagej.runner import RESULT
from frm_bridge.outputs import check_absent, make_folder, owner_mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RECORD = "comparison.json"
FOLDER = "fields"
TABLES = (
    "fields.csv",
    "columns.csv",
    "histogram.csv",
    "lines.csv",
    "links.csv",
    "objects.csv",
    "profiles.csv",
    "results.csv",
    "spots.csv",
    "tracks.csv",
)
_MINE = (RECORD, *TABLES, "report.html", FOLDER)


def check_folder(
    output: Path, sources: Sequence[Path] = (), *, overwrite: bool
) -> None:
    """Refuse a folder where a comparison would replace what is not its own.

    Parameters
    ----------
    output : Path
        It need not exist.
    sources : sequence of Path
        The images that are compared.
    overwrite : bool
        Whether an earlier comparison may be replaced.

    Raises
    ------
    OutputError
        ``E_OUTPUT_EXISTS``, ``E_OUTPUT_IS_INPUT``.
    """
    for source in sources:
        if (output / FOLDER).resolve() in source.resolve().parents:
            raise OutputError(
                "E_OUTPUT_IS_INPUT",
                f"{source} lies in {output / FOLDER}, where the results are written",
                "choose another --output",
            )
    for name in _MINE:
        check_absent(output / name, overwrite=overwrite)
    strange = _strangers(output)
    if strange:
        raise OutputError(
            "E_OUTPUT_EXISTS",
            f"{output} holds {', '.join(strange[:3])}, which no comparison wrote",
            "choose another --output",
        )


def _strangers(output: Path) -> list[str]:
    """Name what stands in the way and is not of the comparison recorded there."""
    there = [output / name for name in _MINE if (output / name).is_file()]
    there += [path for path in (output / FOLDER).rglob("*") if path.is_file()]
    own = {file for folder in _run_folders(output) for file in _files_of(folder)}
    if own:
        own |= {output / name for name in _MINE}
    return sorted(str(path.relative_to(output)) for path in set(there) - own)


def _run_folders(output: Path) -> list[Path]:
    """Give the folders of the workflow's results that the record names."""
    try:
        record = json.loads((output / RECORD).read_text(encoding="utf-8"))
        return [
            output / field["folder"] / run
            for field in record["fields"]
            for run in field["runs"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _files_of(folder: Path) -> list[Path]:
    """Give the files that a workflow left, by its own word."""
    try:
        result = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        return [folder / name for name in (RESULT, *result["outputs"].values())]
    except (OSError, ValueError, KeyError, AttributeError):
        return []


@contextmanager
def fresh_folder(
    output: Path, sources: Sequence[Path], *, overwrite: bool
) -> Iterator[None]:
    """Put an earlier comparison aside; if the new one fails, put it back.

    Raises
    ------
    OutputError
        As :func:`check_folder`.
    """
    recover(output)
    check_folder(output, sources, overwrite=overwrite)
    with put_aside(output, _MINE):
        yield


@contextmanager
def put_aside(output: Path, names: Sequence[str]) -> Iterator[None]:
    """Put what a folder holds of these names aside; on an error, put it back."""
    new = not output.exists()
    make_folder(output)
    aside = output / f".{owner_mark()}.earlier"
    aside.mkdir()
    _move(output, aside, names)
    try:
        yield
    except BaseException:
        _give_back(aside, output, names)
        if new:
            output.rmdir()
        raise
    shutil.rmtree(aside, ignore_errors=True)


def recover(
    output: Path,
    *,
    owner: int | None = None,
    record: str = RECORD,
    names: Sequence[str] = _MINE,
) -> None:
    """Give back what a comparison had put aside whose process was killed.

    Parameters
    ----------
    output : Path
        Its folder.
    owner : int, optional
        That process; without, any.
    record : str
        The file that is written last.
    names : sequence of str
        All that is written.
    """
    for aside in output.glob(f".{owner}-*.earlier" if owner else ".*.earlier"):
        if (output / record).exists():  # it had ended; only the tidying was missing
            shutil.rmtree(aside)
        else:
            _give_back(aside, output, names)


def _give_back(aside: Path, output: Path, names: Sequence[str]) -> None:
    """Put what was there earlier, or nothing, in the place of what is unfinished."""
    for path in (output / name for name in names):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    _move(aside, output, names)
    aside.rmdir()


def _move(source: Path, target: Path, names: Sequence[str]) -> None:
    for name in names:
        if (source / name).exists():
            os.replace(source / name, target / name)
