"""Wakes the other processes of a school: whoever has stored something rings, whoever works on it hears that within some milliseconds.

PostgreSQL carries it (LISTEN and NOTIFY). It is no more than a hint: what is rung for stands in the database, and everyone looks there each second all the
same. So a ring that is lost, with its sender or with the connection, costs a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum

import structlog
from psycopg import AsyncConnection, Error
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from data.store import GIVEN_UP, DatabaseAway, Store

log = structlog.get_logger()

LISTENS_AGAIN = 1.0
"""Seconds after which a broken connection is made anew."""
# One school is one schema: schools that share a database do not wake each other.
_NAME = "SELECT 'bookbag_' || current_schema()"
_NOTIFY = text("SELECT pg_notify('bookbag_' || current_schema(), :what)")


class Ring(StrEnum):
    """What there is to do."""

    TURNS = "turns"
    OUTBOX = "outbox"
    PROVIDERS = "providers"  # a message was refused: its provider is to be asked for it


class Bell:
    """Rings for the others, and calls `answers` when they ring. On PostgreSQL alone; for one event loop."""

    def __init__(self, store: Store, answers: Mapping[Ring, Callable[[], None]]) -> None:
        self._store, self._answers = store, answers
        self._rung, self._due = set[Ring](), asyncio.Event()

    def ring(self, what: Ring) -> None:
        """Have the others look. What is rung while a ring is on its way goes with the next. Call from the event loop."""
        self._rung.add(what)
        self._due.set()

    async def keep_ringing(self) -> None:
        """Pass on what is rung, until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            rings, self._rung = sorted(self._rung), set()
            try:
                await asyncio.to_thread(self._notify, rings)
            except DatabaseAway:
                log.warning("database away", at="bell")

    def _notify(self, rings: list[Ring]) -> None:
        with self._store.write(durable=False) as session:
            for what in rings:
                session.execute(_NOTIFY, {"what": what})

    async def keep_listening(self) -> None:
        """Call what answers a ring, until cancelled. Once a connection is made anew everything is answered: something may have been missed."""
        while True:
            try:
                await self._listen()
            except (Error, OSError) as error:
                log.warning("database away", at="listening", error=type(error).__name__)
            await asyncio.sleep(LISTENS_AGAIN)

    async def _listen(self) -> None:
        address = self._store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await AsyncConnection.connect(make_conninfo(address, connect_timeout=2, **GIVEN_UP), autocommit=True) as connection:
            found = await (await connection.execute(_NAME)).fetchone()
            # A name that the server gave and that ends as an identifier of ours: quoted all the same.
            name = str(found[0] if found else "").replace('"', '""')
            await connection.execute(f'LISTEN "{name}"')
            for answer in self._answers.values():
                answer()
            async for heard in connection.notifies():
                with suppress(ValueError):  # what a newer version rings for
                    self._answers.get(Ring(heard.payload), _nothing)()


def _nothing() -> None:
    """There is nobody here for it."""
