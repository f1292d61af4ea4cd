"""What each event of a calendar file says for itself, before one is seen beside the others. Source: RFC 5545 §3.6.1."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial

from school.event_files.lines import Component, Property, Wrong
from school.event_files.moments import Moment, between, moment
from school.event_files.rules import Recurrence, recurrence
from school.event_files.values import Length, length
from school.event_files.words import one_line, paragraphs, printable
from school.event_files.work import Work
from school.event_files.zones import Zones
from school.importing.table import Unreadable

LONGEST = {"title": 200, "place": 200, "description": 5_000, "UID": 380}
"""The most letters that each may have, once it was cleaned."""
_HOUR = Length(exact=timedelta(hours=1))
_DAY = Length(clock=timedelta(days=1))


@dataclass(frozen=True)
class Words:
    """What is said of an event beside when it is. `title` may be empty of one that is called off."""

    title: str
    text: str
    place: str
    is_cancelled: bool


@dataclass(frozen=True)
class Said:
    """One VEVENT. Each part is read when it is asked for, so that of one that is over no more is, and refuses with Unreadable if it cannot be."""

    number: int  # in its file, from 1
    event: Component
    zones: Zones
    work: Work

    @property
    def name(self) -> str:
        """What it is called in a fault: its title, or its number."""
        try:
            title = self._title
        except Unreadable:
            title = ""
        return (title if len(title) <= 60 else f"{title[:59]}…") or f"event {self.number}"

    @cached_property
    def uid(self) -> str:
        """Its UID; for what has none, though RFC 5545 asks for one, a name that is the same as long as its title and start are."""
        said = self._fitting("UID", "UID", lambda text: printable(text).strip())
        return said or hashlib.sha256(f"{self._title} {self.start.at.isoformat()}".encode()).hexdigest()[:32]

    @cached_property
    def start(self) -> Moment:
        """When it starts, the first time if it repeats; never a time that clocks skip."""
        said = self.event.one("DTSTART")
        if said is None:
            raise Wrong(self.event.line, "has no start (DTSTART)")
        return said.parsed(partial(self._shown, said))

    @cached_property
    def lasts(self) -> Length:
        """How long it lasts. What lasts no time, as by the letter all does that has no end, is taken for an hour, or for its day."""
        found = self._to_its_end or self._said_length
        return found if found and found.about else _DAY if self.start.is_day else _HOUR

    @cached_property
    def replaces(self) -> Moment | None:
        """The time of a repeating event in whose place it stands."""
        said = self.event.one("RECURRENCE-ID")
        if said is not None and "RANGE" in said.params:
            raise Wrong(said.line, "changes all that follow it, too (RANGE); let those be a repeating event of their own")
        return said.parsed(partial(self._shown, said)) if said else None

    @cached_property
    def rules(self) -> Sequence[Recurrence]:
        """How it repeats."""
        for said in self.event.all("EXRULE"):
            raise Wrong(said.line, "leaves days out by a rule (EXRULE); leave them out one by one")
        first = self.start.clock
        return [said.parsed(lambda value: recurrence(value, first)) for said in self.event.all("RRULE")]

    @cached_property
    def further(self) -> Sequence[Moment]:
        """Times beyond its rules; clocks may skip them."""
        return self._listed("RDATE")

    @property
    def out(self) -> Sequence[Moment]:
        """Times of its rules that are left out; clocks may skip them."""
        return self._listed("EXDATE")

    @property
    def repeats(self) -> bool:
        """Whether it says more than one time itself."""
        return bool(self.rules or self.further)

    @cached_property
    def words(self) -> Words:
        """What it says beside its times."""
        for line in self.event.garbled:
            raise Wrong(line, "is broken here: this line belongs to no property")
        status = self.event.one("STATUS")
        is_cancelled = status is not None and status.value.strip().upper() == "CANCELLED"
        title = self._fitting("SUMMARY", "title", one_line)
        if not title and not is_cancelled:
            raise Wrong(self.event.line, "has no title (SUMMARY)")
        return Words(title, self._fitting("DESCRIPTION", "description", paragraphs), self._fitting("LOCATION", "place", _address), is_cancelled)

    @cached_property
    def _title(self) -> str:
        said = self.event.one("SUMMARY")
        return one_line(said.value) if said else ""

    def _fitting(self, name: str, what: str, clean: Callable[[str], str]) -> str:
        said = self.event.one(name)
        text = clean(said.value) if said else ""
        if said and len(text) > LONGEST[what]:
            raise Wrong(said.line, f"has a {what} of {len(text)} letters; {LONGEST[what]} are the most")
        return text

    def _moment(self, said: Property, value: str) -> Moment:
        return moment(value, self.zones.find(said.params.get("TZID", "")))

    def _shown(self, said: Property, value: str) -> Moment:
        found = self._moment(said, value)
        found.refuse_skipped()
        return found

    @property
    def _to_its_end(self) -> Length | None:
        said = self.event.one("DTEND")
        return said.parsed(lambda value: _forward(between(self.start, self._shown(said, value)))) if said else None

    @property
    def _said_length(self) -> Length | None:
        said = self.event.one("DURATION")
        return said.parsed(lambda value: _forward(length(value, of_days=self.start.is_day))) if said else None

    def _listed(self, name: str) -> Sequence[Moment]:
        return [each for said in self.event.all(name) for each in said.parsed(partial(self._moments, said))]

    def _moments(self, said: Property, listed: str) -> Sequence[Moment]:
        return [self._moment(said, value) for value in self.work.through(listed.split(",")) if value.strip()]


def _forward(found: Length) -> Length:
    if found.about < timedelta(0):
        raise Unreadable("ends before it starts")
    return found


def _address(text: str) -> str:
    return one_line(text.strip().replace("\n", ", "))
