"""Finding what must be taken out of a text: links and numbers by their form, English dates and times by their grammar, names by the school's register."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import date, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from translations.glossary import Term
from translations.masking.folding import fold
from translations.masking.marks import LOOKS_LIKE_A_MARK, Masked
from translations.masking.names import Names
from translations.masking.register import everyday
from translations.masking.values import DaysWritten, DayWritten, Kept, Kind, Meaning

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
_WEEKDAY = r"(?P<weekday>Mon(?:day)?|Tue(?:s(?:day)?)?|Wed(?:nesday)?|Thu(?:r(?:s(?:day)?)?)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)"
_MONTH = r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
_YEAR = r"(?:,?\s+(?P<year>20\d\d))?"
_CLOCK = r"(?P<{0}>\d{{1,2}}(?:[:.][0-5]\d)?)\s?(?P<{0}m>[ap]m|[ap]\.m\.)?"

_EARLIEST = 7  # '03:30' by itself is more likely half past three in the afternoon: it is put back as it stands

_MARKUP = re.compile(
    rf"{LOOKS_LIKE_A_MARK.pattern}|\{{[^{{}}\n]*\}}|[{{}}]|%\(\w+\)[sd]|%[sd]|</?[A-Za-z][^<>\n]*>|&#?\w+;|[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+"
)
_REST_OF_LINK = r"[^\s<>\"\u3000-\uffef]*[^\s<>\".,;:!?)\]'’”»\u3000-\uffef]"
# A scheme or www; or a name with an ending that names of sites have, in small letters: 'school.It is shut' is two sentences.
_LINK = re.compile(
    rf"(?i:[a-z][a-z0-9+.-]*://|www\.|mailto:|tel:){_REST_OF_LINK}"
    r"|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:com|org|net|uk|edu|gov|info|eu|ly|app|online|site|page)(?![\w@-]|\.\w)" + rf"(?:[/?#]{_REST_OF_LINK})?/?",
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<!\w)(?:\+|00)?\(?\d(?:[ ()-]{0,2}\d){8,14}(?!\w)")
_MONEY = re.compile(r"[£$€]\s?\d[\d,]*(?:\.\d+)?(?:p|m|k)?\b|\b\d[\d,]*(?:\.\d+)?\s?(?:p|pence|pounds?|euros?|£|€)(?!\w)", re.IGNORECASE)
_DAY_FIRST = re.compile(rf"\b(?:{_WEEKDAY}\.?,?\s+(?:the\s+)?)?(?P<day>[0-3]?\d)(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b\.?{_YEAR}", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"\b(?:{_WEEKDAY}\.?,?\s+)?{_MONTH}\.?\s+(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?![\d:.]\d|\d){_YEAR}", re.IGNORECASE)
_STRETCH = re.compile(
    rf"\b(?P<since>[0-3]?\d)(?:st|nd|rd|th)?\s?(?:-|–|to|until|till)\s?(?P<day>[0-3]?\d)(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b\.?{_YEAR}", re.IGNORECASE
)
_DAY_OF_MONTH = re.compile(rf"\b{_WEEKDAY}\.?,?\s+(?:the\s+)?(?P<day>[0-3]?\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
_NUMERIC = re.compile(rf"\b(?:{_WEEKDAY}\.?,?\s+)?(?P<day>[0-3]?\d)[/.](?P<month>[01]?\d)(?:[/.](?P<year>20\d\d|\d\d))?(?![\d/.]*\d)\b", re.IGNORECASE)
_SAYS_A_DAY = re.compile(r"\b(?:on|by|from|until|till|before|after|since|to)\s+(?:the\s+)?$", re.IGNORECASE)
_ALSO_VERBS = {"may", "march"}
_ISO = re.compile(r"\b(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)\b(?P<weekday>)")
_WEEKDAY_ALONE = re.compile(r"\b(?P<weekday>Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b", re.IGNORECASE)
"""Whole words alone: 'Sun cream' is no Sunday, and 'Fridays' are many."""
_TIMES = re.compile(rf"\b{_CLOCK.format('from')}\s?(?:-|–|to)\s?{_CLOCK.format('till')}(?!\w)", re.IGNORECASE)
_TIME = re.compile(rf"\b{_CLOCK.format('from')}(?!\w|[.:/]\d)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?<![\w])\d[\d.,:/x×-]*(?<=\d)\s?(?:%|°C?|kg|g|km|cm|mm|m|ml|l)?(?!\w)|\d+")
_CODE = re.compile(r"\b(?=\w*\d)(?=\w*[^\W\d_])\w{2,}\b")


_EVEN_IN_PART = {Kind.NAME, Kind.LINK, Kind.EMAIL}


class Found(NamedTuple):
    """A stretch of the text that is taken out."""

    start: int
    end: int
    kind: Kind
    meaning: Meaning = None


def mask(text: str, names: Names, terms: Sequence[Term] = (), *, language: str = "en", today: date) -> Masked:
    """`text`, in `language`, with names, dates, times, numbers, links and terms taken out. `today` is the day from which 'Monday 2 March' is counted.

    Dates and times are read in English alone; in other languages their numbers are taken out and their words are translated. A name in another script than
    the register's is not known.
    """
    taken: list[Found] = []
    covered = bytearray(len(text))  # 1 where something is taken
    for find in _finders(names, terms, today, language):
        for found in find(text):
            for part in _free(text, found, covered):
                covered[part.start : part.end] = bytes([1]) * (part.end - part.start)
                taken.append(part)
    return Masked(tuple(_pieces(text, sorted(taken))))


def _free(text: str, found: Found, covered: bytearray) -> list[Found]:
    """What of `found` nothing has taken yet: of '2 June Amina', where June is a name too, the day is gone and Amina is left.

    Half a day, number or term is none; its digits are found by themselves.
    """
    if 1 not in covered[found.start : found.end]:
        return [found] if found.start < found.end else []
    if found.kind not in _EVEN_IN_PART:
        return []
    left = []
    for gap in re.finditer(rb"\0+", covered[found.start : found.end]):
        piece = text[found.start + gap.start() : found.start + gap.end()]
        start = found.start + gap.start() + len(piece) - len(piece.lstrip())
        if piece.strip():
            left.append(found._replace(start=start, end=start + len(piece.strip())))
    return left


def _pieces(text: str, taken: Sequence[Found]) -> Iterator[str | Kept]:
    numbers: dict[tuple[Kind, str], int] = {}
    start = 0
    for found in taken:
        if found.start > start:
            yield text[start : found.start]
        source = text[found.start : found.end]
        yield Kept(numbers.setdefault((found.kind, source), len(numbers) + 1), found.kind, source, found.meaning)
        start = found.end
    if start < len(text):
        yield text[start:]


def _finders(names: Names, terms: Sequence[Term], today: date, language: str) -> Iterator[Callable[[str], Iterator[Found]]]:
    """The finders in order: what an earlier one takes, no later one sees."""
    yield _by(_MARKUP, Kind.MARKUP)
    yield _by(_LINK, Kind.LINK)
    yield _by(_EMAIL, Kind.EMAIL)
    yield lambda text: (Found(start, end, Kind.NAME) for start, end in names.phrases(text, language))
    yield lambda text: _terms(text, terms)
    if language.split("-", maxsplit=1)[0] == "en":
        yield lambda text: _days(text, today)
        yield _clock_times
    yield _by(_PHONE, Kind.PHONE)
    yield _by(_MONEY, Kind.MONEY)
    yield lambda text: (Found(start, end, Kind.NAME) for start, end in names.words(text, language))
    yield _by(_CODE, Kind.NUMBER)
    yield _by(_NUMBER, Kind.NUMBER)
    yield _lone_digits


def _by(pattern: re.Pattern[str], kind: Kind) -> Callable[[str], Iterator[Found]]:
    return lambda text: (Found(match.start(), match.end(), kind) for match in pattern.finditer(text))


def _lone_digits(text: str) -> Iterator[Found]:
    """Digits that stand inside what no other finder takes, of whatever script."""
    return (Found(place, place + 1, Kind.NUMBER) for place, char in enumerate(text) if unicodedata.digit(char, None) is not None)


def _terms(text: str, terms: Sequence[Term]) -> Iterator[Found]:
    for term in terms:
        for match in _spelt(term.english).finditer(text):
            yield Found(match.start(), match.end(), Kind.TERM, term)


@lru_cache(maxsize=1_024)
def _spelt(english: str) -> re.Pattern[str]:
    """A term as it may be written, in any case; but SEND in capitals alone, since it is a word too."""
    spelling = re.escape(english).replace("'", "['’]?").replace(r"\-", r"[-\s]?").replace(r"\ ", r"[\s-]")
    is_word = english.isupper() and fold(english) in everyday("en")
    return re.compile(rf"\b{spelling}s?\b", re.NOFLAG if is_word else re.IGNORECASE)


def _days(text: str, today: date) -> Iterator[Found]:
    for match in _STRETCH.finditer(text):
        till = _day(match, today) if _is_a_day(match, _STRETCH, text) else None
        if till is not None and 1 <= int(match["since"]) < till.day:
            yield Found(match.start(), match.end(), Kind.DATE, DaysWritten(till.replace(day=int(match["since"])), till, bool(match["year"])))
    for pattern in (_ISO, _DAY_FIRST, _MONTH_FIRST, _NUMERIC):
        for match in pattern.finditer(text):
            on = _day(match, today) if _is_a_day(match, pattern, text) else None
            if on is not None:
                yield Found(match.start(), match.end(), Kind.DATE, DayWritten(on, bool(match["weekday"]), True, bool(match["year"])))
    for match in _DAY_OF_MONTH.finditer(text):
        on = _day_of_month(match, today)
        if on is not None:
            yield Found(match.start(), match.end(), Kind.DATE, DayWritten(on, True, True, False))
    for match in _WEEKDAY_ALONE.finditer(text):
        coming = today + timedelta((_WEEKDAYS.index(match[0].casefold()) - today.weekday()) % 7)
        yield Found(match.start(), match.end(), Kind.DATE, DayWritten(coming, True, False, False))


def _day_of_month(match: re.Match[str], today: date) -> date | None:
    """'Monday 2nd': the next such day within two months, or the last one within two weeks; None where there is none."""
    weekday = _WEEKDAYS.index(_whole(match["weekday"], _WEEKDAYS))
    near = (today + timedelta(days) for days in (*range(62), *range(-1, -15, -1)))
    return next((on for on in near if on.day == int(match["day"]) and on.weekday() == weekday), None)


def _is_a_day(match: re.Match[str], pattern: re.Pattern[str], text: str) -> bool:
    """Whether it surely is one: 'at 3 may I' and '3/4 of the class' are none."""
    if pattern is _NUMERIC:
        return bool(match["weekday"] or match["year"] or _SAYS_A_DAY.search(text[: match.start()]))
    return match["month"] not in _ALSO_VERBS


def _day(match: re.Match[str], today: date) -> date | None:
    """The day that a match names, the next of its kind where it names no year; None where there is none, or where its weekday is another's."""
    weekday = match.groupdict().get("weekday") or ""
    month = int(match["month"]) if match["month"].isdecimal() else _MONTHS.index(_whole(match["month"], _MONTHS)) + 1
    years = [int(match["year"]) % 100 + 2000] if match["year"] else [today.year, today.year + 1]
    for year in years:
        try:
            on = date(year, month, int(match["day"]))
        except ValueError:
            continue
        is_other = bool(weekday) and _WEEKDAYS.index(_whole(weekday, _WEEKDAYS)) != on.weekday()
        if not is_other and (match["year"] or on >= today - timedelta(60)):
            return on
    return None


def _whole(short: str, names: Sequence[str]) -> str:
    return next(name for name in names if name.startswith(short.casefold()))


def _clock_times(text: str) -> Iterator[Found]:
    """Times that say which half of the day they mean: 3pm, 15:10, 3-4pm. What could be either is put back as it stands."""
    for match in _TIMES.finditer(text):
        till = _clock(match["till"], match["tillm"])
        since = _clock(match["from"], match["fromm"] or match["tillm"])
        if till is not None and since is not None:
            yield Found(match.start(), match.end(), Kind.TIME, (since, till))
    for match in _TIME.finditer(text):
        at = _clock(match["from"], match["fromm"])
        if at is not None:
            yield Found(match.start(), match.end(), Kind.TIME, (at,))


def _clock(digits: str, half: str | None) -> time | None:
    hour, _, minute = digits.replace(".", ":").partition(":")
    number = int(hour)
    if half:
        if not 1 <= number <= 12:
            return None
        return time(number % 12 + (12 if half.casefold().startswith("p") else 0), int(minute or 0))
    is_24 = bool(minute) and ":" in digits and len(hour) == 2 and _EARLIEST <= number < 24
    return time(number, int(minute)) if is_24 else None
