"""Whether a word of a list stands in what someone wrote."""

from __future__ import annotations

import re

from rapidfuzz.distance import OSA

from nlu.wordlists import fold

FIRST_WITHOUT_SPACES = "\u3040"
"""From here on (Japanese, Chinese) words stand side by side without a space."""


LONG = 6
"""Letters from which on one wrong letter does not turn a word into another one: 'pourly' is poorly, but 'never' is not fever."""


def stands_in(text: str, words: str, *, misspelt: bool = False) -> bool:
    """Whether one of the `words`, parted by commas, stands in `text` as a word of its own; one that ends in * as the beginning of a word.

    `misspelt`: a long word may have one letter wrong, missing, too many or in another's place, but not the first.
    """
    said = fold(text)
    return any(_is_in(word, said) or (misspelt and _is_near(word, said)) for word in re.split(r"[,،、፣]", words) if fold(word))


def _is_in(word: str, said: str) -> bool:
    folded, goes_on = fold(word.replace("*", "")), word.strip().endswith("*")
    if min(folded) >= FIRST_WITHOUT_SPACES:
        return folded in said
    return f" {folded}" in f" {said}" if goes_on else f" {folded} " in f" {said} "


def _is_near(word: str, said: str) -> bool:
    folded = fold(word.replace("*", ""))
    if len(folded) < LONG or " " in folded:
        return False
    return any(token[0] == folded[0] and OSA.distance(token, folded, score_cutoff=1) <= 1 for token in said.split())


def behind(text: str, words: str) -> str | None:
    """What follows one of the `words`, parted by commas, where the text begins with it, or with one short word and it: folded. None where none does."""
    said = fold(text)
    for word in sorted(filter(None, map(fold, re.split(r"[,،、፣]", words))), key=len, reverse=True):
        before, found, rest = said.partition(word)
        if found and len(before.split()) <= 1 and (rest[:1] in ("", " ") or min(word) >= FIRST_WITHOUT_SPACES) and rest.strip():
            return rest.strip()
    return None
