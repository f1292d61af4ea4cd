"""A calendar file, as Google, Outlook and Apple export them, read into events that the school may take. Source: RFC 5545.

All or nothing, as with every file that is imported: what is wrong is told at once, event by event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from school.event_files import events
from school.event_files.events import Said
from school.event_files.lines import Component, calendars
from school.event_files.moments import Moment, after, shown
from school.event_files.series import among, starts
from school.event_files.zones import Zones
from school.importing.table import BadRows, Fault, Unreadable
from school.repeats import MOST

ALL_DAY = (time(0), time(23, 59))
"""From when to when something is that is on the whole day."""
MOST_SERIES = 300
"""The most repeating events in one file."""


@dataclass(frozen=True)
class Draft:
    """An event as a calendar file has it, on the school's clock: from `starts` on day `on` to `ends` on day `ends_on`, always later.

    `title` and `place` are one line of up to 200 letters, `words` up to 5,000; all without HTML. `source` is the event's UID; for one time of a repeating
    event 'UID/YYYY-MM-DD', with the day that it was first meant for, even when it was moved, and `series` is the UID. `is_cancelled`: it was to be, and is
    called off; then `title` may be empty.
    """

    title: str
    on: date
    starts: time
    ends_on: date
    ends: time
    words: str
    place: str
    source: str
    series: str | None = None
    is_cancelled: bool = False


@dataclass
class _Named:
    """All that a file says under one UID: the event, or its rule (two of them are one too many), and single times of it that are otherwise."""

    whole: list[Said] = field(default_factory=list)
    single: list[Said] = field(default_factory=list)

    @property
    def first(self) -> Said:
        return (self.whole or self.single)[0]


def read(content: bytes, today: date) -> list[Draft]:
    """The events of a calendar file that are not over on `today`, a day in London, in order of time. One that is under way is not over.

    A time without a zone is London's. Of a repeating event past times are left out. Refuses with BadRows, a fault for each thing that is wrong: what is no
    calendar file in UTF-8 of at most 1 MB, or holds no event; an event that is over, has no title, no start, an end before its start, or a time or zone
    that does not exist; one that repeats without end, more than MOST times from `today` on, or never again.
    """
    found = calendars(content)
    faults: list[Fault] = []
    said = _said(found, faults)
    by_uid: dict[str, _Named] = {}
    for each in said:
        named = by_uid.setdefault(each.uid, _Named())
        (named.single if each.replaces else named.whole).append(each)
    if sum(each.repeats for each in said) > MOST_SERIES:
        raise BadRows([Fault(0, "file", f"holds more than {MOST_SERIES} repeating events; export fewer of them")])
    drafts: dict[str, Draft] = {}
    for uid, named in by_uid.items():
        for draft in _drafts(uid, named, today, faults):
            if draft.source in drafts:
                faults.append(Fault(named.first.line, named.first.name, f"is twice on {draft.on}"))
            drafts[draft.source] = draft
    if faults:
        raise BadRows(sorted(set(faults)))
    return sorted(drafts.values(), key=lambda draft: (draft.on, draft.starts, draft.title, draft.source))


def _said(found: Iterable[Component], faults: list[Fault]) -> Sequence[Said]:
    """What each event says, of all that can be read."""
    said: list[Said | None] = []
    for calendar in found:
        zones = _zones(calendar, faults)
        said += [events.read(number, event, zones, faults) for number, event in enumerate(calendar.inside("VEVENT"), start=len(said) + 1)]
    if not said:
        raise BadRows([Fault(0, "file", "holds no event")])
    return [each for each in said if each is not None]


def _zones(calendar: Component, faults: list[Fault]) -> Zones:
    written: dict[str, Component] = {}
    for zone in calendar.inside("VTIMEZONE"):
        try:
            written |= {tzid.value: zone for tzid in zone.all("TZID")}
        except Unreadable as error:
            faults.append(Fault(zone.line, "VTIMEZONE", str(error)))
    return Zones(written)


def _drafts(uid: str, named: _Named, today: date, faults: list[Fault]) -> Sequence[Draft]:
    faults += [Fault(another.line, another.name, f"is there twice: line {named.first.line} has the same UID") for another in named.whole[1:]]
    try:
        if named.single or named.first.repeats:
            return _series(uid, named, today)
        return _only(uid, named.first, today)
    except Unreadable as error:
        faults.append(Fault(named.first.line, named.first.name, str(error)))
        return ()


def _only(uid: str, said: Said, today: date) -> Sequence[Draft]:
    draft = _draft(said, said.start, uid, None)
    if draft.ends_on >= today:
        return [draft]
    if said.is_cancelled:
        return ()
    raise Unreadable(f"is over: it was on {draft.on}")


def _series(uid: str, named: _Named, today: date) -> Sequence[Draft]:
    drafts: list[Draft] = []
    for meant_for, said, start in _planned(named, today):
        try:
            drafts.append(_draft(said, start, f"{uid}/{meant_for}", uid))
        except Unreadable:
            if start.day >= today:
                raise
    left = sorted((draft for draft in drafts if draft.ends_on >= today), key=lambda draft: draft.on)
    if len(left) > MOST:
        raise Unreadable(f"repeats {len(left):,} times from today on; {MOST} are the most: let it end by {left[MOST - 1].on}")
    if not left and not all(said.is_cancelled for said in (*named.whole, *named.single)):
        raise Unreadable(f"repeats, and no time of it is left from {today} on")
    return left


def _planned(named: _Named, today: date) -> Sequence[tuple[date, Said, Moment]]:
    """Each time of a repeating event, but for some that are over: the day that it was first meant for, what is said of it, and when it starts."""
    planned = [(each.replaces.day, each, each.start) for each in named.single if each.replaces]
    for whole in named.whole[:1]:
        is_replaced = among((each.replaces for each in named.single if each.replaces), by_day=whole.start.is_day)
        planned += [(start.day, whole, start) for start in starts(whole, today) if not is_replaced(start)]
    return planned


def _draft(said: Said, start: Moment, source: str, series: str | None) -> Draft:
    if start.is_day:
        last = start.clock + said.lasts.clock - timedelta(days=1)
        begins, ends = start.clock, datetime.combine(last, ALL_DAY[1])
    else:
        begins, ends = shown(start.at), after(start, said.lasts)
    if ends <= begins:
        raise Unreadable(f"ends before it starts, as the clock shows it on {begins:%Y-%m-%d}, when it is put back")
    return Draft(
        said.title, begins.date(), begins.time(), ends.date(), ends.time(), said.words, said.place, source, series=series, is_cancelled=said.is_cancelled
    )
