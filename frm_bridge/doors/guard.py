"""Who is let in: programs of this user, and no web page.

A web page can send requests to 127.0.0.1, too, and a name of its own can lead
there. So every request names this very address as its host, brings the token of the
run-time file, and has no ``Origin``, which browsers send and our clients do not.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse

from frm_bridge.doors.answer import answer_of
from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send


class Guard:
    """Stands before an application.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    token : str
        What a request must bring: a GET as its parameter ``token``, a POST as
        ``Authorization: Bearer``.
    port : int
        Where the application listens.
    heard : callable
        Called for each request that is let in.
    """

    def __init__(
        self, app: ASGIApp, *, token: str, port: int, heard: Callable[[], None]
    ) -> None:
        self._app = app
        self._token = token
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._heard = heard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        refusal = self._refusal(Request(scope)) if scope["type"] == "http" else None
        if refusal is None:
            self._heard()
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, asked: Request) -> Response | None:
        headers = asked.headers
        if headers.get("host") not in self._hosts or "origin" in headers:
            error = InputError(
                "E_FOREIGN",
                "only programs of this machine may ask, under the address of the "
                "run-time file, and no web page",
                "use frm-bridge, or a command of Plugins > FRM",
            )
            return PlainTextResponse(answer_of(error).line, 403)
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


def refusal_of(error: Exception, *, as_text: bool, status: int = 401) -> Response:
    """Give what a failure looks like to a macro, or to a program."""
    answer = answer_of(error)
    if as_text:
        return PlainTextResponse(answer.line)
    return JSONResponse(answer.as_json(), status)
