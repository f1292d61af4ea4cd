"""The background work of one process: started with the web server, and stopped so that nothing in hand is dropped."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from bot.channels.base import ChannelName
from bot.house import Embedded, House
from bot.loops import CatchUp, TelegramPoll, TurnLoop, first_start
from bot.telegram_setup import set_up
from data.store import DatabaseAway

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel

log = structlog.get_logger()

SWITCH = 0.002
"""Seconds after which a thread that computes makes room for one that waits. At Python's 5 ms a webhook's answer waits for several turns' worth of them."""
DEAF_AFTER = 3
"""After so many failures in a row to ask a provider, nothing comes in on its channel: it is no passing fault."""
PATIENCE = 5.0
"""Seconds that stopping waits for what is with a provider, after up to four for the turns in hand: the whole stop takes less than ten."""


class Running:
    """All loops over one house. `settled` is called, on another thread, once all that is there at the start is loaded."""

    def __init__(self, house: House, settled: Callable[[], None] = lambda: None) -> None:
        self._house, self._settled = house, settled
        self._turns = TurnLoop(house)
        self._catch_ups: list[CatchUp] = []
        self._asking: list[CatchUp | TelegramPoll] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._dispatching: asyncio.Task[None] | None = None
        self.is_stopping = False

    async def start(self) -> None:
        """Start everything; what an earlier life left in doubt is looked up first."""
        sys.setswitchinterval(SWITCH)
        loop = asyncio.get_running_loop()
        house = self._house
        # Before anything can arrive: whoever dies in this first second would else forget that there was one, and what came in it.
        await asyncio.to_thread(first_start, house)
        house.wake_turns = lambda: _from_any_thread(loop, self._turns.wake)
        house.wake_dispatcher = lambda: _from_any_thread(loop, house.dispatcher.wake)
        doubtful = await asyncio.to_thread(house.dispatcher.recover)
        if doubtful:
            log.info("to be looked up", messages=doubtful)
        if house.embedded is not None:
            threading.Thread(target=warm, args=[house.embedded, self._settled], name="warm", daemon=True).start()
        self._dispatching = asyncio.create_task(house.dispatcher.run())
        self._tasks = [asyncio.create_task(loop.run()) for loop in (self._turns, house.translators, house.fetcher, house.forgetter, house.telling)]
        self._start_asking()
        house.ticker.start()

    def _start_asking(self) -> None:
        """Catch up with providers that can be asked, and poll those that cannot call us."""
        settings, channels = self._house.settings, self._house.channels
        if settings.twilio.account_sid:
            interval = settings.catch_up.polling_interval if settings.twilio.mode == "polling" else settings.catch_up.interval
            both = (ChannelName.SMS, ChannelName.WHATSAPP)
            self._catch_ups = [CatchUp(self._house, channels[name], interval) for name in both if name in channels]
            self._tasks += [asyncio.create_task(catch_up.run()) for catch_up in self._catch_ups]
            self._asking += self._catch_ups if settings.twilio.mode == "polling" else []
        if settings.telegram.token:
            channel: TelegramChannel = channels[ChannelName.TELEGRAM]  # type: ignore[assignment]
            self._tasks.append(asyncio.create_task(set_up(self._house, channel)))
            if settings.telegram.mode == "polling":
                poll = TelegramPoll(self._house, channel)
                self._asking.append(poll)
                self._tasks.append(asyncio.create_task(poll.run()))

    @property
    def deaf(self) -> list[str]:
        """The channels on which nothing comes in, since their provider, which has to be asked, does not answer."""
        return [asking.name for asking in self._asking if asking.failures >= DEAF_AFTER]

    def catch_up_soon(self) -> None:
        """A message could not be stored: ask its provider for it shortly."""
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
        for channel in self._house.channels.values():
            await channel.aclose()
        await self._house.translators.close()
        try:
            await asyncio.to_thread(self._house.close)
        except DatabaseAway:
            log.warning("database away", at="stopping")


def warm(understander: Embedded, settled: Callable[[], None]) -> None:
    """Get the classifier ready, then call `settled`, come what may. Without it exact words, numbers and dates are still understood. Made for a thread."""
    try:
        understander.warm()
    except Exception as error:
        log.exception("not warm", error=type(error).__name__)
    settled()


def _from_any_thread(loop: asyncio.AbstractEventLoop, wake: object) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(wake)  # type: ignore[arg-type]
