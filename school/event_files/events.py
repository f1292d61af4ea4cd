"""What each event of a calendar file says for itself, before one is seen beside the others. Source: RFC 5545 §3.6.1."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

from school.event_files import rules
from school.event_files.lines import Component, Property
from school.event_files.moments import Moment, between, moment
from school.event_files.rules import Rule
from school.event_files.values import Length, length
from school.event_files.words import one_line, paragraphs, printable
from school.event_files.zones import Zones
from school.importing.table import Fault, Unreadable

LONGEST = {"title": 200, "place": 200, "description": 5_000, "UID": 380}
"""The most letters that each may have, once it was cleaned."""
_HOUR = Length(exact=timedelta(hours=1))
_DAY = Length(clock=timedelta(days=1))

T = TypeVar("T")


@dataclass(frozen=True)
class Said:
    """One VEVENT. `replaces` is the time of a repeating event in whose place it stands; `further` and `out` are times beyond its rules and against them."""

    line: int
    name: str  # what it is called in a fault: its title, or its number in the file
    uid: str
    title: str
    words: str
    place: str
    is_cancelled: bool
    start: Moment
    lasts: Length
    replaces: Moment | None
    rules: Sequence[Rule]
    further: Sequence[Moment]
    out: Sequence[Moment]

    @property
    def repeats(self) -> bool:
        """Whether it says more than one time itself."""
        return bool(self.rules or self.further)


@dataclass
class _Reading:
    """One VEVENT as it is read. What is wrong is noted in `faults`, which all events of the file share, and the rest is read all the same."""

    event: Component
    zones: Zones
    faults: list[Fault]
    name: str

    def fault(self, reason: str, line: int = 0) -> None:
        self.faults.append(Fault(line or self.event.line, self.name, reason))

    def understood(self, read: Callable[[], T], line: int = 0) -> T | None:
        """What `read` gives; None if that is a fault of this line."""
        try:
            return read()
        except Unreadable as error:
            self.fault(str(error), line)
            return None

    def all(self, name: str) -> Sequence[Property]:
        return self.understood(lambda: self.event.all(name)) or ()

    def one(self, name: str) -> Property | None:
        return next(iter(self.all(name)), None)

    def lacks(self, name: str) -> bool:
        """Whether it has none of this name; one that cannot be read is another fault."""
        return name not in self.event.lines

    def text(self, name: str, what: str, clean: Callable[[str], str]) -> str:
        said = self.one(name)
        text = clean(said.value) if said else ""
        if said and len(text) > LONGEST[what]:
            self.fault(f"has a {what} of {len(text)} letters; {LONGEST[what]} are the most", said.line)
        return text[: LONGEST[what]]

    def moment(self, said: Property, value: str) -> Moment:
        return moment(value, self.zones.find(said.params.get("TZID", "")))

    def shown(self, said: Property) -> Moment:
        """A time that is not skipped."""
        found = self.moment(said, said.value)
        found.refuse_skipped()
        return found

    def moments(self, name: str) -> Sequence[Moment]:
        listed = [(said, value) for said in self.all(name) for value in said.value.split(",")]
        return _known(self.understood(partial(self.moment, said, value), said.line) for said, value in listed)


def read(number: int, event: Component, zones: Zones, faults: list[Fault]) -> Said | None:
    """What the event of this number in the file, from 1, says; None, and why is among `faults`, where it is not known when it is."""
    reading = _Reading(event, zones, faults, f"event {number}")
    title = reading.text("SUMMARY", "title", one_line)
    reading.name = (title if len(title) <= 60 else f"{title[:59]}…") or reading.name
    is_cancelled = _is_cancelled(reading)
    if not title and not is_cancelled and (reading.lacks("SUMMARY") or reading.one("SUMMARY")):
        reading.fault("has no title (SUMMARY)")
    for line in event.garbled:
        reading.fault("is broken here: this line belongs to no property", line)
    uid = reading.text("UID", "UID", lambda text: printable(text).strip())
    words, place = reading.text("DESCRIPTION", "description", paragraphs), reading.text("LOCATION", "place", _address)
    replaces, repeated, further, out = _replaces(reading), _rules(reading), reading.moments("RDATE"), reading.moments("EXDATE")
    start = _start(reading)
    lasts = _lasts(reading, start) if start else None
    is_unclear = len(repeated) < len(event.lines.get("RRULE", ())) or (replaces is None and "RECURRENCE-ID" in event.lines)
    if start is None or lasts is None or is_unclear:
        return None
    return Said(event.line, reading.name, uid or _own_uid(title, start), title, words, place, is_cancelled, start, lasts, replaces, repeated, further, out)


def _address(text: str) -> str:
    return one_line(text.strip().replace("\n", ", "))


def _is_cancelled(reading: _Reading) -> bool:
    status = reading.one("STATUS")
    return status is not None and status.value.strip().upper() == "CANCELLED"


def _start(reading: _Reading) -> Moment | None:
    if reading.lacks("DTSTART"):
        reading.fault("has no start (DTSTART)")
    said = reading.one("DTSTART")
    return reading.understood(partial(reading.shown, said), said.line) if said else None


def _lasts(reading: _Reading, start: Moment) -> Length | None:
    """How long it lasts. What lasts no time, as by the letter all does that has no end, is taken for an hour, or for its day."""
    end, duration = reading.one("DTEND"), reading.one("DURATION")
    line = end.line if end else duration.line if duration else 0
    found = reading.understood(partial(_length, reading, start, end, duration), line)
    if found is None or found.about > timedelta(0):
        return found
    if found.about < timedelta(0):
        reading.fault("ends before it starts", line)
        return None
    return _DAY if start.is_day else _HOUR


def _length(reading: _Reading, start: Moment, end: Property | None, duration: Property | None) -> Length:
    if end is not None:
        return between(start, reading.shown(end))
    found = length(duration.value) if duration else Length()
    if start.is_day and found.exact:
        raise Unreadable("is on a whole day and lasts hours")
    return found


def _replaces(reading: _Reading) -> Moment | None:
    said = reading.one("RECURRENCE-ID")
    if said is None:
        return None
    if "RANGE" in said.params:
        reading.fault("changes all that follow it, too (RANGE); let those be a repeating event of their own", said.line)
    return reading.understood(partial(reading.shown, said), said.line)


def _rules(reading: _Reading) -> Sequence[Rule]:
    for said in reading.all("EXRULE"):
        reading.fault("leaves days out by a rule (EXRULE); leave them out one by one", said.line)
    return _known(reading.understood(partial(rules.rule, said.value), said.line) for said in reading.all("RRULE"))


def _own_uid(title: str, start: Moment) -> str:
    """A name for what has none, though RFC 5545 asks for one: the same as long as its title and start are."""
    return hashlib.sha256(f"{title} {start.at.isoformat()}".encode()).hexdigest()[:32]


def _known(found: Iterable[T | None]) -> Sequence[T]:
    return [each for each in found if each is not None]
