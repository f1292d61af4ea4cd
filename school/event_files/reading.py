"""A calendar file, as Google, Outlook and Apple export them, read into events that the school may take. Source: RFC 5545.

All or nothing, as with every file that is imported: what is wrong is told at once, event by event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from school.event_files.events import Said
from school.event_files.lines import Wrong, calendars
from school.event_files.moments import Moment, after, at_school
from school.event_files.series import among, starts
from school.event_files.values import Length
from school.event_files.work import Work
from school.event_files.zones import Zones
from school.importing.table import BadRows, Fault, Unreadable

ALL_DAY = (time(0), time(23, 59))
"""From when to when something is that is on the whole day."""
MOST = 1_000
"""The most events to come in a file, each day of one that repeats counted: taking them in takes about three seconds, in which nobody else can write."""


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


@dataclass(frozen=True)
class Reading:
    """What is to come by a calendar file: its `drafts`, in order of time. `over` are the UIDs of its events that have no time left."""

    drafts: Sequence[Draft]
    over: frozenset[str]


def read(content: bytes, today: date) -> Reading:
    """The events of a calendar file that are not over on `today`, a day in London. One that is under way is not over.

    A time without a zone is London's. Of a repeating event past times are left out. Refuses with BadRows, with the first fault of each event: what is no
    calendar file in UTF-8 of at most 5 MB, or holds no event; an event that has no title, no start, an end before its start, or a time or zone that does
    not exist; one that repeats without end; more than MOST events to come.
    """
    drafts: dict[str, Draft] = {}
    over: set[str] = set()
    faults: list[Fault] = []
    work = Work()
    for uid, named in _by_uid(_events(content, work), faults).items():
        if faults and (work.is_done or len(drafts) > MOST):
            break
        try:
            found = _drafts(uid, named, today)
            _add(found, drafts)
        except Unreadable as error:
            faults.append(_fault(named[0], error))
        else:
            if not found:
                over.add(uid)
    if faults:
        raise BadRows(sorted(faults))
    return Reading(sorted(drafts.values(), key=lambda draft: (draft.on, draft.starts, draft.title, draft.source)), frozenset(over))


def _events(content: bytes, work: Work) -> Sequence[Said]:
    found = [(event, zones) for calendar in calendars(content) for zones in (Zones(calendar, work),) for event in calendar.inside("VEVENT")]
    if not found:
        raise BadRows([Fault(0, "file", "holds no event")])
    return [Said(number, event, zones, work) for number, (event, zones) in enumerate(found, start=1)]


def _by_uid(events: Iterable[Said], faults: list[Fault]) -> Mapping[str, Sequence[Said]]:
    """All that the file says under each UID: the event, or its rule, and single times of it that are otherwise."""
    by_uid: dict[str, list[Said]] = {}
    for said in events:
        try:
            by_uid.setdefault(said.uid, []).append(said)
        except Unreadable as error:
            faults.append(_fault(said, error))
    return by_uid


def _fault(said: Said, error: Unreadable) -> Fault:
    return Fault(error.line if isinstance(error, Wrong) else said.event.line, said.name, str(error))


def _add(found: Iterable[Draft], drafts: dict[str, Draft]) -> None:
    for draft in found:
        if draft.source in drafts:
            raise Unreadable(f"is twice on {draft.on}")
        drafts[draft.source] = draft
        if len(drafts) > MOST:
            raise Unreadable(f"is too much: a file may have {MOST:,} events to come, each day of one that repeats counted; let it end sooner, or export less")


def _drafts(uid: str, named: Sequence[Said], today: date) -> Sequence[Draft]:
    """Those of one UID that are not over."""
    whole, single = ([each for each in named if (each.replaces is None) is is_whole] for is_whole in (True, False))
    for another in whole[1:]:
        raise Wrong(another.event.line, f"is there twice: line {whole[0].event.line} has the same UID")
    if not single and not whole[0].repeats:
        return _left(whole[0], whole[0].start, uid, None, today)
    return [draft for meant_for, said, start in _planned(whole, single) for draft in _left(said, start, f"{uid}/{meant_for}", uid, today)]


def _planned(whole: Sequence[Said], single: Sequence[Said]) -> Iterator[tuple[date, Said, Moment]]:
    """Each time of a repeating event: the day that it was first meant for, what is said of it, and when it starts."""
    replaced = [(each.replaces, each) for each in single if each.replaces]
    for each in whole:
        is_replaced = among((moment for moment, _ in replaced), by_day=each.start.is_day)
        yield from ((start.day, each, start) for start in starts(each) if not is_replaced(start))
    yield from ((moment.day, each, each.start) for moment, each in replaced)


def _left(said: Said, start: Moment, source: str, series: str | None, today: date) -> Sequence[Draft]:
    """This time of an event as a draft; nothing if it is over."""
    lasts = said.lasts
    try:
        begins, ends = _span(start, lasts)
    except Unreadable:
        if start.day >= today:
            raise
        return ()
    if ends.date() < today:
        return ()
    words = said.words
    return [
        Draft(words.title, begins.date(), begins.time(), ends.date(), ends.time(), words.text, words.place, source, series, is_cancelled=words.is_cancelled)
    ]


def _span(start: Moment, lasts: Length) -> tuple[datetime, datetime]:
    """From when to when it is, on the school's clock."""
    if start.is_day:
        last = start.clock + lasts.clock - timedelta(days=1)
        return start.clock, datetime.combine(last, ALL_DAY[1])
    begins, ends = at_school(start.at), after(start, lasts)
    if ends <= begins:
        raise Unreadable(f"ends before it starts, as the clock shows it on {begins:%Y-%m-%d}, when it is put back")
    return begins, ends
