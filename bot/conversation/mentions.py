"""Whether a word of a list stands in what someone wrote."""

from __future__ import annotations

import re

from nlu.wordlists import fold

FIRST_WITHOUT_SPACES = "\u3040"
"""From here on (Japanese, Chinese) words stand side by side without a space."""


def stands_in(text: str, words: str) -> bool:
    """Whether one of the `words`, parted by commas, stands in `text` as a word of its own; one that ends in * as the beginning of a word."""
    said = fold(text)
    return any(_is_in(word, said) for word in re.split(r"[,،、፣]", words) if fold(word))


def _is_in(word: str, said: str) -> bool:
    folded, goes_on = fold(word.replace("*", "")), word.strip().endswith("*")
    if min(folded) >= FIRST_WITHOUT_SPACES:
        return folded in said
    return f" {folded}" in f" {said}" if goes_on else f" {folded} " in f" {said} "
