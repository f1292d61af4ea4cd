"""One value that is taken out of a text: what kind it is, and how it is put back for readers of another language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import Enum

from babel.dates import format_date, format_interval, format_skeleton

from translations.glossary import Term
from translations.writing import day, locale, written


class Kind(Enum):
    """Why a value is taken out."""

    NAME = "name"
    DATE = "date"
    TIME = "time"
    NUMBER = "number"
    MONEY = "money"
    LINK = "link"
    EMAIL = "email"
    PHONE = "phone"
    TERM = "term"
    MARKUP = "markup"  # braces, tags, percent signs, control characters, and what looks like a mark of ours: comes through as it stands


@dataclass(frozen=True)
class DayWritten:
    """A day as it was written: with or without its weekday, day of the month, and year. A bare weekday ('on Monday') has the first alone."""

    day: date
    has_weekday: bool
    has_date: bool
    has_year: bool

    def written(self, language: str) -> str:
        """By the locale's own rules."""
        where = locale(language)
        if not self.has_date:
            return format_date(self.day, "EEEE", locale=where)
        if self.has_year:
            return format_date(self.day, "full" if self.has_weekday else "long", locale=where)
        return day(self.day, language) if self.has_weekday else format_skeleton("MMMMd", self.day, locale=where)


@dataclass(frozen=True)
class DaysWritten:
    """The first and last day of a stretch within one month, '3-5 March': in Chinese the month comes first, so the days cannot be put back one by one."""

    since: date
    till: date
    has_year: bool

    def written(self, language: str) -> str:
        """By the locale's own rules."""
        # Thin spaces would make a text message three times as dear.
        return format_interval(self.since, self.till, "yMMMMd" if self.has_year else "MMMMd", locale=locale(language)).replace("\u2009", "")


Meaning = DayWritten | DaysWritten | tuple[time, ...] | Term | None
"""What is known of a value beyond its letters: a day, the times of a clock (two for a stretch), a term of the school's."""


@dataclass(frozen=True)
class Kept:
    """One value that was taken out. The same value has the same number, counted from 1 by first appearance. `source` is as it stood in the text."""

    number: int
    kind: Kind
    source: str
    meaning: Meaning = None

    def written(self, language: str, *, is_first: bool = True) -> str:
        """As it is put back: days and times in the reader's form, a term by the school's own translation of it, glossed the first time; all else unchanged."""
        if isinstance(self.meaning, DayWritten | DaysWritten):
            return self.meaning.written(language)
        if isinstance(self.meaning, Term):
            return self.meaning.written(language, self.source, with_gloss=is_first)
        if self.meaning:
            return "-".join(written(clock, language) for clock in self.meaning)
        return self.source
