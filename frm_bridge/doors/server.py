"""What the server answers: to macros in lines of text, to programs in JSON.

=========== =========================================================================
GET         answer, always with status 200: ImageJ drops the text of any other
=========== =========================================================================
``/ping``   ``OK frm-bridge VERSION``
``/submit`` ``OK job``; the request lies in the folder of requests, named by its job
``/status`` ``RUN done total text``, later the answer's lines: ``WARN``, ``FILE``,
            ``SAY``, and last ``OK path`` or ``ERR CODE message | fix``
``/cancel`` ``OK job``
``/stop``   ``OK``
=========== =========================================================================

ImageJ sends each GET twice, so that every one may come again, and none waits. The POST
twins take and give JSON; the request is the body of its submission. ``/status`` with
``"wait_s": 0.2`` answers as soon as the job is done, or else after so long.
"""

from __future__ import annotations

import json
import logging
import math
import uuid
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.routing import Route

from frm_bridge.doors.bell import Bell
from frm_bridge.doors.guard import json_of, refusal_of, text_of
from frm_bridge.doors.inbox import (
    LONGEST_REQUEST,
    check_length,
    has_request,
    taken_request,
)
from frm_bridge.doors.reading import parse_json
from frm_bridge.doors.request import check_absolute
from frm_bridge.errors import FrmError, InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request as HttpRequest
    from starlette.responses import Response

    from frm_bridge.doors.jobs import Jobs

    Handler = Callable[[HttpRequest], Awaitable[Response]]
    # A job's name, and for how long at most whoever asks will wait for its end.
    Hold = Callable[[str, object], Awaitable[None]]

LONGEST_WAIT_S = 1.0  # or a server that ends would keep someone waiting

_log = logging.getLogger(__name__)


def make_app(
    jobs: Jobs, *, facts: Callable[[], dict[str, Any]], stop: Callable[[], None]
) -> Starlette:
    """Make the application of a server; who may ask is `Guard`'s business.

    Parameters
    ----------
    jobs : Jobs
        What is asked for goes there.
    facts : callable
        Gives what ``/ping`` tells of the server.
    stop : callable
        Ends the server.
    """
    bell = Bell()
    jobs.told = bell.ring

    async def hold(name: str, wait_s: object) -> None:
        job, limit_s = jobs.find(name), _seconds(wait_s)
        await bell.wait(lambda: job.state == "done", limit_s)

    def submit_text(name: str) -> list[str]:
        if jobs.knows(name) and not has_request(name):
            return [f"OK {jobs.find(name).name}"]  # the second of two GETs
        with taken_request(name) as request:
            return [f"OK {jobs.submit(name, request).name}"]

    def submit_json(text: str) -> dict[str, Any]:
        request = parse_json(text)
        check_absolute(request)
        name = request.job or f"{uuid.uuid4().hex[:12]}-1"
        return {"job": jobs.submit(name, request).name}

    def stop_text(_: str) -> list[str]:
        stop()
        return ["OK"]

    def stop_json(_: str) -> dict[str, Any]:
        stop()
        return {"status": "ok"}

    texts: dict[str, Callable[[str], list[str]]] = {
        "/ping": lambda _: [f"OK frm-bridge {facts()['version']}"],
        "/submit": submit_text,
        "/status": lambda name: jobs.find(name).lines,
        "/cancel": lambda name: [f"OK {jobs.cancel(name).name}"],
        "/stop": stop_text,
    }
    pages: dict[str, Callable[[str], dict[str, Any]]] = {
        "/ping": lambda _: facts(),
        "/submit": submit_json,
        "/status": lambda text: jobs.find(_job(text)).as_json(),
        "/cancel": lambda text: jobs.cancel(_job(text)).as_json(),
        "/stop": stop_json,
    }
    holds = {"/status": hold}
    asked = [Route(path, _text(page), methods=["GET"]) for path, page in texts.items()]
    sent = [
        Route(path, _json(page, holds.get(path)), methods=["POST"])
        for path, page in pages.items()
    ]
    app = Starlette(
        routes=[*asked, *sent], exception_handlers={404: _no_page, 405: _no_page}
    )
    app.router.redirect_slashes = False
    return app


def _text(page: Callable[[str], list[str]]) -> Handler:
    """Answer a macro: a job's name comes, lines go."""

    async def answer(asked: HttpRequest) -> Response:
        try:
            lines = page(asked.query_params.get("job", ""))
        except FrmError as error:
            return refusal_of(error, as_text=True)
        except Exception as error:
            _log.exception("a page failed")
            return refusal_of(error, as_text=True)
        return text_of(lines)

    return answer


def _json(page: Callable[[str], dict[str, Any]], hold: Hold | None) -> Handler:
    """Answer a program: JSON comes, JSON goes."""

    async def answer(asked: HttpRequest) -> Response:
        try:
            text = await _body(asked)
            if hold is not None:
                await hold(_job(text), json.loads(text).get("wait_s", 0))
            return json_of(page(text))
        except FrmError as error:
            return refusal_of(error, as_text=False, status=400)
        except Exception as error:
            _log.exception("a page failed")
            return refusal_of(error, as_text=False, status=500)

    return answer


def _no_page(asked: HttpRequest, error: Exception) -> Response:
    """Answer for a page that there is not, as all others answer."""
    del error
    unknown = InputError(
        "E_PAGE",
        f"there is no page {asked.method} {asked.url.path[:80]}",
        "GET or POST /ping, /submit, /status, /cancel or /stop",
    )
    return refusal_of(unknown, as_text=asked.method in {"GET", "HEAD"}, status=404)


async def _body(asked: HttpRequest) -> str:
    """Read no more than a request may have."""
    content, length = bytearray(), 0
    async for chunk in asked.stream():  # to the end: who still sends does not listen
        length += len(chunk)
        if length <= LONGEST_REQUEST:
            content += chunk
    check_length(length)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            "E_REQUEST", f"the request is not in UTF-8: {error}", "send UTF-8"
        ) from error


def _job(text: str) -> str:
    """Read which job is meant."""
    try:
        return str(json.loads(text)["job"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            "E_REQUEST", "the body names no job", 'send {"job": "..."}'
        ) from error


def _seconds(wait_s: object) -> float:
    """Read for how long to wait."""
    try:
        seconds = float(str(wait_s))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= LONGEST_WAIT_S:
        raise InputError(
            "E_REQUEST",
            f"wait_s is {str(wait_s)[:20]}; expected 0 to {LONGEST_WAIT_S:g}",
            "ask again and again",
        )
    return seconds
