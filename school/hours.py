"""When someone at school reads and rings."""

from __future__ import annotations

from datetime import date, timedelta

from school import School
from school.calendar import calendar


def is_open(school: School) -> bool:
    """Whether the office is at work now."""
    clock = school.clock
    return calendar(school).is_school_day(clock.date()) and school.settings.opens <= clock.time() < school.settings.closes


def is_school_day(school: School) -> bool:
    """Whether there is school today."""
    return calendar(school).is_school_day(school.today)


def next_opening(school: School) -> date:
    """The day on which someone is there next: today before the school opens, else the next school day; in the longest holiday, six weeks on at most."""
    first = school.today if school.clock.time() < school.settings.opens else school.today + timedelta(days=1)
    return next(calendar(school).school_days_between(first, first + timedelta(weeks=6)), first)
