"""``exec``: one request, one answer."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from frm_bridge.doors import Answer


def execute(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="REQUEST",
            help="A JSON file, - for JSON on standard input, or words name=value.",
            show_default=False,
        ),
    ] = None,
    ij: Annotated[
        bool,
        typer.Option(
            "--ij",
            help="Answer as ImageJ's exec() can read it: all on standard output, last "
            "of it a line OK path, or ERR CODE message | fix.",
        ),
    ] = False,
) -> int:
    """Do one thing that a program or a macro asks for, and answer.

    A request has action, input and output, and as the action needs them: predict has
    model, channel, window, device, require_gpu, match_scale, match_intensity,
    pixel_size_um, force; analyze has workflow, channel,
    pixel_size_um; compare has truth, workflow, min_iou, pixel_size_um; split has truth,
    tile, input_suffix, target_suffix. All have overwrite.

    The parameters of a workflow are words as well, blur_sigma_px=2, or one word,
    parameters=FILE.json or parameters="blur_sigma_px=2 watershed=false".

    The answer is JSON on standard output: status, outputs, provider, warnings; of an
    error its code, message and fix. The exit status is 0, or 1 after an error.

    For example:

        frm-bridge exec action=analyze workflow=nuclei blur_sigma_px=2
        input=stain.tif output=measured

        frm-bridge exec --ij action=predict model=nuclei-brightfield
        input=bf.tif output=predicted.tif device=cpu

        frm-bridge exec request.json
    """
    with _all_on_standard_output() if ij else contextlib.nullcontext():
        answer = _answer(words or [], progress=ij)
        if ij:
            typer.echo("\n".join(answer.lines))
        else:
            typer.echo(json.dumps(answer.as_json(), indent=2, ensure_ascii=False))
    return 0 if answer.status == "ok" else 1


def _answer(words: list[str], *, progress: bool) -> Answer:
    """Read the request and perform it; whatever fails becomes the answer."""
    from frm_bridge.doors.answer import answer_of

    try:
        from frm_bridge.doors import perform, read_request

        request = read_request(
            words, standard_input=sys.stdin.read() if words == ["-"] else ""
        )
        return perform(request, progress=_print_progress if progress else None)
    except (Exception, KeyboardInterrupt) as error:
        return answer_of(error)


def _print_progress(done: int, total: int) -> None:
    typer.echo(f"RUN {done} {total}")


@contextlib.contextmanager
def _all_on_standard_output() -> Iterator[None]:
    """Send standard error to standard output, that of Java and of libraries too.

    NB: ImageJ's exec() throws standard error away.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        os.dup2(1, 2)
        with contextlib.redirect_stderr(sys.stdout):
            yield
        sys.stdout.flush()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
