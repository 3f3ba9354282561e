"""The folder of a comparison: all of it new, or all of it as it was."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from frm_bridge.errors import OutputError
from frm_bridge.outputs import check_absent, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RECORD = "comparison.json"
FOLDER = "fields"
_MINE = (RECORD, "fields.csv", "objects.csv", "report.html", FOLDER)


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
                "choose another --output folder",
            )
    for name in _MINE:
        check_absent(output / name, overwrite=overwrite)
    strange = _strangers(output)
    if strange:
        raise OutputError(
            "E_OUTPUT_EXISTS",
            f"{output / FOLDER} holds {', '.join(strange[:3])}, which no comparison "
            "wrote",
            "choose another --output folder",
        )


def _strangers(output: Path) -> list[str]:
    """Name what stands in the way and is not of the comparison recorded there."""
    if not (output / FOLDER).is_dir():
        return [FOLDER] if (output / FOLDER).exists() else []
    try:
        record = json.loads((output / RECORD).read_text(encoding="utf-8"))
        own = {PurePosixPath(field["folder"]).name for field in record["fields"]}
    except (OSError, ValueError, KeyError, TypeError):
        own = set()
    return sorted(
        path.name for path in (output / FOLDER).iterdir() if path.name not in own
    )


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
    check_folder(output, sources, overwrite=overwrite)
    new = not output.exists()
    make_folder(output)
    aside = output / f".{uuid.uuid4().hex[:8]}.earlier"
    _move(output, aside)
    try:
        yield
    except BaseException:
        _remove(output)
        _move(aside, output)
        if new:
            output.rmdir()
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _move(source: Path, target: Path) -> None:
    """Move a comparison; afterwards an emptied folder aside is gone."""
    there = [name for name in _MINE if (source / name).exists()]
    if there:
        target.mkdir(exist_ok=True)
    for name in there:
        os.replace(source / name, target / name)
    if there and not any(source.iterdir()) and source.name.endswith(".earlier"):
        source.rmdir()


def _remove(output: Path) -> None:
    for path in (output / name for name in _MINE):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
