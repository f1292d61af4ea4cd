"""A stage beside the way of a message: what is to be done stands in the database, each step is written down when it is done."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar

import structlog

from bot.channels.base import Channel
from bot.clock import Clock
from data.store import DatabaseAway, Store
from school import School, SchoolSettings

log = structlog.get_logger()
T = TypeVar("T")


class Stage(ABC):
    """Works for one process. `run` goes on until it is cancelled; `run_once` does what can be done now: for tests."""

    name: ClassVar[str]
    """What it is called in the log."""
    POLL: ClassVar[float] = 1.0
    """Seconds between two looks where there is nothing to do."""

    def __init__(self, store: Store, settings: SchoolSettings, channels: Mapping[str, Channel], clock: Clock) -> None:
        self._store, self._settings, self._channels, self._clock = store, settings, channels, clock

    @abstractmethod
    async def run_once(self) -> int:
        """Do a few of what is to be done; how many there were."""

    async def run(self) -> None:
        """Do for ever what comes to be wanted; nothing that goes wrong ends it."""
        while True:
            try:
                done = await self.run_once()
            except DatabaseAway:
                log.warning("database away", at=self.name)
                done = 0
            except Exception as error:
                log.exception("stage failed", at=self.name, error=type(error).__name__)
                done = 0
            if not done:
                await asyncio.sleep(self.POLL)

    def _read(self, look: Callable[[School], T]) -> T:
        with self._store.read() as session:
            return look(School(session, self._clock(), self._settings))

    async def _write(self, work: Callable[[School], object]) -> None:
        def written() -> None:
            with self._store.write() as session:
                work(School(session, self._clock(), self._settings))

        await asyncio.to_thread(written)
