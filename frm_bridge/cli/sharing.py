"""``models pack`` and ``models verify``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frm_bridge.cli.options import Overwrite, warn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from frm_bridge.models.lint import LintFinding
    from frm_bridge.prediction.trials import Check

_MARKS = {"ok": "ok   ", "note": "note ", "fault": "FAULT"}
_WIDTH = len("golden pair on openvino")


def pack(
    model: Annotated[
        str,
        typer.Argument(help="An .onnx file with a card, or a shipped model's name."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The .zip file to write.")
    ],
    card: Annotated[
        Path | None,
        typer.Option(
            help="TOML file that completes the card, for example its licence."
        ),
    ] = None,
    sample: Annotated[
        Path | None,
        typer.Option(
            help="Field of transmitted light that the model has never seen; by default "
            "the one in the folder 'sample' beside the model."
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="Its stain: the liveliest part becomes the test image."),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a model as a bioimage.io package, for other labs and programs.

    One zip with the network, its card, a test image and the prediction that is
    expected of it, a cover picture, and the hash of each file.

    For example:

        frm-bridge models pack nuclei-brightfield --output nuclei.zip

        frm-bridge models pack my.onnx -o my.zip --card card.toml --sample f1.tif
    """
    from frm_bridge.errors import InputError
    from frm_bridge.prediction.packaging import Sample, pack_model

    if truth is not None and sample is None:
        raise InputError(
            "E_OPTION",
            "--truth was given without --sample",
            "give the field that it is the stain of",
        )
    chosen = None if sample is None else Sample(sample, truth)
    report = pack_model(
        model, output, card_file=card, sample=chosen, overwrite=overwrite
    )
    warn(_in_words(report.findings))
    typer.echo(f"{report.output}  {report.size / 1e6:.1f} MB, sha256 {report.sha256}")
    typer.echo(
        f"test image: {report.side} px of {report.sample.name}; tolerance "
        f"{report.tolerance:.3g}"
    )
    typer.echo(f"check it: frm-bridge models verify {report.output}")


def verify(
    model: Annotated[
        str,
        typer.Argument(
            help="A package (.zip or folder), an .onnx file, or the name of a model."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="The table as JSON.")] = False,
) -> None:
    """Check that a model is whole, safe, and predicts here what it should.

    Compares the hashes of all files, looks at what the network may do, predicts
    the test image of the package on each device that works here, compares tiles
    with one window, and says what deepImageJ would not like. The exit status is 1
    if the model should not be used.

    For example:

        frm-bridge models verify nuclei.zip
    """
    from frm_bridge.prediction.verification import verify_package

    result = verify_package(model)
    if as_json:
        content = dataclasses.asdict(result) | {"passed": result.passed}
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))
    else:
        typer.echo(f"{result.model}  {result.name} {result.version}".rstrip())
        typer.echo(f"sha256 of the network: {result.sha256}")
        for check in result.checks:
            _show(check)
        typer.echo("fit for use" if result.passed else "NOT fit for use")
    if not result.passed:
        raise typer.Exit(1)


def _show(check: Check) -> None:
    typer.echo(f"{_MARKS[check.state]} {check.part:{_WIDTH}s} {check.found}")
    if check.fix:
        typer.echo(f"{'':{_WIDTH + 6}s} fix: {check.fix}")


def _in_words(findings: Iterable[LintFinding]) -> list[str]:
    return [f"deepImageJ: {each.found} (fix: {each.fix})" for each in findings]
