"""What a text message costs: the alphabet of mobile networks, and the parts a text is sent, and paid for, in.

Sources: 3GPP TS 23.038 §6.2.1 (the alphabet and its extension table), TS 23.040 §9.2.3.24.1 (the header that joins parts takes 7 septets or 3 UTF-16 units).
One character outside the alphabet turns the whole message into UCS-2, and a 160-character message into three paid parts.
"""

from __future__ import annotations

import unicodedata
from typing import Final

ALONE, JOINED = 160, 153  # septets in one message, and in each of several
ALONE_UCS2, JOINED_UCS2 = 70, 67  # UTF-16 units

_ROWS = (
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ",  # 0x1B, between Ξ and Æ, is the escape itself and no character
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
)
BASIC: Final = frozenset("".join(_ROWS))
"""Characters of one septet, in the order of the table in §6.2.1."""

EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Characters of two septets: an escape and a character of §6.2.1.1. The pair is never split between parts."""

_GSM7 = BASIC | EXTENDED

_TYPOGRAPHY: Final = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "‚": "'",
        "‛": "'",
        "′": "'",
        "ʼ": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "‟": '"',
        "″": '"',
        "‐": "-",
        "‑": "-",
        "‒": "-",
        "–": "-",
        "—": "-",
        "―": "-",
        "−": "-",
        "…": "...",
        "•": "-",
        "·": ".",
        "✓": "*",
        "✔": "*",
        "\u00a0": " ",  # no-break space: invisible, and it doubles the price
        "\u2007": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\t": " ",
        "\u200b": "",  # zero-width space
        "\u2060": "",  # word joiner
        "\ufeff": "",
        "\u00ad": "",  # soft hyphen
        "\u2066": "",  # isolates, which keep an English name in its place inside Arabic: each would double the price, and few phones know them
        "\u2067": "",
        "\u2068": "",
        "\u2069": "",
        "\u2028": "\n",
        "\u2029": "\n",
    },
)


def is_gsm7(text: str) -> bool:
    """True if every character stands in the GSM 7-bit alphabet or its extension. An empty text does."""
    return _GSM7.issuperset(text)


def costly_characters(text: str) -> list[str]:
    """The characters that force the whole text into UCS-2, each once, in the order in which they first come."""
    return [character for character in dict.fromkeys(text) if character not in _GSM7]


def segments(text: str) -> int:
    r"""How many SMS segments `text` is sent, and paid for, as. An empty text is one.

    160 septets alone or 153 in each of several, if it fits the GSM 7-bit alphabet; else 70 or 67 UTF-16 units.
    € ^ { } [ ] ~ | \ and form feed take two septets.
    Source: 3GPP TS 23.038 §6.2.1; TS 23.040 §9.2.3.24.1.
    """
    if is_gsm7(text):
        return _parts([2 if character in EXTENDED else 1 for character in text], ALONE, JOINED)
    return _parts([2 if ord(character) > 0xFFFF else 1 for character in text], ALONE_UCS2, JOINED_UCS2)


def fold_typography(text: str) -> str:
    """`text` with typographers' marks as a keyboard has them: ’ “ ” – — … • ✓, no-break and zero-width spaces.

    Letters are left alone: folding ç or ş is a choice for each language, while this is always done for SMS. What is folded reads the same;
    one character becomes at most three.
    """
    return text.translate(_TYPOGRAPHY)


FOLDABLE: Final = frozenset({"es", "fr", "pl", "pt", "ro", "sq", "tr"})
"""Languages that can be read without their accents: as their own speakers type them on a phone that has none. Elsewhere (vi, yo) it changes the word."""
_PLAIN: Final = str.maketrans({"ł": "l", "Ł": "L", "ı": "i", "đ": "d", "Đ": "D", "œ": "oe", "Œ": "Oe", "ã": "a", "õ": "o", "ç": "c"})


def fold_letters(text: str, language: str) -> str:
    """`text` with the letters that no GSM text carries as their plain ones (á as a, ş as s), if `language` can be read so; else as it is.

    Letters that the alphabet has (é, ñ, ü, Ç) stay. It loses something, so it is done only where the school says so: `fold_letters`.
    """
    if language.split("-", maxsplit=1)[0] not in FOLDABLE:
        return text
    return "".join(letter if letter in _GSM7 else _plain(letter) for letter in unicodedata.normalize("NFC", text))


def _plain(letter: str) -> str:
    bare = unicodedata.normalize("NFD", letter.translate(_PLAIN))
    bare = "".join(char for char in bare if not unicodedata.combining(char))
    return bare if is_gsm7(bare) else letter


def _parts(sizes: list[int], alone: int, joined: int) -> int:
    """Parts needed for characters of these sizes, none of which may be split: filled in order, as a phone does."""
    if sum(sizes) <= alone:
        return 1
    parts, room = 1, joined
    for size in sizes:
        if size > room:
            parts, room = parts + 1, joined
        room -= size
    return parts
