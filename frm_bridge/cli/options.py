"""Options that several commands share, and how they show progress."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frm_bridge.cli.stopping import raise_if_stopped
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from frm_bridge.doors.findings import Finding
    from frm_bridge.errors import FrmError
    from frm_bridge.imagej import Workflow

Output = Annotated[
    Path,
    typer.Option("--output", "-o", help="Folder for the results; made if missing."),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace results that exist already.")
]
Device = Annotated[
    str, typer.Option(help="auto, cuda, openvino or cpu; auto takes the fastest.")
]
RequireGpu = Annotated[
    bool, typer.Option("--require-gpu", help="Fail rather than run on the CPU.")
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Predict images, too, that are unlike the training images (judged red); "
        "the output says so.",
    ),
]
FijiFolder = Annotated[
    Path | None,
    typer.Option(
        "--fiji", help="Run in this Fiji folder instead of the embedded ImageJ."
    ),
]
Channel = Annotated[
    int | None,
    typer.Option(
        help="Take this channel of multi-channel images, from 1 as in ImageJ; without "
        "it, all of them."
    ),
]
PixelSize = Annotated[
    float | None,
    typer.Option("--pixel-size", help="µm per pixel, in place of what the files say."),
]
Grain = Annotated[
    bool,
    typer.Option(
        "--grain/--no-grain",
        help="Put back into resampled images the pixel noise that resampling takes.",
    ),
]

Jobs = Annotated[
    int, typer.Option("--jobs", "-j", help="Images measured at a time, each in a Java.")
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        help="Seconds after which the measuring of an image is ended, 0 for never; "
        "without it, 600 for a script of your own, and never for ours."
    ),
]


def time_limit_of(workflow: Workflow, given: float | None) -> float | None:
    """Give the time limit of a run, in s; None where there is none."""
    from frm_bridge.imagej import default_time_limit

    return default_time_limit(workflow) if given is None else given or None


def one_of(option: str, value: str, choices: Iterable[str]) -> Any:
    """Give a value that is among the choices, or explain them."""
    allowed = tuple(choices)
    if value not in allowed:
        raise InputError(
            "E_OPTION",
            f"{option} is {value!r}; expected one of {', '.join(allowed)}",
            f"for example {option} {allowed[0]}",
        )
    return value


def file_name(name: str) -> str:
    """Give what --name says, if a file can be called so."""
    if Path(name).name != name or name in {"", ".", ".."}:
        raise InputError(
            "E_OPTION",
            f"--name is {name!r}; the name of a file was expected, without a folder",
            "give the folder with --output",
        )
    return name


def explain(error: FrmError, *, known_fix: str = "") -> None:
    """Print an error and, unless it was printed just before, its fix."""
    typer.echo(f"error: {error.code} {error.message}", err=True)
    if error.fix != known_fix:
        typer.echo(f"fix: {error.fix}", err=True)


_MARKS = {"ok": "ok     ", "note": "note   ", "missing": "missing", "fault": "FAULT  "}


def show_finding(finding: Finding) -> None:
    """Print what a check found, and the fix below it."""
    typer.echo(f"{_MARKS[finding.state]} {finding.part:13s} {finding.found}")
    if finding.fix:
        typer.echo(f"{'':8s}{'':13s} fix: {finding.fix}")


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[..., None]]:
    """Show a bar with the time left on a terminal; stay silent elsewhere.

    Each move is a place to stop at, too.

    Yields
    ------
    callable (done, total, [text])
        Moves the bar; the text stands behind the label.
    """
    if not sys.stderr.isatty():
        yield lambda done, total, text="": raise_if_stopped()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=None)

        def move(done: int, total: int, text: str = "") -> None:
            raise_if_stopped()
            bars.update(
                task, completed=done, total=total, description=f"{label} {text}".strip()
            )

        yield move


def warn(messages: Iterable[str]) -> None:
    """Print warnings on standard error, each once."""
    for message in dict.fromkeys(messages):
        typer.echo(f"warning: {message}", err=True)
