"""How an event of a calendar file repeats. Source: RFC 5545 §3.3.10.

dateutil looks for a next time until the year 9999, and takes a third of a second to find no 30 February. So only what calendars offer in their windows is
taken, where a next time always comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from dateutil.rrule import rrulestr

from school.event_files.values import Written, written
from school.importing.table import Unreadable

_WEEKDAY = "(MO|TU|WE|TH|FR|SA|SU)"
_WEEKDAYS = f"{_WEEKDAY}(,{_WEEKDAY})*"
_NUMBERED = f"[+-]?[1-5]{_WEEKDAY}"
_DAY = r"-?([1-9]|[12]\d|3[01])"
_MONTH = r"([1-9]|1[0-2])"
_ALWAYS: Mapping[str, str] = {"FREQ": "[A-Z]+", "INTERVAL": r"[1-9]\d?", "COUNT": r"[1-9]\d{0,8}", "UNTIL": ".+", "WKST": _WEEKDAY}
_MONTHLY: Mapping[str, str] = {"BYDAY": f"({_WEEKDAYS}|{_NUMBERED}(,{_NUMBERED})*)", "BYMONTHDAY": f"{_DAY}(,{_DAY})*", "BYSETPOS": "-?[1-5]"}
_PARTS: Mapping[str, Mapping[str, str]] = {
    "DAILY": {"BYDAY": _WEEKDAYS},
    "WEEKLY": {"BYDAY": _WEEKDAYS},
    "MONTHLY": _MONTHLY,
    "YEARLY": {**_MONTHLY, "BYMONTH": f"{_MONTH}(,{_MONTH})*"},
}
"""What each kind may say, and how. 'Every Monday and the first Friday' is not among it: dateutil takes it for the days that are both."""
_MOST_DAYS = {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}


@dataclass(frozen=True)
class Recurrence:
    """How something repeats: `pattern`, as RFC 5545 writes it; how often (None: not said) and until when (None: not said)."""

    pattern: str
    count: int | None = None
    until: Written | None = None

    @property
    def is_endless(self) -> bool:
        """Whether it says neither how often nor until when."""
        return self.count is None and self.until is None


def recurrence(text: str, first: datetime) -> Recurrence:
    """The rule that is written for what is at `first`. Refuses with Unreadable one that no calendar's window makes: within a day, on 30 February."""
    parts = dict(_part(part) for part in text.upper().strip().strip(";").split(";"))
    known = _PARTS.get(parts.get("FREQ", ""))
    if known is None:
        raise _unknown(text)
    shapes = {**_ALWAYS, **known}
    for name, said in parts.items():
        if name not in shapes or not re.fullmatch(shapes[name], said, re.ASCII):
            raise _unknown(f"{name}={said}")
    if "BYMONTH" in parts and "BYDAY" not in parts:
        parts.setdefault("BYMONTHDAY", str(first.day))  # as RFC 5545 has it; said, so that it can be checked
    if not _always_comes_again(parts):
        raise _unknown(text)
    pattern = ";".join(f"{name}={said}" for name, said in parts.items() if name not in {"COUNT", "UNTIL"})
    return Recurrence(pattern, int(parts["COUNT"]) if "COUNT" in parts else None, written(parts["UNTIL"]) if "UNTIL" in parts else None)


def clocks(first: datetime, rule: Recurrence) -> Iterator[datetime]:
    """The times of what is at `first` and repeats, rising, as its own clock shows them; `first` counts as one whether it fits the rule or not.

    They end after the rule's count, or with the year 9999; whether they are until the rule's end is for the caller to see, who knows the zone.
    """
    later = (clock for clock in rrulestr(rule.pattern, dtstart=first) if clock > first)
    return islice(chain([first], later), rule.count)


def _part(text: str) -> tuple[str, str]:
    name, _, said = text.partition("=")
    return name.strip(), said.strip()


def _always_comes_again(parts: Mapping[str, str]) -> bool:
    """Whether its parts fit together so that no long search can fail."""
    by_day, by_month_day, by_month = (parts.get(name, "") for name in ("BYDAY", "BYMONTHDAY", "BYMONTH"))
    interval, is_monthly = int(parts.get("INTERVAL", "1")), parts["FREQ"] == "MONTHLY"
    if parts["FREQ"] == "DAILY":
        return not by_day or interval == 1
    if "BYSETPOS" in parts and (not by_day or re.search(r"\d", by_day)):
        return False
    skips_leap_years = interval % 12 == 0 if is_monthly else interval > 1
    if skips_leap_years and "5" in by_day + parts.get("BYSETPOS", ""):
        return False
    if by_month_day:
        months = by_month.split(",") if by_month else ["2" if is_monthly and skips_leap_years else "1"]
        most = max(_MOST_DAYS.get(int(month), 31) + (month == "2" and not skips_leap_years) for month in months)
        return not by_day and any(abs(int(day)) <= most for day in by_month_day.split(","))
    return not by_day or bool(by_month) or parts["FREQ"] != "YEARLY"


def _unknown(what: str) -> Unreadable:
    return Unreadable(f"repeats in a way that is not known here ({what[:80]}); let it repeat daily, weekly, monthly or yearly")
