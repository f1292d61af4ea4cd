"""When something is, in any zone, and what the school's clock shows then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from school import LONDON
from school.event_files.values import YEARS, Length, Written, written
from school.event_files.zones import SCHOOLS, WORLDS, Zone
from school.importing.table import Unreadable


@dataclass(frozen=True)
class Moment:
    """A time as the clock of `zone` shows it; or a whole day at the school, whose `clock` is its midnight."""

    clock: datetime
    zone: Zone = SCHOOLS
    is_day: bool = False

    @cached_property
    def _found(self) -> datetime | None:
        return self.zone.instant(self.clock)

    @property
    def is_skipped(self) -> bool:
        """Whether the clock never shows it, since it is put forward then."""
        return self._found is None

    @property
    def at(self) -> datetime:
        """The instant (UTC). Refuses with Unreadable a time that is skipped."""
        if self._found is None:
            raise Unreadable(f"there is no {self.clock:%H:%M} on {self.clock:%Y-%m-%d} in {self.zone.name}: the clocks go forward then")
        return self._found

    def refuse_skipped(self) -> None:
        """Refuses with Unreadable a time that is skipped."""
        _ = self.at

    @property
    def day(self) -> date:
        """The day that it is at school."""
        return at_school(self.at).date()

    def is_until(self, last: Written) -> bool:
        """Whether it is not after `last`, which is in the same zone where it is in none: a day counts to its end."""
        if last.is_day:
            return self.clock.date() <= last.clock.date()
        return self.at <= last.clock.replace(tzinfo=UTC) if last.is_utc else self.clock <= last.clock


def moment(value: str, zone: Zone) -> Moment:
    """The moment that `value` is in `zone`, which counts neither for UTC ('...Z') nor for a whole day. Refuses with Unreadable."""
    found = written(value)
    if found.clock.year not in YEARS:
        raise Unreadable(f"'{value[:40]}' is in the year {found.clock.year}")
    if found.is_day:
        return Moment(found.clock, is_day=True)
    return Moment(found.clock, WORLDS if found.is_utc else zone)


def after(start: Moment, length: Length) -> datetime:
    """What the school's clock shows when `length` is over. Refuses with Unreadable a time that is skipped."""
    return at_school(Moment(start.clock + length.clock, start.zone).at + length.exact)


def between(start: Moment, end: Moment) -> Length:
    """From `start` to `end`: by the clock that both were read from, exactly where they are in two zones. Refuses with Unreadable a day and a time together."""
    if start.is_day != end.is_day:
        raise Unreadable("has a start and an end that are not both days or both times")
    if start.zone.name == end.zone.name:
        return Length(clock=end.clock - start.clock)
    return Length(exact=end.at - start.at)


def at_school(at: datetime) -> datetime:
    """What the school's clock shows at an instant, without a zone."""
    return at.astimezone(LONDON).replace(tzinfo=None)
