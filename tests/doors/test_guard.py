"""Who is let in: a real server, asked by those who may not."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGES = ("/ping", "/submit", "/status", "/cancel", "/stop", "/", "/other")


def query(served: Any, token: str | None = None) -> str:
    return f"?job=a-1&token={served.record.token if token is None else token}"


def port(served: Any) -> int:
    return urlsplit(served.record.url).port or 0


@pytest.fixture(autouse=True)
def nothing_happens(
    served: Any, tmp_path: Path, image: Path, listing: Callable[..., Any]
) -> Any:
    """A request lies ready, and is not touched by anybody who is not let in."""
    output = tmp_path / "predicted.tif"
    request = {"action": "predict", "model": "m.onnx"}
    written = served.put("a-1", request | {"input": image, "output": output})
    folders = (tmp_path, served.home / "requests")
    before = [listing(folder) for folder in folders]
    yield
    assert [listing(folder) for folder in folders] == before
    assert served.post("/ping")["jobs"] == {"waiting": 0, "running": 0, "done": 0}
    written.unlink()


@pytest.mark.parametrize("token", ["", "wrong", "é", "\0", "x" * 5000])
@pytest.mark.parametrize("page", PAGES)
def test_a_wrong_token_gets_a_text_or_401(served: Any, page: str, token: str) -> None:
    status, text = served.request("GET", page + query(served, quote(token)))
    assert (status, text[:12]) == (200, "ERR E_TOKEN ")
    assert text.endswith(" | read server.txt again\n")
    headers = {"Authorization": f"Bearer {quote(token)}"}
    status, text = served.request("POST", page, '{"job": "a-1"}', **headers)
    assert (status, json.loads(text)["code"]) == (401, "E_TOKEN")


def test_the_token_is_looked_for_in_its_place_alone(served: Any) -> None:
    """An address may end up in a log, or in a list of visited pages."""
    token = served.record.token
    status, _ = served.request("POST", "/stop" + query(served), "{}")
    assert status == 401
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"token={token}"}):
        _, text = served.request("GET", "/stop", **headers)
        assert text.startswith("ERR E_TOKEN ")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost",
        "127.0.0.1:{port}.evil.example",
        "[::1]:{port}",
        "",
    ],
)
def test_another_host_gets_nothing_even_with_the_token(served: Any, host: str) -> None:
    host = host.format(port=port(served))
    bearer = f"Bearer {served.record.token}"
    for method, page in (("GET", "/stop" + query(served)), ("POST", "/stop")):
        status, text = served.request(
            method, page, "{}", Host=host, Authorization=bearer
        )
        assert (status, text[:14]) == (403, "ERR E_FOREIGN ")


def test_a_request_without_a_host_gets_nothing(served: Any) -> None:
    text = raw(served, f"GET /stop{query(served)} HTTP/1.0\r\n\r\n")
    assert text.startswith(("HTTP/1.0 403", "HTTP/1.1 403"))


def test_localhost_is_this_host(served: Any) -> None:
    _, text = served.request(
        "GET", "/ping" + query(served), Host=f"localhost:{port(served)}"
    )
    assert text.startswith("OK frm-bridge ")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT", "HEAD"])
def test_a_web_page_gets_nothing_even_with_the_token(
    served: Any, headers: dict[str, str], method: str
) -> None:
    named = {name: text.format(port=port(served)) for name, text in headers.items()}
    bearer = f"Bearer {served.record.token}"
    for page in ("/ping", "/stop"):
        status, _ = served.request(
            method, page + query(served), "{}", Authorization=bearer, **named
        )
        assert status == 403


def test_a_preflight_is_told_nothing_that_a_browser_would_go_by(served: Any) -> None:
    asked = (
        f"OPTIONS /submit HTTP/1.1\r\nHost: 127.0.0.1:{port(served)}\r\n"
        "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n"
        "Access-Control-Request-Headers: authorization\r\nConnection: close\r\n\r\n"
    )
    text = raw(served, asked)
    assert text.startswith("HTTP/1.1 403")
    assert "access-control" not in text.lower()
    assert served.record.token not in text


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\x01", b"SSH-2.0-x\r\n\r\n"])
def test_another_language_ends_the_connection_alone(served: Any, junk: bytes) -> None:
    assert "200" not in raw(served, junk)


def test_a_raw_letter_in_an_address_is_told(served: Any) -> None:
    asked = f"GET /status{query(served)}&job=é HTTP/1.1\r\nHost: {port(served)}\r\n\r\n"
    head, _, body = raw(served, asked).partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 400")
    assert body.startswith("ERR E_REQUEST the request is not HTTP as it should be | ")
    assert body.endswith(" as %C3%A9\n")


def raw(served: Any, content: str | bytes) -> str:
    """Send bytes, and give all that comes until the other side hangs up."""
    data = content.encode() if isinstance(content, str) else content
    with socket.create_connection(("127.0.0.1", port(served)), timeout=60) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(4096), b"")).decode()
