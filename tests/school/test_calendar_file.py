"""The calendar file: right on both sides of the clock's change, raised when moved, empty of names, and gone when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar, Event

from data.appointments import Appointment
from data.people import Adult, Child, Staff
from data.store import Store
from school import LONDON, School, SchoolSettings, appointments
from school.appointments import MeetingKind, Terms
from school.calendar_file import by_token, calendar_file
from school.files import File
from school.slots import Slot
from tests.school.small import a_child, a_member, an_adult, london, seen


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, london("2026-03-23 09:00"), SchoolSettings(name="Cherry Garden School"))


@pytest.fixture
def people(school: School) -> tuple[Adult, Child, Staff]:
    staff = a_member(school)
    seen(school, staff, "0123", "15:10-16:10")
    child = a_child(school, staff)
    return an_adult(school, child), child, staff


def offered(school: School, people: tuple[Adult, Child, Staff]) -> list[Slot]:
    return list(appointments.offers(school, people[2], MeetingKind.TEACHER, people[0]).slots)


@pytest.fixture
def appointment(school: School, people: tuple[Adult, Child, Staff]) -> Appointment:
    return appointments.book(school, offered(school, people)[0], people[1], people[0], Terms(interpreter="so"), note="Ask about the coach")


def event_of(file: File | None) -> Event:
    assert file is not None
    parsed = Calendar.from_ical(file.content)
    assert isinstance(parsed, Calendar)
    [event] = parsed.events
    return event


def test_it_is_a_calendar_others_can_read(school: School, appointment: Appointment) -> None:
    file = calendar_file(school, appointment)
    parsed = Calendar.from_ical(file.content)
    assert (str(parsed["version"]), str(parsed["method"]), parsed["prodid"]) == ("2.0", "PUBLISH", "-//Bookbag//EN")
    assert file.content.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in file.content.split(b"\r\n"))
    assert (file.name, file.media_type, file.path) == ("appointment.ics", "text/calendar", f"/a/{appointment.token}.ics")
    assert len(file.content) < 1_000


BOTH_SIDES = [("2026-03-26 15:10", "15:10"), ("2026-03-30 15:10", "14:10"), ("2026-10-22 15:10", "14:10"), ("2026-10-26 15:10", "15:10")]


def test_the_time_is_right_on_both_sides_of_the_change(school: School, appointment: Appointment) -> None:
    for clock, utc in BOTH_SIDES:
        appointment.starts_at = london(clock)
        event = event_of(calendar_file(school, appointment))
        assert event["dtstart"].params["TZID"] == "Europe/London"
        assert isinstance(event.start, datetime)
        assert f"{event.start.astimezone(UTC):%H:%M}" == utc
        assert event.start == london(clock)
        assert event.end - event.start == timedelta(minutes=20)


def test_its_zone_is_londons(school: School, appointment: Appointment) -> None:
    parsed = Calendar.from_ical(calendar_file(school, appointment).content)
    [zone] = parsed.timezones
    ours = zone.to_tz()
    for hours in range(0, 24 * 365, 5):
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
        assert moment.astimezone(ours).replace(tzinfo=None) == moment.astimezone(LONDON).replace(tzinfo=None)


def test_a_move_raises_its_sequence_and_keeps_its_name(school: School, people: tuple[Adult, Child, Staff], appointment: Appointment) -> None:
    before = event_of(calendar_file(school, appointment))
    slot = offered(school, people)[-1]
    appointments.move(school, appointment, slot, people[0])
    after = event_of(calendar_file(school, appointment))
    assert (before["sequence"], after["sequence"]) == (0, 1)
    assert before["uid"] == after["uid"]
    assert after.start == slot.starts_at
    assert str(after["status"]) == "CONFIRMED"


def test_calling_off_shows_in_it(school: School, people: tuple[Adult, Child, Staff], appointment: Appointment) -> None:
    appointments.cancel(school, appointment, people[0])
    event = event_of(calendar_file(school, appointment))
    assert (str(event["status"]), event["sequence"]) == ("CANCELLED", 1)


def test_it_names_nobody(school: School, people: tuple[Adult, Child, Staff], appointment: Appointment) -> None:
    text = calendar_file(school, appointment).content.decode()
    adult, child, staff = people
    for word in (*adult.name.split(), *child.name.split(), "Okafor", staff.email, appointment.note, "Somali", "\nATTENDEE"):
        assert word not in text


def test_its_link_opens_until_a_day_after(school: School, appointment: Appointment) -> None:
    at = appointment.starts_at
    assert by_token(School(school.session, at + timedelta(days=1)), appointment.token) is not None
    assert by_token(School(school.session, at + timedelta(days=1, seconds=1)), appointment.token) is None
    assert by_token(school, "another") is None
