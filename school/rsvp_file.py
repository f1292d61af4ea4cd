"""A yes to an event as a calendar file, for whichever calendar a parent uses. Source: RFC 5545."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from data.events import Answer, EventState, Rsvp
from school import School, events
from school.calendar_file import OUTLIVES
from school.event_feed import Entry, only
from school.files import File


def calendar_file(school: School, rsvp: Rsvp) -> File:
    """The event as it stands now, in the language of whoever said yes; cancelled once it is called off, or they do not come any more.

    It names no adult and no child. Its `version` rises with each change of the event; that an answer was changed shows in when it last was (RFC 5546 §2.1.5).
    """
    event = rsvp.event
    if rsvp.token is None:
        rsvp.token = secrets.token_urlsafe(24)
    entry = Entry(
        uid=f"{rsvp.token}@bookbag",
        title=event.title.read_in(rsvp.adult.language).words,
        on=event.on,
        starts=event.starts,
        ends_on=event.ends_on,
        ends=event.ends,
        place=event.place or school.settings.name,
        words="",
        version=event.version - 1,
        is_cancelled=event.state == EventState.CANCELLED or rsvp.answer != Answer.YES,
        changed_at=max(event.changed_at, rsvp.answered_at),
    )
    return File("event.ics", "text/calendar", only(entry), f"/e/{rsvp.token}.ics")


def by_token(school: School, token: str) -> File | None:
    """The calendar file a link opens; None if there is no such answer or the event is over for a day."""
    rsvp = school.session.scalars(select(Rsvp).where(Rsvp.token == token)).one_or_none()
    if rsvp is None or events.ended(rsvp.event) + OUTLIVES < school.now:
        return None
    return calendar_file(school, rsvp)
