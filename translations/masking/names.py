"""The school's register of names, ready to be found in a text: whole, in part, misspelt, in any case, with or without accents and titles.

The rule: **no registered name, nor a near spelling of one, reaches a translator**. A word too many that is masked costs a better translation; one too few
gives a child's name away. So in doubt a word is masked, with two exceptions, without which no text could be translated at all: an everyday word of the
language is no *misspelling* of a name ('home' is not Hope), and it is a *name* only with a capital ('Will Hope be there?' masks both; 'I hope so' neither),
unless the text is about that very family: then it is masked wherever it stands. The smallest words ('an', 'will') need their capital always.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

from translations.masking.folding import fold

EVERYDAY = Path(__file__).parent / "everyday"
TITLES = frozenset("mr mrs ms miss mx dr prof sir madam mister missus".split())
_NOT_NAMES = TITLES | frozenset("the of and al el de da di do du la le van von bin binti ibn abu abd st school class primary academy".split())
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ-][^\W\d_]+)*")
_TITLE_BEFORE = re.compile(r"(?:\b(?:mr|mrs|ms|miss|mx|dr|prof|sir|madam|mister|missus)\b\.?\s*)$", re.IGNORECASE)
_BETWEEN = re.compile(r"[ -]*(?:\b(?:of|al|el|de|da|di|do|du|la|le|van|von|bin|binti|ibn|abu|abd)\b[ -]+)*", re.IGNORECASE)
_LONGEST_ENDING = 4  # letters that a language puts after a name: Aminie, Tomkowi, Ayaanin
_SHORTEST_WITH_ENDING = 4
_SMALL = 4  # letters; everyday words up to here need a capital, whoever the family is


def may_differ(name: str) -> int:
    """How many letters a near spelling may differ by (one may be missing, added, another, or changed places): none below four letters, two from eight."""
    return 0 if len(name) < 4 else 1 if len(name) < 8 else 2


@dataclass(frozen=True)
class Names:
    """Registered names, handed in by whoever knows them. `nearest` are this family's and their staff's; `others` everyone else's; `places` the school's and
    classes', which are looked for whole.
    """

    nearest: Sequence[str] = ()
    others: Sequence[str] = ()
    places: Sequence[str] = field(default=())

    def phrases(self, text: str) -> Iterator[tuple[int, int]]:
        """Where names of the school and of classes stand, whole."""
        if self._places is not None:
            yield from (match.span() for match in self._places.finditer(text))

    def words(self, text: str) -> Iterator[tuple[int, int]]:
        """Where people's names stand, with the title before them; names side by side are one."""
        near, all_words = _folded(tuple(self.nearest)), _folded((*self.nearest, *self.others))
        everyday = _everyday()
        open_from, open_to = -1, -1
        for word in _WORD.finditer(text):
            if not _is_name(word[0], near, all_words, everyday):
                continue
            if open_to >= 0 and _BETWEEN.fullmatch(text, open_to, word.start()):
                open_to = word.end()
                continue
            if open_to >= 0:
                yield open_from, open_to
            title = _TITLE_BEFORE.search(text[: word.start()])
            open_from, open_to = (title.start() if title else word.start()), word.end()
        if open_to >= 0:
            yield open_from, open_to

    @cached_property
    def _places(self) -> re.Pattern[str] | None:
        names = sorted((re.escape(name) for name in self.places if len(name) > 2), key=len, reverse=True)
        return re.compile(rf"\b(?:{'|'.join(names)})\b", re.IGNORECASE) if names else None


def _is_name(word: str, near: frozenset[str], everyone: frozenset[str], everyday: frozenset[str]) -> bool:
    return any(_is_one(part, near, everyone, everyday) for part in _parts(word))


def _parts(word: str) -> list[str]:
    """The word, without a possessive ending, and each side of a hyphen or an apostrophe: O'Brien, Ayaan's, Mary-Jane."""
    whole = re.sub(r"['’ʼ](?:s|S)?$", "", word)
    pieces = re.split(r"['’ʼ-]", whole)
    return [whole, *(piece for piece in pieces if len(pieces) > 1 and len(piece) > 2)]


def _is_one(word: str, near: frozenset[str], everyone: frozenset[str], everyday: frozenset[str]) -> bool:
    folded, has_capital = fold(word), word[:1].isupper()
    if folded in everyday:
        if folded in near:
            return has_capital or len(folded) > _SMALL
        return has_capital and folded in everyone
    if folded in everyone:
        return has_capital or len(folded) > 2
    return _is_near(folded, everyone) or _has_ending(folded, everyone)


@lru_cache(maxsize=20_000)
def _is_near(folded: str, everyone: frozenset[str]) -> bool:
    """Whether it is a name with a letter or two amiss, the plural's s left out too."""
    for spelling in {folded, folded.removesuffix("s")}:
        if len(spelling) < 3:
            continue
        found = process.extract(spelling, _listed(everyone), scorer=OSA.distance, score_cutoff=2, limit=None)
        if any(distance <= may_differ(name) for name, distance, _place in found):
            return True
    return False


def _has_ending(folded: str, everyone: frozenset[str]) -> bool:
    """Whether it is a name as another language inflects it: Tomkowi; or Aminie, where the name's own last vowel goes."""
    longest = len(folded) - 1
    stems = _stems(everyone)
    return any(folded[:length] in stems for length in range(max(_SHORTEST_WITH_ENDING, longest - _LONGEST_ENDING + 1), longest + 1))


@lru_cache(maxsize=16)
def _stems(names: frozenset[str]) -> frozenset[str]:
    return names | {name[:-1] for name in names if len(name) > _SHORTEST_WITH_ENDING and name[-1] in "aeiou"}


@lru_cache(maxsize=16)
def _listed(names: frozenset[str]) -> list[str]:
    return sorted(name for name in names if may_differ(name))


@lru_cache(maxsize=64)
def _folded(names: tuple[str, ...]) -> frozenset[str]:
    """Each part of each name, folded, without titles."""
    words = (fold(part) for name in names for word in _WORD.findall(name) for part in _parts(word))
    return frozenset(word for word in words if len(word) > 1 and word not in _NOT_NAMES)


@cache
def _everyday() -> frozenset[str]:
    """The commonest words of the languages that families write, folded: none of them is a misspelt name."""
    return frozenset(fold(word) for path in sorted(EVERYDAY.glob("*.txt")) for word in path.read_text(encoding="utf-8").split())
