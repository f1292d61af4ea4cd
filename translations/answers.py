"""Whether what a provider answered can be a translation at all. Every provider can give the source text, or nonsense, as a success."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

SHORTEST, LONGEST = 0.3, 3.0
"""How long a translation may be, as a share of its source in characters; a Chinese character counts as three, a Korean or Ethiopic syllable as two."""

_MARK = re.compile(r"[⟦\[【〚［〖{#]+\s*[xXхХ×]?\s*\d+\s*[xXхХ×]?\s*[⟧\]】〛］〗}#]+")
_WORD = re.compile(r"[^\W\d_]+(?:[’'ʼ-][^\W\d_]+)*")
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")
_LINK = re.compile(r"(?:https?:|www\.)\S*|\b[\w-]+(?:\.[\w-]+)+/\S*", re.IGNORECASE)
_IDEOGRAPH = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WEIGHTS: Final = {"CJK": 3, "HIRAGANA": 2, "KATAKANA": 2, "HANGUL": 2, "ETHIOPIC": 2}
_HARMLESS = "\n\r\t"
# Control, surrogate and private-use characters and those that turn the direction of writing; the joiners of Persian and Hindi are letters' business.
_TURNERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffd\ufffe\uffff")

SCRIPTS: Final[Mapping[str, frozenset[str]]] = {
    language: frozenset(scripts.split("+"))
    for scripts, languages in {
        "LATIN": "en es fr it ku lt pl pt ro so sq sw tr vi yo af ca cs cy da de et eu fi fil ga ha hr hu id ig is lv ms mt nb nl no om sk sl sv tl xh zu",
        "ARABIC": "ar ckb fa ps sd ug ur",
        "BENGALI": "as bn",
        "CJK": "zh yue",
        "CJK+HIRAGANA+KATAKANA": "ja",
        "CYRILLIC": "be bg kk ky mk mn ru tg uk",
        "DEVANAGARI": "hi mr ne",
        "ETHIOPIC": "am ti",
        "GUJARATI": "gu",
        "GURMUKHI": "pa",
        "TAMIL": "ta",
        "TELUGU": "te",
        "KANNADA": "kn",
        "MALAYALAM": "ml",
        "SINHALA": "si",
        "THAI": "th",
        "LAO": "lo",
        "KHMER": "km",
        "MYANMAR": "my",
        "GEORGIAN": "ka",
        "ARMENIAN": "hy",
        "GREEK": "el",
        "HEBREW": "he yi",
        "HANGUL+CJK": "ko",
    }.items()
    for language in languages.split()
}
"""Scripts that a language is written in, by its first subtag, as the names of Unicode's characters begin."""
_BY_SUBTAG: Final = {
    "latn": "LATIN",
    "arab": "ARABIC",
    "cyrl": "CYRILLIC",
    "deva": "DEVANAGARI",
    "guru": "GURMUKHI",
    "hans": "CJK",
    "hant": "CJK",
    "ethi": "ETHIOPIC",
}


class Unusable(Exception):
    """An answer that is no translation. `reason` is 'empty', 'controls', 'html', 'link', 'same', 'script', 'length' or 'repeats'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check(source: str, answer: str, target: str) -> None:
    """Raises Unusable where `answer` cannot be a translation of `source` into `target`, a BCP 47 tag. Both texts are masked, in any form of mark.

    It judges by what can be counted: it does not know whether a translation is right. A language that SCRIPTS does not have may be in any script.
    """
    asked, told = _MARK.sub(" ", source), _MARK.sub(" ", answer)
    if not told.strip() and asked.strip():
        raise Unusable("empty")
    if _controls(answer) - _controls(source):
        raise Unusable("controls")
    if not set(_TAG.findall(answer)) <= set(_TAG.findall(source)):
        raise Unusable("html")
    if not set(_LINK.findall(answer)) <= set(_LINK.findall(source)):
        raise Unusable("link")
    words, answered = _words(asked), _words(told)
    if words:
        if _is_the_same(words, answered):
            raise Unusable("same")
        if not _is_in_script(words, answered, target):
            raise Unusable("script")
    if not SHORTEST * _length(asked) - 10 <= _length(told) <= LONGEST * _length(asked) + 20:
        raise Unusable("length")
    if _repeats(told) > max(4, 2 * _repeats(asked), len(_tokens(told)) // 25):
        raise Unusable("repeats")


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _is_the_same(words: list[str], answered: list[str]) -> bool:
    """Word for word, or nearly: of four words and more, seven in ten are the source's."""
    kept = sum((Counter(words) & Counter(answered)).values())
    return words == answered or (len(words) >= 4 and kept >= 0.7 * len(words))


def _is_in_script(words: list[str], answered: list[str], target: str) -> bool:
    """Most letters are the target's; words carried over from the source, such as WhatsApp, may be most but not all."""
    wanted = _scripts(target)
    if wanted is None:
        return True
    own = foreign = carried = 0
    for word in answered:
        if word in words and not wanted & _scripts_of(word):
            carried += len(word)
            continue
        for character in word:
            script = _script(character)
            own += script in wanted
            foreign += script not in wanted and script != ""
    return own > 0 and own >= 0.7 * (own + foreign) and own >= 0.25 * (own + foreign + carried)


def _scripts(tag: str) -> frozenset[str] | None:
    language, *rest = tag.lower().split("-")
    for subtag in rest:
        if subtag in _BY_SUBTAG:
            return frozenset({_BY_SUBTAG[subtag]})
    return SCRIPTS.get(language)


def _scripts_of(word: Iterable[str]) -> set[str]:
    return {_script(character) for character in word} - {""}


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    """The script that a letter's Unicode name begins with; none for what is no letter, or belongs to no script."""
    name = unicodedata.name(character, "") if unicodedata.category(character) in {"Lu", "Ll", "Lt", "Lo"} else ""
    return name.partition(" ")[0].partition("-")[0].replace("FULLWIDTH", "").replace("HALFWIDTH", "")


def _length(text: str) -> int:
    """How much a text says, about as many as it would have Latin letters."""
    return sum(_WEIGHTS.get(_script(character), 1) for character in text if not character.isspace())


def _repeats(text: str) -> int:
    """How often the commonest three words in a row come; in Chinese five characters, since three are often one word."""
    tokens = _tokens(text)
    length = 5 if 2 * len(_IDEOGRAPH.findall(text)) > len(tokens) else 3
    return max(Counter(zip(*(tokens[start:] for start in range(length)), strict=False)).values(), default=0)


def _tokens(text: str) -> list[str]:
    return _IDEOGRAPH.sub(lambda found: f" {found[0]} ", text).casefold().split()


def _controls(text: str) -> set[str]:
    return {c for c in text if c in _TURNERS or (unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn"} and c not in _HARMLESS)}
