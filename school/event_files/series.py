"""The times of an event that repeats. Source: RFC 5545 §3.8.5."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from school.event_files.events import Said
from school.event_files.moments import Moment
from school.event_files.rules import Recurrence, clocks
from school.event_files.values import YEARS
from school.importing.table import Unreadable


def starts(said: Said) -> Sequence[Moment]:
    """When it starts, each time in order: by its rules and its further times, without those that are left out.

    Refuses with Unreadable what has no end, and a further time that clocks skip. A rule's time that they skip is none, as RFC 5545 has it.
    """
    found = {said.start.at: said.start}
    for rule in said.rules:
        found |= {each.at: each for each in _ruled(said, rule)}
    for each in said.further:
        if each.is_day != said.start.is_day:
            raise Unreadable("has further times (RDATE) that are not days or times as its start is")
        found[each.at] = each
    is_out = among(said.out, by_day=said.start.is_day)
    return [each for _, each in sorted(found.items(), key=lambda pair: pair[0]) if not is_out(each)]


def among(listed: Iterable[Moment], *, by_day: bool) -> Callable[[Moment], bool]:
    """Whether a moment is one of these: the same instant; the same day where it is a whole one, or `by_day`."""
    real = [each for each in listed if not each.is_skipped]
    instants, days = {each.at for each in real if not each.is_day}, {each.day for each in real if each.is_day or by_day}
    return lambda moment: moment.at in instants or moment.day in days


def _ruled(said: Said, rule: Recurrence) -> Iterator[Moment]:
    if rule.is_endless:
        raise Unreadable("repeats without end; let it end")
    for clock in said.work.through(clocks(said.start.clock, rule)):
        if clock.year not in YEARS:
            raise Unreadable(f"repeats until after {YEARS[-1]}; let it end sooner")
        each = Moment(clock, said.start.zone, said.start.is_day)
        if each.is_skipped:
            continue
        if rule.until and not each.is_until(rule.until):
            return
        yield each
