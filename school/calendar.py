"""When the school is open: terms, half-terms, INSET days, closures, the bank holidays of England, and what the clock's change does to a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import holidays
from sqlalchemy import select

from data.school_year import Term
from school import LONDON, School

CLOSING = ("half-term", "INSET", "closed")


@dataclass(frozen=True)
class Calendar:
    """The school's days. Without any term known, every weekday that is no bank holiday counts as a school day: a new school is not a closed one."""

    terms: Sequence[tuple[date, date, str]] = ()
    school_days: Sequence[int] = (0, 1, 2, 3, 4)

    def is_school_day(self, day: date) -> bool:
        """Whether children are in on this day in London."""
        if day.weekday() not in self.school_days or day in bank_holidays(day.year):
            return False
        inside = {what for first, last, what in self.terms if first <= day <= last}
        in_term = "term" in inside or not any(what == "term" for _, _, what in self.terms)
        return in_term and inside.isdisjoint(CLOSING)

    def school_days_between(self, first: date, last: date) -> Iterator[date]:
        """The school days from `first` to `last`, both included."""
        day = first
        while day <= last:
            if self.is_school_day(day):
                yield day
            day += timedelta(days=1)


def calendar(school: School) -> Calendar:
    """This school's calendar."""
    rows = school.session.execute(select(Term.starts, Term.ends, Term.what).order_by(Term.starts)).all()
    return Calendar([(row.starts, row.ends, row.what) for row in rows], school.settings.school_days)


@lru_cache(maxsize=16)
def bank_holidays(year: int) -> frozenset[date]:
    """The bank holidays of England in a year. Source: the holidays package, after gov.uk/bank-holidays."""
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def instant(day: date, at: time) -> datetime | None:
    """The instant (UTC) at which the school's clock shows `at` on `day`, the first one in October's doubled hour; None in the hour that March skips."""
    local = datetime.combine(day, at, tzinfo=LONDON)
    moment = local.astimezone(UTC)
    return moment if moment.astimezone(LONDON).replace(tzinfo=None) == local.replace(tzinfo=None) else None


def is_quiet(school: School, at: datetime) -> bool:
    """Whether this instant lies in the school's quiet hours."""
    clock = at.astimezone(LONDON).time()
    start, end = school.settings.quiet_from, school.settings.quiet_to
    return start <= clock or clock < end if start > end else start <= clock < end


def end_of_quiet(school: School, at: datetime) -> datetime:
    """The first instant not before `at` at which messages may leave."""
    if not is_quiet(school, at):
        return at
    day = at.astimezone(LONDON).date()
    candidates = (instant(day + timedelta(days=ahead), school.settings.quiet_to) for ahead in (0, 1))
    return next(moment for moment in candidates if moment is not None and moment >= at)
