"""The clock asks what is due: once, whoever ticks and however often, and one capability's trouble is its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from data.absence import Absence
from data.outbox import Message
from data.store import DatabaseAway, Store
from scheduler import ticker as module
from scheduler.ticker import Ticker
from school import School, SchoolSettings, absence, appointments
from school.appointments import MeetingKind, Terms
from school.capability import Capability
from school.notices import tell
from tests.school.small import a_child, a_member, an_adult, london, seen

NOON = london("2026-03-03 16:00")


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(database_url: str, clock: Clock) -> Iterator[Callable[[], Ticker]]:
    """Makes a ticker as a process of its own would have it."""
    stores: list[Store] = []

    def process() -> Ticker:
        stores.append(Store(database_url))
        return Ticker(stores[-1], SchoolSettings(), clock, lambda: None, lambda texts: None)

    yield process
    for store in stores:
        store.close()


@pytest.fixture
def with_a_booking(database_url: str) -> None:
    with closing(Store(database_url)) as store, store.write() as session:
        school = School(session, london("2026-03-02 09:00"))
        staff = a_member(school)
        seen(school, staff, "2", "15:10-16:10")
        child = a_child(school, staff)
        adult = an_adult(school, child)
        slot = appointments.offers(school, staff, MeetingKind.TEACHER, adult).slots[0]
        appointments.book(school, slot, child, adult, Terms())


def keys(database_url: str) -> list[str]:
    with closing(Store(database_url)) as store, store.read() as session:
        return list(session.scalars(select(Message.key).order_by(Message.id)))


def declare(monkeypatch: pytest.MonkeyPatch, *due: Callable[[School], None]) -> None:
    monkeypatch.setattr(module, "capabilities", lambda: [Capability(f"one{place}", due=each) for place, each in enumerate(due)])


def say(key: str) -> Callable[[School], None]:
    def due(school: School) -> None:
        tell(school, an_adult(school), "said", {}, key=f"{key}:{school.now.isoformat()}")

    return due


def fail(school: School) -> None:
    raise ZeroDivisionError


def test_what_is_past_its_time_is_removed_once_a_day_while_the_school_sleeps(
    database_url: str, make: Callable[[], Ticker], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "capabilities", lambda: [Capability("broken", retain=fail), Capability("old", retain=say("removed"))])
    for at in ("2026-03-03 02:59", "2026-03-03 03:00", "2026-03-03 23:59", "2026-03-04 01:00", "2026-03-04 03:01"):
        clock.now = london(at)
        for ticker in (make(), make()):
            ticker.tick()
            ticker.tick()
            clock.now += timedelta(seconds=20)
    assert [key.removeprefix("removed:")[:16] for key in keys(database_url)] == ["2026-03-03T03:00", "2026-03-04T03:01"]


def test_an_absence_is_forgotten_when_its_time_is_over(database_url: str, make: Callable[[], Ticker], clock: Clock) -> None:
    with closing(Store(database_url)) as store, store.write() as session:
        school = School(session, NOON)
        staff = a_member(school)
        absence.report(school, a_child(school, staff), absence.Telling("phone", staff=staff, words="a cold"), first_on=NOON.date())
    for days, left in ((399, 1), (402, 0)):
        clock.now = NOON + timedelta(days=days)
        make().tick()
        with closing(Store(database_url)) as store, store.read() as session:
            assert session.scalar(select(func.count()).select_from(Absence)) == left


@pytest.mark.usefixtures("with_a_booking")
def test_two_tickers_do_everything_once(database_url: str, make: Callable[[], Ticker], clock: Clock) -> None:
    one, two = make(), make()
    for _ in range(4):
        for ticker in (one, two, two, one):
            ticker.tick()
        clock.now += timedelta(seconds=20)  # each time the lease has lapsed
        for ticker in (two, one):
            ticker.tick()
    assert keys(database_url) == ["appointment:1:reminder:0"]


def test_a_second_ticker_takes_over(database_url: str, make: Callable[[], Ticker], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, say("told"))
    one, two = make(), make()
    one.tick()
    clock.now += timedelta(seconds=5)
    two.tick()
    assert len(keys(database_url)) == 1
    clock.now += timedelta(seconds=10)
    two.tick()
    assert len(keys(database_url)) == 2


def test_one_that_fails_does_not_stop_the_others(database_url: str, make: Callable[[], Ticker], monkeypatch: pytest.MonkeyPatch) -> None:
    def writes_and_fails(school: School) -> None:
        say("never")(school)
        fail(school)

    declare(monkeypatch, say("first"), writes_and_fails, say("last"))
    make().tick()
    assert [key.split(":")[0] for key in keys(database_url)] == ["first", "last"]


def test_a_leader_that_was_paused_writes_nothing(database_url: str, make: Callable[[], Ticker], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = make(), make()

    def sleeps(school: School) -> None:
        """The machine is suspended while one works; meanwhile another takes over."""

    def paused(school: School) -> None:
        say("before")(school)

    def due(name: str, does: Callable[[School], None], fence: int) -> None:
        if name == "one1":
            clock.now += timedelta(minutes=1)
            declare(monkeypatch, say("other"))
            two.tick()
        Ticker._do(one, name, does, fence)

    declare(monkeypatch, paused, sleeps, say("late"))
    monkeypatch.setattr(one, "_do", due)
    one.tick()
    assert [key.split(":")[0] for key in keys(database_url)] == ["before", "other"]


def test_a_database_that_is_away_is_waited_for(make: Callable[[], Ticker], monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def away(school: School) -> None:
        raise DatabaseAway

    declare(monkeypatch, away, lambda school: done.append("next"))
    ticker = make()
    ticker.tick()
    assert done == []
    declare(monkeypatch, lambda school: done.append("again"))
    ticker.tick()
    assert done == ["again"]


def test_it_ticks_by_itself_until_it_is_stopped(make: Callable[[], Ticker], monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    done: list[datetime] = []
    declare(monkeypatch, lambda school: done.append(school.now))
    monkeypatch.setattr(module, "EVERY", 0.05)
    clock.now = datetime.now(NOON.tzinfo)
    one, two = make(), make()
    one.start()
    deadline = time.monotonic() + 5
    while len(done) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    one.stop()
    ticked = len(done)
    assert ticked >= 3
    two.tick()  # a successor leads at once
    assert len(done) == ticked + 1
