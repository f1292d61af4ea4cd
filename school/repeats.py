"""The days of something that repeats, as staff say it on a page: weekly, fortnightly or monthly until a day.

Its own refusals:

    Refusal
    ├── TooMany            it would be on more days than are taken
    ├── TooFar             its last day lies too far ahead
    └── NoDay              no day is left
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Literal

from dateutil import rrule

from school.errors import Refusal

MOST = 100
"""The most days that something may be on."""
LONGEST = timedelta(weeks=53)
"""How long after its first day the last may be: a school year and a little."""

Every = Literal["weekly", "fortnightly", "monthly"]


@dataclass
class TooMany(Refusal):
    """It would be on more days than `most`."""

    most: int


@dataclass
class TooFar(Refusal):
    """It would still be on after `latest`."""

    latest: date


class NoDay(Refusal):
    """It ends before it begins, or every day is taken out."""


@dataclass(frozen=True)
class Rule:
    """How something repeats, until this day, which counts, `but` on these. 'monthly' is the same weekday of the month: the third Tuesday."""

    every: Every
    until: date
    but: frozenset[date] = field(default_factory=frozenset)


def days(first: date, rule: Rule) -> Sequence[date]:
    """The days, in order, of what is on `first` and repeats. What is monthly on a fifth weekday is on the month's last, since few months have a fifth.

    Refuses with TooMany (more than MOST), TooFar (the last more than LONGEST after the first) and NoDay. Days taken out count as long as others are left.
    """
    found = _all_days(first, rule)
    if len(found) > MOST:
        raise TooMany(MOST)
    if found and found[-1] > first + LONGEST:
        raise TooFar(first + LONGEST)
    left = [day for day in found if day not in rule.but]
    if not left:
        raise NoDay
    return left


def _all_days(first: date, rule: Rule) -> Sequence[date]:
    """One more than MOST at most: the last day may be in any year."""
    begins, until = datetime.combine(first, time()), datetime.combine(rule.until, time())
    if rule.every == "monthly":
        weekday = rrule.weekday(first.weekday(), _week_of_month(first))
        repeated = rrule.rrule(rrule.MONTHLY, dtstart=begins, until=until, byweekday=weekday)
    else:
        repeated = rrule.rrule(rrule.WEEKLY, dtstart=begins, until=until, interval=1 if rule.every == "weekly" else 2)
    return [moment.date() for moment in islice(repeated, MOST + 1)]


def _week_of_month(day: date) -> int:
    """1 to 4 for the first to fourth of its weekday in the month, -1 for the fifth."""
    number = (day.day - 1) // 7 + 1
    return number if number < 5 else -1
