"""Pairs of a transmitted-light image and its fluorescence, matched by name.

A table of pairs is a CSV file with the columns ``input,target,group`` and, optionally,
``pixel_size_um``, ``split``, ``input_channel`` and ``target_channel``; paths are
relative to the table's own folder or to the current one.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from frm_bridge.errors import InputError
from frm_bridge.images import image_stem, list_images, open_image
from frm_bridge.outputs import write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from frm_bridge.images import Image

Number = TypeVar("Number", int, float)
Split = Literal["", "train", "validation", "test"]

COLUMNS = ("input", "target", "group", "pixel_size_um", "split")
CHANNEL_COLUMNS = ("input_channel", "target_channel")
# Frames, planes and tiles of one place must not fall on both sides of a split, so a
# name's group ends where its first time, z, channel or tile number begins.
_REPEATS = re.compile(
    r"[ _.-](?:t|time|frame|z|slice|c|ch|channel|tile|crop|s)[ _.-]?\d+(?=[ _.-]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One field seen twice.

    Attributes
    ----------
    input, target : Path
        Transmitted light and fluorescence, of one size.
    group : str
        The field, position or well: pairs of one group stay on one side of a split.
    pixel_size_um : float or None
        µm per px where the files do not say it themselves.
    split : {"", "train", "validation", "test"}
        Where the pair belongs; empty until a split is assigned.
    input_channel, target_channel : int or None
        The channel to take of a multi-channel file, counted from 1 as in ImageJ. Input
        and target may then be one file.
    """

    input: Path
    target: Path
    group: str
    pixel_size_um: float | None = None
    split: Split = ""
    input_channel: int | None = None
    target_channel: int | None = None

    def open_input(self) -> Image:
        """Open the transmitted light."""
        return open_image(self.input, channel=self.input_channel)

    def open_target(self) -> Image:
        """Open the fluorescence."""
        return open_image(self.target, channel=self.target_channel)


def find_pairs(
    inputs: str | Path,
    targets: str | Path,
    *,
    group_by: str | None = None,
    input_suffix: str = "",
    target_suffix: str = "",
    input_channel: int | None = None,
    target_channel: int | None = None,
) -> tuple[Pair, ...]:
    """Match two folders by file stem, never by sort order (CL-056).

    Parameters
    ----------
    inputs, targets : str or Path
        Folders of transmitted-light and fluorescence images.
    group_by : str, optional
        Regular expression; what its first parenthesis matches in the stem (or the
        whole match) is the pair's group. By default the stem up to its first time,
        z, channel or tile number: ``exp1_p0002_t00006_z001`` is of ``exp1_p0002``.
    input_suffix, target_suffix : str
        Ends of the stems that differ between the channels, for example ``_BF``.
    input_channel, target_channel : int, optional
        The channels to take of multi-channel files, counted from 1 as in ImageJ; both
        folders may then be one.

    Raises
    ------
    InputError
        ``E_PAIR_MISSING`` naming every file without partner; ``E_PAIR_SIZE``,
        ``E_PAIR_SAME`` and ``E_PAIR_CHANNELS`` naming every pair at fault;
        ``E_GROUP_BY``.
    """
    pattern = _compiled(group_by)
    left = _by_stem(Path(inputs), input_suffix)
    right = _by_stem(Path(targets), target_suffix)
    _refuse_unmatched(left, right)
    pairs = tuple(
        Pair(
            left[stem],
            right[stem],
            _group(stem, pattern),
            input_channel=input_channel,
            target_channel=target_channel,
        )
        for stem in sorted(left)
    )
    check_images(pairs)
    return pairs


def group_of(stem: str, group_by: str | None = None) -> str:
    """Give the group of a file by its stem, as `find_pairs` does.

    Raises
    ------
    InputError
        ``E_GROUP_BY``.
    """
    return _group(stem, _compiled(group_by))


def check_images(pairs: Iterable[Pair]) -> None:
    """Refuse pairs of unequal or unclear images, naming them all.

    Raises
    ------
    InputError
        ``E_PAIR_SAME``, ``E_PAIR_CHANNELS``, ``E_PAIR_SIZE``.
    """
    same, unclear, wrong = [], [], []
    for pair in pairs:
        # No channel and the only one are the same.
        if (pair.input_channel or 1) == (pair.target_channel or 1):
            same += [str(pair.input)] if pair.input.samefile(pair.target) else []
        with pair.open_input() as image, pair.open_target() as target:
            unclear += [
                f"{info.path} has {info.axis_size('C')}"
                for info in (image.info, target.info)
                if info.axis_size("C") > 1
            ]
            if image.info.shape != target.info.shape:
                wrong.append(
                    f"{pair.input} {image.info.shape} and "
                    f"{pair.target} {target.info.shape}"
                )
    if same:
        raise InputError(
            "E_PAIR_SAME",
            "input and target are one and the same image: " + "; ".join(same),
            "give two folders, or, of files that hold both, two channels with "
            "--input-channel and --target-channel",
        )
    if unclear:
        raise InputError(
            "E_PAIR_CHANNELS",
            "one channel each was expected for input and target: "
            + "; ".join(dict.fromkeys(unclear)),
            "choose with --input-channel and --target-channel",
        )
    if wrong:
        raise InputError(
            "E_PAIR_SIZE",
            "input and target must have one size: " + "; ".join(wrong),
            "crop or export both channels alike, or remove the pair",
        )


def check_names(pairs: Iterable[Pair]) -> None:
    """Refuse inputs of one stem where files are to be named after them.

    Raises
    ------
    InputError
        ``E_IMAGE_NAMES``.
    """
    found: dict[str, Path] = {}
    for pair in pairs:
        other = found.setdefault(pair.input.stem, pair.input)
        if other != pair.input:
            raise InputError(
                "E_IMAGE_NAMES",
                f"{other} and {pair.input} would give results of one name",
                "rename one of them",
            )


def format_pairs(pairs: Iterable[Pair]) -> str:
    """Write pairs as CSV text with a header."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    pairs = tuple(pairs)
    chosen = any(pair.input_channel or pair.target_channel for pair in pairs)
    table.writerow(COLUMNS + (CHANNEL_COLUMNS if chosen else ()))
    for pair in pairs:
        size = "" if pair.pixel_size_um is None else f"{pair.pixel_size_um:g}"
        names = (pair.input.as_posix(), pair.target.as_posix())
        channels = [pair.input_channel, pair.target_channel] if chosen else []
        table.writerow([*names, pair.group, size, pair.split, *channels])
    return text.getvalue()


def write_pairs(path: Path, pairs: Iterable[Pair], *, overwrite: bool = False) -> None:
    """Write a table whose paths hold from its own folder, wherever it is read.

    Raises
    ------
    OutputError
        ``E_OUTPUT_EXISTS`` and its kin.
    """
    moved = [
        replace(
            pair,
            input=_seen_from(path.parent, pair.input),
            target=_seen_from(path.parent, pair.target),
        )
        for pair in pairs
    ]
    write_text(path, format_pairs(moved), overwrite=overwrite)


def _seen_from(folder: Path, file: Path) -> Path:
    """Give the way from a folder to a file; from another drive, the whole of it."""
    try:
        return Path(os.path.relpath(file.resolve(), folder.resolve()))
    except ValueError:  # Windows
        return file.resolve()


def read_pairs(path: str | Path) -> tuple[Pair, ...]:
    """Read a table of pairs.

    Raises
    ------
    InputError
        ``E_PAIRS_TABLE`` with the line at fault; ``E_PAIR_MISSING``.
    """
    path = Path(path)
    if not path.is_file():
        raise _table_error(path, "there is no such file")
    text = _text_of(path)
    header = text.partition("\n")[0]
    # Spreadsheets of many countries separate by semicolons.
    separator = ";" if header.count(";") > header.count(",") else ","
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    found = list(rows.fieldnames or ())
    missing = [name for name in ("input", "target") if name not in found]
    if missing:
        message = f"no column {' and no column '.join(missing)}; found: {found}"
        raise _table_error(path, message)
    pairs = tuple(
        _pair_of(path, number, row) for number, row in enumerate(rows, start=2)
    )
    if not pairs:
        raise _table_error(path, "it has a header but no pairs")
    return pairs


def _text_of(path: Path) -> str:
    """Read UTF-8, or the UTF-16 that Windows PowerShell's ``>`` writes."""
    content = path.read_bytes()
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise _table_error(path, "it is not a CSV file in UTF-8") from error
    if "\0" in text:
        raise _table_error(path, "it is not a CSV file in UTF-8")
    return text


def _pair_of(path: Path, number: int, row: Mapping[str, str | None]) -> Pair:
    image, target = (
        _located(path, number, row.get(name) or "") for name in ("input", "target")
    )
    split = (row.get("split") or "").strip()
    if split not in get_args(Split):
        raise _table_error(path, f"line {number}: split {split!r} is unknown")
    size = _number(path, number, row, "pixel_size_um", float)
    channels = [_number(path, number, row, name, int) for name in CHANNEL_COLUMNS]
    group = (row.get("group") or "").strip() or _group(image.stem, None)
    return Pair(image, target, group, size, split, *channels)  # type: ignore[arg-type]


def _number(
    path: Path,
    number: int,
    row: Mapping[str, str | None],
    column: str,
    kind: Callable[[str], Number],
) -> Number | None:
    """Read a cell that is empty or holds a number above 0."""
    text = (row.get(column) or "").strip()
    if not text:
        return None
    try:
        value = kind(text)
    except ValueError as error:
        message = f"line {number}: {column} {text!r} is not a number"
        raise _table_error(path, message) from error
    if not value > 0:
        raise _table_error(path, f"line {number}: {column} must be above 0")
    return value


def _located(table: Path, number: int, name: str) -> Path:
    given = Path(name.strip().replace("\\", "/"))  # a table may come from Windows
    places = (table.parent / given, given)
    found = [place for place in places if name.strip() and place.is_file()]
    if len(found) == 2 and not found[0].samefile(found[1]):
        raise InputError(
            "E_PAIR_AMBIGUOUS",
            f"{table} line {number}: {name!r} is a file beside the table and another "
            f"one below the current folder, {found[1].resolve()}",
            "write an absolute path, or make the table with 'frm-bridge pairs -o'",
        )
    if found:
        return found[0]
    raise InputError(
        "E_PAIR_MISSING",
        f"{table} line {number}: there is no file {name!r}",
        "write paths relative to the table's folder, or absolute ones",
    )


def _by_stem(folder: Path, suffix: str) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in list_images(folder):
        stem = image_stem(path)
        if suffix and not stem.endswith(suffix):
            continue
        stem = stem.removesuffix(suffix)
        if stem in files:
            raise InputError(
                "E_PAIR_AMBIGUOUS",
                f"{files[stem].name} and {path.name} in {folder} have one stem",
                "keep one of them",
            )
        files[stem] = path
    return files


def _refuse_unmatched(left: Mapping[str, Path], right: Mapping[str, Path]) -> None:
    alone: Sequence[str] = [
        *(f"{left[stem]} has no target" for stem in sorted(left.keys() - right.keys())),
        *(f"{right[stem]} has no input" for stem in sorted(right.keys() - left.keys())),
    ]
    if alone or not left:
        raise InputError(
            "E_PAIR_MISSING",
            "; ".join(alone) or "no file ends with the given suffix",
            "give both files of a pair the same name, or tell the ends in which they "
            "differ with --input-suffix and --target-suffix",
        )


def _compiled(group_by: str | None) -> re.Pattern[str] | None:
    try:
        return None if group_by is None else re.compile(group_by)
    except re.error as error:
        raise InputError(
            "E_GROUP_BY",
            f"--group-by {group_by!r} is not a regular expression: {error}",
            r"for example --group-by '(.*)_t\d+'",
        ) from error


def position_of(stem: str) -> str:
    """Give a name up to its first time, z, channel or tile number."""
    first = _REPEATS.search(stem)
    return stem[: first.start()] if first and first.start() else stem


def _group(stem: str, pattern: re.Pattern[str] | None) -> str:
    if pattern is None:
        return position_of(stem)
    match = pattern.search(stem)
    if match is None:
        raise InputError(
            "E_GROUP_BY",
            f"--group-by {pattern.pattern!r} matches nothing in {stem!r}",
            "choose a pattern that matches every file's stem",
        )
    return match.group(1) if pattern.groups else match.group(0)


def _table_error(path: Path, message: str) -> InputError:
    return InputError(
        "E_PAIRS_TABLE",
        f"{path}: {message}",
        "make the table with 'frm-bridge pairs --input DIR --target DIR -o pairs.csv'",
    )
