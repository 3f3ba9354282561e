"""The paper's sub-images: both channels cut alike into tiles (CL-050 to CL-057).

Tiles are numbered from 1, row by row, and carry their source's name, so that two
channels can never be mispaired as between the original's macro and its script.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.errors import InputError, OutputError
from frm_bridge.images import create_image
from frm_bridge.outputs import check_absent, make_folder, write_text
from frm_bridge.training.pairs import (
    Pair,
    check_images,
    check_names,
    format_pairs,
    read_pairs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from frm_bridge.images import Image


@dataclass(frozen=True, slots=True)
class SubImages:
    """What a split wrote: a table of new pairs, and how many pixels fitted nowhere."""

    table: Path
    pairs: tuple[Pair, ...]
    dropped_rows: int
    dropped_columns: int

    @property
    def remainder(self) -> str:
        """What of the images is in no tile, in words; nothing where all is."""
        if not self.dropped_rows and not self.dropped_columns:
            return ""
        return (
            f"left out: up to {self.dropped_rows} rows at the bottom and "
            f"{self.dropped_columns} columns on the right that fill no tile"
        )


def split_images(
    pairs: Sequence[Pair],
    output: Path,
    *,
    tile: int = 256,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> SubImages:
    """Cut both images of every pair into non-overlapping square tiles.

    Parameters
    ----------
    pairs : sequence of Pair
        Images of any size from ``tile`` up; a remainder on the right and at the bottom
        is left out, as in the original, and reported.
    output : Path
        Gets the folders ``input`` and ``target`` and the table ``pairs.csv``.
    tile : int
        Side in px.
    overwrite : bool
        Replace existing tiles.
    progress : callable (done, total), optional
        Counted in pairs.

    Returns
    -------
    SubImages
        The tiles keep their source's group, so that a grouped split stays honest.
    """
    if tile < 16:
        raise InputError(
            "E_TILE", f"a tile has 16 px or more, got {tile}", "for example --tile 256"
        )
    table = output / "pairs.csv"
    check_absent(table, overwrite=overwrite)
    _check_folders(pairs, output, overwrite=overwrite)
    check_names(pairs)
    check_images(pairs)
    _refuse_small(pairs, tile)
    _remove_earlier(table)
    made: list[Pair] = []
    rest = (0, 0)
    with _whole_or_not(output, {pair.input.stem for pair in pairs}):
        for done, pair in enumerate(pairs, start=1):
            made += _split_pair(pair, output, tile, overwrite)
            with pair.open_input() as image:
                left = (image.info.height % tile, image.info.width % tile)
            rest = (max(rest[0], left[0]), max(rest[1], left[1]))
            if progress:
                progress(done, len(pairs))
        write_text(
            table,
            format_pairs(_relative(pair, output) for pair in made),
            overwrite=overwrite,
        )
    return SubImages(table, tuple(made), *rest)


@contextmanager
def _whole_or_not(output: Path, stems: Collection[str]) -> Iterator[None]:
    """Remove the tiles of a split that was stopped, and the folders it made."""
    folders = [output / "input", output / "target"]
    before = {path for folder in folders for path in folder.glob("*")}
    places = [*folders, output, *output.parents]
    missing = [folder for folder in places if not folder.exists()]
    try:
        yield
    except BaseException:
        for folder in folders:
            for path in set(folder.glob("*_tile*.tif")) - before:
                if path.stem.rpartition("_tile")[0] in stems:
                    path.unlink()
        for folder in missing:
            with suppress(OSError):  # it was never made
                folder.rmdir()
        raise


def _check_folders(pairs: Sequence[Pair], output: Path, *, overwrite: bool) -> None:
    """Keep tiles from lying among other images, and those they are cut from."""
    sources = {
        path.resolve().parent for pair in pairs for path in (pair.input, pair.target)
    }
    for folder in (output / "input", output / "target"):
        if folder.resolve() in sources:
            raise OutputError(
                "E_OUTPUT_IS_INPUT",
                f"the tiles would lie among the images in {folder}",
                "choose another --output",
            )
        if folder.is_dir() and any(folder.iterdir()):
            check_absent(folder, overwrite=overwrite)


def _remove_earlier(table: Path) -> None:
    """Remove the tiles of an earlier split, and nothing else."""
    if not table.is_file():
        return
    folders = [table.parent / side for side in ("input", "target")]
    for pair in read_pairs(table):
        for path in (pair.input, pair.target):
            if path.parent in folders:
                path.unlink(missing_ok=True)
    table.unlink()


def _split_pair(pair: Pair, output: Path, tile: int, overwrite: bool) -> list[Pair]:
    stem = pair.input.stem  # both tiles of a pair get the input's name
    with pair.open_input() as image, pair.open_target() as target:
        inputs, targets = (
            _split_image(opened, make_folder(output / side), stem, tile, overwrite)
            for side, opened in (("input", image), ("target", target))
        )
    return [
        Pair(image, target, pair.group, pair.pixel_size_um, pair.split)
        for image, target in zip(inputs, targets, strict=True)
    ]


def _split_image(
    image: Image, folder: Path, stem: str, tile: int, overwrite: bool
) -> list[Path]:
    written = []
    info = image.info
    columns = info.width // tile
    for number in range((info.height // tile) * columns):
        row, column = divmod(number, columns)
        path = folder / f"{stem}_tile{number + 1:05d}.tif"
        with create_image(
            path,
            axes=info.axes,
            shape=(*info.shape[:-2], tile, tile),
            dtype=info.dtype,
            pixel_size_um=info.pixel_size_um,
            z_step_um=info.z_step_um,
            frame_interval_s=info.frame_interval_s,
            overwrite=overwrite,
        ) as writer:
            for plane in range(info.plane_count):
                window = image.read_window(plane, row * tile, column * tile, tile, tile)
                writer.write_window(plane, 0, 0, window)
        written.append(path)
    return written


def _refuse_small(pairs: Sequence[Pair], tile: int) -> None:
    small = []
    for pair in pairs:
        with pair.open_input() as image:
            if min(image.info.height, image.info.width) < tile:
                small.append(f"{pair.input} {image.info.height}x{image.info.width}")
    if small:
        raise InputError(
            "E_TILE",
            f"tiles of {tile} px do not fit into {', '.join(small)}",
            "choose a smaller --tile",
        )


def _relative(pair: Pair, folder: Path) -> Pair:
    return Pair(
        Path(pair.input).relative_to(folder),
        Path(pair.target).relative_to(folder),
        pair.group,
        pair.pixel_size_um,
        pair.split,
    )
