"""How a value reads in a language: dates, times, numbers and lists by CLDR, people by their names.

A handler that puts a value of its own into a sentence registers how it is written: `written.register(Slot)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache, singledispatch

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

from data.people import Child, SchoolClass, Staff
from data.texts import Text

COMMA = "{0}, {1}"
COMMAS = {"ar": "{0}، {1}", "fa": "{0}، {1}", "ur": "{0}، {1}", "zh": "{0}、{1}", "ti": "{0}፣ {1}", "am": "{0}፣ {1}"}
"""How two things side by side are parted in languages that have a comma of their own."""
SAYS_OF = {"es"}
"""Languages in which a month that is written out has a word before it: 3 de marzo."""
SHORT_WEEKDAYS = "en"
_SHORT_MONTH = re.compile(r"(?<!M)MMM(?!M)")
_SHORT_WEEKDAY = re.compile(r"(?<![Ec])(?:E|EEE|ccc)(?![Ec])")
NUMERIC_WHEN_SHORT = {"bg", "lt"}
"""Languages whose short dates have no month name: 3.03 could be read month first."""


@dataclass(frozen=True)
class LanguageName:
    """A language, by its BCP 47 tag; anything else is left as it was written. With `is_own` it stands in its own name, whoever reads it."""

    tag: str
    is_own: bool = False

    @classmethod
    def own(cls, tag: str) -> LanguageName:
        """As its own speakers write it: Polski, العربية."""
        return cls(tag, is_own=True)


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
    where = locale(language)
    pattern = str(where.datetime_formats["medium"])
    on, at = day(value, language), written(value.time(), language)
    if pattern == "{1} {0}" and where.language != "zh":
        return _glued(COMMAS.get(where.language, COMMA), on, at)  # 'Maarso 3 3:10' could be read as two numbers
    return pattern.replace("{1}", on).replace("{0}", at)


@written.register
def _time(value: time, language: str) -> str:
    """In 24 hours, as CLDR has it for every language in Great Britain: '3:10 ድ.ቀ.' is ten past nine to a reader of the Ethiopian clock, 15:10 to nobody."""
    return str(format_skeleton("Hm", value, locale=locale(language)))


@written.register
def _list(value: list, language: str) -> str:  # type: ignore[type-arg]  # singledispatch takes no parameters
    return _joined([written(item, language) for item in value], "standard", language)


@written.register
def _row(value: tuple, language: str) -> str:  # type: ignore[type-arg]
    """Things side by side, with no 'and' between the last two."""
    return _joined([written(item, language) for item in value], "unit", language)


@written.register
def _language_name(value: LanguageName, language: str) -> str:
    short = value.tag.split("-")[0]
    if value.is_own:
        own = str(locale(value.tag).languages.get(short, value.tag))
        return own[:1].upper() + own[1:]
    return str(locale(language).languages.get(short, value.tag))


@written.register
def _text_of_a_person(value: Text, language: str) -> str:
    return value.read_in(language).words


@written.register
def _staff(value: Staff, language: str) -> str:
    return value.name


@written.register
def _child(value: Child, language: str) -> str:
    return value.first_name


@written.register
def _school_class(value: SchoolClass, language: str) -> str:
    return value.name


def _joined(items: Sequence[str], style: str, language: str) -> str:
    """A list by CLDR, in one of its styles. Where CLDR has a pattern for two only (Somali's units), the comma of the language stands between the others.

    Babel's own `format_list` raises KeyError there. Yoruba's 'and' is given back the space that CLDR 48 has lost.
    """
    if not items:
        return ""
    patterns = locale(language).list_patterns.get(style) or {}
    comma = COMMAS.get(locale(language).language, COMMA)
    if len(items) == 2:
        return _glued(patterns.get("2", comma), *items)
    rest = items[-1]
    for place, item in reversed(list(enumerate(items[:-1]))):
        name = "end" if place == len(items) - 2 else "start" if place == 0 else "middle"
        rest = _glued(patterns.get(name, comma), item, rest)
    return rest


def _glued(pattern: str, one: str, other: str) -> str:
    return pattern.replace("àti{1}", "àti {1}").replace("{0}", "\0").replace("{1}", other).replace("\0", one)


def day(value: date, language: str) -> str:
    """A day with its weekday and the month's name, the year left out: 'Tue 3 March'.

    Weekdays are short in English alone: elsewhere CLDR's short ones (Tldo, wt., sal) are known to few readers.
    """
    where = locale(language)
    pattern = where.datetime_skeletons.get("MMMMEd" if where.language in SAYS_OF else "MMMEd")
    if pattern is None or where.language in NUMERIC_WHEN_SHORT:
        return format_date(value, "full", locale=where)
    written_out = _SHORT_MONTH.sub("MMMM", str(pattern.pattern))
    return format_date(value, written_out if where.language == SHORT_WEEKDAYS else _SHORT_WEEKDAY.sub("EEEE", written_out), locale=where)


@lru_cache(maxsize=64)
def locale(language: str) -> Locale:
    """The CLDR locale for a BCP 47 tag; British for English, and for a language that CLDR does not know."""
    if language in ("en", ""):
        return Locale("en", "GB")
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")
