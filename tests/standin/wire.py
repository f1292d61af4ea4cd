"""Requests and answers, as little as needed: plain ASGI, and a way to hang up in the middle."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class HangUp(Exception):
    """Close the connection without a word."""


@dataclass
class Asked:
    """One request, read to its end."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """Fields of a form, urlencoded or multipart (a file's field holds its name), or of a JSON object."""
        kind = self.headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            return _multipart(self.body, kind)
        if "json" in kind:
            return {name: value if isinstance(value, str) else json.dumps(value) for name, value in json.loads(self.body or b"{}").items()}
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def login(self) -> tuple[str, str]:
        scheme, _, given = self.headers.get("authorization", "").partition(" ")
        name, _, password = base64.b64decode(given).decode().partition(":") if scheme == "Basic" else ("", "", "")
        return name, password


@dataclass
class Answer:
    """What is said back."""

    status: int = 200
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)

    def bytes(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


async def read(scope: Scope, receive: Receive) -> Asked:
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Asked(scope["method"], scope["path"], dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)), headers, body)


async def write(answer: Answer, send: Send) -> None:
    headers = {"content-type": "application/json", **answer.headers}
    await send({"type": "http.response.start", "status": answer.status, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]})
    await send({"type": "http.response.body", "body": answer.bytes()})


def listen(port: int = 0) -> socket.socket:
    """A listening loopback socket. Its protocol is named: asyncio turns Nagle's delay off only then, and 40 ms a request with it."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(512)
    return listening


def hang_up(send: Send) -> None:
    """Close the socket under uvicorn's hands: its `send` belongs to the object that knows the transport."""
    send.__self__.transport.abort()  # type: ignore[attr-defined]


def _multipart(body: bytes, kind: str) -> dict[str, str]:
    boundary = parse_options_header(kind)[1][b"boundary"]
    form = {}
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        disposition = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-disposition"))
        options = parse_options_header(disposition.partition(b":")[2].strip())[1]
        form[options[b"name"].decode()] = (options.get(b"filename") or content.removesuffix(b"\r\n")).decode()
    return form
