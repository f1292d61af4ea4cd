"""Whoever sends too much, or too slowly, or reads nothing, is let go; whoever behaves is answered meanwhile. Over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from bot import serving
from tests.bot.test_outage import until
from tests.served import Served
from tests.standin.wire import listen

pytestmark = pytest.mark.anyio

LONG_PAGE = "/console/static/htmx-4.0.1.min.js"
HEAD = b"GET /healthz HTTP/1.1\r\nHost: school.example\r\n"
UPLOAD = b"POST /nowhere HTTP/1.1\r\nHost: school.example\r\n"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with less patience than a test has."""
    for name in ("HEAD_WITHIN", "REQUEST_WITHIN", "READ_WITHIN"):
        monkeypatch.setattr(serving, name, 0.3)


@asynccontextmanager
async def serving_it(served: Served) -> AsyncIterator[int]:
    """The real server before the real program; gives its port."""
    listening = listen()
    server = serving.server(served.app, "127.0.0.1", 0)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    await until(lambda: server.started)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def said(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What a connection answers to these pieces, until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            return await asyncio.wait_for(reader.read(), 8)
        return b""
    finally:
        writer.close()


async def silence(port: int) -> bytes:
    """Someone who connects and says nothing."""
    return await said(port)


async def a_byte_now_and_then(port: int) -> bytes:
    """Someone whose head never ends."""
    return await said(port, *([b"GET / HT", *[b"x"] * 40]), pause=0.1)


async def half_a_body(port: int) -> bytes:
    """Someone who promises a body and sends half of it."""
    return await said(port, UPLOAD + b"Content-Length: 100\r\n\r\n" + b"half")


async def blank_lines(port: int) -> bytes:
    """Someone who goes on with nothing after an answer."""
    return await said(port, HEAD + b"\r\n", *[b"\r\n"] * 40, pause=0.1)


@pytest.mark.parametrize("caller", [silence, a_byte_now_and_then, half_a_body, blank_lines])
@pytest.mark.usefixtures("impatient")
async def test_the_slow_are_let_go_and_others_answered(served_on_sqlite: Served, caller: Callable[[int], Coroutine[Any, Any, bytes]]) -> None:
    async with serving_it(served_on_sqlite) as port:
        slow = asyncio.create_task(caller(port))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/healthz")).status_code == 200
            began = asyncio.get_running_loop().time()
            await slow
            assert asyncio.get_running_loop().time() - began < 3
            assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    "head",
    [HEAD + b"X-Long: " + b"x" * 40_000 + b"\r\n\r\n", HEAD + b"".join(b"X-%d: yes\r\n" % n for n in range(9_000)) + b"\r\n"],
)
async def test_a_head_that_is_too_large_is_431(served_on_sqlite: Served, head: bytes) -> None:
    async with serving_it(served_on_sqlite) as port:
        assert (await said(port, head)).startswith(b"HTTP/1.1 431")


async def test_a_head_without_end_is_let_go_long_before_its_time(served_on_sqlite: Served) -> None:
    async with serving_it(served_on_sqlite) as port:
        began = time.monotonic()
        assert b" 200 " not in await said(port, HEAD + b"X: ", *[b"x" * 10_000] * 40)
        assert time.monotonic() - began < serving.HEAD_WITHIN / 2


async def test_a_head_that_is_just_small_enough_is_taken(served_on_sqlite: Served) -> None:
    async with serving_it(served_on_sqlite) as port:
        told = await said(port, HEAD + b"X-Long: " + b"x" * 30_000 + b"\r\nConnection: close\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 200")


async def test_a_body_without_end_is_let_go_whatever_the_route(served_on_sqlite: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "LARGEST_REQUEST", 1_000_000)
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    async with serving_it(served_on_sqlite) as port:
        taken = 0
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            writer.write(b"POST /console/school/import HTTP/1.1\r\nHost: school.example\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(400):
                writer.write(chunk)
                await writer.drain()
                taken += len(chunk)
        writer.close()
        assert taken < 25_000_000 - len(chunk)


@pytest.mark.usefixtures("impatient")
async def test_whoever_reads_nothing_is_let_go(served_on_sqlite: Served) -> None:
    def asks_much_and_reads_late(port: int) -> tuple[int, int]:
        """What was asked for and what came, in bytes, after a second of reading nothing."""
        page = httpx.get(f"http://127.0.0.1:{port}{LONG_PAGE}", headers={"Accept-Encoding": "identity"}).content
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            line.connect(("127.0.0.1", port))
            line.settimeout(5)
            line.sendall(f"GET {LONG_PAGE} HTTP/1.1\r\nHost: school.example\r\n\r\n".encode() * 400)
            time.sleep(1)
            came = 0
            with contextlib.suppress(ConnectionError):
                while piece := line.recv(65_536):
                    came += len(piece)
        return 400 * len(page), came

    async with serving_it(served_on_sqlite) as port:
        asked, came = await asyncio.to_thread(asks_much_and_reads_late, port)
        assert came < asked
