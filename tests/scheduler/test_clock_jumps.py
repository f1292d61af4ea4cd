"""The server's clock goes wrong by an hour and is put right, on the nights when the school's clocks change too: what is planned comes once, at its hour."""

from __future__ import annotations

import time as clock_of_the_server
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from data.outbox import Message
from data.store import Store
from scheduler.ticker import Ticker
from school import LONDON, School, SchoolSettings, addresses, appointments, broadcasts
from school.appointments import MeetingKind, Terms
from school.broadcasts import Content, Repeat, When
from tests.school.small import a_child, a_member, an_adult, london, seen

HOUR = timedelta(hours=1)
TICKS = timedelta(minutes=30)


class Wrong:
    """The server's clock, by real time: `jumps` say from when on it is wrong, and by how much."""

    def __init__(self, jumps: dict[str, timedelta]) -> None:
        self.real = datetime.min.replace(tzinfo=UTC)
        self._jumps = {london(at).astimezone(UTC): by for at, by in jumps.items()}

    def __call__(self) -> datetime:
        passed = [at for at in self._jumps if at <= self.real]
        return self.real + (self._jumps[max(passed)] if passed else timedelta())


@pytest.fixture
def stands_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts the server into a zone."""

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        clock_of_the_server.tzset()

    yield move
    monkeypatch.undo()
    clock_of_the_server.tzset()


def plan(database_url: str, sunday: date) -> None:
    """News at eight on that Sunday and the two beside it, and an appointment on the Monday after, of which the parent is reminded the day before."""
    at = datetime.combine(sunday - timedelta(days=9), time(9, 10), LONDON)
    with closing(Store(database_url)) as store, store.write() as session:
        school = School(session, at)
        staff = a_member(school)
        seen(school, staff, "0", "15:10-16:10")
        child = a_child(school, staff)
        parent = an_adult(school, child)
        addresses.reach(school, parent, addresses.at(school, "sms", "phone", "+447700900301"), 0)
        news = broadcasts.make(school, None, Content("The pool is closed."))
        broadcasts.send(school, None, news, When(sunday - timedelta(days=7), time(8, 0), Repeat.WEEKLY, sunday + timedelta(days=7)))
        slots = appointments.offers(school, staff, MeetingKind.TEACHER, parent).slots
        slot = next(slot for slot in slots if slot.starts_at.astimezone(LONDON).date() == sunday + timedelta(days=1))
        appointments.book(school, slot, child, parent, Terms())


def live(database_url: str, clock: Wrong, day: date) -> list[tuple[str, datetime]]:
    """Two schedulers tick through a day until the evening; what was said by the clock: its kind, and when by real time."""
    said: dict[int, tuple[str, datetime]] = {}
    with closing(Store(database_url)) as one, closing(Store(database_url)) as two:
        tickers = [Ticker(store, SchoolSettings(), clock, lambda: None, lambda _: None) for store in (one, two)]
        clock.real = datetime.combine(day, time(), LONDON).astimezone(UTC)
        while clock.real < datetime.combine(day, time(18, 30), LONDON):
            for ticker in tickers:
                ticker.tick()
            with one.read() as session:
                for message in session.scalars(select(Message)):
                    said.setdefault(message.id, (message.kind, clock.real.astimezone(LONDON)))
            clock.real += TICKS
    return list(said.values())


def moments(database_url: str, sunday: date, wrong_by: timedelta) -> list[tuple[str, str]]:
    """What is said on that Sunday, and when, where the clock is wrong from half past seven until half past eight and from half past nine until the evening."""
    plan(database_url, sunday)
    jumps = {f"{sunday} 07:30": wrong_by, f"{sunday} 08:30": timedelta(), f"{sunday} 09:30": wrong_by, f"{sunday} 17:30": timedelta()}
    return [(kind, f"{at:%H:%M}") for kind, at in live(database_url, Wrong(jumps), sunday)]


@pytest.mark.slow
@pytest.mark.parametrize("sunday", [date(2026, 3, 29), date(2026, 10, 25)], ids=["spring", "autumn"])
@pytest.mark.parametrize(
    "zone, wrong_by, news, reminder",
    [("UTC", timedelta(), "08:00", "16:00"), ("Asia/Kolkata", HOUR, "07:30", "15:00"), ("America/Los_Angeles", -HOUR, "08:30", "17:00")],
    ids=["right", "fast", "slow"],
)
def test_what_is_planned_comes_once_though_the_clock_jumps(
    stands_in: Callable[[str], None], database_url: str, sunday: date, zone: str, wrong_by: timedelta, news: str, reminder: str
) -> None:
    stands_in(zone)
    assert moments(database_url, sunday, wrong_by) == [("broadcast", news), ("appointment_reminder", reminder)]
