"""Left to right inside right to left, and the other way round: a value keeps its own order, and the sentence around it too.

Source: Unicode Standard Annex 9, the first strong isolate. SMS carries none of these marks: see `fold_typography`.
"""

from __future__ import annotations

import re
import unicodedata

from translations.writing import locale

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
_GROUPS = re.compile(r"(?<=\d) (?=\d)")
"""The space inside a telephone number. SMS carries no isolates, and without them its groups would change places after an Arabic letter (rule W2)."""
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_TURNED_ROUND = frozenset({"L", "EN", "ET", "ES"})  # inside right-to-left text: Latin letters, and digits in groups, such as telephone numbers and times


def isolated(value: str, language: str) -> str:
    """`value` set apart, where a sentence in `language` runs the other way and would tear it apart; else as it is."""
    if is_right_to_left(language):
        value = _GROUPS.sub("", value)
    others = _TURNED_ROUND if is_right_to_left(language) else _RIGHT_TO_LEFT
    if value.isascii() and others is _RIGHT_TO_LEFT:
        return value
    if any(unicodedata.bidirectional(character) in others for character in value):
        return f"{FIRST_STRONG_ISOLATE}{value}{POP_ISOLATE}"
    return value


def is_right_to_left(language: str) -> bool:
    """Whether `language`, a BCP 47 tag, is written from right to left."""
    return locale(language).text_direction == "rtl"
