"""The clocks that a calendar file names: the world's, by their names of today or by Microsoft's, and those that the file describes itself.

dateutil's tzical is not asked: it takes the end of a rule in UTC for the zone's own time, and looks through all changes since 1601 for each time.

Source: RFC 5545 §3.6.5; the IANA time zone database; CLDR's windowsZones, as icalendar has them.
"""

from __future__ import annotations

import zoneinfo
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache, partial
from itertools import takewhile

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from school import LONDON
from school.event_files import rules
from school.event_files.lines import Component
from school.event_files.values import YEARS, offset, written
from school.event_files.work import Work
from school.importing.table import Unreadable


@dataclass(frozen=True)
class Zone:
    """A clock somewhere. `instant` gives the instant (UTC) at which it shows a time, the first where it does so twice; None for a time that it skips."""

    name: str
    instant: Callable[[datetime], datetime | None]


def _instant(zone: zoneinfo.ZoneInfo, clock: datetime) -> datetime | None:
    at = clock.replace(tzinfo=zone).astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None) == clock else None


SCHOOLS = Zone(LONDON.key, partial(_instant, LONDON))
"""The school's: a time without a zone is meant as its clock shows it."""
WORLDS = Zone("UTC", partial(_instant, zoneinfo.ZoneInfo("UTC")))


@dataclass
class Zones:
    """The zones that the events of one `calendar` may name."""

    calendar: Component
    work: Work
    _found: dict[str, Zone] = field(default_factory=dict)

    def find(self, name: str) -> Zone:
        """The zone of this TZID; the school's for ''. A name of the world's means what it means everywhere, whatever the file says. Refuses with Unreadable."""
        if not name:
            return SCHOOLS
        if name not in self._found:
            self._found[name] = self._made(name)
        return self._found[name]

    def _made(self, name: str) -> Zone:
        known = _known(name)
        if known is not None:
            return Zone(known, partial(_instant, zoneinfo.ZoneInfo(known)))
        if name not in self._described:
            raise Unreadable(f"the time zone '{name[:80]}' is not known, and the file does not say what it is (VTIMEZONE)")
        return Zone(name, partial(_described_instant, _changes(self._described[name], self.work)))

    @cached_property
    def _described(self) -> Mapping[str, Component]:
        return {name: zone for zone in self.calendar.inside("VTIMEZONE") for name in _tzids(zone)}


def _tzids(zone: Component) -> Sequence[str]:
    """What it is called; nothing where that cannot be read, as then no event can name it."""
    try:
        return [tzid.value for tzid in zone.all("TZID")]
    except Unreadable:
        return []


def _known(name: str) -> str | None:
    """What the world calls it: 'Europe/London' for that, for 'GMT Standard Time', and for '/freeassociation.sourceforge.net/Europe/London'."""
    parts = name.split("/")
    tails = ["/".join(parts[-number:]) for number in (3, 2, 1)] if name.startswith("/") else []
    return next((each for each in (name, WINDOWS_TO_OLSON.get(name, ""), *tails) if each in _names()), None)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


@dataclass(frozen=True, order=True)
class _Change:
    """When the clock, which was `before` ahead of UTC, shows this, it is turned so that it is `after` ahead."""

    clock: datetime
    before: timedelta
    after: timedelta


def _described_instant(changes: Sequence[_Change], clock: datetime) -> datetime | None:
    at = bisect_right(changes, clock, key=lambda change: change.clock)
    if at == 0:
        return (clock - changes[0].before).replace(tzinfo=UTC)
    last = changes[at - 1]
    if clock < last.clock + (last.after - last.before):
        return None
    return (clock - last.after).replace(tzinfo=UTC)


def _changes(zone: Component, work: Work) -> Sequence[_Change]:
    """All changes of a zone that a file describes, in order. Refuses with Unreadable a zone without any, or one that cannot be followed."""
    changes = sorted(change for part in zone.inside("STANDARD", "DAYLIGHT") for change in work.through(_of_one_kind(part)))
    if not changes:
        raise Unreadable(f"the time zone of line {zone.line} has neither a STANDARD nor a DAYLIGHT time")
    return changes


def _of_one_kind(part: Component) -> Iterator[_Change]:
    first, before, after = written(_said(part, "DTSTART")), offset(_said(part, "TZOFFSETFROM")), offset(_said(part, "TZOFFSETTO"))
    yield _Change(first.clock, before, after)
    for listed in part.all("RDATE"):
        yield from (_Change(written(value).clock, before, after) for value in listed.value.split(",") if value.strip())
    for said in part.all("RRULE"):
        yield from (_Change(clock, before, after) for clock in _ruled(first.clock, rules.recurrence(said.value, first.clock), before))


def _ruled(first: datetime, rule: rules.Recurrence, before: timedelta) -> Iterator[datetime]:
    def has_ended(clock: datetime) -> bool:
        last = rule.until
        return clock.year >= YEARS.stop or (last is not None and (clock - before if last.is_utc else clock) > last.clock)

    return takewhile(lambda clock: not has_ended(clock), rules.clocks(first, rule))


def _said(part: Component, name: str) -> str:
    found = part.one(name)
    if found is None:
        raise Unreadable(f"the {part.kind} time of line {part.line} lacks its {name}")
    return found.value
