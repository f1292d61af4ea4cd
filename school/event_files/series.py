"""The times of an event that repeats. Source: RFC 5545 §3.8.5."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice

from school.event_files.events import Said
from school.event_files.moments import YEARS, Moment
from school.event_files.rules import Rule, clocks
from school.importing.table import Unreadable
from school.repeats import MOST

LOOKED_AT = 10_000
"""So many times of one event are looked at."""
_LESS = f"{MOST} times from today on are the most: let it end sooner"
_ZONES = timedelta(days=2)
"""More than two clocks of the world differ."""


def starts(said: Said, today: date) -> Sequence[Moment]:
    """When it starts, each time in order, but for some that are over before `today`: by its rules and its further times, without those that are left out.

    Refuses with Unreadable what has no end or is more than LOOKED_AT times, and a further time that clocks skip. A rule's time that they skip is none, as
    RFC 5545 has it.
    """
    found = {said.start.at: said.start}
    for rule in said.rules:
        found |= {each.at: each for each in _looked_at(said, rule, today)}
    for each in said.further:
        if each.is_day != said.start.is_day:
            raise Unreadable("has further times (RDATE) that are not days or times as its start is")
        found[each.at] = each
    is_out = among(said.out, by_day=said.start.is_day)
    return [each for _, each in sorted(found.items(), key=lambda pair: pair[0]) if not is_out(each)]


def among(listed: Iterable[Moment], *, by_day: bool) -> Callable[[Moment], bool]:
    """Whether a moment is one of these: the same instant; the same day where it is a whole one, or `by_day`."""
    shown = [each for each in listed if not each.is_skipped]
    instants, days = {each.at for each in shown if not each.is_day}, {each.day for each in shown if each.is_day or by_day}
    return lambda moment: moment.at in instants or moment.day in days


def _looked_at(said: Said, rule: Rule, today: date) -> Sequence[Moment]:
    if rule.is_endless:
        raise Unreadable(f"repeats without end; {_LESS}")
    if rule.count is not None and rule.count > LOOKED_AT:
        raise Unreadable(f"repeats {rule.count:,} times; {_LESS}")
    since = datetime.combine(today, time()) - said.lasts.about - _ZONES
    found = list(islice(_ruled(said.start, rule, since), LOOKED_AT + 1))
    if len(found) > LOOKED_AT:
        raise Unreadable(f"repeats more than {LOOKED_AT:,} times; {_LESS}")
    return found


def _ruled(first: Moment, rule: Rule, since: datetime) -> Iterator[Moment]:
    """Its times from `since` on, and until the rule ends."""
    for shown in clocks(first.clock, rule, since):
        if shown.year not in YEARS:
            raise Unreadable(f"repeats until after {YEARS[-1]}; {_LESS}")
        each = Moment(shown, first.zone, first.is_day)
        if shown < since or each.is_skipped:
            continue
        if rule.until and not each.is_until(rule.until):
            return
        yield each
