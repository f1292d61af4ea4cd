"""The clocks that a calendar file names: the world's, by their names of today or by Microsoft's, and those that the file describes itself.

Source: RFC 5545 §3.6.5; the IANA time zone database; CLDR's windowsZones, as icalendar has them.
"""

from __future__ import annotations

import zoneinfo
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from itertools import islice, takewhile

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from school import LONDON
from school.event_files import rules
from school.event_files.lines import Component
from school.event_files.values import clock, offset
from school.importing.table import Unreadable

_LAST_CHANGE = datetime(2100, 1, 1)  # noqa: DTZ001 - what a clock shows has no zone
_MOST_CHANGES = 1_000
"""Outlook's zones begin in 1601, and change twice a year."""
_MOST_ZONES = 50
"""The most zones that a file may use: one of its own takes some hundredths of a second."""
_LONGEST = 200
"""The most letters of a name that is looked for among the world's."""


@dataclass(frozen=True)
class Zone:
    """A clock somewhere. `instant` gives the instant (UTC) at which it shows a time, the first where it does so twice; None for a time that it skips."""

    name: str
    instant: Callable[[datetime], datetime | None]


def _instant(zone: zoneinfo.ZoneInfo, shown: datetime) -> datetime | None:
    at = shown.replace(tzinfo=zone).astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None) == shown else None


SCHOOLS = Zone(LONDON.key, partial(_instant, LONDON))
"""The school's: a time without a zone is meant as its clock shows it."""
WORLDS = Zone("UTC", partial(_instant, zoneinfo.ZoneInfo("UTC")))


@dataclass
class Zones:
    """The zones that one file may name; `written` are the VTIMEZONE that it holds itself, by their TZID."""

    written: Mapping[str, Component]
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
        if name not in self.written:
            raise Unreadable(f"the time zone '{name[:80]}' is not known, and the file does not say what it is (VTIMEZONE)")
        if len(self._found) >= _MOST_ZONES:
            raise Unreadable(f"the file uses more than {_MOST_ZONES} time zones")
        return Zone(name, partial(_written_instant, _changes(self.written[name])))


def _known(name: str) -> str | None:
    """What the world calls it: 'Europe/London' for that, for 'GMT Standard Time', and for '/freeassociation.sourceforge.net/Europe/London'."""
    if len(name) > _LONGEST:
        return None
    parts = name.split("/")
    tails = ["/".join(parts[start:]) for start in range(1, len(parts))] if name.startswith("/") else []
    return next((each for each in (name, WINDOWS_TO_OLSON.get(name, ""), *tails) if each in _names()), None)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


@dataclass(frozen=True, order=True)
class _Change:
    """When the clock, which was `before` ahead of UTC, shows this, it is turned so that it is `after` ahead."""

    shown: datetime
    before: timedelta
    after: timedelta


def _written_instant(changes: Sequence[_Change], shown: datetime) -> datetime | None:
    at = bisect_right(changes, shown, key=lambda change: change.shown)
    if at == 0:
        return (shown - changes[0].before).replace(tzinfo=UTC)
    last = changes[at - 1]
    if shown < last.shown + (last.after - last.before):
        return None
    return (shown - last.after).replace(tzinfo=UTC)


def _changes(zone: Component) -> Sequence[_Change]:
    """All changes of a zone that a file describes, in order. Refuses with Unreadable a zone without any, or one that cannot be followed."""
    changes = sorted(change for part in zone.inside("STANDARD", "DAYLIGHT") for change in _of_one_kind(part))
    if not changes:
        raise Unreadable(f"the time zone of line {zone.line} has neither a STANDARD nor a DAYLIGHT time")
    return changes


def _of_one_kind(part: Component) -> Iterator[_Change]:
    first, before, after = clock(_said(part, "DTSTART")), offset(_said(part, "TZOFFSETFROM")), offset(_said(part, "TZOFFSETTO"))
    further = [clock(value).shown for listed in part.all("RDATE") for value in listed.value.split(",")]
    ruled = [shown for written in part.all("RRULE") for shown in _ruled(first.shown, rules.rule(written.value), before)]
    return (_Change(shown, before, after) for shown in {first.shown, *further, *ruled})


def _ruled(first: datetime, rule: rules.Rule, before: timedelta) -> Iterable[datetime]:
    ends = min(rule.until.shown, _LAST_CHANGE) if rule.until else _LAST_CHANGE
    if rule.until and rule.until.is_utc:
        ends += before
    return takewhile(lambda shown: shown <= ends, islice(rules.clocks(first, rule, first), _MOST_CHANGES))


def _said(part: Component, name: str) -> str:
    found = part.one(name)
    if found is None:
        raise Unreadable(f"the {part.kind} time of line {part.line} lacks its {name}")
    return found.value
