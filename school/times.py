"""Times that someone would like, without saying how they were understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Protocol


class Wish(Protocol):
    """A wished time on the school's clock: inclusive days and bounds of the time of day; None means any. `excluded` turns it round ('not Monday')."""

    @property
    def first(self) -> date | None:
        """The first day."""

    @property
    def last(self) -> date | None:
        """The last day; the same as the first where only that is given."""

    @property
    def earliest(self) -> time | None:
        """The earliest time of day."""

    @property
    def latest(self) -> time | None:
        """The latest time of day; equal to `earliest` for an exact time."""

    @property
    def excluded(self) -> bool:
        """Whether it is what they do not want."""

    @property
    def weekly(self) -> bool:
        """Whether the weekday of the first day is meant, in every week."""


@dataclass(frozen=True)
class Times:
    """A wish of the school's own making."""

    first: date | None = None
    last: date | None = None
    earliest: time | None = None
    latest: time | None = None
    excluded: bool = False
    weekly: bool = False


def exactly(clock: datetime) -> Times:
    """This day and time."""
    return Times(clock.date(), clock.date(), clock.time(), clock.time())


def on(day: date, wishes: Sequence[Wish]) -> list[Wish]:
    """The wishes, those that name no day taken for `day`: 'change it to four' is about the day that it is on."""
    return [wish if wish.first is not None else Times(day, day, wish.earliest, wish.latest, wish.excluded) for wish in wishes]


def fits(wishes: Sequence[Wish], clock: datetime) -> bool:
    """Whether a time on the school's clock is among the wished ones and none of the excluded ones."""
    wanted = [wish for wish in wishes if not wish.excluded]
    unwanted = [wish for wish in wishes if wish.excluded]
    return (not wanted or any(_covers(wish, clock) for wish in wanted)) and not any(_covers(wish, clock) for wish in unwanted)


def _covers(wish: Wish, clock: datetime) -> bool:
    day, at = clock.date(), clock.time()
    if wish.weekly and wish.first is not None:
        return day.weekday() == wish.first.weekday() and (wish.earliest or at) <= at <= (wish.latest or at)
    return (wish.first or day) <= day <= (wish.last or wish.first or day) and (wish.earliest or at) <= at <= (wish.latest or at)
