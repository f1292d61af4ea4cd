"""Registered names, prepared once: whether a word is a part of one, or the like of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

from translations.masking.folding import fold, words

EVERYDAY = Path(__file__).parent / "everyday"
TITLES = frozenset("mr mrs ms miss mx dr prof sir madam mister missus".split())
SMALL = TITLES | frozenset("the of and al el de da di do du la le van von der den bin binti ibn abu abd st school class primary academy".split())
"""Words in names that are no name by themselves: needed with a capital even where a name begins with one."""
_ENDINGS = frozenset("s a e i o u y es ie em om owi ego emu in un ya da de ka ta im it ul ei as is us ui os".split())
"""What follows names of three letters; after longer ones it may be any letters."""
_LONGEST_ENDING = 4  # letters that a language puts after a name: Aminie, Tomkowi, Ayaanin
_WITH_ANY_ENDING = 4
_SOLID = 5  # letters from which a name is seen inside a longer word: 'AminaMum'


def may_differ(name: str) -> int:
    """How many letters a near spelling may differ by (one may be missing, added, another, or changed places): none below four letters, two from eight."""
    return 0 if len(name) < 4 else 1 if len(name) < 8 else 2


@lru_cache(maxsize=32)
def everyday(language: str) -> frozenset[str]:
    """The commonest words of English and of `language`, a BCP 47 tag, folded: none of them is a misspelt name.

    Of the two alone: 'ben' is I in Turkish, and a boy in English.
    """
    lists = (EVERYDAY / f"{name}.txt" for name in {"en", language.split("-", maxsplit=1)[0]})
    return frozenset(fold(word) for path in lists if path.exists() for word in path.read_text(encoding="utf-8").split())


@lru_cache(maxsize=64)
def register(names: tuple[str, ...]) -> Register:
    """The names, prepared; kept for the next text."""
    return Register(names)


class Register:
    """People's names as one may write them. All words that are asked for are folded."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.words = frozenset(part for name in names for part in _parts(name))
        self._stems = self.words | {stem for word in self.words for stem in _stems(word)}
        self._near = sorted(word for word in self.words if may_differ(word))
        self._longest = max(map(len, self.words), default=0)
        self._known: dict[str, bool] = {}
        unspaced = sorted({part for name in names for part in name.split() if len(part) > 1 and _is_foreign(part)}, key=len, reverse=True)
        self._foreign = re.compile("|".join(map(re.escape, unspaced)), re.IGNORECASE) if unspaced else None

    def is_like(self, word: str) -> bool:
        """Whether `word` is a name with a letter or two amiss, or with an ending, or with something joined to it."""
        if word not in self._known:
            if len(self._known) > 20_000:
                self._known.clear()
            self._known[word] = self._is_near(word) or self._has_ending(word) or self._holds_one(word)
        return self._known[word]

    def is_like_after_a_title(self, word: str) -> bool:
        """The same where a name is sure to come, so that a wilder spelling or an abbreviation will do: 'mrs oakaforr', 'mrs oka'."""
        if word in SMALL or len(word) < 3:
            return False
        if any(name.startswith(word) for name in self.words) or self.is_like(word):
            return True
        return len(word) > 4 and process.extractOne(word, self._near, scorer=OSA.distance, score_cutoff=2) is not None

    def foreign(self, text: str) -> Iterator[tuple[int, int]]:
        """Where names stand that are not in Latin letters: in writing without spaces no word begins or ends with them."""
        if self._foreign is not None:
            yield from (match.span() for match in self._foreign.finditer(text))

    def _is_near(self, word: str) -> bool:
        for spelling in {word, word.removesuffix("s")}:
            if spelling in self.words:
                return True
            if len(spelling) < 3:
                continue
            found = process.extract(spelling, self._near, scorer=OSA.distance, score_cutoff=2, limit=None)
            if any(distance <= may_differ(name) for name, distance, _place in found):
                return True
        return False

    def _has_ending(self, word: str) -> bool:
        """Whether it is a name as another language inflects it: Tomkowi; or Aminie, Marka, where a vowel of the name's own goes."""
        longest = len(word) - 1
        shortest = max(_WITH_ANY_ENDING, longest - _LONGEST_ENDING + 1)
        return any(word[:length] in self._stems for length in range(shortest, longest + 1)) or (word[:3] in self.words and word[3:] in _ENDINGS)

    def _holds_one(self, word: str) -> bool:
        sizes = range(_SOLID, min(len(word) - 1, self._longest) + 1)
        return any(
            piece in self.words and piece not in everyday("en")
            for size in sizes
            for start in range(len(word) - size + 1)
            for piece in (word[start : start + size],)
        )


def _parts(name: str) -> Iterator[str]:
    """Each part of a name, folded, without titles; and parts as they are written together: 'obrien', 'annemarie', 'aminayusuf'."""
    said = [word.folded for word in words(name) if word.folded not in TITLES]
    yield from (part for place, part in enumerate(said) if len(part) > 1 and (part not in SMALL or not place))
    yield from (first + second for first, second in pairwise(said) if len(first + second) > 3)
    if len(said) > 2:
        yield "".join(said)


def _stems(word: str) -> Iterator[str]:
    """What is left of a name before some endings: 'amin', 'mark' of Marek."""
    if len(word) > _WITH_ANY_ENDING:
        if word[-1] in "aeiou":
            yield word[:-1]
        elif word[-2] == "e":
            yield word[:-2] + word[-1]


def _is_foreign(part: str) -> bool:
    return all(char >= "\u0590" for char in part)
