"""Hours in languages other than English: 'po 15', 'saat 3ten sonra', '৩টার পরে', '下午3点以后'. A bare number is none: a word beside it must say so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import time
from functools import lru_cache

from nlu.date_grammar import Atom
from nlu.wordlists import WordList, words_of

_FIRST_AFTERNOON_HOUR, _LAST_AFTERNOON_HOUR = 1, 6
_ENDING = r"(?:['’]?[^\W\d_]{0,5}\s*)?"
"""What a language hangs on a number before the word that follows: 3'ten sonra, 3টার পরে."""
_ENDS = r"\W*(?:$|[,.;!?،]|(?:de|di|da|do|del|della|y|e|o|por|em|on)\b)"
"""What may follow an hour in words: 'a las dos hijas' is no two o'clock."""
_NOT_PART_OF_ANOTHER = r"(?<![\d:.,/-])"


def scan(text: str, language: str) -> list[Atom]:
    """The hours in cleaned `text`, with 'after' and 'before' where a word of `language` says so; on the school's clock, where 3 is in the afternoon."""
    short = language.split("-", maxsplit=1)[0]
    pattern, words = _pattern(short), words_of(short)
    if pattern is None or words is None:
        return []
    found = (_atom(match, words) for match in pattern.finditer(text.lower()) if len(text.lower()) == len(text))
    return [atom for atom in found if atom is not None]


def school_hour(clock: time) -> time:
    """A clock time as a school means it: 3 is 15:00."""
    return clock.replace(hour=clock.hour + 12) if _FIRST_AFTERNOON_HOUR <= clock.hour <= _LAST_AFTERNOON_HOUR else clock


def _atom(match: re.Match[str], words: WordList) -> Atom | None:
    hour, minute = _number(match, words), int(match["minute"] or 0)
    beside = ("at",) if match["word"] else ("at", "o_clock", "after", "before", "then_after", "then_before", "minute")
    says_so = any(match[name] for name in beside)
    if not says_so or not 1 <= hour <= 23 or minute > 59:
        return None
    clock = school_hour(time(hour, minute))
    is_after, is_before = bool(match["after"] or match["then_after"]), bool(match["before"] or match["then_before"])
    if is_after:
        return Atom(*match.span(), earliest=clock, latest=None)
    return Atom(*match.span(), earliest=None if is_before else clock, latest=clock)


def _number(match: re.Match[str], words: WordList) -> int:
    if match["hour"]:
        return int(match["hour"])  # the digits of every script
    return next(number for number, spellings in words.numbers.items() if match["word"] in spellings)


@lru_cache(maxsize=32)
def _pattern(language: str) -> re.Pattern[str] | None:
    """The language's words for hours as one expression; None where there are none."""
    words = words_of(language)
    if words is None or "hour" not in words.phrases:
        return None
    after, before, at, o_clock = (_either(words.phrases.get(key, ())) for key in ("after", "before", "hour", "after_hour"))
    named = _either(spelling for number, spellings in words.numbers.items() if number > 0 for spelling in spellings)
    return re.compile(
        rf"(?:(?<!\w)(?:(?P<after>{after})|(?P<before>{before}))\s*)?(?:(?<!\w)(?P<at>{at})\s*)?"
        rf"(?:{_NOT_PART_OF_ANOTHER}(?P<hour>\d{{1,2}})(?:[:.h](?P<minute>[0-5]\d))?(?![\d:/])|(?<=\s)(?P<word>{named})(?={_ENDS}))(?:\s?(?P<o_clock>{o_clock})(?![a-z]))?"
        rf"(?:{_ENDING}(?:(?P<then_after>{after})|(?P<then_before>{before})))?"
    )


def _either(phrases: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(set(phrases), key=len, reverse=True))) or r"(?!)"
