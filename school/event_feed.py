"""Events as a calendar that others subscribe to: their phone asks for it again, and so has what was changed. Source: RFC 5545, RFC 7986."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from icalendar import Event, vDuration, vText

from school import LONDON
from school.calendar_file import empty_calendar
from school.event_files import ALL_DAY, printable

REFRESH = timedelta(hours=1)
"""How often whoever subscribes is asked to look again. Google does so when it likes, mostly within a day."""


@dataclass(frozen=True)
class Entry:
    """One event of the feed, on the school's clock. `version` counts up from 0 with each change, `changed_at` (aware) is the last one's time."""

    uid: str
    title: str
    on: date
    starts: time
    ends_on: date
    ends: time
    place: str
    words: str
    version: int
    is_cancelled: bool
    changed_at: datetime


class _Words(vText):
    r"""A text as RFC 5545 §3.3.11 escapes it. icalendar's own takes the letters \N, as in N:\News, for a line break."""

    def to_ical(self) -> bytes:
        escaped = re.sub(r"[\\;,]", r"\\\g<0>", self)
        return escaped.replace("\n", "\\n").encode()


def feed(name: str, entries: Iterable[Entry], *, at: datetime) -> bytes:
    """The calendar of this name (iCalendar, UTF-8), last changed `at` an aware time. What is on from 00:00 to 23:59 is written as on the whole day.

    What was called off stays in it, as cancelled: what is only left out would stay in many calendars.
    """
    calendar = empty_calendar()
    for title in ("name", "x-wr-calname"):
        calendar.add(title, _words(name))
    calendar.add("x-wr-timezone", LONDON.key)
    calendar.add("last-modified", at)
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    for entry in entries:
        calendar.add_component(_event(entry))
    content: bytes = calendar.to_ical()
    return content


def only(entry: Entry) -> bytes:
    """A calendar file (iCalendar, UTF-8) of this one event, to be put into one's own calendar."""
    calendar = empty_calendar()
    calendar.add_component(_event(entry))
    content: bytes = calendar.to_ical()
    return content


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.version)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    if (entry.starts, entry.ends) == ALL_DAY:
        event.add("dtstart", entry.on)
        event.add("dtend", entry.ends_on + timedelta(days=1))
    else:
        event.add("dtstart", datetime.combine(entry.on, entry.starts, tzinfo=LONDON))
        event.add("dtend", datetime.combine(entry.ends_on, entry.ends, tzinfo=LONDON))
    for kind, said in (("summary", entry.title), ("location", entry.place), ("description", entry.words)):
        if said:
            event.add(kind, _words(said))
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    return event


def _words(text: str) -> vText:
    return _Words(printable(text))
