"""Who takes whose turn, and who is there: on both databases, though only one of them lets several processes in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from data.store import Store
from scheduler import claims, presence
from tests.school.small import london

NOW = london("2026-03-02 10:00")
LASTS = timedelta(seconds=90)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    made = Store(database_url)
    yield made
    made.close()


def claims_it(store: Store, process: str, seconds: float = 0, thread: str = "a1") -> bool:
    with store.write() as session:
        return claims.claim(session, thread, process, NOW + timedelta(seconds=seconds), LASTS)


def test_a_thread_is_one_process_at_a_time(store: Store) -> None:
    assert claims_it(store, "one")
    assert not claims_it(store, "two")
    assert claims_it(store, "two", thread="a2")
    assert claims_it(store, "one", 1), "it may claim its own again"


def test_what_is_released_is_free_and_anothers_is_not_released(store: Store) -> None:
    assert claims_it(store, "one")
    with store.write() as session:
        claims.release(session, "a1", "two")
    assert not claims_it(store, "two")
    with store.write() as session:
        claims.release(session, "a1", "one")
    assert claims_it(store, "two")


def test_a_claim_ends_by_itself(store: Store) -> None:
    assert claims_it(store, "one")
    assert not claims_it(store, "two", 89)
    assert claims_it(store, "two", 90)


def test_a_claim_from_before_the_clock_was_set_back_is_over(store: Store) -> None:
    assert claims_it(store, "one", 3600)
    assert claims_it(store, "two")


def test_processes_count_as_long_as_they_say_that_they_are_there(store: Store) -> None:
    with store.write() as session:
        presence.say(session, "one", {"worker"}, NOW)
        presence.say(session, "two", {"web", "worker", "scheduler"}, NOW + timedelta(seconds=5))
        presence.say(session, "three", {"web"}, NOW + timedelta(seconds=5))
    with store.read() as session:
        assert presence.count(session, "worker", NOW + timedelta(seconds=5)) == 2
        assert presence.count(session, "worker", NOW + timedelta(seconds=8)) == 1
    with store.write() as session:
        presence.leave(session, "two")
    with store.read() as session:
        assert presence.count(session, "worker", NOW + timedelta(seconds=8)) == 0
