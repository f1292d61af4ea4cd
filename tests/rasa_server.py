"""Rasa's place on loopback: a real HTTP server in a thread, of which only the words are set."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TEXT = "can farid see ms okafor on thursday"
SURE = {
    "text": TEXT,
    "intent": {"name": "book_appointment", "confidence": 0.93},
    "entities": [],
    "text_tokens": [[0, 3]],
    "intent_ranking": [{"name": "book_appointment", "confidence": 0.93}, {"name": "ask_lunch", "confidence": 0.04}],
}
PATIENCE = 0.2
"""Seconds that a test's client waits."""

Behaviour = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """Rasa's place on loopback. `behaviour` is what it does with a question; `asked` is what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour: Behaviour = answers(SURE)
        self.asked: list[Any] = []
        self.may_end = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up on us is the test's own doing."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        assert self.path == "/model/parse"
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.behaviour(self)

    def log_message(self, *args: Any) -> None:
        """Nothing: it would stand among the logs that are looked at."""


def says(body: bytes, status: int = 200) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def answers(told: object) -> Behaviour:
    return says(json.dumps(told).encode())


def hangs(handler: BaseHTTPRequestHandler) -> None:
    assert isinstance(handler, Handler)
    handler.server.may_end.wait(10)


def drips(handler: BaseHTTPRequestHandler) -> None:
    """Each byte comes in time, the whole never does."""
    assert isinstance(handler, Handler)
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.may_end.wait(PATIENCE / 10):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def stops_half_way(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"intent": {"name": "book_app')


@contextmanager
def serving() -> Iterator[Server]:
    """A server that answers SURE until its behaviour is set."""
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        made.may_end.set()
        made.shutdown()
        thread.join()
        made.server_close()
