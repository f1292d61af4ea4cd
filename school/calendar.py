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

CHANGES = (1, 2)
"""Between these hours London's clock is changed: in March it skips them, in October it shows them twice."""
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

    def is_closed(self, day: date) -> bool:
        """Whether the school has shut its doors on this day (snow, a burst pipe): then nobody is seen, whatever was planned."""
        return any(what == "closed" and first <= day <= last for first, last, what in self.terms)

    def why_no_school(self, day: date) -> str:
        """What keeps children away on this day: 'bank holiday', 'half-term', 'INSET', 'closed', 'weekend' or 'holiday'; '' where they are in."""
        if self.is_school_day(day):
            return ""
        if day in bank_holidays(day.year):
            return "bank holiday"
        if day.weekday() not in self.school_days:
            return "weekend"
        inside = {what for first, last, what in self.terms if first <= day <= last}
        return next((what for what in ("closed", "INSET", "half-term") if what in inside), "holiday")

    def coming(self, day: date) -> Sequence[tuple[date, date, str]]:
        """Terms, half-terms and single days off not over on this day, as first day, last day and what: the next first, a term before a day off in it."""
        return sorted((stretch for stretch in self.terms if stretch[1] >= day), key=lambda stretch: (stretch[0], -stretch[1].toordinal()))

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


def between(day: date, starts: time, ends: time, *, widest: bool = False) -> tuple[datetime, datetime]:
    """The instants (UTC) from `starts` to `ends` on the clock of `day`.

    Where the clock shows one of them twice or never, the stretch is the narrower of those it could mean, or the `widest`.
    """
    (earliest, _), (earlier_end, latest) = _readings(day, starts), _readings(day, ends)
    if widest:
        return earliest, latest
    return datetime.combine(day, starts.replace(fold=0), tzinfo=LONDON).astimezone(UTC), earlier_end


def is_quiet(school: School, at: datetime) -> bool:
    """Whether this instant lies in the school's quiet hours."""
    clock = at.astimezone(LONDON).time()
    start, end = school.settings.quiet_from, school.settings.quiet_to
    return start <= clock or clock < end if start > end else start <= clock < end


def end_of_quiet(school: School, at: datetime) -> datetime:
    """The first instant not before `at` at which messages may leave."""
    if not is_quiet(school, at):
        return at
    return next(moment for moment in _turns(school, at, school.settings.quiet_to) if not is_quiet(school, moment))


def start_of_quiet(school: School, at: datetime) -> datetime:
    """The first instant not before `at` that lies in quiet hours, of a school that has any."""
    return next(moment for moment in (at, *_turns(school, at, school.settings.quiet_from)) if is_quiet(school, moment))


def after_waking(school: School, at: datetime, lasts: timedelta) -> datetime:
    """When a limit of so long, set at `at`, has run out: it stands still in quiet hours."""
    begins = end_of_quiet(school, at)
    if school.settings.quiet_from == school.settings.quiet_to:
        return begins + lasts
    quiet = start_of_quiet(school, begins)
    if begins + lasts <= quiet:
        return begins + lasts
    return after_waking(school, quiet, lasts - (quiet - begins))


def _turns(school: School, at: datetime, clock: time) -> list[datetime]:
    """The next instants from `at` on at which the clock shows this, or may be changed (always at 01:00 UTC), which can skip a time or bring back another."""
    day = at.astimezone(LONDON).date()
    days = [day + timedelta(days=ahead) for ahead in range(3)]
    moments = {moment for each in days for moment in (*_readings(each, clock), datetime.combine(each, time(1), tzinfo=UTC))}
    return sorted(moment for moment in moments if moment >= at)


def _readings(day: date, at: time) -> tuple[datetime, datetime]:
    """Both instants (UTC) that a time of day can mean, the earlier first: the same but in the hour that is skipped or doubled."""
    if not CHANGES[0] <= at.hour < CHANGES[1]:
        only = datetime.combine(day, at, tzinfo=LONDON).astimezone(UTC)
        return only, only
    one, other = (datetime.combine(day, at.replace(fold=fold), tzinfo=LONDON).astimezone(UTC) for fold in (0, 1))
    return min(one, other), max(one, other)
