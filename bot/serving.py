"""The server that all requests come in by, and its patience: what is too large or too slow is let go before it costs anything.

uvicorn leaves both to a proxy before it. A school may have none, and a proxy is another's setting: so the limits stand here too. What a route takes at most
is the route's own matter, and less.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

if TYPE_CHECKING:
    from starlette.types import ASGIApp

LARGEST_HEAD: Final = 32 * 1024
"""Bytes of a request's first line and headers together. Browsers send 2 kB, Twilio 1 kB."""
HEAD_WITHIN = 10.0
"""Seconds in which a request's head must have come, from the connection or the head's first byte on."""
LARGEST_REQUEST = 16 * 1024 * 1024
"""Bytes of a request's body, whatever the route: more than the largest that any takes (the console's uploads)."""
REQUEST_WITHIN = 120.0
"""Seconds in which a whole request must have come: an upload of twelve megabytes at 1 Mbit/s."""
READ_WITHIN = 60.0
"""Seconds for which whoever asked may leave an answer unread once the line is full."""
MOST_CONNECTIONS: Final = 500
"""Connections at once, half of the files that a process may usually open. Whoever comes then is told 503, and a provider comes again."""


def server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """What serves the program there. What is in hand gets its time elsewhere: a page that is still open after two seconds must not hold up the end."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Impatient,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        limit_concurrency=MOST_CONNECTIONS,
    )
    return uvicorn.Server(config)


class Impatient(HttpToolsProtocol):
    """One connection, which is closed when a limit of this file is passed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = self._body = 0
        self._in_head = True
        self._is_refused = False
        self._until: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A head must come."""
        super().connection_made(transport)
        self._wait(HEAD_WITHIN)

    def data_received(self, data: bytes) -> None:
        """Refuses a head that is too large before it is whole."""
        if self._is_refused:
            return
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > LARGEST_HEAD:
            self._refuse(b"431 Request Header Fields Too Large")
        elif self._until is None and not self._is_answering():
            self._wait(HEAD_WITHIN)  # blank lines between requests begin none, and would keep the line open for ever

    def on_message_begin(self) -> None:
        """A head begins: what stands before it in the same piece is not counted against it."""
        super().on_message_begin()
        self._in_head, self._body = True, 0
        self._wait(HEAD_WITHIN)

    def on_headers_complete(self) -> None:
        """The body must come. Refuses a head that came whole and is too large."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._in_head, self._head = False, 0
        if size > LARGEST_HEAD:
            self._refuse(b"431 Request Header Fields Too Large")
            return
        self._wait(REQUEST_WITHIN)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Lets go of whoever sends without end."""
        self._body += len(body)
        if self._is_refused:
            return
        if self._body > LARGEST_REQUEST:
            self._let_go()
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._stop_waiting()
        if not self._is_refused:
            super().on_message_complete()

    def pause_writing(self) -> None:
        """The line is full: whoever asked reads nothing."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(READ_WITHIN, self._let_go)

    def resume_writing(self) -> None:
        """They read again."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        under_way: RequestResponseCycle | None = self.cycle  # there is none before the first request
        return under_way is not None and not under_way.response_complete

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._until = self.loop.call_later(seconds, self._let_go)

    def _stop_waiting(self) -> None:
        if self._until is not None:
            self._until.cancel()
            self._until = None

    def _refuse(self, status: bytes) -> None:
        self._is_refused = True
        self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()

    def _let_go(self) -> None:
        self._is_refused = True
        self.transport.abort()
