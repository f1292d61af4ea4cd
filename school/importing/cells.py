"""What one cell may say, and what it means. Each function refuses with Unreadable, whose argument is the reason in English."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from datetime import date, datetime, time
from functools import lru_cache

from babel import Locale
from babel.core import get_global

from school import addresses
from school.importing.table import Unreadable, fold, near

RIGHTS = ("hear", "book", "asked", "collect")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PATTERNS_OF_DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d %b %Y", "%d %B %Y")

# Names that English schools use (the school census's among them) and CLDR does not, or gives to another tag.
ALSO_CALLED = {
    "bengali": "bn",
    "farsi": "fa",
    "persian/farsi": "fa",
    "mandarin": "zh",
    "mandarin chinese": "zh",
    "chinese (mandarin)": "zh",
    "chinese (cantonese)": "yue",
    "panjabi": "pa",
    "pushto": "ps",
    "luganda": "lg",
    "sylheti": "syl",
    "sorani": "ckb",
    "kurdish (sorani)": "ckb",
    "portuguese (brazil)": "pt-BR",
    "romani": "rom",
    "sinhalese": "si",
    "tigrigna": "ti",
    "castilian": "es",
    "moldovan": "ro",
    "flemish": "nl",
}

Hours = tuple[int, time, time]


def mobile(value: str) -> str:
    """A mobile number as E.164."""
    try:
        return addresses.mobile(value)
    except addresses.NotAMobile as error:
        raise Unreadable(f"'{value}' is {error.what}; Bookbag texts mobile numbers only") from error
    except addresses.NotANumber as error:
        raise Unreadable(f"'{value}' is no phone number") from error


def email(value: str) -> str:
    """An e-mail address in lower case."""
    try:
        return addresses.email(value)
    except addresses.NotAnEmail as error:
        raise Unreadable(f"'{value}' is no e-mail address that mail can be sent to") from error


def language(value: str) -> str:
    """A BCP 47 tag, from a tag or an English name: 'so' from 'so', 'som' or 'Somali'. In lower case 'ga' is a tag (Irish); 'Ga' is the language of Accra."""
    tag, name = _tag(value), _names().get(fold(value))
    found = (tag or name) if value.islower() else (name or tag)
    if found is None:
        raise Unreadable(f"'{value}' is no language I know{near(value, sorted(_spelt()))}")
    return found


def day(value: str) -> date:
    """A day, ISO or day first: '2026-03-02', '02/03/2026', '2.3.2026', '2 March 2026'."""
    for pattern in PATTERNS_OF_DAYS:
        try:
            read = datetime.strptime(value, pattern).date()  # noqa: DTZ007 - a day in London has no zone
        except ValueError:
            continue
        if 1990 <= read.year < 2100:
            return read
    raise Unreadable(f"'{value}' is no day; write it as 2026-03-02 or 02/03/2026")


def names(value: str) -> tuple[str, ...]:
    """Several names separated by ';', each once, in their order."""
    found = {fold(part): part.strip() for part in reversed(value.split(";")) if part.strip()}
    if any(len(name) > 100 for name in found.values()):
        raise Unreadable("a name is longer than 100 characters")
    return tuple(reversed(found.values()))


def rights(value: str) -> frozenset[str]:
    """Which of hear, book, asked, collect; 'none' for none of them."""
    parts = [fold(part) for part in value.split(";") if part.strip()]
    for part in parts:
        if part not in (*RIGHTS, "none"):
            raise Unreadable(f"'{part}' is no right{near(part, RIGHTS)} (hear, book, asked, collect, or none)")
    if "none" in parts and len(set(parts)) > 1:
        raise Unreadable("'none' cannot stand beside other rights")
    return frozenset(parts) - {"none"}


def yes(value: str) -> bool:
    """Yes or no."""
    answers = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}
    if value.casefold() not in answers:
        raise Unreadable(f"'{value}' is neither yes nor no")
    return answers[value.casefold()]


def one_of(value: str, known: Sequence[str]) -> str:
    """The one of these that is meant; case makes no difference."""
    meant = {fold(name): name for name in known}.get(fold(value))
    if meant is None:
        raise Unreadable(f"'{value}' is none of {', '.join(known)}{near(value, known)}")
    return meant


def hours(value: str) -> tuple[Hours, ...]:
    """Working hours: 'Mon 08:30-16:00;Tue-Thu 09:00-15:00', as (weekday with Monday 0, start, end), none of which overlap."""
    found = sorted(hours_of_day for part in value.split(";") if part.strip() for hours_of_day in _span(part.strip()))
    for earlier, later in itertools.pairwise(found):
        if earlier[0] == later[0] and later[1] < earlier[2]:
            raise Unreadable(f"two times on {WEEKDAYS[later[0]].title()} overlap")
    return tuple(found)


def _span(part: str) -> list[Hours]:
    shape = re.fullmatch(r"([A-Za-z]{3})[a-z]*(?:\s*[-–]\s*([A-Za-z]{3})[a-z]*)?\s+(\d\d?:\d\d)\s*[-–]\s*(\d\d?:\d\d)", part)
    if shape is None:
        raise Unreadable(f"'{part}' is no working time; write it as Mon 08:30-16:00")
    first, last = shape[1].lower(), (shape[2] or shape[1]).lower()
    if first not in WEEKDAYS or last not in WEEKDAYS or WEEKDAYS.index(first) > WEEKDAYS.index(last):
        raise Unreadable(f"'{part}' names no days of the week in order")
    starts, ends = _clock(shape[3]), _clock(shape[4])
    if starts >= ends:
        raise Unreadable(f"'{part}' ends before it begins")
    return [(weekday, starts, ends) for weekday in range(WEEKDAYS.index(first), WEEKDAYS.index(last) + 1)]


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text.zfill(5))
    except ValueError as error:
        raise Unreadable(f"'{text}' is no time of day") from error


def _tag(value: str) -> str | None:
    """The tag that `value` is, well written; None if it is none that CLDR knows."""
    shape = re.fullmatch(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?", value)
    if shape is None:
        return None
    english = Locale("en")
    code, script, region = shape[1].lower(), (shape[2] or "").title(), (shape[3] or "").upper()
    if code not in english.languages:
        code = str(get_global("language_aliases").get(code, ""))
    if code not in english.languages or (script and script not in english.scripts) or (region and region not in english.territories):
        return None
    return "-".join(part for part in (code, script, region) if part)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    return {fold(name): tag for name, tag in _spelt().items()}


@lru_cache(maxsize=1)
def _spelt() -> dict[str, str]:
    """The English name of every language, with its tag."""
    english = {str(name): str(tag).replace("_", "-") for tag, name in Locale("en").languages.items() if tag not in {"und", "mul", "zxx", "mis"}}
    return english | {name.title(): tag for name, tag in ALSO_CALLED.items()}
