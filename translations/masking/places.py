"""Names of the school and of classes, looked for whole: 'Cherry Garden School', 'Class 2B', 'Sunflower'."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import OSA

from translations.masking.folding import Word, words
from translations.masking.register import may_differ

_TAIL = frozenset("school schools class primary academy nursery infant infants junior juniors".split())
_GAP = re.compile(r"[\s'’ʼ.,&/-]{0,3}")
_SHORTEST = 3  # letters


@lru_cache(maxsize=16)
def places(names: tuple[str, ...]) -> Places:
    """The names, prepared; kept for the next text."""
    return Places(names)


class Places:
    """Names of places as one may write them: misspelt too, and without 'School' or 'Class' at the end."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._phrases: defaultdict[int, list[str]] = defaultdict(list)
        for name in names:
            for said in _ways([word.folded for word in words(name)]):
                self._phrases[len(said)].append(" ".join(said))

    def spans(self, text: str, everyday: frozenset[str]) -> Iterator[tuple[int, int]]:
        """Where they stand, the longest first. A place with an everyday word for a name (Oak) is told by its capital; a longer name needs none."""
        found = words(text)
        for size in sorted(self._phrases, reverse=True):
            for first in range(len(found) - size + 1):
                said = found[first : first + size]
                if self._is_one(said, everyday) and _stand_together(text, said):
                    yield said[0].start, said[-1].end

    def _is_one(self, said: Sequence[Word], everyday: frozenset[str]) -> bool:
        phrase, known = " ".join(word.folded for word in said), self._phrases[len(said)]
        is_word = len(said) == 1 and phrase in everyday
        if phrase in known:
            return not is_word or said[0].has_capital
        if is_word or any(char.isdecimal() for char in phrase):
            return False  # 'Class 2' and 'Class 3' are near in letters only
        near = process.extract(phrase, known, scorer=OSA.distance, score_cutoff=2, limit=None)
        return any(distance <= may_differ(name) and not any(char.isdecimal() for char in name) for name, distance, _place in near)


def _ways(said: list[str]) -> Iterator[tuple[str, ...]]:
    """The words of a name, and those before its tail."""
    if len("".join(said)) >= _SHORTEST or any(part.isdecimal() for part in said):
        yield tuple(said)
    shorter = list(said)
    while len(shorter) > 1 and shorter[-1] in _TAIL:
        shorter.pop()
    if len(shorter) < len(said) and len("".join(shorter)) >= _SHORTEST and not {*shorter} <= {*_TAIL, "the"}:
        yield tuple(shorter)


def _stand_together(text: str, said: Sequence[Word]) -> bool:
    return all(_GAP.fullmatch(text, one.end, other.start) for one, other in pairwise(said))
