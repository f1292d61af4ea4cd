"""Server-sent events: what changes on the phones of one open page, as it changes.

A simulated channel says when something was sent and the page's own posts ring too; once a second is looked in any case, for what came from elsewhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, contextmanager, suppress
from typing import TYPE_CHECKING

from bot.channels.simulator import SimulatorChannel
from bot.simulator.history import Histories
from bot.simulator.phones import Phone, owner_of
from bot.simulator.rendering import Rendering
from data.store import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.house import House

LOOK_AGAIN = 1.0
"""Seconds until the database is looked into without having been told to."""

Change = dict[str, object]


class Bell:
    """Wakes every open page. Rung from the event loop."""

    def __init__(self) -> None:
        self._listening: set[asyncio.Event] = set()

    def ring(self) -> None:
        """Something may have changed."""
        for event in self._listening:
            event.set()

    @contextmanager
    def heard(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever the bell rings."""
        event = asyncio.Event()
        self._listening.add(event)
        try:
            yield event
        finally:
            self._listening.discard(event)


class View:
    """What one page has been told, so that it is told only what is new."""

    def __init__(self, house: House, rendering: Rendering, phones: Sequence[Phone]) -> None:
        self._house, self._rendering, self._phones = house, rendering, phones
        self._histories = Histories(house)
        self._told: dict[str, str | bool] = {}

    def changes(self) -> list[Change]:
        """What has changed since the last time; at first all there is. Raises DatabaseAway."""
        changes: list[Change] = []
        now = self._rendering.now(self._house.clock())
        if self._is_new("now", now):
            changes.append({"now": now})
        with self._house.store.read() as session:
            for phone in self._phones:
                history = self._histories.of(session, phone)
                language = owner_of(session, phone).language
                drawn = [(entry.id, self._rendering.entry(entry, phone, language)) for entry in history.entries]
                entries = [{"id": name, "html": html} for name, html in drawn if self._is_new(f"{phone.key} {name}", html)]
                if self._is_new(phone.key, history.is_answering) or entries:
                    changes.append({"phone": phone.key, "entries": entries, "answering": history.is_answering})
        return changes

    def _is_new(self, what: str, value: str | bool) -> bool:
        if self._told.get(what) == value:
            return False
        self._told[what] = value
        return True


async def events(house: House, bell: Bell, view: View, phones: Sequence[Phone], is_over: Callable[[], bool]) -> AsyncIterator[str]:
    """The stream of one page, until it is gone or the server stops."""
    with bell.heard() as woken:
        listeners = [asyncio.create_task(_listen(house, phone, woken)) for phone in phones]
        try:
            yield "retry: 1000\n\n"
            while not is_over():
                woken.clear()
                with suppress(DatabaseAway):
                    for change in await asyncio.to_thread(view.changes):
                        yield f"data: {json.dumps(change, ensure_ascii=False)}\n\n"
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), LOOK_AGAIN)
        finally:
            for listener in listeners:
                listener.cancel()
            await asyncio.gather(*listeners, return_exceptions=True)


async def _listen(house: House, phone: Phone, woken: asyncio.Event) -> None:
    """Wake the page whenever its phone is shown something."""
    channel = house.channels.get(phone.channel)
    if isinstance(channel, SimulatorChannel):
        async with aclosing(channel.subscribe(phone.address)) as shown:  # type: ignore[type-var]
            async for _ in shown:
                woken.set()
