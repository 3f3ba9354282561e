"""Who is let in: programs of this user, and no web page.

A web page can send requests to 127.0.0.1, too, and a name of its own can lead
there. So every request names this very address as its host, brings the token of the
run-time file, and has neither ``Origin`` nor ``Sec-Fetch-Site``, which browsers send
and our clients do not.
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from frm_bridge.doors.answer import answer_of
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from frm_bridge.doors.runtimefile import ServerRecord


class Guard:
    """Stands before an application.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    record : ServerRecord
        Where the application listens, and the token that a request must bring: a GET
        as its parameter ``token``, a POST as ``Authorization: Bearer``.
    heard : callable
        Called for each request that is let in.
    """

    def __init__(
        self, app: ASGIApp, *, record: ServerRecord, heard: Callable[[], None]
    ) -> None:
        self._app = app
        self._token = record.token
        port = urlsplit(record.url).port
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._heard = heard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        if scope["type"] != "http":  # nothing else is configured
            return
        refusal = self._refusal(Request(scope))
        if refusal is None:
            self._heard()
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, asked: Request) -> Response | None:
        headers = asked.headers
        browser = "origin" in headers or "sec-fetch-site" in headers
        if headers.get("host") not in self._hosts or browser:
            error = InputError(
                "E_FOREIGN",
                "only programs of this machine may ask, under the address of the "
                "run-time file, and no web page",
                "use frm-bridge, or a command of Plugins > FRM",
            )
            return text_of([answer_of(error).line], 403)
        given = asked.query_params.get("token", "")
        if asked.method == "POST":
            given = headers.get("authorization", "").removeprefix("Bearer ")
        if hmac.compare_digest(given.encode(), self._token.encode()):
            return None
        error = InputError(
            "E_TOKEN",
            "the token is not this server's, which was perhaps started since",
            "read server.txt again",
        )
        return refusal_of(error, as_text=asked.method != "POST")


class Protocol(H11Protocol):
    """HTTP, with a line of ours for a request that is none.

    Such a one, with a raw letter in its address for example, comes to no page.
    """

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong."""
        error = InputError(
            "E_REQUEST",
            "the request is not HTTP as it should be",
            "write other signs than letters, digits, - and _ in an address as %C3%A9",
        )
        super().send_400_response(f"{answer_of(error).line}\n")


def refusal_of(error: Exception, *, as_text: bool, status: int = 401) -> Response:
    """Give what a failure looks like to a macro, or to a program."""
    answer = answer_of(error)
    if as_text:
        return text_of([answer.line])
    return json_of(answer.as_json(), status)


def text_of(lines: Sequence[str], status: int = 200) -> Response:
    """Answer a macro.

    NB: names of files need not be UTF-8 on Linux; their bytes go out as they are.
    """
    text = "\n".join(lines) + "\n"
    try:
        content = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # no name of a file has such signs
        content = text.encode("utf-8", "backslashreplace")
    return PlainTextResponse(content, status)


def json_of(content: Mapping[str, object], status: int = 200) -> Response:
    """Answer a program; in ASCII, which can hold any name of a file."""
    text = json.dumps(content, allow_nan=False)
    return Response(text, status, media_type="application/json")
