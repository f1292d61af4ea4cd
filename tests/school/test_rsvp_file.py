"""The calendar file of a yes: it tells how the event stands when it is fetched, names nobody, and is gone when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from icalendar import Calendar
from icalendar import Event as Entry

from data.events import Event, Rsvp
from data.people import Adult
from school import LONDON, School, event_changes, events, rsvps, texts
from school.events import Plan
from school.files import File
from school.rsvp_file import by_token, calendar_file
from tests.school.small import a_child, an_adult

COFFEE = Plan("Coffee morning; bring a friend", date(2026, 3, 20), time(9, 15), time(10, 0), place="Hall, upstairs", reminders=())


@pytest.fixture
def event(school: School) -> Event:
    [made] = events.make(school, COFFEE, None)
    events.open_up(school, made)
    return made


@pytest.fixture
def parent(school: School) -> Adult:
    return an_adult(school, a_child(school))


@pytest.fixture
def rsvp(school: School, event: Event, parent: Adult) -> Rsvp:
    return rsvps.accept(school, event, parent, 2)


def entry_of(file: File | None) -> Entry:
    assert file is not None
    parsed = Calendar.from_ical(file.content)
    assert isinstance(parsed, Calendar)
    [entry] = parsed.events
    return entry


def later(school: School, **time: float) -> School:
    return School(school.session, school.now + timedelta(**time))


def fetched(school: School, rsvp: Rsvp) -> Entry:
    assert rsvp.token is not None
    return entry_of(by_token(school, rsvp.token))


def test_it_says_what_when_and_where(school: School, rsvp: Rsvp) -> None:
    file = calendar_file(school, rsvp)
    entry = entry_of(file)
    assert (file.name, file.media_type, file.path) == ("event.ics", "text/calendar", f"/e/{rsvp.token}.ics")
    assert (str(entry["summary"]), str(entry["location"]), str(entry["status"])) == ("Coffee morning; bring a friend", "Hall, upstairs", "CONFIRMED")
    assert (entry.start, entry.end) == (datetime(2026, 3, 20, 9, 15, tzinfo=LONDON), datetime(2026, 3, 20, 10, 0, tzinfo=LONDON))


def test_its_title_is_in_the_readers_language(school: School, event: Event, parent: Adult) -> None:
    parent.language = "so"
    texts.want(event.title, ["so"])
    translation = event.title.translation("so")
    assert translation is not None
    texts.translated(translation, "Subax qaxwe", "person")
    assert str(entry_of(calendar_file(school, rsvps.accept(school, event, parent)))["summary"]) == "Subax qaxwe"


def test_it_names_nobody(school: School, rsvp: Rsvp, parent: Adult) -> None:
    text = calendar_file(school, rsvp).content.decode()
    names = [*parent.name.split(), *(tie.child.name for tie in parent.guardianships)]
    assert not [name for name in (*names, "ATTENDEE", "ORGANIZER") if name in text]


def test_its_link_stays_the_same_and_tells_of_a_change(school: School, event: Event, rsvp: Rsvp) -> None:
    before, path = entry_of(calendar_file(school, rsvp)), calendar_file(school, rsvp).path
    event_changes.change(later(school, hours=1), event, replace(COFFEE, on=date(2026, 3, 27), place="Library"))
    after = fetched(school, rsvp)
    assert (after.start, str(after["location"])) == (datetime(2026, 3, 27, 9, 15, tzinfo=LONDON), "Library")
    assert after.sequence > before.sequence
    assert (after["uid"], calendar_file(school, rsvp).path) == (before["uid"], path)


def test_a_yes_that_is_taken_back_shows_in_it_and_a_new_yes_too(school: School, event: Event, rsvp: Rsvp, parent: Adult) -> None:
    stamps = [entry_of(calendar_file(school, rsvp)).DTSTAMP]
    for hours, status in ((1, "CANCELLED"), (2, "CONFIRMED")):
        answer = rsvps.decline if status == "CANCELLED" else rsvps.accept
        answer(later(school, hours=hours), event, parent)
        assert str(fetched(school, rsvp)["status"]) == status
        stamps.append(fetched(school, rsvp).DTSTAMP)
    assert stamps == sorted(set(stamps)), "which of two is newer is seen by its stamp"


def test_calling_the_event_off_shows_in_it(school: School, event: Event, rsvp: Rsvp) -> None:
    calendar_file(school, rsvp)
    event_changes.cancel(school, event)
    assert str(fetched(school, rsvp)["status"]) == "CANCELLED"


def test_its_link_opens_until_a_day_after(school: School, event: Event, rsvp: Rsvp) -> None:
    calendar_file(school, rsvp)
    assert rsvp.token is not None
    over = events.ended(event)
    assert by_token(School(school.session, over + timedelta(days=1)), rsvp.token) is not None
    assert by_token(School(school.session, over + timedelta(days=1, seconds=1)), rsvp.token) is None
    assert by_token(school, "another") is None
