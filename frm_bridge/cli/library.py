"""``models list``, ``models install`` and ``models remove``."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frm_bridge.errors import InputError, ModelError

if TYPE_CHECKING:
    from frm_bridge.models.registry import ListedModel

_DIGITS = 12


def list_models(
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON, with all that is known.")
    ] = False,
) -> None:
    """List the models that have a name: shipped, installed, and Fiji's.

    Each line has the name, the version, whose it is, the first digits of its content
    hash (the SHA-256 of the .onnx file), its size, what it predicts, and where it lies;
    or why it cannot be used. NAME, NAME@VERSION or NAME@sha256:DIGITS can be given to
    every command, and in Fiji, in place of a file.

    For example:

        frm-bridge models list
    """
    from frm_bridge.models.registry import list_models

    found = list_models()
    if as_json:
        content = [dataclasses.asdict(model) for model in found]
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    names = max((len(model.name) for model in found), default=0)
    for model in found:
        typer.echo(f"{model.name:{names}s}  {_line(model)}")


def _line(model: ListedModel) -> str:
    start = f"{model.version or '?':8s}  {model.where:9s}"
    if model.problem:
        return f"{start}  cannot be used: {model.problem}  {model.path}"
    size = f"{model.size_bytes / 1e6:.1f} MB"
    about = model.predicts or "without a card"
    return f"{start}  {model.sha256[:_DIGITS]}  {size:>9s}  {about}  {model.path}"


def install(
    source: Annotated[
        Path,
        typer.Argument(
            help="A package (.zip or folder) or an .onnx file.", show_default=False
        ),
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            help="Another folder of models, such as Fiji's models, where deepImageJ "
            "finds it, too; without it, your own.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--as", help="A name in place of the model's own.", show_default=False
        ),
    ] = None,
) -> None:
    """Install a model, once it is verified, to be found by its name.

    What 'models verify' says must be right before anything is copied. Two models of
    one name live side by side by their versions; nothing is ever written over.

    For example:

        frm-bridge models install nuclei.zip

        frm-bridge models install nuclei.zip --into ~/Fiji/models
    """
    from frm_bridge.models.library import install_model
    from frm_bridge.models.registry import shipped_models

    _verify(source)
    done = install_model(source, into=into, name=name)
    if not done.is_new:
        typer.echo(f"{done.name} {done.version} is there already: {done.path}")
        return
    typer.echo(f"installed {done.name} {done.version} in {done.path}")
    if into is None:
        whole = f"{done.name}@{done.version}"
        shown = whole if done.name in shipped_models() else done.name
        typer.echo(f"next: frm-bridge predict {shown} IMAGES --output FOLDER")


def _verify(source: Path) -> None:
    """Refuse a model that does not do here what it says of itself."""
    from frm_bridge.prediction.verification import verify_package

    # NB: a short name might be that of another model.
    result = verify_package(source.absolute())
    faults = [check for check in result.checks if check.state == "fault"]
    if faults:
        said = "; ".join(f"{check.part}: {check.found}" for check in faults)
        raise ModelError(
            "E_MODEL_NOT_VERIFIED",
            f"{source.name} is not fit for use: {said}",
            f"see 'frm-bridge models verify {source}', and tell whoever sent it",
        )


def remove(
    name: Annotated[
        str, typer.Argument(help="NAME, or NAME@VERSION.", show_default=False)
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a model that was installed.

    For example:

        frm-bridge models remove nuclei@1.0.0
    """
    from frm_bridge.models.library import find_removable, remove_model

    placed = find_removable(name)
    if not yes:
        if not sys.stdin.isatty():
            raise InputError(
                "E_OPTION", f"{placed.path} would be removed", "allow it with --yes"
            )
        typer.confirm(f"Remove {placed.path}?", abort=True)
    typer.echo(f"removed {remove_model(name).path}")
