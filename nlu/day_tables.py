"""Days and hours in languages other than English: small tables of day words, and the months' names from CLDR.

They serve the languages that neither duckling nor dateparser knows (Somali, Tigrinya, Yoruba, much of Albanian, Bengali, Urdu),
and are the second opinion in the others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from functools import lru_cache

from nlu import hours
from nlu.date_grammar import PARTS_OF_DAY, Atom, Moment, coming_date
from nlu.wordlists import WordList, fold, words_of

_TOKEN = re.compile(r"""[^\s,.;:!?()/"“”،؛。，！？]+""")  # not \w+: Bengali vowel signs and Yoruba tones are no word characters to Python
_NUMERIC = re.compile(r"(?<![\d./:-])(\d{1,2})[./-](\d{1,2})[./-](20\d\d|\d\d)(?![\d/:-])|(?<![\d./:-])(\d{1,2})/(\d{1,2})(?![\d/:-])")
_CLOCK = re.compile(r"(?<![\d./:-])([01]?\d|2[0-3])(?::|[hH]|(?<=\d)\.(?=[0-5]\d(?![.\d/])))([0-5]\d)?(?![\d/:])")
_LONGEST = 3  # words in a table's phrase
_TONAL = frozenset({"vi", "yo"})
_NO_GAPS = frozenset({"zh", "ja"})
_WEEKDAY_GAP = 7


@dataclass(frozen=True)
class _Table:
    """Folded phrase to what it says: days from today, a weekday (0 = Monday) or a part of the day; and folded month names."""

    offsets: dict[str, int]
    weekdays: dict[str, int]
    parts: dict[str, str]
    months: dict[str, int]
    spelled: frozenset[str]  # the same phrases with their accents, where an accent makes another word

    def atom(self, phrase: str, start: int, end: int, moment: Moment) -> Atom | None:
        """What a folded phrase says, standing at these offsets."""
        if phrase in self.offsets:
            day = moment.today + timedelta(self.offsets[phrase])
            return Atom(start, end, first=day, last=day)
        if phrase in self.weekdays:
            day = moment.coming(self.weekdays[phrase])
            return Atom(start, end, first=day, last=day, certain=self.weekdays[phrase] != moment.today.weekday(), is_weekday=True)
        if phrase in self.parts:
            earliest, latest = PARTS_OF_DAY[self.parts[phrase]]
            return Atom(start, end, earliest=earliest, latest=latest)
        return None


def scan(text: str, language: str, moment: Moment) -> list[Atom]:
    """What our tables for `language` find in cleaned `text`: day words, '15 de marzo', 15/3 and 15:30; in order, not overlapping."""
    table = _table(language.split("-", maxsplit=1)[0])
    atoms = _numeric_dates(text, moment)
    found: list[Atom] = []
    if table is not None:
        found = _unspaced(text, table, moment) if language.split("-", maxsplit=1)[0] in _NO_GAPS else _spaced(text, table, moment)
    # A day before an hour ('15 marca' is no quarter of one), an hour before a part of the day (ድሕሪ ሰዓት 3 is no afternoon).
    for more in ([atom for atom in found if atom.has_day], hours.scan(text, language), _clocks(text), found):
        atoms += [atom for atom in more if not any(atom.start < other.end and other.start < atom.end for other in atoms)]
    return sorted(atoms, key=lambda atom: atom.start)


@lru_cache(maxsize=64)
def _table(language: str) -> _Table | None:
    words = words_of(language)
    if words is None:
        return None
    offsets = {"today": 0, "tomorrow": 1, "day_after_tomorrow": 2, "yesterday": -1}
    return _Table(
        offsets={phrase: days for key, days in offsets.items() for phrase in _folded(words, key)},
        weekdays={fold(spelling): day - 1 for day, spellings in words.weekdays.items() for spelling in spellings},
        parts={phrase: key for key in ("morning", "afternoon") for phrase in _folded(words, key)},
        months=_months(language),
        spelled=frozenset(
            phrase.casefold() for key in (*offsets, "morning", "afternoon") for phrase in (words.phrases.get(key, ()) if language in _TONAL else ())
        ),
    )


def _folded(words: WordList, key: str) -> list[str]:
    return [fold(phrase) for phrase in words.phrases.get(key, ())]


def _months(language: str) -> dict[str, int]:
    from babel import Locale, UnknownLocaleError

    try:
        months = Locale.parse(language).months
    except (UnknownLocaleError, ValueError):
        return {}
    named = ((fold(name), number) for context in ("format", "stand-alone") for number, name in months[context]["wide"].items())
    return {name: number for name, number in named if name and not name.isdigit()}


def _spaced(text: str, table: _Table, moment: Moment) -> list[Atom]:
    tokens = list(_TOKEN.finditer(text))
    folded = [fold(token[0]) for token in tokens]
    atoms, place = list[Atom](), 0
    while place < len(tokens):
        used = _month_date(tokens, folded, place, table, moment, atoms) or _phrase(tokens, folded, place, table, moment, atoms)
        place += max(1, used)
    return atoms


def _phrase(tokens: list[re.Match[str]], folded: list[str], place: int, table: _Table, moment: Moment, atoms: list[Atom]) -> int:
    """Add what the longest known phrase from `place` on says; how many tokens it took."""
    for length in range(min(_LONGEST, len(tokens) - place), 0, -1):
        phrase = " ".join(folded[place : place + length])
        if table.spelled and phrase in {*table.offsets, *table.parts} and not _is_spelled(tokens[place : place + length], table):
            continue
        atom = table.atom(phrase, tokens[place].start(), tokens[place + length - 1].end(), moment)
        if atom is not None:
            atoms.append(atom)
            return length
    return 0


def _is_spelled(tokens: Sequence[re.Match[str]], table: _Table) -> bool:
    """Whether it is spelled so, or by someone who writes no accents at all: 'sang' beside accents is Vietnamese for 'to', not sáng, the morning."""
    written = " ".join(token[0].casefold() for token in tokens)
    return written in table.spelled or tokens[0].string.isascii()


def _month_date(tokens: list[re.Match[str]], folded: list[str], place: int, table: _Table, moment: Moment, atoms: list[Atom]) -> int:
    """'15 marzo', '15 de marzo', '15 марта': a day, at most one word between, and a month."""
    if not (folded[place].isdigit() and 1 <= int(folded[place]) <= 31):
        return 0
    for length in (2, 3):
        if place + length <= len(tokens) and (month := table.months.get(folded[place + length - 1])) is not None:
            day = coming_date(int(folded[place]), month, None, moment.today)
            if day is not None:
                atoms.append(Atom(tokens[place].start(), tokens[place + length - 1].end(), first=day, last=day))
                return length
    return 0


def _unspaced(text: str, table: _Table, moment: Moment) -> list[Atom]:
    """Chinese writes no spaces: look for each known phrase, the longest first."""
    atoms: list[Atom] = []
    for match in re.finditer(r"(\d{1,2})\s?月\s?(\d{1,2})\s?[日号號]", text):
        day = coming_date(int(match[2]), int(match[1]), None, moment.today)
        if day is not None:
            atoms.append(Atom(*match.span(), first=day, last=day))
    for phrase in sorted({*table.offsets, *table.weekdays, *table.parts}, key=len, reverse=True):
        for match in re.finditer(re.escape(phrase), text):
            atom = table.atom(phrase, *match.span(), moment)
            if atom is not None and not any(atom.start < other.end and other.start < atom.end for other in atoms):
                atoms.append(_next_week(text, atom))
    return atoms


def _next_week(text: str, atom: Atom) -> Atom:
    """下周五 is Friday of next week, which the coming Friday need not be."""
    if not atom.is_weekday or text[max(0, atom.start - 1) : atom.start] != "下" or atom.first is None:
        return atom
    day = atom.first + timedelta(_WEEKDAY_GAP)
    return Atom(atom.start - 1, atom.end, first=day, last=day, certain=False, is_weekday=True)


def _numeric_dates(text: str, moment: Moment) -> list[Atom]:
    atoms: list[Atom] = []
    for match in _NUMERIC.finditer(text):
        day, month, year = (match[1], match[2], match[3]) if match[1] else (match[4], match[5], None)
        found = coming_date(int(day), int(month), year, moment.today) if int(month) <= 12 and 1 <= int(day) <= 31 and int(month) else None
        if found is not None:
            atoms.append(Atom(*match.span(), first=found, last=found))
    return atoms


def _clocks(text: str) -> list[Atom]:
    atoms: list[Atom] = []
    for match in _CLOCK.finditer(text):
        hour = int(match[1])
        clock = time(hour + 12 if 1 <= hour <= 6 and not match[1].startswith("0") else hour, int(match[2] or 0))
        atoms.append(Atom(*match.span(), earliest=clock, latest=clock))
    return atoms
