"""What single values of a calendar file say: days and times, durations, offsets from UTC. Source: RFC 5545 §3.3.4 to §3.3.6, §3.3.14."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from school.importing.table import Unreadable

YEARS = range(1990, 2100)
"""What is taken as a year at all, as in other files that are imported."""
_WRITTEN = re.compile(r"\d{8}(?P<time>T\d{6}(?P<utc>Z?))?", re.ASCII)
_LENGTH = re.compile(r"([+-]?)P(?=.)(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?", re.ASCII)
_OFFSET = re.compile(r"([+-])([01]\d|2[0-3])([0-5]\d)([0-5]\d)?", re.ASCII)
_FIRST_YEAR = "1000"
"""Outlook's zones begin in 1601; before the year 1 there is none, and zones are hours apart."""


@dataclass(frozen=True)
class Written:
    """A day or a time as it is written: what a `clock` shows then, that of UTC where `is_utc`; of a day alone its midnight."""

    clock: datetime
    is_utc: bool = False
    is_day: bool = False


@dataclass(frozen=True)
class Length:
    """How long something lasts: `clock`, as clocks show it (a day is a day when they change, too), and after that `exact`, by a stop-watch."""

    clock: timedelta = timedelta(0)
    exact: timedelta = timedelta(0)

    @property
    def about(self) -> timedelta:
        """Both together: within an hour or two of the truth, and with its sign."""
        return self.clock + self.exact


def written(value: str) -> Written:
    """What day or time is written. Refuses with Unreadable."""
    text = value.strip()
    shape = _WRITTEN.fullmatch(text)
    if shape is None or text < _FIRST_YEAR:
        raise Unreadable(f"'{value[:40]}' is neither a day nor a time")
    try:
        clock = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError as error:
        raise Unreadable(f"there is no '{value[:40]}'") from error
    return Written(clock, is_utc=bool(shape["utc"]), is_day=shape["time"] is None)


def length(value: str, *, of_days: bool) -> Length:
    """What a duration means: weeks and days by the clock, hours and less exactly, which whole days cannot last. Refuses with Unreadable."""
    shape = _LENGTH.fullmatch(value.strip())
    if shape is None:
        raise Unreadable(f"'{value[:40]}' is no duration")
    sign = -1 if shape[1] == "-" else 1
    weeks, days, hours, minutes, seconds = (sign * int(part or 0) for part in shape.groups()[1:])
    exact = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if of_days and exact:
        raise Unreadable("is on a whole day and lasts hours")
    return Length(timedelta(weeks=weeks, days=days), exact)


def offset(value: str) -> timedelta:
    """How far a clock is ahead of UTC. Refuses with Unreadable."""
    shape = _OFFSET.fullmatch(value.strip())
    if shape is None:
        raise Unreadable(f"'{value[:40]}' is no offset from UTC")
    hours, minutes, seconds = (int(part or 0) for part in shape.groups()[1:])
    ahead = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -ahead if shape[1] == "-" else ahead
