"""How a value reads in a language: dates, times, numbers and lists by CLDR, people by their names.

A handler that puts a value of its own into a sentence registers how it is written: `written.register(Slot)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache, singledispatch

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_decimal

from data.people import Child, SchoolClass, Staff

NUMERIC_WHEN_SHORT = {"bg", "lt"}
"""Languages whose short dates have no month name: 3.03 could be read month first."""


@dataclass(frozen=True)
class LanguageName:
    """A language, by its BCP 47 tag; anything else is left as it was written."""

    tag: str


@singledispatch
def written(value: object, language: str) -> str:
    """`value` as a reader of `language` expects it. Raises TypeError for a kind of value that nobody has said how to write."""
    raise TypeError(type(value).__name__)


@written.register
def _text(value: str, language: str) -> str:
    return value


@written.register
def _number(value: int, language: str) -> str:
    return format_decimal(value, locale=locale(language))


@written.register
def _day(value: date, language: str) -> str:
    return day(value, language)


@written.register
def _moment(value: datetime, language: str) -> str:
    return f"{day(value, language)}, {format_time(value.time(), 'short', locale=locale(language))}"


@written.register
def _time(value: time, language: str) -> str:
    return format_time(value, "short", locale=locale(language))


@written.register
def _list(value: list, language: str) -> str:  # type: ignore[type-arg]  # singledispatch takes no parameters
    return format_list([written(item, language) for item in value], locale=locale(language))


@written.register
def _row(value: tuple, language: str) -> str:  # type: ignore[type-arg]
    """Things side by side, with no 'and' between the last two."""
    return format_list([written(item, language) for item in value], "unit", locale=locale(language))


@written.register
def _language_name(value: LanguageName, language: str) -> str:
    return str(locale(language).languages.get(value.tag.split("-")[0], value.tag))


@written.register
def _staff(value: Staff, language: str) -> str:
    return value.name


@written.register
def _child(value: Child, language: str) -> str:
    return value.first_name


@written.register
def _school_class(value: SchoolClass, language: str) -> str:
    return value.name


def day(value: date, language: str) -> str:
    """A day with its weekday and the month's name, the year left out: 'Tue 3 March'."""
    where = locale(language)
    pattern = where.datetime_skeletons.get("MMMEd")
    if pattern is None or where.language in NUMERIC_WHEN_SHORT:
        return format_date(value, "full", locale=where)
    return format_date(value, str(pattern.pattern).replace("MMM", "MMMM"), locale=where)


@lru_cache(maxsize=64)
def locale(language: str) -> Locale:
    """The CLDR locale for a BCP 47 tag; British for English, and for a language that CLDR does not know."""
    if language in ("en", ""):
        return Locale("en", "GB")
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")
