"""``install-fiji``: the FRM commands into a Fiji or a plain ImageJ, and out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from frm_bridge import __version__
from frm_bridge.cli.options import show_finding
from frm_bridge.errors import InputError


def install_fiji(
    folder: Annotated[
        Path,
        typer.Argument(help="Of a Fiji or a plain ImageJ.", show_default=False),
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Say of each file whether it is up to date.")
    ] = False,
    uninstall: Annotated[
        bool, typer.Option("--uninstall", help="Remove what was installed.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what you have changed, too.")
    ] = False,
    python: Annotated[
        Path | None,
        typer.Option(
            "--python",
            help="The Python that the commands call; without it, this one.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Put the FRM commands into a Fiji or a plain ImageJ.

    Restart it afterwards: they are in Plugins > FRM. What else is in the folder is left
    alone, and --uninstall leaves it as it was before. --check has exit status 1 where
    something is wrong, and says how to put it right.

    For example:

        frm-bridge install-fiji ~/Fiji

        frm-bridge install-fiji ~/Fiji --check

        frm-bridge install-fiji ~/ImageJ --uninstall
    """
    _refuse_together(
        {"--check": check, "--uninstall": uninstall, "--overwrite": overwrite},
        {"--check": check, "--uninstall": uninstall, "--python": python is not None},
    )
    if check:
        _check(folder, every=True)
    elif uninstall:
        _uninstall(folder)
    else:
        _install(folder, python, overwrite=overwrite)


def _refuse_together(*options: dict[str, bool]) -> None:
    for each in options:
        given = [name for name, is_given in each.items() if is_given]
        if len(given) > 1:
            raise InputError(
                "E_OPTION",
                f"{' and '.join(given)} do not go together",
                f"leave {given[-1]} out",
            )


def _install(folder: Path, python: Path | None, *, overwrite: bool) -> None:
    from frm_bridge.doors import install
    from frm_bridge.doors.imagejfolder import NAMES

    done = install(folder, python=python, overwrite=overwrite)
    name = NAMES[done.place.form]
    typer.echo(f"frm_bridge {__version__} is in the {name} {done.place.path}")
    typer.echo(f"its commands call {done.python}")
    for path in done.removed:
        typer.echo(f"removed {path}, of an earlier version")
    _check(folder, every=False)
    program = name.split()[-1]
    typer.echo(f"next: restart {program}, then Plugins > FRM > FRM Predict")


def _check(folder: Path, *, every: bool) -> None:
    """Print all findings, or the faults alone; end after a fault."""
    from frm_bridge.doors.inspection import check

    findings = check(folder)
    faults = [finding for finding in findings if finding.state == "fault"]
    for finding in findings if every else faults:
        show_finding(finding)
    if faults:
        raise typer.Exit(1)


def _uninstall(folder: Path) -> None:
    from frm_bridge.doors import uninstall

    done = uninstall(folder)
    typer.echo(f"removed {len(done.removed)} files from {done.folder}")
    for path in done.kept:
        typer.echo(f"kept {path}: it was changed since it was installed")
    if done.kept:
        typer.echo("to be rid of them too, delete them, and uninstall again")
