"""``serve``, ``stop``, ``status``: the server that macros and programs call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frm_bridge.errors import EnvironmentProblem

if TYPE_CHECKING:
    from frm_bridge.doors.runtimefile import ServerRecord


def serve(
    port: Annotated[
        int, typer.Option(help="Listen here; by default the system chooses a port.")
    ] = 0,
    idle_minutes: Annotated[
        float, typer.Option(help="End after so long without a request.")
    ] = 20.0,
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
    options = ["--port", str(port), "--idle-minutes", str(idle_minutes)]
    if detach:
        return _detach(options, port, ij=ij)
    from frm_bridge.doors.lock import AlreadyServed
    from frm_bridge.doors.serving import ServerSettings
    from frm_bridge.doors.serving import serve as serve_until_the_end

    settings = ServerSettings(port=port, idle_s=idle_minutes * 60)
    try:
        serve_until_the_end(settings, listening=_show)
    except AlreadyServed:
        typer.echo("a server of yours runs already: see 'frm-bridge status'")
    except KeyboardInterrupt:
        typer.echo("ended")
    return 0


def _show(record: ServerRecord) -> None:
    typer.echo(f"serves at {record.url} (process {record.pid}); Ctrl-C ends it")


def _detach(options: list[str], port: int, *, ij: bool) -> int:
    from frm_bridge.doors.answer import Answer, answer_of
    from frm_bridge.doors.runtimefile import record_path
    from frm_bridge.doors.starting import start_server

    try:
        record = start_server(options)
        _check_port(record, port)
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


def _check_port(record: ServerRecord, port: int) -> None:
    """Say it where the server that runs already listens elsewhere."""
    if port and not record.url.endswith(f":{port}"):
        raise EnvironmentProblem(
            "E_SERVER_RUNS",
            f"a server of yours runs already, at {record.url}, not at port {port}",
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
