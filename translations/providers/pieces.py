"""A long text in pieces that a provider takes, cut where a translator would least miss what stands beyond."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

_SENTENCES = re.compile(r"(?<=[.!?…。！？؟۔।።\n])(?=\s)|(?<=[\n。！？])")
_WORDS = re.compile(r"(?<=\s)(?=\S)")
# A mark is one thing, whatever its brackets; so is a letter with what is written over it.
_ATOMS = re.compile(r"[⟦\[{#<(][^\s⟦⟧\[\]{}#<>()]{1,8}[⟧\]}#>)]|.", re.DOTALL)


def pieces(text: str, most: int, size: Callable[[str], int] = len) -> Sequence[str]:
    """`text` in pieces of at most `most` by `size`, as few as that allows; joined they are `text`.

    Cut between sentences, where one is too long between words, and only where a word is too long within it. A mark is never cut.
    """
    made, piece, room = [], "", most
    for unit in _units(text, most, size):
        taken = size(unit)
        if piece and taken > room:
            made.append(piece)
            piece, room = "", most
        piece, room = piece + unit, room - taken
    return [*made, piece] if piece else made


def _units(text: str, most: int, size: Callable[[str], int]) -> Iterator[str]:
    """The largest parts of `text` that each fit: sentences, or words of a long one, or characters of a long word."""
    for sentence in _SENTENCES.split(text):
        if size(sentence) <= most:
            yield sentence
            continue
        for word in _WORDS.split(sentence):
            if size(word) <= most:
                yield word
            else:
                yield from _ATOMS.findall(word)
