"""Stored once, before anyone is told; together with others where many come at once; refused in time where it cannot be."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from bot import inbox
from bot.channels.base import AddressKind, ChannelName, Inbound, InboundKind
from bot.inbox import Inbox
from bot.together import Together
from data.addresses import Address, AddressState
from data.inbox import Received, Seen
from data.store import DatabaseAway, Store
from school import SchoolSettings
from tests.bot.sending import MONDAY

pytestmark = pytest.mark.anyio


def message(number: int = 1, sender: str = "+447700900102", kind: InboundKind = InboundKind.TEXT) -> Inbound:
    return Inbound(f"SM{number}", ChannelName.SMS, kind, sender, AddressKind.PHONE, "+447700900900", text=f"text {number}")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    made = Store(database_url)
    yield made
    made.close()


class Door:
    """An inbox, and how often it called for a turn."""

    def __init__(self, store: Store) -> None:
        self.store, self.calls = store, 0
        self.inbox = Inbox(store, SchoolSettings(), lambda: MONDAY, self._wake)

    def _wake(self) -> None:
        self.calls += 1

    def texts(self) -> Sequence[str]:
        with self.store.read() as session:
            return session.scalars(select(Received.text).order_by(Received.id)).all()


@pytest.fixture
def door(store: Store, patience: float, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setattr(inbox, "PATIENCE", patience)
    return Door(store)


async def test_a_message_is_stored_and_a_turn_called_for(door: Door) -> None:
    assert await door.inbox.accept([message()]) == 1
    assert (door.texts(), door.calls) == (["text 1"], 1)


async def test_twenty_posts_of_one_message_store_it_once(door: Door) -> None:
    counts = await asyncio.gather(*(door.inbox.accept([message()]) for _ in range(20)))
    assert sorted(counts) == [0] * 19 + [1]
    assert door.texts() == ["text 1"]


async def test_two_processes_store_the_same_messages_once(door: Door) -> None:
    others = [Door(door.store) for _ in range(3)]
    batches = [[message(number) for number in range(start, start + 10)] for start in (0, 5, 2)]
    counts = await asyncio.gather(*(other.inbox.accept(batch) for other, batch in zip(others, batches, strict=True)))
    assert sum(counts) == 15
    assert len(door.texts()) == 15


async def test_twice_in_one_call_is_once(door: Door) -> None:
    assert await door.inbox.accept([message(1), message(2), message(1)]) == 2


async def test_a_year_later_it_is_still_known(door: Door) -> None:
    await door.inbox.accept([message()])
    with door.store.write() as session:
        session.delete(session.scalars(select(Received)).one())
    assert await door.inbox.accept([message()]) == 0
    assert door.texts() == []


async def test_the_order_of_arrival_is_kept(door: Door) -> None:
    await asyncio.gather(*(door.inbox.accept([message(number)]) for number in range(30)))
    assert door.texts() == [f"text {number}" for number in range(30)]


async def test_what_comes_together_is_written_together(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = 0
    write = door.store.write

    def counted(**how: bool) -> object:
        nonlocal commits
        commits += 1
        return write(**how)

    monkeypatch.setattr(door.store, "write", counted)
    await asyncio.gather(*(door.inbox.accept([message(number)]) for number in range(50)))
    assert commits <= 3
    assert len(door.texts()) == 50


async def test_one_bad_message_fails_nobody_else(door: Door) -> None:
    bad = replace(message(3), text=None)  # type: ignore[arg-type]
    results = await asyncio.gather(*(door.inbox.accept([each]) for each in (message(1), bad, message(2))), return_exceptions=True)
    assert [results[0], results[2]] == [1, 1]
    assert isinstance(results[1], Exception)
    assert door.texts() == ["text 1", "text 2"]


async def test_who_blocked_us_is_not_written_to_until_they_write(door: Door) -> None:
    async def state_after(*arrivals: Inbound) -> str:
        await door.inbox.accept(arrivals)
        with door.store.read() as session:
            return session.scalars(select(Address.state)).one()

    assert await state_after(message(1, kind=InboundKind.BLOCKED)) == AddressState.BAD
    assert await state_after(message(2, kind=InboundKind.UNBLOCKED)) == AddressState.USABLE
    assert door.texts() == []


async def test_those_unseen_are_told_apart(door: Door) -> None:
    for first in range(0, 1_200, 60):  # as many at a time as a slow machine stores while a provider waits
        await door.inbox.accept([message(number) for number in range(first, first + 60, 2)])
    with door.store.read() as session:
        new = inbox.unseen(session, [message(number) for number in range(1_200)])
        assert session.scalar(select(func.count()).select_from(Seen)) == 600
    assert [each.provider_id for each in new] == [f"SM{number}" for number in range(1, 1_200, 2)]


async def test_a_locked_database_is_told_within_two_seconds_and_recovers(sqlite_url: str) -> None:
    with closing(Store(sqlite_url)) as store:
        door = Door(store)
        with closing(sqlite3.connect(str(store.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            results = await asyncio.gather(*(door.inbox.accept([message(number)]) for number in range(5)), return_exceptions=True)
            assert time.monotonic() - began < 2
            assert all(isinstance(result, DatabaseAway) for result in results)
            other.execute("ROLLBACK")
        assert await door.inbox.accept([message(9)]) == 1
        assert door.texts()[-1] == "text 9"


async def test_work_done_together_gives_each_its_own_result() -> None:
    batches: list[list[int]] = []

    def double(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        if len(items) > 1 and 4 in items:
            raise KeyError(4)
        if items == [4]:
            raise ValueError(4)
        time.sleep(0.01)
        return [2 * item for item in items]

    together = Together(double)
    results = await asyncio.gather(*(together.do(item) for item in range(6)), return_exceptions=True)
    assert [result for result in results if not isinstance(result, Exception)] == [0, 2, 4, 6, 10]
    assert isinstance(results[4], ValueError)
    assert batches[0] == [0, 1, 2, 3, 4, 5]
