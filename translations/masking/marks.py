"""Marks that stand for values while a text is with a translator, and the check that every one comes back: no form is safe with every engine."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from translations.masking.values import Kept


class Form(Enum):
    """How a mark is written when a text goes to a provider, best first."""

    BRACKETS = "⟦1⟧"
    SQUARE = "[X1X]"
    HASHES = "#1#"

    def mark(self, number: int) -> str:
        """The mark of this form with this number."""
        return self.value.replace("1", str(number))


_OPEN, _CLOSE = "⟦〚【［[", "⟧〛】］]"
_S = r"[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069]*"  # spaces, and what engines put round digits in Arabic
_READ = {
    # Engines add spaces, use another script's digits, full-width brackets, or two brackets for one.
    Form.BRACKETS: re.compile(rf"[{re.escape(_OPEN)}]{{1,2}}{_S}(\d{{1,3}}){_S}[{re.escape(_CLOSE)}]{{1,2}}"),
    Form.SQUARE: re.compile(rf"[{re.escape(_OPEN)}]{{1,2}}{_S}[XxХх×]{_S}(\d{{1,3}}){_S}[XxХх×]{_S}[{re.escape(_CLOSE)}]{{1,2}}"),
    Form.HASHES: re.compile(rf"[#＃]{_S}(\d{{1,3}}){_S}[#＃]"),
}
LOOKS_LIKE_A_MARK = re.compile("|".join(pattern.pattern for pattern in _READ.values()) + rf"|[{re.escape(_OPEN + _CLOSE)}#＃]")
"""What a person's own text may hold and no translator's answer could be told apart from."""
_OURS = re.compile(rf"[{re.escape(_OPEN + _CLOSE)}#＃]")
_CANONICAL = re.compile(r"⟦(\d+)⟧")
_SENTENCE = re.compile(r"(?:(?<=[.!?؟।።።])\s+|(?<=[。！？])\s*|\n+)")


class MarksBroken(Exception):
    """An answer does not have every mark as often as the source: `reason` is 'lost', 'doubled', 'unknown', 'stray' or 'digits'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Masked:
    """A text with what must come through unchanged taken out."""

    pieces: tuple[str | Kept, ...]

    @property
    def key(self) -> str:
        """The text with canonical marks: the translation memory's key, the same for every name and date."""
        return self.written(Form.BRACKETS)

    @property
    def kept(self) -> tuple[Kept, ...]:
        """Each value once, by its number."""
        return tuple(sorted({piece for piece in self.pieces if isinstance(piece, Kept)}, key=lambda kept: kept.number))

    @property
    def has_words(self) -> bool:
        """Whether there is anything left to translate."""
        return any(char.isalpha() for char in self._words())

    def written(self, form: Form) -> str:
        """The text as it is sent to a provider."""
        return "".join(piece if isinstance(piece, str) else form.mark(piece.number) for piece in self.pieces)

    def forms(self) -> tuple[Form, ...]:
        """The forms that may be used, best first: those that nothing in the text itself could be taken for."""
        return tuple(form for form in Form if not _READ[form].search(self._words()))

    def canonical(self, answer: str, form: Form) -> str:
        """`answer` with every spelling of a mark as ⟦n⟧. Raises MarksBroken unless each stands there as often as in the source, and no digit beside them."""
        asked = Counter(piece.number for piece in self.pieces if isinstance(piece, Kept))
        found: Counter[int] = Counter()

        def read(mark: re.Match[str]) -> str:
            number = int(mark[1])  # reads the digits of every script
            found[number] += 1
            return Form.BRACKETS.mark(number)

        words = self._words()
        said = _READ[form].sub(read, answer)
        if found != asked:
            raise MarksBroken("unknown" if found.keys() - asked.keys() else "doubled" if found - asked else "lost")
        rest = _CANONICAL.sub(" ", said)
        if Counter(_OURS.findall(rest)) != Counter(_OURS.findall(words)):
            raise MarksBroken("stray")
        if _digits(rest) != _digits(words):
            raise MarksBroken("digits")
        return self._with_edges(said)

    def filled(self, canonical: str, language: str) -> str:
        """`canonical` with every value in its place, as readers of `language` expect it."""
        values, met = {kept.number: kept for kept in self.kept}, set[object]()

        def put_back(mark: re.Match[str]) -> str:
            kept = values.get(int(mark[1]))
            if kept is None:
                return mark[0]
            value = kept.meaning or kept.number  # an EHCP and EHCPs are one term, explained once
            is_first = value not in met
            met.add(value)
            return kept.written(language, is_first=is_first)

        return _CANONICAL.sub(put_back, canonical)

    def said_so(self, canonical: str) -> Masked:
        """A translation with canonical marks, as a masked text of its own: to be translated back."""
        values = {kept.number: kept for kept in self.kept}
        parts = re.split(r"⟦(\d+)⟧", canonical)  # words at even places, numbers between them
        pieces = [values[int(part)] if place % 2 else part for place, part in enumerate(parts)]
        return Masked(tuple(piece for piece in pieces if piece))

    def restored(self, answer: str, form: Form, language: str) -> str:
        """A provider's answer with the values put back. Raises MarksBroken."""
        return self.filled(self.canonical(answer, form), language)

    def sentences(self) -> tuple[Masked, ...]:
        """The text sentence by sentence, white space with the one before it; numbers stay, and joined they are the text."""
        made: list[list[str | Kept]] = [[]]
        for piece in self.pieces:
            if isinstance(piece, Kept):
                made[-1].append(piece)
                continue
            first, *others = _cut(piece)
            made[-1].append(first)
            made += [[other] for other in others]
        return tuple(Masked(tuple(piece for piece in pieces if piece)) for pieces in made if any(pieces))

    def _with_edges(self, said: str) -> str:
        """`said` with the white space at both ends that the source has: engines drop it, and sentences would run together."""
        whole = self.key
        before, after = len(whole) - len(whole.lstrip()), len(whole) - len(whole.rstrip())
        return whole[:before] + said.strip() + (whole[-after:] if after and before < len(whole) else "")

    def _words(self) -> str:
        return " ".join(piece for piece in self.pieces if isinstance(piece, str))


def _cut(text: str) -> Iterator[str]:
    """`text` cut after the white space that ends each sentence."""
    start = 0
    for end in _SENTENCE.finditer(text):
        if end.end() > start:
            yield text[start : end.end()]
            start = end.end()
    yield text[start:]


def _digits(text: str) -> Counter[int]:
    return Counter(value for char in text if (value := unicodedata.digit(char, None)) is not None)
