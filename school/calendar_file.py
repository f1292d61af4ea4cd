"""An appointment as a calendar file, for whichever calendar a parent uses. Source: RFC 5545."""

from __future__ import annotations

from datetime import timedelta

from icalendar import Calendar, Event, Timezone
from sqlalchemy import select

from data.appointments import Appointment, AppointmentState
from school import LONDON, School
from school.files import File

# Written out: what icalendar would make of the zone is six times as long, and an hour off in March (its onset is not in the time before the change).
ZONE = """\
BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:DAYLIGHT
DTSTART:19810329T010000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:BST
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:GMT
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
END:STANDARD
END:VTIMEZONE
"""
OUTLIVES = timedelta(days=1)
"""How long after the appointment its link still opens."""


def calendar_file(school: School, appointment: Appointment) -> File:
    """The appointment's calendar file. It names no child and no adult: whoever finds the link learns only that someone is expected at school."""
    event = Event()
    event.add("uid", f"{appointment.token}@bookbag")
    event.add("sequence", appointment.version)
    event.add("dtstamp", appointment.booked_at)
    event.add("dtstart", appointment.starts_at.astimezone(LONDON))
    event.add("dtend", (appointment.starts_at + timedelta(minutes=appointment.minutes)).astimezone(LONDON))
    event.add("summary", f"Appointment: {school.settings.name}")
    event.add("status", "CONFIRMED" if appointment.state == AppointmentState.BOOKED else "CANCELLED")
    calendar = empty_calendar()
    calendar.add_component(event)
    return File("appointment.ics", "text/calendar", calendar.to_ical(), f"/a/{appointment.token}.ics")


def empty_calendar() -> Calendar:
    """A calendar of Bookbag's that says what London's clock is, and holds no event yet."""
    calendar = Calendar()
    calendar.add("prodid", "-//Bookbag//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(Timezone.from_ical(ZONE))
    return calendar


def by_token(school: School, token: str) -> File | None:
    """The calendar file a link opens; None if there is no such appointment or it is over for a day."""
    appointment = school.session.scalars(select(Appointment).where(Appointment.token == token)).one_or_none()
    if appointment is None or appointment.starts_at + OUTLIVES < school.now:
        return None
    return calendar_file(school, appointment)
