"""When a broadcast is sent: a day and a time on the school's clock, once or again and again. The instants are computed when they are needed.

Its own refusals:

    Refusal
    ├── NoSuchTime          the school's clock never shows this time on that day
    ├── AlreadyPast         that time is over
    └── BadRepeat           it would end before it begins, or go on for more than a year
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from data.broadcasts import Broadcast, Repeat
from school import LONDON, School
from school.calendar import instant
from school.errors import Refusal
from school.repeats import Rule, days

__all__ = ["NOW", "AlreadyPast", "BadRepeat", "NoSuchTime", "Repeat", "When", "check", "day_after", "has_come", "is_too_late", "pass_over"]

TOO_LATE = timedelta(hours=3)
"""How late a broadcast may still go out: what was to be read at breakfast is of use before lunch, and later a person had better look."""
HARDLY_LATE = timedelta(minutes=10)
"""How late it may go out after midnight: then its 'today' and 'tomorrow' are wrong."""
LONGEST_REPEAT = timedelta(days=366)


@dataclass(eq=False)
class NoSuchTime(Refusal):
    """On that day the clocks go forward, and the school's clock never shows this time."""

    on: date
    at: time


@dataclass(eq=False)
class AlreadyPast(Refusal):
    """That time is over."""

    on: date
    at: time


@dataclass(eq=False)
class BadRepeat(Refusal):
    """It would end before it begins, or go on for more than a year."""

    first: date
    until: date | None


@dataclass(frozen=True)
class When:
    """A day and a time on the school's clock; again as `repeats` says, until `until`, both or neither."""

    on: date
    at: time
    repeats: Repeat | None = None
    until: date | None = None


NOW: When | None = None


def check(school: School, when: When) -> None:
    """Whether it can be sent then; of a time that the clock shows twice the first is meant. Refuses with BadRepeat, NoSuchTime or AlreadyPast."""
    last = when.until or when.on
    if (when.repeats is None) != (when.until is None) or not when.on <= last <= when.on + LONGEST_REPEAT:
        raise BadRepeat(when.on, when.until)
    for day in _days(when.on, when.repeats, last):
        if instant(day, when.at) is None:
            raise NoSuchTime(day, when.at)
    if _moment(when.on, when.at) < school.now.replace(second=0, microsecond=0):
        raise AlreadyPast(when.on, when.at)


def has_come(school: School, broadcast: Broadcast, on: date) -> bool:
    """Whether its time of this day has come."""
    return _moment(on, broadcast.at) <= school.now


def is_too_late(school: School, broadcast: Broadcast, on: date) -> bool:
    """Whether its time of this day is over for good. Where it had to wait for someone's yes, that is when its time came."""
    since = max(_moment(on, broadcast.at), broadcast.approved_at or _moment(on, broadcast.at))
    late = school.now - since
    return late > TOO_LATE or (late > HARDLY_LATE and since.astimezone(LONDON).date() < school.today)


def day_after(broadcast: Broadcast, day: date) -> date | None:
    """The next of its days; None where there is none."""
    first = broadcast.on or day
    return next((each for each in _days(first, broadcast.repeats, broadcast.until or first) if each > day), None)


def pass_over(school: School, broadcast: Broadcast) -> None:
    """Of its days whose time has passed while it waited only the last is left."""
    while broadcast.next_on is not None:
        following = day_after(broadcast, broadcast.next_on)
        if following is None or not has_come(school, broadcast, following):
            return
        broadcast.next_on = following


def _days(first: date, repeats: str | None, last: date) -> Sequence[date]:
    """The days on which it is sent, in order."""
    return [first] if repeats is None else days(first, Rule(Repeat(repeats).value, last))


def _moment(on: date, at: time | None) -> datetime:
    """The instant at which the school's clock shows this, the first of two; where it never does, since the law has changed meanwhile, an hour later."""
    return datetime.combine(on, at or time(), tzinfo=LONDON)
