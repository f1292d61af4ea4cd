"""A school's process that can die between any two steps, and the world around it, which remembers what really happened.

It is the real inbox, turns and dispatcher on a real database; dead, it writes nothing and asks nobody any more, and another life begins on what is there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from bot import faults
from bot.channels.base import AddressKind, ChannelName, DeliveryState, Found, Inbound, InboundKind, Outgoing, Receipt, StatusUpdate
from bot.channels.errors import FateUnknown, Rejected, TryLater, Verdict
from bot.dispatcher import Dispatcher
from bot.house import Embedded
from bot.inbox import Inbox
from bot.turns import Turns
from bot.words_last import Prepared
from data.store import Store
from school import SchoolSettings
from tests.bot.sending import WAITS, Provider

T = TypeVar("T")
COMMITS = ("before a commit", "after a commit")
PLACES = (*faults.POINTS, *COMMITS)
"""Where a process can die: the points of bot/faults.py, and around every transaction that it writes."""


class Died(BaseException):
    """The process is dead: nothing that it does counts any more."""


class Fate:
    """Where the process dies next, if it does."""

    def __init__(self) -> None:
        self.is_dead, self._place, self._passes = False, "", 0
        self.told: Callable[[], object] = lambda: None

    def is_to_die(self, place: str, passes: int) -> None:
        """Let it die when it comes to this place for so many times and one more."""
        self._place, self._passes = place, passes

    def reached(self, place: str) -> None:
        if not self.is_dead and place == self._place:
            self._passes -= 1
            self.is_dead = self._passes < 0
            if self.is_dead:
                self.told()
        if self.is_dead:
            raise Died

    def live(self) -> None:
        self.is_dead, self._place = False, ""


class MortalStore(Store):
    """A database of which a process can die before and after it has written something."""

    def __init__(self, url: str, fate: Fate) -> None:
        super().__init__(url)
        self._fate = fate

    @contextmanager
    def write(self, *, durable: bool = True, urgent: bool = False) -> Iterator[Session]:
        with super().write(durable=durable, urgent=urgent) as session:
            yield session
            self._fate.reached("before a commit")
        self._fate.reached("after a commit")


@dataclass
class Accepted:
    """A message that a provider really took, and what it has reported of it."""

    provider_id: str
    outgoing: Outgoing
    at: datetime
    reported: set[str] = field(default_factory=set)

    @property
    def has_failed(self) -> bool:
        return bool(self.reported & {"undelivered", "failed"})


class Network(Provider):
    """A provider that does what it is told, keeps what it took, and counts what was said twice."""

    def __init__(self, name: ChannelName, fate: Fate, clock: Callable[[], datetime], *, can_be_asked: bool) -> None:
        super().__init__(name, can_be_asked=can_be_asked)
        self._fate, self._clock = fate, clock
        self.will: deque[str] = deque()
        self.taken: list[Accepted] = []
        self.said_twice: list[str] = []
        self._asked_for: dict[tuple[str, str], set[str]] = {}
        self._lied_about: set[str] = set()
        self._numbers = count(1)
        self.tell: Callable[[StatusUpdate], Coroutine[Any, Any, bool]]

    async def send(self, message: Outgoing) -> Receipt:
        if self._fate.is_dead:
            raise Died
        outcome = self.will.popleft() if self.will else "taken"
        self._asked_for.setdefault((message.address, message.text), set()).add(message.id)
        match outcome:
            case "later":
                self._lied_about.add(message.id)
                raise TryLater(after=None, code="429")
            case "refused":
                self._lied_about.add(message.id)
                raise Rejected(Verdict.FILTERED, "30007")
            case "no such number":
                raise Rejected(Verdict.BAD_ADDRESS, "30005")
            case "account":
                self._lied_about.add(message.id)
                raise Rejected(Verdict.OUR_ACCOUNT, "20003")
            case "never arrived":
                self._lied_about.add(message.id)
                raise FateUnknown
        taken = self._take(message)
        if outcome == "answer lost":
            self._lied_about.add(message.id)
            raise FateUnknown
        if outcome == "reported first":
            taken.reported.add("delivered")
            await self.tell(StatusUpdate(taken.provider_id, DeliveryState.DELIVERED, message.id))
        return Receipt(taken.provider_id)

    def _take(self, message: Outgoing) -> Accepted:
        """Of equal texts one may be taken for another where both were in doubt: so they are counted together."""
        taken = Accepted(f"{self.name}-{next(self._numbers)}", message, self._clock())
        self.taken.append(taken)
        alike = [one for one in self.taken if (one.outgoing.address, one.outgoing.text) == (message.address, message.text)]
        if sum(not one.has_failed for one in alike) > len(self._asked_for[message.address, message.text]):
            self.said_twice.append(message.text)
        return taken

    async def find(self, message: Outgoing, since: datetime) -> list[Found]:
        alike = [one for one in self.taken if (one.outgoing.address, one.outgoing.text) == (message.address, message.text)]
        return [Found(one.provider_id, message.text, one.at, DeliveryState.SENT) for one in reversed(alike) if one.at >= since - timedelta(seconds=5)]

    def out_of_order(self, places: dict[str, tuple[int, int]]) -> list[str]:
        """Those that overtook another of their lane to the same phone. `places`: lane and number of each that was never in doubt; what was may be overtaken."""
        last: dict[tuple[str, int], int] = {}
        passed = []
        for one in self.taken:
            if one.outgoing.id in self._lied_about or one.has_failed or one.outgoing.id not in places:
                continue
            lane, number = places[one.outgoing.id]
            if number < last.get((one.outgoing.address, lane), 0):
                passed.append(one.outgoing.id)
            last[one.outgoing.address, lane] = number
        return passed


class Process:
    """One life after the other of what takes messages in, takes turns and sends."""

    def __init__(self, url: str, now: datetime, models: Path) -> None:
        self.now, self.fate = now, Fate()
        self.store = MortalStore(url, self.fate)
        self.settings = SchoolSettings()
        self.sms = Network(ChannelName.SMS, self.fate, self.clock, can_be_asked=True)
        self.telegram = Network(ChannelName.TELEGRAM, self.fate, self.clock, can_be_asked=False)
        self._understander = Embedded(models, [])
        self._lives = count(1)
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)  # the dead are not asked why
        for network in (self.sms, self.telegram):
            network.tell = lambda update: self.dispatcher.report([update])
        self.begin()

    def clock(self) -> datetime:
        return self.now

    def begin(self) -> None:
        """A new life, on the database as it is."""
        self.fate.live()
        self._pool = ThreadPoolExecutor(4)
        self._loop.set_default_executor(self._pool)
        self.held: list[Prepared] = []
        life = f"life {next(self._lives)}"
        name = None if self.store.is_sqlite else life
        self.inbox = Inbox(self.store, self.settings, self.clock, lambda: None)
        self.turns = Turns(self.store, self.settings, self._understander, self.clock, process=name)
        channels = {"sms": self.sms, "telegram": self.telegram}
        url = "https://school.example"
        self.dispatcher = Dispatcher(self.store, self.settings, channels, self.clock, WAITS, public_url=url, stopwatch=lambda: self.now.timestamp())  # noqa: PLW0108  # another moment each time
        self.dispatcher.recover()

    def do(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Do it; None where the process died of it, and another life has begun."""
        return self._or_died(lambda: self._loop.run_until_complete(self._mortal(work)))

    def take_a_turn(self, number: int) -> None:
        """The turn of one of the conversations that wait, and of those the process may die of as well."""

        def turn() -> None:
            waiting = self.turns.waiting()
            if waiting:
                self.turns.take(waiting[number % len(waiting)])

        self._or_died(turn)

    def _or_died(self, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except Died:
            self.bury()
            return None

    async def _mortal(self, work: Coroutine[Any, Any, T]) -> T:
        death, doing = asyncio.Event(), asyncio.create_task(work)
        self.fate.told = lambda: self._loop.call_soon_threadsafe(death.set)
        dying = asyncio.create_task(death.wait())
        await asyncio.wait({doing, dying}, return_when=asyncio.FIRST_COMPLETED)
        if not self.fate.is_dead:
            dying.cancel()
            return await doing
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        raise Died

    def bury(self) -> None:
        """It is dead, whatever it was at; the next life begins."""
        self.fate.is_dead = True
        self._pool.shutdown(wait=True)
        self.begin()

    def claim(self) -> None:
        """Claim what is due, and then stand still before it is handed over."""

        async def claimed() -> list[Prepared]:
            return await asyncio.to_thread(self.dispatcher._claim, {"sms": 3, "telegram": 3})

        self.held += self.do(claimed()) or []

    def hand_over(self) -> None:
        """Wake up and go on with the oldest that was claimed."""
        if self.held:
            self.do(self.dispatcher._send(self.held.pop(0)))

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self._loop.close()
        self.store.close()


def text(provider_id: str, channel: str, sender: str, words: str) -> Inbound:
    """What a parent writes."""
    kind = AddressKind.PHONE if channel == "sms" else AddressKind.TELEGRAM_CHAT
    return Inbound(provider_id, ChannelName(channel), InboundKind.TEXT, sender, kind, "+447700900900", text=words)


def reports(taken: Accepted, state: str) -> Sequence[StatusUpdate]:
    """What a provider reports of a message; of one that did not arrive, that the phone is off, or that a carrier blocked it."""
    why = {"undelivered": Verdict.UNREACHABLE, "failed": Verdict.FILTERED}.get(state)
    return [StatusUpdate(taken.provider_id, DeliveryState(state), taken.outgoing.id, "30003" if why else None, why)]
