"""A word without case and accents, as it is compared with the register."""

from __future__ import annotations

import unicodedata

_BARE = str.maketrans("ıłđø", "ildo")


def fold(word: str) -> str:
    """`word` without case and accents."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).translate(_BARE)
