"""Which days an absence is about, from the times that someone mentions: 'tomorrow', 'today and tomorrow', 'until Thursday', 'back on Monday'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from school import School
from school.absence import first_day, next_school_day
from school.calendar import Calendar, calendar
from school.times import Wish

LONG_AGO, FAR_AHEAD = timedelta(days=14), timedelta(days=60)
"""Days beyond these are no days of an absence: they were misread."""
SOON, QUARTER = timedelta(minutes=9), timedelta(minutes=15)
"""How soon a late child may be there at the earliest, and the steps in which a time is offered."""


@dataclass(frozen=True)
class Spell:
    """The days of an absence. `back` is the day on which the child is in again, if that was said; else `until` is a last day that may be in it or not."""

    first: date
    back: date | None = None
    until: date | None = None


def spell(school: School, wishes: Sequence[Wish], *, names_return: bool = False) -> Spell:
    """The days that are meant; without any, from today on, or from the next school day once school is over.

    `names_return` says that the latest day is the one on which the child comes back.
    """
    days, begins = calendar(school), first_day(school)
    spans = sorted((wish.first, wish.last or wish.first) for wish in wishes if wish.first is not None and not wish.excluded and _is_near(school, wish.first))
    back = on_or_after(days, spans.pop()[0]) if names_return and spans else None
    first = min((start for start, _ in spans), default=begins)
    last = max((end for _, end in spans), default=first)
    # 'This week', said on Wednesday, is about what is left of it.
    first = begins if first < school.today <= last else on_or_after(days, first) if first >= school.today else first
    if names_return:
        return Spell(first, back if back is not None and back > first else None)
    is_counted = len(spans) > 1 and all(start == end for start, end in spans)
    if last > first and (is_counted or not days.is_school_day(last)):
        return Spell(first, back=next_school_day(days, last))
    return Spell(first, until=last if last > first else None)


def return_day(school: School, wishes: Sequence[Wish]) -> date | None:
    """The day that is named as that of the return, as a school day; None where none is."""
    named = [wish.first for wish in wishes if wish.first is not None and not wish.excluded and _is_near(school, wish.first)]
    return on_or_after(calendar(school), named[0]) if named else None


def returns_to_choose(school: School, first: date, until: date | None = None) -> Sequence[date]:
    """Two days on which a child may be back: of an absence 'until Thursday', Thursday and the day after; else the next two."""
    days = calendar(school)
    if until is not None and days.is_school_day(until):
        return [until, next_school_day(days, until)]
    soonest = next_school_day(days, max(first, school.today - timedelta(days=1)))
    return [soonest, next_school_day(days, soonest)]


def clock_time(wishes: Sequence[Wish]) -> time | None:
    """The time of day that is named, as one time: of 'about half past nine', half past nine."""
    for wish in wishes:
        if wish.excluded or (wish.earliest is None and wish.latest is None):
            continue
        if wish.earliest is None or wish.latest is None:
            return wish.earliest or wish.latest
        begins, ends = (datetime.combine(date.min, at) for at in (wish.earliest, wish.latest))
        return (begins + (ends - begins) / 2).time().replace(second=0, microsecond=0)
    return None


def times_to_choose(school: School, day: date) -> Sequence[time]:
    """Three times at which a late child may come, on quarters of an hour: soon, and later."""
    opening = datetime.combine(day, school.settings.opens)
    begins = max(opening, school.clock.replace(tzinfo=None)) if day == school.today else opening
    soonest = begins + SOON + QUARTER
    soonest -= timedelta(minutes=soonest.minute % 15, seconds=soonest.second, microseconds=soonest.microsecond)
    return [(soonest + ahead * QUARTER).time() for ahead in (0, 2, 6)]


def on_or_after(days: Calendar, day: date) -> date:
    """This day, if it is a school day, else the next one."""
    return day if days.is_school_day(day) else next_school_day(days, day)


def _is_near(school: School, day: date) -> bool:
    return school.today - LONG_AGO <= day <= school.today + FAR_AHEAD
