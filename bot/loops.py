"""What goes on in the background while the school is served: turns, sending, polling, catching up, the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import structlog

from bot import inbox
from bot.channels.base import Channel, Inbound
from bot.channels.errors import SendError
from bot.house import House
from bot.together import Crowded
from data.inbox import Mark
from data.store import DatabaseAway

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")

FIRST_START = "first-start"
OVERLAP = timedelta(minutes=10)
"""How far back each catch-up looks beyond the last: a provider may list a message late."""
WORKERS = 2
"""How many turns are taken at once: one writes while another reads and thinks. More only wait for each other, for Python as for SQLite (measured)."""
IN_HAND = 200
"""How many threads of conversation are in hand at once, most of them until it is seen whether more of a text comes. The others wait in the database."""
RETRY = 5.0
"""Seconds before a poll or a catch-up that failed is tried again."""


class TurnLoop:
    """Takes turns as messages come in: in order within a thread of conversation, side by side for different ones."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="turn")
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._woken, self._stopping = asyncio.Event(), asyncio.Event()

    @property
    def in_hand(self) -> int:
        """How many threads are being seen to."""
        return len(self._busy)

    def wake(self) -> None:
        """A message has come in. Call from the event loop."""
        self._woken.set()

    async def run(self) -> None:
        """Take turns until stopped; the poll each second is the net under every wake-up. Nothing that goes wrong ends it."""
        while not self._stopping.is_set():
            try:
                room = IN_HAND - len(self._busy)
                threads = await self._in_pool(self._house.turns.waiting, tuple(self._busy), room) if room else []
            except DatabaseAway:
                log.warning("database away", at="turns")
                await self._pause(1)
                continue
            except Exception as error:
                log.exception("turns failed", error=type(error).__name__)
                await self._pause(1)
                continue
            for thread in threads:
                if thread not in self._busy:
                    self._busy[thread] = asyncio.create_task(self._take(thread))
            await self._rest()

    async def stop(self) -> None:
        """Take no new turns; those in hand are finished, within 4 s."""
        self._stopping.set()
        self._woken.set()
        if self._busy:
            await asyncio.wait(set(self._busy.values()), timeout=4)
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _take(self, thread: str) -> None:
        """Take the next turn of a thread. What fails in a way that the turn could not write down is tried again a second later."""
        try:
            wait = await self._in_pool(self._house.turns.take, thread)
            self._house.dispatcher.wake()
            if wait is not None:
                await self._pause(wait.total_seconds())
        except DatabaseAway:
            await self._pause(1)
        except Exception as error:
            log.exception("turn failed", thread=thread, error=type(error).__name__)
            await self._pause(1)
        finally:
            self._busy.pop(thread, None)
            self._woken.set()

    async def _in_pool(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._woken.wait()
        self._woken.clear()

    async def _pause(self, seconds: float) -> None:
        """Wait, unless told to stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def _code(error: Exception) -> str | None:
    """The provider's own code of a failure, if it gave one."""
    return getattr(error, "code", None)


class CatchUp:
    """Asks one provider for the messages it holds for our number, and takes in those we lack: the provider is the spool."""

    def __init__(self, house: House, channel: Channel, interval: float) -> None:
        self._house, self._channel, self._interval = house, channel, interval
        self._soon = asyncio.Event()
        self.failures = 0  # in a row
        self.name = channel.name

    def soon(self) -> None:
        """Something could not be stored: look again shortly."""
        self._soon.set()

    async def run(self) -> None:
        """Catch up now, then at every interval, and shortly after each failure; for ever, whatever goes wrong."""
        while True:
            wait = self._interval
            try:
                await self.once()
                self.failures = 0
            except (SendError, DatabaseAway) as error:
                self.failures += 1
                log.warning("catch-up failed", channel=self._channel.name, error=type(error).__name__, cause=type(error.__cause__).__name__, code=_code(error))
                wait = min(RETRY, self._interval)
            except Crowded:
                log.info("catch-up waits for room", channel=self._channel.name)
                wait = min(RETRY, self._interval)
            except Exception as error:
                log.exception("catch-up failed", channel=self._channel.name, error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._soon.wait()
                self._soon.clear()
                await asyncio.sleep(min(RETRY, self._interval))

    async def once(self) -> int:
        """Take in what we lack; how many there were. Raises SendError, DatabaseAway, or Crowded where only a part found room."""
        began, channel = self._house.clock(), self._channel
        since = await asyncio.to_thread(self._since, channel.name)
        missed = await channel.missed(since)
        lacking = await asyncio.to_thread(self._lacking, missed)
        for start in range(0, len(lacking), 50):
            await self._house.inbox.accept(lacking[start : start + 50], fetched=True)
        if lacking:
            log.info("caught up", channel=channel.name, messages=len(lacking))
        await asyncio.to_thread(set_mark, self._house, f"caught-up:{channel.name}", began)
        return len(lacking)

    def _since(self, channel: str) -> datetime:
        """Where to look from: a little before the last time, and never before the first start."""
        first = first_start(self._house)
        last = read_mark(self._house, f"caught-up:{channel}")
        return max(first, last - OVERLAP) if last else first

    def _lacking(self, messages: Sequence[Inbound]) -> list[Inbound]:
        with self._house.store.read() as session:
            return inbox.unseen(session, messages)


class TelegramPoll:
    """Asks Telegram for updates; each is confirmed only after it is stored."""

    def __init__(self, house: House, channel: TelegramChannel) -> None:
        self._house, self._channel = house, channel
        self.failures = 0  # in a row
        self.name = channel.name

    async def run(self) -> None:
        """Poll for ever."""
        await self._release_webhook()
        offset = await asyncio.to_thread(self._offset)
        while True:
            try:
                messages, following = await self._channel.poll(offset)
                self.failures = 0
                if messages:
                    await self._house.inbox.accept(messages, fetched=True)
                if following != offset:
                    await asyncio.to_thread(self._keep, following)
                    offset = following
            except (SendError, DatabaseAway) as error:
                self.failures += 1
                log.warning("polling failed", channel="telegram", error=type(error).__name__, cause=type(error.__cause__).__name__, code=_code(error))
                await asyncio.sleep(RETRY)
            except Crowded:
                log.info("polling waits for room", channel="telegram")
                await asyncio.sleep(RETRY)
            except Exception as error:
                log.exception("polling failed", channel="telegram", error=type(error).__name__)
                await asyncio.sleep(RETRY)

    async def _release_webhook(self) -> None:
        """A webhook that is still set would be sent everything instead."""
        try:
            await self._channel.use_webhook(None)
        except SendError as error:
            log.warning("webhook not released", channel="telegram", error=type(error).__name__)

    def _offset(self) -> int | None:
        with self._house.store.read() as session:
            kept = session.get(Mark, "telegram-offset")
            return int(kept.value) if kept else None

    def _keep(self, offset: int | None) -> None:
        with self._house.store.write(durable=False) as session:
            session.merge(Mark(name="telegram-offset", value=str(offset)))


def read_mark(house: House, name: str) -> datetime | None:
    """A remembered instant."""
    with house.store.read() as session:
        kept = session.get(Mark, name)
        return datetime.fromisoformat(kept.value) if kept else None


def set_mark(house: House, name: str, at: datetime, *, durable: bool = False) -> None:
    """Remember an instant; one that is not `durable` may be forgotten when the power fails: an earlier one holds then."""
    with house.store.write(durable=durable) as session:
        session.merge(Mark(name=name, value=at.astimezone(UTC).isoformat()))


def first_start(house: House) -> datetime:
    """When this database was first started with: remembered for ever, from the first time that this is asked."""
    known = read_mark(house, FIRST_START)
    if known is None:
        known = house.clock()
        set_mark(house, FIRST_START, known, durable=True)
    return known
