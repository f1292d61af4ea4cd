"""Days and times as people type them into a form, or a browser's own fields send them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time

from console.desk import Form
from school.importing import cells
from school.importing.table import Unreadable

_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_FURTHEST = 3
"""Years from now beyond which a day is a slip of the finger."""


def a_day(form: Form, name: str, today: date) -> date | None:
    """A field's day; None where there is none, or one years away."""
    try:
        found = date.fromisoformat(form.text(name, 10))
    except ValueError:
        return None
    return found if abs(found.year - today.year) <= _FURTHEST else None


def a_time(form: Form, name: str) -> time | None:
    """A field's time of day, to the minute; None where there is none."""
    try:
        found = time.fromisoformat(form.text(name, 8).zfill(5))
    except ValueError:
        return None
    return found.replace(second=0, microsecond=0, tzinfo=None)


def days_in(text: str, today: date) -> tuple[Sequence[date], Sequence[str]]:
    """The days in a pasted list, one a line or between commas, and what could not be read: '4 March', '11/3/2026', 'Mon 2026-03-16'.

    A day without a year is the next one of that name.
    """
    days, unread = [], []
    for part in re.split(r"[\n;,]", text):
        written = " ".join(_WEEKDAY.sub("", part.strip()).split())
        if not written:
            continue
        found = _day(written, today)
        if found is None or abs(found.year - today.year) > _FURTHEST:
            unread.append(part.strip())
        else:
            days.append(found)
    return days, unread


def _day(written: str, today: date) -> date | None:
    for attempt in (written, f"{written} {today.year}", f"{written}/{today.year}"):
        try:
            found = cells.day(attempt)
        except Unreadable:
            continue
        if attempt != written and found < today:
            return _day(f"{written} {today.year + 1}", today) or _day(f"{written}/{today.year + 1}", today)
        return found
    return None
