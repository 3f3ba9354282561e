"""``doctor``: what works on this machine, and the fix for what does not."""

from __future__ import annotations

import importlib.util
import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frm_bridge import __version__
from frm_bridge.cli.options import show_finding
from frm_bridge.doors.findings import Finding
from frm_bridge.errors import FrmError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def doctor(
    fiji: Annotated[
        Path | None,
        typer.Option("--fiji", help="Start this Fiji, and check its FRM commands."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Check everything that frm-bridge uses, each part by really using it.

    Exit status 1 if a part that is needed to predict or to analyse is at fault.

    For example:

        frm-bridge doctor

        frm-bridge doctor --fiji ~/Fiji.app
    """
    findings = []
    for finding in _findings(fiji):
        findings.append(finding)
        if not as_json:
            show_finding(finding)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    if any(finding.state == "fault" for finding in findings):
        raise typer.Exit(1)


def _findings(fiji: Path | None) -> Iterator[Finding]:
    yield Finding(
        "frm-bridge", "ok", f"{__version__}, Python {platform.python_version()}"
    )
    yield from _providers()
    yield _checked("model", _model)
    yield _checked("Java", lambda: _java(fiji))
    yield _checked("ImageJ", lambda: _imagej(fiji))
    yield _training()
    yield from _doors(fiji)


def _providers() -> Iterator[Finding]:
    from frm_bridge.prediction.runtime import available_providers, runtime_version

    try:
        version = runtime_version()
        providers = available_providers()
    except FrmError as error:
        yield Finding("ONNX Runtime", "fault", error.message, error.fix)
        return
    yield Finding("ONNX Runtime", "ok", version)
    for name, problem in providers.items():
        part = name.removesuffix("ExecutionProvider")
        if problem is None:
            yield Finding(part, "ok", "runs")
        else:
            yield Finding(part, "missing", problem, _provider_fix(part))


def _provider_fix(part: str) -> str:
    """Say how to get a provider, where this machine could use it."""
    from frm_bridge.prediction.distributions import exchange_for, nvidia_driver_present

    if part == "CUDA" and nvidia_driver_present():
        return exchange_for("onnxruntime-gpu")
    return ""  # the CPU runs everything


def _doors(fiji: Path | None) -> Iterator[Finding]:
    """Look at the server, and at the commands in each Fiji."""
    from frm_bridge.doors.health import folder_findings, server_findings

    try:
        yield from server_findings()
        yield from folder_findings(fiji)
    except FrmError as error:  # there can be no folder for them
        yield Finding("server", "fault", error.message, error.fix)


def _checked(part: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(part, "ok", check())
    except FrmError as error:
        return Finding(part, "fault", error.message, error.fix)
    except Exception as error:  # whatever is broken, the other parts are looked at
        return Finding(
            part,
            "fault",
            f"{type(error).__name__}: {error}",
            f"install frm_bridge and what it needs anew: {sys.executable} -m pip "
            "install --force-reinstall frm-bridge",
        )


def _model() -> str:
    """Predict noise with the first shipped model."""
    import numpy as np

    from frm_bridge.models.registry import shipped_models
    from frm_bridge.prediction.engine import predict_image

    for name, path in shipped_models().items():
        noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
        predict_image(noise, path, force=True)
        return f"{name} predicts ({path})"
    return "none is shipped; give the path of an .onnx file"


def _java(fiji: Path | None) -> str:
    from frm_bridge.imagej import check_java

    java = check_java(fiji)
    return f"{java.version} ({java.source}, {java.home})"


def _imagej(fiji: Path | None) -> str:
    from frm_bridge.imagej import start_imagej

    imagej = start_imagej(fiji=fiji)
    jython = f", Jython {imagej.jython_version}" if imagej.jython_version else ""
    place = f", {imagej.folder}" if imagej.folder else ""
    return (
        f"{imagej.version} ({imagej.kind}{place}), Java {imagej.java_version}{jython}"
    )


def _training() -> Finding:
    """Look for TensorFlow without importing it, which takes seconds."""
    names = ("tensorflow", "keras", "tf2onnx")
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if not missing:
        return Finding("training", "ok", f"{', '.join(names)} are installed")
    return Finding(
        "training",
        "missing",
        f"without {', '.join(missing)}: this environment predicts, but does not train",
        f'in the folder of frm_bridge: {sys.executable} -m pip install ".[train]"',
    )
