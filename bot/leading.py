"""What one process of a school at a time does: asking providers, translating, fetching, telling staff. Two at once would ask, pay and tell twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress

import structlog

from bot.house import House
from data.store import DatabaseAway
from scheduler.lease import LASTS, lead, resign

log = structlog.get_logger()

EVERY = 3.0
"""Seconds between two times that the lease is renewed, or asked for: well within the time for which it lasts."""


class Leading:
    """Does its `works` while this process leads in `name`; where it leads no more they are cancelled, and begun anew should it lead again.

    On SQLite, where a school is one process, it leads at once and for good.
    """

    def __init__(self, house: House, name: str, works: Callable[[], Sequence[Coroutine[None, None, None]]]) -> None:
        self._house, self._name, self._works = house, name, works
        self._tasks: list[asyncio.Task[None]] = []
        self._led_at = 0.0

    async def run(self) -> None:
        """Lead when nobody else does, until cancelled."""
        try:
            while True:
                leads = self._house.store.is_sqlite or await self._leads()
                if leads and not self._tasks:
                    self._tasks = [asyncio.create_task(work) for work in self._works()]
                elif not leads and self._tasks:
                    log.warning("leads no more", name=self._name)
                    await self._end()
                await asyncio.sleep(EVERY)
        finally:
            await self._end()

    async def resign(self) -> None:
        """Let another lead at once. Call it when `run` has ended."""
        if not self._house.store.is_sqlite:
            with suppress(DatabaseAway):
                await asyncio.to_thread(self._resign)

    async def _leads(self) -> bool:
        now = asyncio.get_running_loop().time()
        try:
            leads = await asyncio.to_thread(self._lead)
        except DatabaseAway:
            # Nobody else can take the lease meanwhile either; once it may have lapsed another could have, as soon as the database is back.
            return bool(self._tasks) and now - self._led_at < LASTS.total_seconds()
        if leads:
            self._led_at = now
        return leads

    def _lead(self) -> bool:
        with self._house.store.write(durable=False) as session:
            return lead(session, self._name, self._house.process, self._house.clock()) is not None

    def _resign(self) -> None:
        with self._house.store.write(durable=False) as session:
            resign(session, self._name, self._house.process, self._house.clock())

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
