"""Text on its way in and out: made storable, cut to a channel's length, its choices numbered where there are no buttons."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bot.channels.base import Choice, Limits

_SENTENCE_END = re.compile(r"[.!?…؟۔।።。！？]+[\"'’”»)\]]*(?=\s)|\n")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """`text` with NUL and lone surrogates replaced by U+FFFD: PostgreSQL stores neither, and a webhook must not fail on them."""
    return _UNSTORABLE.sub("\ufffd", text)


def split(text: str, limit: int) -> list[str]:
    """`text` as pieces of at most `limit` characters, in order; nothing is lost but white space at the cuts.

    Cut after a sentence if one ends in the second half of the piece, else between words, else between characters, but never before a combining mark.
    An empty text gives no piece.
    """
    if limit < 1:
        raise ValueError(limit)
    pieces, rest = [], text.strip()
    while len(rest) > limit:
        at = _cut(rest, limit)
        pieces.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*pieces, rest] if rest else pieces


def _cut(text: str, limit: int) -> int:
    """Where to cut `text`, which is longer than `limit`: between 1 and `limit`."""
    window = text[: limit + 1]
    ends = [match.end() for match in _SENTENCE_END.finditer(window) if limit // 2 < match.end() <= limit]
    if ends:
        return ends[-1]
    spaces = [match.start() for match in re.finditer(r"\s", window)]
    if spaces and spaces[-1] > 0:
        return spaces[-1]
    at = limit
    while at > 1 and _clings(text[at]):
        at -= 1
    return at if at > 1 else limit


def _clings(character: str) -> bool:
    """True for what belongs to the character before it: combining marks, joiners, variation selectors, skin tones."""
    return unicodedata.combining(character) > 0 or unicodedata.category(character) in {"Mn", "Mc", "Me"} or character == "\u200d" or "🏻" <= character <= "🏿"


def numbered(text: str, choices: Sequence[Choice]) -> str:
    """`text`, then one choice a line: '1 Tue 3 March, 15:10'. Without choices it is the text."""
    return "\n".join([text, *(f"{number} {choice.label}" for number, choice in enumerate(choices, start=1))])


@dataclass(frozen=True)
class Layout:
    """How a message looks on one channel: its words, numbered list included, and the buttons under them."""

    text: str
    buttons: Sequence[Choice] = ()


def laid_out(text: str, choices: Sequence[Choice], limits: Limits) -> Layout:
    """How `text` with `choices` looks on a channel of these limits. Every channel and the preview ask this, so that they agree.

    No buttons there, or too many choices: a numbered list in the text. Labels too long for a button: the list in the text, and each button is its number.
    """
    if not choices:
        return Layout(text)
    if len(choices) > limits.choices:
        return Layout(numbered(text, choices))
    if any(len(choice.label) > limits.label_characters for choice in choices):
        return Layout(numbered(text, choices), tuple(Choice(choice.id, str(number)) for number, choice in enumerate(choices, start=1)))
    return Layout(text, tuple(choices))
