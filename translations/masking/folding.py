"""Words as they are compared with the register: without case, accents and invisible characters, each with its place in the text."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

_BARE = str.maketrans({"ı": "i", "ł": "l", "đ": "d", "ð": "d", "ø": "o", "æ": "ae", "œ": "oe", "þ": "th", "ə": "e", "ŋ": "n"})


class Word(NamedTuple):
    """A run of letters of one script, or of digits. `folded` is never empty; `has_capital` is of its first letter."""

    start: int
    end: int
    folded: str
    has_capital: bool


def fold(word: str) -> str:
    """`word` without case, accents, joiners and other invisible characters."""
    return "".join(map(_bare, word))


def words(text: str) -> list[Word]:
    """The words of `text`, in order. Where Latin letters stand beside those of another script ('请问Amina') they are a word of their own."""
    found: list[Word] = []
    start, end, folded, kind = 0, 0, "", ""
    for place, char in enumerate(text):
        bare = _bare(char)
        now = kind if not bare else _kind(bare[0])
        if folded and now != kind:
            found.append(Word(start, end, folded, text[start].isupper()))
            folded = ""
        if now and (folded or bare):
            start = start if folded else place
            end, folded, kind = place + 1, folded + bare, now
        elif not folded:
            kind = ""
    if folded:
        found.append(Word(start, end, folded, text[start].isupper()))
    return found


@lru_cache(maxsize=8_192)
def _bare(char: str) -> str:
    kept = (each for each in unicodedata.normalize("NFKD", char.casefold()) if not unicodedata.combining(each) and unicodedata.category(each) != "Cf")
    return "".join(kept).translate(_BARE)


@lru_cache(maxsize=8_192)
def _kind(char: str) -> str:
    """What a folded character makes words of: Latin letters, digits, letters (and vowel signs) of other scripts, or nothing."""
    category = unicodedata.category(char)
    if category[0] == "N":
        return "digit"
    if category[0] == "L":
        return "latin" if char < "\u0250" else "other"
    return "other" if category[0] == "M" else ""
