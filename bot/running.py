"""The background work of one process, by what it is there for: started with the web server, and stopped so that nothing in hand is dropped.

One process may do everything (`bookbag run`). On PostgreSQL a school may have several: `web` stores and shows, `worker` takes turns and sends, `scheduler`
keeps time and asks the providers.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.bell import Bell, Ring
from bot.channels.base import ChannelName
from bot.house import Embedded, House
from bot.leading import Leading
from bot.loops import CatchUp, TelegramPoll, TurnLoop, first_start
from bot.telegram_setup import set_up
from data.store import DatabaseAway
from scheduler import presence

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel

log = structlog.get_logger()

SWITCH = 0.002
"""Seconds after which a thread that computes makes room for one that waits. At Python's 5 ms a webhook's answer waits for several turns' worth of them."""
DEAF_AFTER = 3
"""After so many failures in a row to ask a provider, nothing comes in on its channel: it is no passing fault."""
PATIENCE = 5.0
"""Seconds that stopping waits for what is with a provider, after up to four for the turns in hand: the whole stop takes less than ten."""


class Role(StrEnum):
    """What a process is there for."""

    WEB = "web"
    WORKER = "worker"
    SCHEDULER = "scheduler"


class Running:
    """The loops over one house that its `roles` ask for. `settled` is called, on another thread, once all that is there at the start is loaded."""

    def __init__(self, house: House, settled: Callable[[], None] = lambda: None, roles: Collection[Role] = frozenset(Role)) -> None:
        self._house, self._settled, self._roles = house, settled, frozenset(roles)
        self._turns = TurnLoop(house)
        self._leading: list[Leading] = []
        self._catch_ups: list[CatchUp] = []
        self._asking: list[CatchUp | TelegramPoll] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._dispatching: asyncio.Task[None] | None = None
        self._bell: Bell | None = None
        self._telegram: TelegramChannel | None = None
        self._poll: TelegramPoll | None = None
        self.is_stopping = False

    async def start(self) -> None:
        """Start everything; what an earlier life left in doubt is looked up first."""
        sys.setswitchinterval(SWITCH)
        # Before anything can arrive: whoever dies in this first second would else forget that there was one, and what came in it.
        await asyncio.to_thread(first_start, self._house)
        self._wire()
        if self.takes_turns:
            await self._start_work()
        if Role.SCHEDULER in self._roles:
            self._prepare_asking()
            self._lead("asking", self._asked)
            self._house.ticker.start()

    def _wire(self) -> None:
        """Let what is stored here wake whoever works on it: here, or in the school's other processes."""
        house, loop = self._house, asyncio.get_running_loop()
        wakes: dict[Ring, Callable[[], None]] = {Ring.TURNS: self._turns.wake, Ring.OUTBOX: house.dispatcher.wake}
        if not house.store.is_sqlite:
            self._tasks.append(asyncio.create_task(self._be_there()))
            if self._roles != frozenset(Role):
                answers = dict(wakes) if self.takes_turns else {}
                answers |= {Ring.PROVIDERS: self.catch_up_soon} if Role.SCHEDULER in self._roles else {}
                self._bell = bell = Bell(house.store, answers)
                self._tasks += [asyncio.create_task(bell.keep_ringing())]
                self._tasks += [asyncio.create_task(bell.keep_listening())] if answers else []
                if not self.takes_turns:
                    wakes = {ring: partial(bell.ring, ring) for ring in Ring}
        house.wake_turns = lambda: _from_any_thread(loop, wakes[Ring.TURNS])
        house.wake_dispatcher = lambda: _from_any_thread(loop, wakes[Ring.OUTBOX])

    async def _start_work(self) -> None:
        house = self._house
        doubtful = await asyncio.to_thread(house.dispatcher.recover)
        if doubtful:
            log.info("to be looked up", messages=doubtful)
        if house.embedded is not None:
            threading.Thread(target=warm, args=[house.embedded, self._settled], name="warm", daemon=True).start()
        self._dispatching = asyncio.create_task(house.dispatcher.run())
        self._tasks.append(asyncio.create_task(self._turns.run()))
        self._lead("chores", lambda: [house.translators.run(), house.fetcher.run(), house.forgetter.run(), house.telling.run()])

    def _lead(self, name: str, works: Callable[[], Sequence[Coroutine[None, None, None]]]) -> None:
        leading = Leading(self._house, name, works)
        self._leading.append(leading)
        self._tasks.append(asyncio.create_task(leading.run()))

    async def _be_there(self) -> None:
        """Say that this process is there."""
        while True:
            try:
                await asyncio.to_thread(self._say)
            except DatabaseAway:
                log.warning("database away", at="presence")
            await asyncio.sleep(presence.EVERY)

    def _say(self) -> None:
        house = self._house
        with house.store.write(durable=False) as session:
            presence.say(session, house.process, self._roles, house.clock())

    def _prepare_asking(self) -> None:
        """Make what catches up with providers that can be asked, and polls those that cannot call us."""
        settings, channels = self._house.settings, self._house.channels
        if settings.twilio.account_sid:
            interval = settings.catch_up.polling_interval if settings.twilio.mode == "polling" else settings.catch_up.interval
            both = (ChannelName.SMS, ChannelName.WHATSAPP)
            self._catch_ups = [CatchUp(self._house, channels[name], interval) for name in both if name in channels]
            self._asking += self._catch_ups if settings.twilio.mode == "polling" else []
        if settings.telegram.token:
            self._telegram = channels[ChannelName.TELEGRAM]  # type: ignore[assignment]
            if settings.telegram.mode == "polling" and self._telegram is not None:
                self._poll = TelegramPoll(self._house, self._telegram)
                self._asking.append(self._poll)

    def _asked(self) -> Sequence[Coroutine[None, None, None]]:
        """What asks the providers, begun anew."""
        works = [catch_up.run() for catch_up in self._catch_ups]
        works += [set_up(self._house, self._telegram)] if self._telegram is not None else []
        return [*works, self._poll.run()] if self._poll is not None else works

    @property
    def turns_in_hand(self) -> int:
        """How many conversations have their turn, or wait here for more of a text."""
        return self._turns.in_hand

    @property
    def takes_turns(self) -> bool:
        """Whether this process understands and answers."""
        return Role.WORKER in self._roles

    @property
    def deaf(self) -> list[str]:
        """The channels on which nothing comes in, since their provider, which has to be asked, does not answer."""
        return [asking.name for asking in self._asking if asking.failures >= DEAF_AFTER]

    def catch_up_soon(self) -> None:
        """A message could not be stored: ask its provider for it shortly, or have the process do so that asks them."""
        if self._bell is not None and Role.SCHEDULER not in self._roles:
            self._bell.ring(Ring.PROVIDERS)
        for catch_up in self._catch_ups:
            catch_up.soon()

    async def stop(self) -> None:
        """Finish the turns in hand and what is with a provider; take nothing new."""
        self.is_stopping = True
        await self._turns.stop()
        for task in self._tasks:
            task.cancel()
        self._house.dispatcher.stop()
        if self._dispatching is not None:
            await asyncio.wait({self._dispatching}, timeout=PATIENCE)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for leading in self._leading:
            await leading.resign()
        await self._leave()
        for channel in self._house.channels.values():
            await channel.aclose()
        await self._house.translators.close()
        try:
            await asyncio.to_thread(self._house.close)
        except DatabaseAway:
            log.warning("database away", at="stopping")

    async def _leave(self) -> None:
        if not self._house.store.is_sqlite:
            with suppress(DatabaseAway):
                await asyncio.to_thread(self._forget)

    def _forget(self) -> None:
        with self._house.store.write(durable=False) as session:
            presence.leave(session, self._house.process)


def warm(understander: Embedded, settled: Callable[[], None]) -> None:
    """Get the classifier ready, then call `settled`, come what may. Without it exact words, numbers and dates are still understood. Made for a thread."""
    try:
        understander.warm()
        log.info("warm")
    except Exception as error:
        log.exception("not warm", error=type(error).__name__)
    settled()


def _from_any_thread(loop: asyncio.AbstractEventLoop, wake: object) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(wake)  # type: ignore[arg-type]
