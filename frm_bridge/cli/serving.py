"""``serve``, ``stop``, ``status``: the server that macros and programs call."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frm_bridge.errors import EnvironmentProblem

if TYPE_CHECKING:
    from frm_bridge.doors.runtimefile import ServerRecord


def serve(
    port: Annotated[
        int | None, typer.Option(help="Listen here; by default the system chooses.")
    ] = None,
    idle_minutes: Annotated[
        float | None,
        typer.Option(help="End after so long without a request; by default 20."),
    ] = None,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach", help="Run as a process of its own, and return when it answers."
        ),
    ] = False,
    ij: Annotated[
        bool,
        typer.Option("--ij", help="With --detach, answer as ImageJ's exec() reads it."),
    ] = False,
) -> int:
    """Keep models and ImageJ ready, so that a call from a macro takes no start.

    The commands of Plugins > FRM start it by themselves, and it ends by itself. It
    listens on this machine alone, and lets in only who can read its run-time file,
    ~/.frm_bridge/server.txt, which is this user.

    For example:

        frm-bridge serve

        frm-bridge serve --detach --idle-minutes 120
    """
    from frm_bridge.doors.life import IDLE_S
    from frm_bridge.doors.lock import AlreadyServed
    from frm_bridge.doors.serving import ServerSettings
    from frm_bridge.doors.serving import serve as serve_until_the_end
    from frm_bridge.doors.starting import find_server

    idle_s = None if idle_minutes is None else idle_minutes * 60
    if detach:
        return _detach(port, idle_s, ij=ij)
    settings = ServerSettings(port or 0, IDLE_S if idle_s is None else idle_s)
    try:
        serve_until_the_end(settings, listening=_show)
    except AlreadyServed:
        if (record := find_server()) is not None:
            _check_settings(record, port, idle_s)
        typer.echo("a server of yours runs already: see 'frm-bridge status'")
    except KeyboardInterrupt:
        typer.echo("ended")
    return 0


def _show(record: ServerRecord) -> None:
    typer.echo(f"serves at {record.url} (process {record.pid}); Ctrl-C ends it")


def _detach(port: int | None, idle_s: float | None, *, ij: bool) -> int:
    from frm_bridge.doors.answer import Answer, answer_of
    from frm_bridge.doors.runtimefile import record_path
    from frm_bridge.doors.starting import start_server

    options = [] if port is None else ["--port", str(port)]
    options += [] if idle_s is None else ["--idle-minutes", repr(idle_s / 60)]
    try:
        record = start_server(options)
        _check_settings(record, port, idle_s)
    except (Exception, KeyboardInterrupt) as error:
        if not ij:
            raise
        typer.echo(answer_of(error).line)
        return 1
    if ij:
        typer.echo(Answer("ok", outputs=(record_path(),)).line)
    else:
        typer.echo(f"serves at {record.url} (process {record.pid})")
    return 0


def _check_settings(
    record: ServerRecord, port: int | None, idle_s: float | None
) -> None:
    """Say it where the server that runs already was started with other options."""
    from frm_bridge.doors.starting import ask

    if port and not record.url.endswith(f":{port}"):
        found = f"at {record.url}, not at port {port}"
        raise _runs_otherwise(found)
    if idle_s is None:
        return
    own_s = float(ask(record, "/ping")["ends_after_idle_s"])
    if not math.isclose(own_s, idle_s):
        wanted = f"not after {idle_s / 60:g}"
        found = f"which ends after {own_s / 60:g} min without a request, {wanted}"
        raise _runs_otherwise(found)


def _runs_otherwise(found: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        "E_SERVER_RUNS",
        f"a server of yours runs already, {found}",
        "end it first, with 'frm-bridge stop'",
    )


def stop() -> None:
    """End the server; what it is at is cancelled, with nothing half-written.

    For example:

        frm-bridge stop
    """
    from frm_bridge.doors.starting import stop_server

    record = stop_server()
    typer.echo(f"ended process {record.pid}" if record else "no server runs")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> int:
    """Say whether a server runs, and what it is at.

    Exit status 0 if one runs, 1 if none does.

    For example:

        frm-bridge status

        frm-bridge status --json
    """
    from frm_bridge.doors.lock import is_served, silent_server
    from frm_bridge.doors.starting import ask, find_server

    record = find_server()
    facts = ask(record, "/ping") | {"url": record.url} if record else {}
    silent = record is None and is_served()
    if as_json:
        answer = {"running": bool(record), "silent": silent, **facts}
        typer.echo(json.dumps(answer, indent=2))
    elif silent:
        raise silent_server()
    else:
        typer.echo("\n".join(_lines(facts)) if record else "no server runs")
    return 0 if record else 1


def _lines(facts: dict[str, Any]) -> list[str]:
    jobs = facts["jobs"]
    left = facts["ends_after_idle_s"] - facts["idle_s"]
    return [
        f"server   frm-bridge {facts['version']}, process {facts['pid']}",
        f"address  {facts['url']}",
        f"since    {facts['started']}; ends {left / 60:.0f} min after the last request",
        f"jobs     {jobs['running']} running, {jobs['waiting']} waiting, "
        f"{jobs['done']} done",
        f"models   {', '.join(facts['models']) or 'none open'}",
    ]
