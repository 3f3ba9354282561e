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

ImageJ sends each GET twice, so that every one may come again. The POST twins take and
give JSON; of a submission the body is the request itself.
"""

from __future__ import annotations

import json
import logging
import uuid
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.routing import Route

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
    asked = [Route(path, _text(page), methods=["GET"]) for path, page in texts.items()]
    sent = [Route(path, _json(page), methods=["POST"]) for path, page in pages.items()]
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


def _json(page: Callable[[str], dict[str, Any]]) -> Handler:
    """Answer a program: JSON comes, JSON goes."""

    async def answer(asked: HttpRequest) -> Response:
        try:
            return json_of(page(await _body(asked)))
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
