"""One leads at a time; a dead leader is followed, and what a paused one still writes is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from data.store import Store
from scheduler import lease, ticker
from tests.school.small import london

NOON = london("2026-03-02 12:00")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with closing(Store(database_url)) as made:
        yield made


def lead(store: Store, holder: str, now: datetime) -> int | None:
    with store.write() as session:
        return lease.lead(session, "ticker", holder, now)


def still_leads(store: Store, holder: str, fence: int) -> bool:
    with store.write() as session:
        return lease.still_leads(session, "ticker", holder, fence)


def test_the_first_leads_and_the_second_waits(store: Store) -> None:
    assert lead(store, "one", NOON) == 1
    assert lead(store, "two", NOON) is None
    assert lead(store, "one", NOON + timedelta(seconds=4)) == 1


def test_a_dead_leader_is_followed_within_fifteen_seconds(store: Store) -> None:
    lead(store, "one", NOON)
    ticks = [NOON + timedelta(seconds=seconds) for seconds in range(ticker.EVERY - 1, 60, ticker.EVERY)]
    followed = next(moment for moment in ticks if lead(store, "two", moment) is not None)
    assert timedelta(seconds=2 * ticker.EVERY) < followed - NOON <= timedelta(seconds=15)


def test_a_reign_that_lapsed_is_a_new_one(store: Store) -> None:
    assert [lead(store, "one", NOON), lead(store, "one", NOON + timedelta(minutes=1)), lead(store, "two", NOON + timedelta(minutes=2))] == [1, 2, 3]


def test_a_paused_leader_is_refused(store: Store) -> None:
    fence = lead(store, "one", NOON)
    assert fence is not None
    assert still_leads(store, "one", fence)
    later = lead(store, "two", NOON + timedelta(seconds=20))
    assert later is not None
    assert not still_leads(store, "one", fence)
    assert still_leads(store, "two", later)
    assert lead(store, "one", NOON + timedelta(seconds=40)) == 3
    assert not still_leads(store, "one", fence)


def test_who_resigns_is_followed_at_once(store: Store) -> None:
    lead(store, "one", NOON)
    with store.write() as session:
        lease.resign(session, "ticker", "two", NOON)  # not its own
    assert lead(store, "two", NOON) is None
    with store.write() as session:
        lease.resign(session, "ticker", "one", NOON)
    assert lead(store, "two", NOON) == 2


def test_of_many_at_once_one_leads(store: Store) -> None:
    led: list[int | None] = []
    gate = threading.Barrier(8)

    def ask(holder: str) -> None:
        gate.wait()
        led.append(lead(store, holder, NOON))

    threads = [threading.Thread(target=ask, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(led, key=str) == [1] + [None] * 7
