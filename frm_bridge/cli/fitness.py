"""``verdict``: whether a prediction is fit for a question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frm_bridge.cli.options import (
    FijiFolder,
    Jobs,
    Output,
    Overwrite,
    PixelSize,
    TimeLimit,
    progress_bar,
    time_limit_of,
    warn,
)
from frm_bridge.cli.pairing import GroupBy  # noqa: TC001 - typer reads it
from frm_bridge.cli.workflowoptions import GivenParameters, with_workflow_options
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


@with_workflow_options
def verdict(
    question: Annotated[
        str,
        typer.Option(
            "--question",
            "-q",
            # NB: rich would take what stands in brackets for a style.
            help="<count|area|centroid|junction area|track speed|intensity|column "
            "NAME> \\[of OBJECT] within N <%|px|um>.",
        ),
    ],
    output: Output,
    truth: Annotated[
        Path | None, typer.Option(help="Measured fluorescence: file or folder.")
    ] = None,
    prediction: Annotated[
        Path | None,
        typer.Option(help="Predicted fluorescence, files of the same names."),
    ] = None,
    comparison: Annotated[
        Path | None,
        typer.Option(
            help="In their place, a folder that 'compare' wrote: nothing is measured "
            "again."
        ),
    ] = None,
    macro: Annotated[
        Path | None,
        typer.Option(
            help="Your own macro (.ijm) or Jython script (.py); without it, the "
            "workflow that the question is about."
        ),
    ] = None,
    input_images: Annotated[
        Path | None,
        typer.Option(
            "--input",
            help="Transmitted light: measured like a prediction, it is the floor.",
        ),
    ] = None,
    truth_channel: Annotated[
        int | None,
        typer.Option(help="Channel of multi-channel truth files, from 1 as in ImageJ."),
    ] = None,
    prediction_channel: Annotated[
        int | None, typer.Option(help="Likewise, of the predictions.")
    ] = None,
    input_channel: Annotated[
        int | None, typer.Option(help="Likewise, of the transmitted light.")
    ] = None,
    group_by: GroupBy = None,
    pixel_size: PixelSize = None,
    fiji: FijiFolder = None,
    jobs: Jobs = 1,
    time_limit: TimeLimit = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print verdict.json in place of words.")
    ] = False,
    overwrite: Overwrite = False,
    *,
    given: GivenParameters,
) -> None:
    """Say whether a prediction is fit for a question: fit, not fit or cannot tell.

    The same ImageJ workflow, or your own macro, measures truth and prediction; the
    mean error over independent fields (positions or wells, found in the files'
    names) is held with its 90 % interval against the tolerance. All of it inside
    is fit, all of it outside is not fit, anything else cannot tell, and so do
    fewer than three independent fields.

    The answer stands between a floor, the same analysis on the transmitted light
    and on the predictions of other fields, and a ceiling, the truth with its own
    noise added once more. Writes verdict.html, verdict.json, fields.csv and the
    comparisons.

    For example:

        frm-bridge verdict --truth dapi/ --prediction predicted/ --input light/
        --question "count nuclei within 5 %" -o verdict

        frm-bridge verdict --comparison compared/ -o verdict
        -q "centroid of nuclei within 2 px"

        frm-bridge verdict --truth dapi/ --prediction predicted/ --macro spots.ijm
        -q "column Mean of spots within 10 %" -o verdict
    """
    from frm_bridge.comparison.question import read_question
    from frm_bridge.experiments.verdict import verdict as judge

    asked = read_question(question)
    workflow, limit_s = None, None
    if comparison is None:
        workflow = given.workflow(asked.workflow if macro is None else str(macro))
        limit_s = time_limit_of(workflow, time_limit)
    elif macro is not None or given != GivenParameters(None, {}, ()):
        raise InputError(
            "E_OPTION",
            "an earlier comparison has been measured with its own parameters",
            "leave --macro and the workflow's options out, or give --truth and "
            "--prediction",
        )
    roles = {
        "truth": truth_channel,
        "prediction": prediction_channel,
        "transmitted": input_channel,
    }
    with progress_bar("verdict") as progress:
        result = judge(
            asked,
            output,
            truth=truth,
            prediction=prediction,
            comparison=comparison,
            workflow=workflow,
            transmitted=input_images,
            channels={role: each for role, each in roles.items() if each is not None},
            group_by=group_by,
            pixel_size_um=pixel_size,
            fiji=fiji,
            jobs=jobs,
            time_limit_s=limit_s,
            overwrite=overwrite,
            progress=progress,
        )
    warn(result.warnings)
    record = (output / "verdict.json").read_text(encoding="utf-8")
    if as_json:
        typer.echo(record, nl=False)
        return
    typer.echo(result.sentence())
    _show_numbers(json.loads(record))
    typer.echo(f"page: {(output / 'verdict.html').resolve()}")


def _show_numbers(record: Mapping[str, Any]) -> None:
    """Print the numbers under the verdict, one line each."""
    from frm_bridge.reporting.verdictwording import change, measured, span

    unit = record["question"]["unit"].replace("u", "µ")
    rows = [
        ("this prediction", record["result"], ""),
        *(
            (f"{level['name']} ({level['role']})", level["result"], level["left_out"])
            for level in record["levels"]
        ),
    ]
    for name, result, why in rows:
        if result is None or result["estimate"] is None:
            typer.echo(f"{name:26s} left out: {why or 'nothing to measure'}")
            continue
        found = result["in_unit"]
        interval = f"90 % interval {span(found['interval'])} {unit}"
        typer.echo(
            f"{name:26s} mean {change(found['estimate'], unit)}, "
            f"{interval if found['interval'] else 'no interval'}, "
            f"one field {measured(result, unit)}"
        )
