"""A bound on what one calendar file may ask for, so that one made to hurt is refused within seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from school.importing.table import Unreadable

MOST_TIMES = 50_000
"""So many times of one file are looked at, past ones and the changes of its own time zones too: that takes about two seconds."""

T = TypeVar("T")


@dataclass
class Work:
    """How many times that repeat, or are listed, may still be looked at in a file."""

    left: int = MOST_TIMES

    @property
    def is_done(self) -> bool:
        """Whether nothing more may be looked at."""
        return self.left <= 0

    def through(self, times: Iterable[T]) -> Iterator[T]:
        """These times, as long as there may be more. Refuses with Unreadable."""
        for each in times:
            if self.is_done:
                raise Unreadable(f"needs too many times to be looked at: {MOST_TIMES:,} are the most for all that repeats in a file, past ones counted")
            self.left -= 1
            yield each
