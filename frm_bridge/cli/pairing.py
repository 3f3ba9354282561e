"""``pairs`` and ``split``, and the options that say which pairs are meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frm_bridge.cli.options import Output, Overwrite, one_of, progress_bar
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from frm_bridge.training.pairs import Pair

InputFolder = Annotated[
    Path | None, typer.Option("--input", help="Folder of transmitted-light images.")
]
TargetFolder = Annotated[
    Path | None, typer.Option("--target", help="Folder of fluorescence images.")
]
PairsTable = Annotated[
    Path | None, typer.Option("--pairs", help="Table made by 'frm-bridge pairs'.")
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        help="Regular expression: its first parenthesis is a pair's field, position or "
        "well. By default the name up to its first time, z, channel or tile number."
    ),
]
InputSuffix = Annotated[str, typer.Option(help="End of the input names, as _BF.")]
TargetSuffix = Annotated[str, typer.Option(help="End of the target names, as _DAPI.")]
InputChannel = Annotated[
    int | None,
    typer.Option(help="Channel of the input files, from 1 as in ImageJ."),
]
TargetChannel = Annotated[int | None, typer.Option(help="Likewise, of the targets.")]
Seed = Annotated[int, typer.Option(help="Of every random choice.")]


def pairs(
    input_folder: Annotated[
        Path, typer.Option("--input", help="Folder of transmitted-light images.")
    ],
    target_folder: Annotated[
        Path, typer.Option("--target", help="Folder of fluorescence images.")
    ],
    group_by: GroupBy = None,
    input_suffix: InputSuffix = "",
    target_suffix: TargetSuffix = "",
    input_channel: InputChannel = None,
    target_channel: TargetChannel = None,
    split: Annotated[
        str, typer.Option(help="none, grouped (whole groups) or paper (sub-images).")
    ] = "none",
    seed: Seed = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the table here; else it is printed."
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Print the table of pairs of two folders, matched by file name.

    One line a field. Edit it if need be, then give it to 'train' or 'split'.

    For example:

        frm-bridge pairs --input brightfield --target dapi --output pairs.csv

        frm-bridge pairs --input all --target all --input-suffix _BF
        --target-suffix _DAPI -o pairs.csv

        frm-bridge pairs --input stacks --target stacks --input-channel 1
        --target-channel 2 -o pairs.csv
    """
    from frm_bridge.training.pairs import find_pairs, format_pairs, write_pairs

    found = find_pairs(
        input_folder,
        target_folder,
        group_by=group_by,
        input_suffix=input_suffix,
        target_suffix=target_suffix,
        input_channel=input_channel,
        target_channel=target_channel,
    )
    kind = one_of("--split", split, ("none", "grouped", "paper"))
    if kind != "none":
        found = assigned(found, kind, seed)
    if output is None:
        typer.echo(format_pairs(found), nl=False)
        return
    write_pairs(output, found, overwrite=overwrite)
    typer.echo(f"{len(found)} pairs: {output}")


def split(
    output: Output,
    pairs_table: PairsTable = None,
    input_folder: InputFolder = None,
    target_folder: TargetFolder = None,
    tile: Annotated[int, typer.Option(help="Side of a sub-image in px.")] = 256,
    overwrite: Overwrite = False,
) -> None:
    """Cut pairs into the paper's sub-images, numbered row by row.

    Writes the folders input and target, and pairs.csv for 'train'.

    For example:

        frm-bridge split --pairs pairs.csv --tile 256 --output tiles
    """
    from frm_bridge.training.subimages import split_images

    found = given_pairs(pairs_table, input_folder, target_folder)
    with progress_bar("splitting") as progress:
        made = split_images(
            found, output, tile=tile, overwrite=overwrite, progress=progress
        )
    if made.remainder:
        typer.echo(made.remainder, err=True)
    typer.echo(f"{len(made.pairs)} pairs of sub-images: {made.table}")


def given_pairs(
    table: Path | None,
    inputs: Path | None,
    targets: Path | None,
    **options: str | int | None,
) -> tuple[Pair, ...]:
    """Give the pairs of a table, or of two folders."""
    from frm_bridge.training.pairs import find_pairs, read_pairs

    given = [f"--{name.replace('_', '-')}" for name in options if options[name]]
    if table is not None and given:
        raise InputError(
            "E_OPTION",
            f"{given[0]} is for the files of --input and --target; a table of pairs "
            "says already what belongs together",
            "leave it out, or change the table",
        )
    if table is not None and inputs is None and targets is None:
        return read_pairs(table)
    if table is None and inputs is not None and targets is not None:
        return find_pairs(inputs, targets, **options)  # type: ignore[arg-type]
    names = {"--pairs": table, "--input": inputs, "--target": targets}
    sources = [name for name, value in names.items() if value is not None]
    raise InputError(
        "E_OPTION",
        "the pairs come from --pairs, or from --input and --target; given: "
        + (", ".join(sources) or "none of them"),
        "give --pairs pairs.csv alone, or both --input DIR and --target DIR",
    )


def assigned(found: tuple[Pair, ...], split: str, seed: int) -> tuple[Pair, ...]:
    """Say of each pair whether it trains, validates or tests."""
    from frm_bridge.training.splits import split_by_group, split_like_the_paper

    if split == "paper":
        if any(pair.split for pair in found):
            raise InputError(
                "E_OPTION",
                "--split paper would replace the column 'split' of the table",
                "empty that column, or leave --split out",
            )
        return split_like_the_paper(found)
    return split_by_group(found, seed=seed)
