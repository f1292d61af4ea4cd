"""Calendars to subscribe to hold what they should and no more, and end when they are taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from icalendar import Calendar

from data.people import Adult, Child, Staff
from school import School, appointments, event_changes, events, feeds, slots
from school.access import Viewer
from school.appointments import MeetingKind, Terms
from school.events import Guests, Plan

CONCERT = Plan("Concert", date(2026, 3, 20), time(14, 0), time(15, 0), place="Hall", words="Bring <b>a</b> friend; or two, and more.")


def shown(school: School, feed: feeds.Feed) -> list[tuple[str, str]]:
    content = feeds.by_token(school, feed.token)
    assert content is not None
    return [(str(event["summary"]), str(event["status"])) for event in Calendar.from_ical(content).walk("VEVENT")]


def opened(school: School, plan: Plan) -> events.Event:
    [made] = events.make(school, plan, None)
    events.open_up(school, made)
    return made


def test_the_schools_calendar_holds_what_everyone_is_invited_to(school: School, office: Viewer, parent: Adult) -> None:
    opened(school, CONCERT)
    opened(school, replace(CONCERT, title="Only for one", guests=Guests(adults=[parent])))
    events.make(school, replace(CONCERT, title="A draft"), None)
    assert shown(school, feeds.make(school, office.staff)) == [("Concert", "CONFIRMED")]


def test_a_class_has_its_own_too(school: School, office: Viewer, child: Child) -> None:
    opened(school, replace(CONCERT, guests=Guests(classes=[child.school_class])))
    assert shown(school, feeds.make(school, office.staff)) == []
    assert shown(school, feeds.make(school, office.staff, school_class=child.school_class)) == [("Concert", "CONFIRMED")]


def test_what_is_called_off_stays_as_called_off(school: School, office: Viewer) -> None:
    event_changes.cancel(school, opened(school, CONCERT))
    assert shown(school, feeds.make(school, office.staff)) == [("Concert", "CANCELLED")]


def test_a_teachers_calendar_names_no_family(school: School, office: Viewer, teacher: Staff, parent: Adult, child: Child) -> None:
    slot = slots.free_slots(school, teacher, MeetingKind.TEACHER, school.today, school.today)[0]
    appointments.book(school, slot, child, parent, Terms())
    feed = feeds.make(school, office.staff, staff=teacher)
    assert shown(school, feed) == [("Appointment", "CONFIRMED")]
    content = feeds.by_token(school, feed.token) or b""
    assert not any(name.encode() in content for name in (*parent.name.split(), *child.name.split()))


def test_a_link_that_was_taken_back_opens_nothing(school: School, office: Viewer) -> None:
    feed = feeds.make(school, office.staff)
    feeds.revoke(school, feed)
    assert feeds.by_token(school, feed.token) is None


@pytest.mark.parametrize("token", ["", "x", "x" * 500, "'; --", "%00"])
def test_any_other_token_opens_nothing(school: School, token: str) -> None:
    assert feeds.by_token(school, token) is None


def test_a_change_is_seen_as_one(school: School, office: Viewer) -> None:
    feed, event = feeds.make(school, office.staff), opened(school, CONCERT)

    def stamp() -> tuple[int, datetime]:
        [entry] = Calendar.from_ical(feeds.by_token(school, feed.token) or b"").walk("VEVENT")
        return entry.decoded("sequence"), entry.decoded("dtstamp")

    before = stamp()
    later = School(school.session, school.now + timedelta(days=1))
    event_changes.change(later, event, replace(CONCERT, title="Spring concert"))
    assert (stamp()[0] - before[0], stamp()[1] - before[1]) == (1, timedelta(days=1))
