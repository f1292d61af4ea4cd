"""How an event of a calendar file repeats. Source: RFC 5545 §3.3.10.

dateutil looks for a next time until the year 9999, and takes five seconds to find no 30 February. So only what calendars offer in their windows is taken,
where a next time is near, and it is looked for in the ninety-seventh century, whose days are those of ours: the calendar is the same every 400 years.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta
from itertools import chain, islice

from dateutil.rrule import rrulestr

from school.event_files.values import Clock, clock
from school.importing.table import Unreadable

_LONGEST = 300
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
_PERIODS = {"DAILY": timedelta(days=1), "WEEKLY": timedelta(weeks=1)}
_FAR = 19 * 400
_LAST = MAXYEAR - _FAR
_MOST_DAYS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


@dataclass(frozen=True)
class Rule:
    """How something repeats: `pattern`, as RFC 5545 writes it; how often (None: not said) and until when (None: not said).

    `period` is after how long all begins anew; None for months and years, which are not of one length.
    """

    pattern: str
    period: timedelta | None = None
    count: int | None = None
    until: Clock | None = None

    @property
    def is_endless(self) -> bool:
        """Whether it says neither how often nor until when."""
        return self.count is None and self.until is None


def rule(text: str) -> Rule:
    """The rule that is written. Refuses with Unreadable one that no calendar's window makes: within a day, by the week of the year, on 30 February."""
    parts = dict(_part(part) for part in text.upper()[:_LONGEST].strip().strip(";").split(";"))
    known = _PARTS.get(parts.get("FREQ", ""))
    if known is None or len(text) > _LONGEST:
        raise _unknown(text)
    for name, said in parts.items():
        shape = (_ALWAYS | known).get(name)  # type: ignore[operator]
        if shape is None or not re.fullmatch(shape, said, re.ASCII):
            raise _unknown(f"{name}={said}")
    if not _always_comes_again(parts):
        raise _unknown(text)
    pattern = ";".join(f"{name}={said}" for name, said in parts.items() if name not in {"COUNT", "UNTIL"})
    period = _PERIODS[parts["FREQ"]] * int(parts.get("INTERVAL", "1")) if parts["FREQ"] in _PERIODS else None
    return Rule(pattern, period, int(parts["COUNT"]) if "COUNT" in parts else None, clock(parts["UNTIL"]) if "UNTIL" in parts else None)


def clocks(first: datetime, rule: Rule, since: datetime) -> Iterator[datetime]:
    """The times of what is at `first` and repeats, rising, as its own clock shows them; `first` counts as one whether it fits the rule or not.

    Between it and `since` some may be left out. They end after the rule's count, or with the 24th century; whether they are until the rule's end is for the
    caller to see, who knows the zone.
    """
    later = (shown for shown in _fitting(_begins(first, rule, since), rule) if shown > first)
    return islice(chain([first], later), rule.count)


def _begins(first: datetime, rule: Rule, since: datetime) -> datetime:
    """From when on to look: after as many whole periods as lie before `since`, unless all are to be counted."""
    if rule.count is not None or rule.period is None or since <= first:
        return first
    return first + (since - first) // rule.period * rule.period


def _fitting(begins: datetime, rule: Rule) -> Iterator[datetime]:
    if begins.year > _LAST:
        return iter(())
    found = rrulestr(rule.pattern, dtstart=begins.replace(year=begins.year + _FAR))
    return (shown.replace(year=shown.year - _FAR) for shown in found)


def _part(text: str) -> tuple[str, str]:
    name, _, said = text.partition("=")
    return name.strip(), said.strip()


def _always_comes_again(parts: Mapping[str, str]) -> bool:
    """Whether its parts fit together so that no long search can fail."""
    by_day, by_month_day, by_month = (parts.get(name, "") for name in ("BYDAY", "BYMONTHDAY", "BYMONTH"))
    if parts["FREQ"] == "DAILY":
        return not by_day or parts.get("INTERVAL", "1") == "1"
    if "BYSETPOS" in parts and (not by_day or re.search(r"\d", by_day)):
        return False
    if by_month_day and by_month:
        most = max(_MOST_DAYS.get(int(month), 31) for month in by_month.split(","))
        return not by_day and any(abs(int(day)) <= most for day in by_month_day.split(","))
    return not (by_day and (by_month_day or (parts["FREQ"] == "YEARLY" and not by_month)))


def _unknown(what: str) -> Unreadable:
    return Unreadable(f"repeats in a way that is not known here ({what[:80]}); let it repeat daily, weekly, monthly or yearly")
