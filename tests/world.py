"""A school that stands still: the demo school at a set time, with phones in memory and the real engine. Its people are data/demo's cast, by first name."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import select

from bot.channels.base import PHONES, ChannelName, Inbound
from bot.channels.simulator import Shown, SimulatorChannel
from bot.house import House, real_channels
from bot.inbox import Arrivals
from bot.settings import Settings
from bot.understanding import Understander
from data.addresses import Address
from data.people import Adult, AdultAddress
from school import LONDON, School, demo

T = TypeVar("T")


class World:
    """The school, its clock, and everyone's phones. Time passes only when a test says so."""

    def __init__(self, database_url: str, clock: datetime, understander: Understander, *, settings: Mapping[str, object] | None = None) -> None:
        self.moment = clock
        ids = _numbers()
        self.phones = {name: SimulatorChannel(name, ids=ids) for name in PHONES}
        chosen = Settings.model_validate({"database_url": database_url, **(settings or {})})
        self.post = real_channels(chosen)  # e-mail, to a mail server of the test's own, where it has one
        self.house = House(chosen, {**dict(self.phones.items()), **self.post}, clock=lambda: self.moment, understander=understander, strict=True)
        # In a thread of its own, so that a school can stand beside a browser, whose loop is the test's.
        self._thread, self._loop = ThreadPoolExecutor(1), asyncio.new_event_loop()

    def seed(self) -> None:
        """Fill it with the demo school, alive at this moment. Everyone reads English, until a test says otherwise: see `speak`."""
        with self.house.store.write() as session:
            demo.seed(School(session, self.moment, self.house.school_settings))
            for adult in session.scalars(select(Adult)):
                adult.language = "en"

    def speak(self, name: str, language: str) -> None:
        """From now on someone of the cast is written to in this language, a BCP 47 tag."""
        with self.house.store.write() as session:
            demo.adult(School(session, self.moment, self.house.school_settings), name).language = language

    def close(self) -> None:
        """Let go of the database."""
        for channel in self.post.values():
            self.run(channel.aclose())
        self.run(self.house.translators.close())
        self.house.close()
        self._thread.shutdown()
        self._loop.close()

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Do what is asynchronous, and wait for it."""
        return self._thread.submit(self._loop.run_until_complete, work).result()

    def at(self, clock: str) -> None:
        """It is this time at school: '2026-03-02 09:10'."""
        self.moment = datetime.strptime(clock, "%Y-%m-%d %H:%M").replace(tzinfo=LONDON)

    def pass_time(self, time: timedelta) -> None:
        """So much time goes by, and the clock ticks."""
        self.moment += time
        self.house.ticker.tick()

    def address(self, name: str, channel: str) -> str:
        """Where someone of the cast is reached; a number is itself."""
        if name[0] == "+" or name.replace(" ", "").isdecimal():
            return name
        with self.house.store.read() as session:
            query = select(Address.value).join(AdultAddress).join(Adult).where(Adult.name.startswith(name), Address.channel == channel)
            found = session.scalars(query.order_by(AdultAddress.rank)).first()
        if found is None:
            raise LookupError(f"{name} has no {channel}")
        return found

    def receive(self, *arrivals: Inbound) -> None:
        """Messages come in together."""
        self.house.inbox.take_in([Arrivals(arrivals)])

    def settle(self) -> None:
        """Everything that can be done now is done: turns taken, messages sent."""
        while True:
            wait = self.house.take_waiting_turns()
            self.run(self.house.dispatcher.run_once())
            self.run(self.house.translators.run_once())
            if wait is None:
                return
            self.moment += wait

    def say(self, name: str, text: str, channel: str = "sms") -> list[Shown]:
        """Someone writes, and this is what their phone shows in answer."""
        phone, address = self.phones[ChannelName(channel)], self.address(name, channel)
        before = len(phone.sent.get(address, []))
        self.receive(phone.says(address, text))
        self.settle()
        return phone.sent.get(address, [])[before:]

    def texts(self, name: str, channel: str = "sms") -> list[str]:
        """All that someone's phone has shown."""
        return [shown.text for shown in self.phones[ChannelName(channel)].sent.get(self.address(name, channel), [])]


class _numbers:  # noqa: N801  # reads as a function: `ids = _numbers()`
    def __init__(self) -> None:
        self._count = 0

    def __call__(self) -> str:
        self._count += 1
        return str(self._count)
