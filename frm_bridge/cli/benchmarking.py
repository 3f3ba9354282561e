"""``bench``."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from frm_bridge.cli.options import Device, one_of, progress_bar


def bench(
    model: Annotated[
        str, typer.Argument(help="A model's name, an .onnx file, or a package.")
    ] = "nuclei-brightfield",
    device: Device = "auto",
    size: Annotated[
        list[int] | None,
        typer.Option(min=16, help="Side of a square image; may be repeated."),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Leave out the published algorithm and memory."),
    ] = False,
    imagej: Annotated[
        bool,
        typer.Option("--imagej", help="Measure the nuclei workflow in ImageJ instead."),
    ] = False,
    doors: Annotated[
        bool,
        typer.Option("--doors", help="Measure calls from ImageJ and Python instead."),
    ] = False,
) -> None:
    """Measure speed and memory on this machine.

    Prints a table: engine and bare network, all of them on the same images. With
    --imagej: how long the first and a further field take in the embedded ImageJ,
    beside a macro of the same calls, and whether 100 fields make Java's memory grow.
    With --doors: how much longer than the bare prediction a call takes from a macro,
    from Python, through Appose and by exec; how long a server takes to start; and
    whether 100 calls make it grow. It takes a server and an ImageJ of its own.

    For example:

        frm-bridge bench --size 1024 --quick

        frm-bridge bench --imagej

        frm-bridge bench --doors
    """
    if imagej:
        from frm_bridge.imagej.benchmark import measure_speed

        with progress_bar("100 fields") as progress:
            speed = measure_speed(progress=progress)
        typer.echo(speed.describe())
        return
    from frm_bridge.prediction.providers import Device as DeviceName

    on = one_of("--device", device, get_args(DeviceName))
    if doors:
        from frm_bridge.doors.benchmark import DoorSettings, measure_doors

        settings = DoorSettings(model=model, device=on, side=(size or [2048])[0])
        typer.echo(measure_doors(settings, progress=_say_measuring).describe())
        return
    from frm_bridge.prediction.benchmark import benchmark

    table = benchmark(
        model,
        device=on,
        sizes=tuple(size or (1024, 4096)),
        paper=not quick,
        memory=not quick,
        progress=_say_measuring,
    )
    typer.echo(table.to_text())


def _say_measuring(text: str) -> None:
    typer.echo(f"measuring {text} ...", err=True)
