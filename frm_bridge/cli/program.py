"""``frm-bridge``: the commands together, and how their failures reach the user."""

from __future__ import annotations

import errno
import inspect
import io
import os
import sys
import warnings
from typing import TYPE_CHECKING, Annotated

import typer

from frm_bridge import __version__
from frm_bridge.cli import (
    analysis,
    benchmarking,
    demonstration,
    environment,
    exec,
    fitness,
    importing,
    installing,
    matching,
    models,
    pairing,
    prediction,
    presets,
    serving,
    sweeping,
    training,
)
from frm_bridge.cli.options import explain
from frm_bridge.cli.stopping import stoppable
from frm_bridge.errors import FrmError, OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEBUG = "FRM_BRIDGE_DEBUG"
INTERRUPTED = 130

app = typer.Typer(
    name="frm-bridge",
    help="Predict fluorescence from transmitted light, and let your own ImageJ "
    "analysis say whether the prediction is good enough.",
    epilog="Start with: frm-bridge demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demonstration.demo)
app.command()(pairing.pairs)
app.command()(training.train)
app.command()(pairing.split)
app.command()(prediction.predict)
app.command()(analysis.analyze)
app.command()(analysis.compare)
app.command()(fitness.verdict)
app.command()(presets.presets)
models.app.command("import-h5")(importing.import_h5)
app.command()(sweeping.scale_sweep)
models.app.command("map-intensity")(matching.map_intensity)
app.add_typer(models.app, name="models")
app.command()(benchmarking.bench)
app.command()(environment.doctor)
app.command("install-fiji")(installing.install_fiji)
app.command()(serving.serve)
app.command()(serving.stop)
app.command()(serving.status)
app.command(
    "exec",
    context_settings={"ignore_unknown_options": True},  # the answer tells of them
)(exec.execute)


def flowing(text: str) -> str:
    """Give a docstring as a help text: paragraphs without line ends, examples as is.

    NB: typer keeps the line ends, and at 80 columns every other line would be short.
    """
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        each if each.startswith(" ") else each.replace("\n", " ") for each in paragraphs
    )


for _group in (app, models.app):
    for _command in _group.registered_commands:
        _command.help = flowing(inspect.getdoc(_command.callback) or "")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"frm-bridge {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    del version


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; by default those of the process.

    Returns
    -------
    int
        0 for success; 1 for a failure that was explained on standard error; 2 for a
        command line that cannot be read; 130 after Ctrl-C or SIGTERM.
    """
    if not os.environ.get(DEBUG):
        warnings.filterwarnings("ignore")  # libraries' own, of no use to a user
    _print_any_letter()
    command = typer.main.get_command(app)
    try:
        with stoppable():
            status = command.main(
                args=list(sys.argv[1:] if arguments is None else arguments),
                prog_name="frm-bridge",
                standalone_mode=False,
            )
    except FrmError as error:
        _explain(error)
        return 1
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except OSError as error:
        return _refused_by_the_system(error)
    except Exception as error:
        return _unforeseen(error)
    if status == INTERRUPTED:  # newer typers give it back themselves
        typer.echo("stopped; no half-written result was left behind", err=True)
    return status if isinstance(status, int) else 0


def _print_any_letter() -> None:
    """Let a name be printed with escapes where an encoding lacks its letters.

    NB: a pipe on Windows has the code page's; a failure to print would be no answer.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _explain(error: FrmError) -> None:
    if os.environ.get(DEBUG):
        raise error
    explain(error)


def _refused_by_the_system(error: OSError) -> int:
    """Explain what the system does not allow, wherever it was met."""
    known = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG}
    if error.errno not in known or os.environ.get(DEBUG):
        return _unforeseen(error)
    place = error.filename or "a file"
    fix = "choose another place, or ask its owner for permission"
    if error.errno == errno.ENAMETOOLONG:
        fix = "give a shorter name"
    _explain(OutputError("E_NOT_PERMITTED", f"{place}: {error.strerror}", fix))
    return 1


def _unforeseen(error: Exception) -> int:
    """Explain what is no ``FrmError``: a mistyped command line, or a fault of ours."""
    show = getattr(error, "show", None)  # click's usage errors show themselves
    if show is not None:
        show()
        return int(getattr(error, "exit_code", 2))
    if os.environ.get(DEBUG):
        raise error
    typer.echo(f"error: E_INTERNAL {type(error).__name__}: {error}", err=True)
    typer.echo(
        f"fix: this is a fault of frm_bridge; run again with {DEBUG}=1 and report what "
        "it prints",
        err=True,
    )
    return 1
