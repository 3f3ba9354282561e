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
    TextPage = Callable[[str], list[str]]
    JsonPage = Callable[[str], Awaitable[dict[str, Any]]]
    Facts = Callable[[], dict[str, Any]]
    Stop = Callable[[], None]

LONGEST_WAIT_S = 1.0  # or a server that ends would keep someone waiting

_log = logging.getLogger(__name__)


def make_app(jobs: Jobs, *, facts: Facts, stop: Stop) -> Starlette:
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
    texts, pages = _text_pages(jobs, facts, stop), _json_pages(jobs, facts, stop)
    asked = [Route(path, _text(page), methods=["GET"]) for path, page in texts.items()]
    sent = [Route(path, _json(page), methods=["POST"]) for path, page in pages.items()]
    app = Starlette(
        routes=[*asked, *sent], exception_handlers={404: _no_page, 405: _no_page}
    )
    app.router.redirect_slashes = False
    return app


def _text_pages(jobs: Jobs, facts: Facts, stop: Stop) -> dict[str, TextPage]:
    """Give what a macro asks for: a job's name comes, lines go."""

    def submit(name: str) -> list[str]:
        if jobs.knows(name) and not has_request(name):
            return [f"OK {jobs.find(name).name}"]  # the second of two GETs
        with taken_request(name) as request:
            return [f"OK {jobs.submit(name, request).name}"]

    def end(_: str) -> list[str]:
        stop()
        return ["OK"]

    return {
        "/ping": lambda _: [f"OK frm-bridge {facts()['version']}"],
        "/submit": submit,
        "/status": lambda name: jobs.find(name).lines,
        "/cancel": lambda name: [f"OK {jobs.cancel(name).name}"],
        "/stop": end,
    }


def _json_pages(jobs: Jobs, facts: Facts, stop: Stop) -> dict[str, JsonPage]:
    """Give what a program asks for: a body comes, JSON goes."""
    bell = Bell()
    jobs.told = bell.ring

    async def submit(text: str) -> dict[str, Any]:
        request = parse_json(text)
        check_absolute(request)
        name = request.job or f"{uuid.uuid4().hex[:12]}-1"
        return {"job": jobs.submit(name, request).name}

    async def status(text: str) -> dict[str, Any]:
        asked = _question(text)
        job, limit_s = jobs.find(asked["job"]), _seconds(asked.get("wait_s", 0))
        await bell.wait(lambda: job.state == "done", limit_s)
        return jobs.find(asked["job"]).as_json()

    async def cancel(text: str) -> dict[str, Any]:
        return jobs.cancel(_question(text)["job"]).as_json()

    async def ping(_: str) -> dict[str, Any]:
        return facts()

    async def end(_: str) -> dict[str, Any]:
        stop()
        return {"status": "ok"}

    return {
        "/ping": ping,
        "/submit": submit,
        "/status": status,
        "/cancel": cancel,
        "/stop": end,
    }


def _text(page: TextPage) -> Handler:
    """Answer a macro."""

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


def _json(page: JsonPage) -> Handler:
    """Answer a program."""

    async def answer(asked: HttpRequest) -> Response:
        try:
            return json_of(await page(await _body(asked)))
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


def _question(text: str) -> dict[str, Any]:
    """Read a question about a job."""
    try:
        asked = dict(json.loads(text))
        return asked | {"job": str(asked["job"])}
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
