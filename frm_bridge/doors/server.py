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
import uuid
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from frm_bridge.doors.guard import refusal_of
from frm_bridge.doors.job import check_name
from frm_bridge.doors.namedlines import decoded
from frm_bridge.doors.reading import parse_json, parse_words
from frm_bridge.doors.request import check_absolute
from frm_bridge.doors.runtimefile import inbox
from frm_bridge.errors import FrmError, InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request as HttpRequest
    from starlette.responses import Response

    from frm_bridge.doors.jobs import Jobs
    from frm_bridge.doors.request import Request

    Handler = Callable[[HttpRequest], Awaitable[Response]]

_LONGEST_BODY = 2**20


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
        check_name(name)
        if not jobs.knows(name):  # by the second of two GETs the file is gone
            jobs.submit(name, _take_request(name))
        return [f"OK {name}"]

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
    return Starlette(routes=[*asked, *sent])


def _text(page: Callable[[str], list[str]]) -> Handler:
    """Answer a macro: a job's name comes, lines go."""

    async def answer(asked: HttpRequest) -> Response:
        try:
            lines = page(asked.query_params.get("job", ""))
        except Exception as error:
            return refusal_of(error, as_text=True)
        return PlainTextResponse("\n".join(lines) + "\n")

    return answer


def _json(page: Callable[[str], dict[str, Any]]) -> Handler:
    """Answer a program: JSON comes, JSON goes."""

    async def answer(asked: HttpRequest) -> Response:
        try:
            return JSONResponse(page(await _body(asked)))
        except FrmError as error:
            return refusal_of(error, as_text=False, status=400)
        except Exception as error:
            return refusal_of(error, as_text=False, status=500)

    return answer


async def _body(asked: HttpRequest) -> str:
    """Read no more than a request may have."""
    content = bytearray()
    async for chunk in asked.stream():
        content += chunk
        if len(content) > _LONGEST_BODY:
            raise InputError(
                "E_REQUEST",
                f"the request is longer than {_LONGEST_BODY:,} bytes",
                "name images by their paths",
            )
    return content.decode("utf-8", errors="replace")


def _job(text: str) -> str:
    """Read which job is meant."""
    try:
        return str(json.loads(text)["job"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "E_REQUEST", "the body names no job", 'send {"job": "..."}'
        ) from error


def _take_request(name: str) -> Request:
    """Take a job's request out of the folder of requests."""
    places = [inbox() / f"{name}{suffix}" for suffix in (".txt", ".json")]
    place = next((place for place in places if place.is_file()), None)
    if place is None:
        raise InputError(
            "E_REQUEST",
            f"there is no request of the job {name}",
            f"write it as {places[0]} first",
        )
    text = decoded(place.read_bytes())
    place.unlink()
    if place.suffix == ".json":
        request = parse_json(text)
    else:
        request = parse_words([line for line in text.splitlines() if line.strip()])
    check_absolute(request)
    return request
