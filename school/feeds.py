"""Calendars to subscribe to: what is on for the whole school or a class, and a teacher's appointments. The link is the key; it can be taken back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from data.appointments import Appointment, AppointmentStaff, AppointmentState
from data.events import Event, EventGuests, EventState, Feed
from data.people import SchoolClass, Staff
from school import LONDON, School
from school.event_feed import Entry, feed

__all__ = ["Feed"]

BACK, AHEAD = timedelta(days=60), timedelta(days=400)
"""What a feed holds, counted from today."""


def make(school: School, by: Staff, *, school_class: SchoolClass | None = None, staff: Staff | None = None) -> Feed:
    """A link to a calendar: of the whole school's events, of what a class is invited to, or of a member of staff's appointments."""
    made = Feed(
        token=secrets.token_urlsafe(24),
        class_id=school_class.id if school_class else None,
        staff_id=staff.id if staff else None,
        made_by_id=by.id,
        made_at=school.now,
    )
    school.session.add(made)
    school.session.flush()
    return made


def revoke(school: School, given: Feed) -> None:
    """The link opens nothing any more."""
    school.session.delete(given)
    school.session.flush()


def everyone(school: School) -> Sequence[Feed]:
    """Every link that opens, the oldest first."""
    return school.session.scalars(select(Feed).order_by(Feed.id)).all()


def find(school: School, feed_id: int) -> Feed | None:
    """One link, by its id."""
    return school.session.get(Feed, feed_id)


def written(school: School, given: Feed) -> str:
    """What the calendar is called: the school, 'Maple, Cherry Garden', or 'Ms Okafor, Cherry Garden'."""
    if given.class_id is None and given.staff_id is None:
        return school.settings.name
    of = school.session.get_one(SchoolClass, given.class_id) if given.class_id is not None else school.session.get_one(Staff, given.staff_id)
    return f"{of.name}, {school.settings.short_name}"


def by_token(school: School, token: str) -> bytes | None:
    """The calendar that a link opens, as iCalendar in UTF-8; None where there is none."""
    given = school.session.scalars(select(Feed).where(Feed.token == token)).one_or_none()
    if given is None:
        return None
    entries = _events(school, given) if given.staff_id is None else _appointments(school, given.staff_id)
    return feed(written(school, given), entries, at=school.now)


def _events(school: School, given: Feed) -> Iterator[Entry]:
    """What the whole school is invited to, and this class where it is a class's. What single families are invited to is in no feed."""
    whole = EventGuests.class_id.is_(None) & EventGuests.group_id.is_(None) & EventGuests.adult_id.is_(None)
    invites = select(EventGuests.event_id).where(or_(whole, EventGuests.class_id == given.class_id) if given.class_id is not None else whole)
    shown = Event.state != EventState.DRAFT, Event.on >= school.today - BACK, Event.on <= school.today + AHEAD, Event.id.in_(invites)
    for event in school.session.scalars(select(Event).where(*shown).order_by(Event.on, Event.starts, Event.id)):
        yield Entry(
            uid=f"event-{event.id}@bookbag",
            title=event.title.words,
            on=event.on,
            starts=event.starts,
            ends_on=event.ends_on,
            ends=event.ends,
            place=event.place,
            words=event.words.words if event.words else "",
            version=event.version - 1,
            is_cancelled=event.state == EventState.CANCELLED,
            changed_at=event.changed_at,
        )


def _appointments(school: School, staff_id: int) -> Iterator[Entry]:
    """A member of staff's appointments: a time and a kind, and no family's name, as whoever has the link reads it."""
    mine = select(AppointmentStaff.appointment_id).where(AppointmentStaff.staff_id == staff_id)
    shown = Appointment.id.in_(mine), Appointment.starts_at >= school.now - BACK, Appointment.starts_at <= school.now + AHEAD
    for row in school.session.scalars(select(Appointment).where(*shown).order_by(Appointment.starts_at, Appointment.id)):
        starts, ends = _clock(row.starts_at), _clock(row.starts_at + timedelta(minutes=row.minutes))
        yield Entry(
            uid=f"{row.token}@bookbag",
            title="Appointment",
            on=starts.date(),
            starts=starts.time(),
            ends_on=ends.date(),
            ends=ends.time(),
            place="",
            words="",
            version=row.version,
            is_cancelled=row.state != AppointmentState.BOOKED,
            changed_at=row.booked_at,
        )


def _clock(at: datetime) -> datetime:
    return at.astimezone(LONDON)
