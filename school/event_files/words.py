"""The words of a calendar file, made fit to be shown, sent and translated."""

from __future__ import annotations

import html
import re
import unicodedata

_PIECES = re.compile(r"(<[^<>]*>)")
_TAG = re.compile(r"<(?P<ends>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)(?P<more>[^<>]*)>")
_LINK = re.compile(r"""\bhref\s*=\s*["']?(https?://[^\s"'<>]+)""", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")  # with its semicolon: '&copy=2' is part of an address
_BREAKS = frozenset("br p div li tr h1 h2 h3 h4 h5 h6 ul ol table blockquote hr".split())
_KNOWN = _BREAKS | frozenset("a b i u s em strong span font small big sub sup html body head meta title style script img td th tbody thead pre code".split())
_HUSHED = frozenset({"style", "script"})
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the direction of what follows, beyond their own text where they are not closed."""


def printable(text: str) -> str:
    """`text` composed (NFC), every line break a line feed, without control characters, which no calendar, page or phone shows."""
    broken = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = "".join(char for char in broken if char == "\n" or (unicodedata.category(char) not in {"Cc", "Cs", "Co"} and char not in _OVERRIDES))
    return unicodedata.normalize("NFC", kept)


def one_line(text: str) -> str:
    """`text` as it is read, on one line."""
    return " ".join(_without_html(text).split())


def paragraphs(text: str) -> str:
    """`text` as it is read, with its line breaks, never more than one blank line together."""
    lines = [" ".join(line.split()) for line in _without_html(text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _without_html(text: str) -> str:
    """What a browser would show of it: Google and Outlook write descriptions in HTML. Where a link leads stands behind it, in brackets.

    What is no tag that is known stays, as in 'children < 5'; whoever shows a text escapes it anyway.
    """
    said: list[str] = []
    hushed = link = ""
    for piece in _PIECES.split(text):
        tag = _TAG.fullmatch(piece)
        name = tag["name"].lower() if tag else ""
        if tag is None or name not in _KNOWN:
            said += [] if hushed else [_ENTITY.sub(lambda entity: html.unescape(entity[0]), piece)]
        elif name in _HUSHED:
            hushed = "" if tag["ends"] and name == hushed else hushed or name
        elif name == "a":
            said += [f" ({link})"] if tag["ends"] and link and link not in said[-1:] else []
            found = None if tag["ends"] else _LINK.search(html.unescape(tag["more"]))
            link = found[1] if found else ""
        elif name in _BREAKS:
            said.append("\n")
    return printable("".join(said))
