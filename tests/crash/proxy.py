"""The way to PostgreSQL as a network has it: a TCP port before its socket, at which connections are cut, refused, or left without an answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import make_url

from tests.standin.wire import listen

COMMIT = b"COMMIT\x00"
"""How psycopg asks PostgreSQL to commit, as it goes over the wire."""
LONGEST = 65_536


class Proxy:
    """Passes everything on, until it is told otherwise. In a thread with an event loop of its own."""

    def __init__(self, database_url: str) -> None:
        behind, self._listening = make_url(database_url), listen()
        self._socket = f"{behind.query['host']}/.s.PGSQL.{behind.query['port']}"
        port = self._listening.getsockname()[1]
        self.url = behind.set(host="127.0.0.1", port=port, query={"sslmode": "disable"}).render_as_string(hide_password=False)
        self.cuts = 0
        self._cut_commits = {"before": 0, "after": 0}
        self._is_closed = False
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._ways: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._flows.set()
        self._server = self._do(asyncio.start_server(self._meet, sock=self._listening))
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Every connection breaks; new ones can be made."""
        self._call(self._cut)

    def cut_commits(self, times: int) -> None:
        """So many of the next commits break before PostgreSQL hears of them, and as many after it has committed and before it could say so."""
        self._call(lambda: self._cut_commits.update(before=times, after=times))

    @property
    def commits_to_cut(self) -> int:
        """How many are still to come."""
        return sum(self._cut_commits.values())

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Every connection breaks, and new ones are refused."""
        self._is_closed = True
        self.cut()
        try:
            yield
        finally:
            self._is_closed = False

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Nothing passes, and nobody is told; then it all does."""
        self._call(self._flows.clear)
        try:
            yield
        finally:
            self._call(self._flows.set)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _call(self, work: Callable[[], object]) -> None:
        async def called() -> None:
            work()

        self._do(called())

    def _cut(self) -> None:
        self.cuts += len(self._ways) // 2
        for way in self._ways:
            way.transport.abort()

    async def _end(self) -> None:
        self._server.close()
        self._flows.set()
        self._cut()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_closed:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self._connect(reader, writer)
        except OSError:
            pass  # what the proxy is there for: one of both sides is gone, and the other is told below
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_unix_connection(self._socket)
        both = {writer, questions}
        self._ways |= both
        breaking = asyncio.Event()
        try:
            ways = [asyncio.create_task(self._ask(reader, questions, breaking)), asyncio.create_task(self._answer(answers, writer, breaking))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            self._ways -= both
            questions.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, breaking: asyncio.Event) -> None:
        """From Bookbag to PostgreSQL, until one of them hangs up or a commit is cut before it arrives."""
        while asked := await reader.read(LONGEST):
            await self._flows.wait()
            if COMMIT in asked and self._is_next("before"):
                return
            if COMMIT in asked and self._is_next("after"):
                breaking.set()
            writer.write(asked)
            await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, breaking: asyncio.Event) -> None:
        """From PostgreSQL to Bookbag, until one of them hangs up or it has committed and is not to be heard."""
        while answered := await reader.read(LONGEST):
            await self._flows.wait()
            if breaking.is_set():
                return
            writer.write(answered)
            await writer.drain()

    def _is_next(self, when: str) -> bool:
        is_next = self._cut_commits[when] > 0
        self._cut_commits[when] -= is_next
        self.cuts += is_next
        return is_next
