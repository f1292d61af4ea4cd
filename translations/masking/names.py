"""Where registered names stand in a text: whole, in part, misspelt, in any case, with or without accents and titles.

The rule: **no registered name, nor a near spelling of one, reaches a translator**. A word too many that is masked costs a better translation; one too few
gives a child's name away. So in doubt a word is masked. What is a name and an everyday word too (Hope, Will, Joy) is masked

- where it is a name of the family that the text is about, or of its staff: wherever it stands but after a word that only a verb can follow ('I hope so');
- else with a capital, at the beginning of a sentence too, but not in a question ('Will you come?'), and without one where the sentence says that it is a name:
  'joy's coat', 'my son mark', 'mrs king'.

An everyday word is never a *misspelling* ('many' is not Mary), else no text could be translated. A name in another script than the register's is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from translations.masking.folding import Word, words
from translations.masking.places import places
from translations.masking.register import SMALL, TITLES, Register, everyday, register

_JOINED = re.compile(r"['’ʼ`´‘-]")
_BETWEEN = re.compile(r"[ -]*(?:\b(?:of|al|el|de|da|di|do|du|la|le|van|von|bin|binti|ibn|abu|abd)\b[ -]+)*", re.IGNORECASE)
_AFTER_TITLE = re.compile(r"\.?[^\S\n]*")
_POSSESSIVE = re.compile(r"['’ʼ`´‘]s\b", re.IGNORECASE)
_ENDS_A_SENTENCE = re.compile(r"[.!?\n]")
_INVISIBLE = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_BEFORE_A_VERB = frozenset("i we he she they".split())
"""Not 'you' or 'it': they may end a sentence that has no full stop ('thank you hope is ill')."""
_BEFORE_A_NAME = frozenset("called named son daughter child boy girl brother sister friend for about with and".split())
_AFTER_A_NAME = frozenset("is has was isnt wasnt hasnt cannot".split())


@dataclass(frozen=True)
class Names:
    """Registered names, handed in by whoever knows them. `nearest` are this family's and their staff's; `others` everyone else's; `places` the school's and
    classes'. What is prepared from them is kept: the same names again cost nothing.
    """

    nearest: Sequence[str] = ()
    others: Sequence[str] = ()
    places: Sequence[str] = field(default=())

    def phrases(self, text: str, language: str = "en") -> Iterator[tuple[int, int]]:
        """Where names of the school and of classes stand."""
        if self.places:
            yield from places(tuple(self.places)).spans(text, everyday(language))

    def words(self, text: str, language: str = "en") -> Iterator[tuple[int, int]]:
        """Where people's names stand, with the title before them; names side by side are one. `language` is the text's, a BCP 47 tag."""
        near, everyone = register(tuple(self.nearest)), register(tuple(self.others))
        texts = {text, _INVISIBLE.sub(" ", text)}  # what is invisible may hide in a name, or stand between two
        readings = [_Reading(each, words(each), near, everyone, everyday(language)) for each in texts]
        found = sorted([*(span for reading in readings for span in reading.people()), *near.foreign(text), *everyone.foreign(text)])
        open_from, open_to = -1, -1
        for start, end in found:
            if open_to >= 0 and (start < open_to or _BETWEEN.fullmatch(text, open_to, start)):
                open_to = max(open_to, end)
                continue
            if open_to >= 0:
                yield open_from, open_to
            open_from, open_to = start, end
        if open_to >= 0:
            yield open_from, open_to


_ASKING = frozenset({"will", "may"})
_ASKED = frozenset("i you we they it there this that these those the your our my his her be".split())
"""What follows a verb that asks, and no name at the beginning of a sentence."""


@dataclass(frozen=True)
class _Reading:
    """One text while names are looked for in it."""

    text: str
    words: Sequence[Word]
    near: Register
    everyone: Register
    everyday: frozenset[str]

    def people(self) -> Iterator[tuple[int, int]]:
        """Each name by itself, with its title."""
        first = 0
        for after in range(1, len(self.words) + 1):
            if after < len(self.words) and _JOINED.fullmatch(self.text, self.words[after - 1].end, self.words[after].start):
                continue
            found = self._in_compound(first, after)
            if found is not None:
                yield self._with_title(found[0]), self.words[found[1]].end
            first = after

    def _in_compound(self, first: int, after: int) -> tuple[int, int] | None:
        """The first and last word of a name in words joined by hyphens and apostrophes: all of O'Brien, but Amina alone of Amina's and d'Amina."""
        together = "".join(word.folded for word in self.words[first:after])
        is_name = after - first > 1 and len(self.words[after - 1].folded) > 2
        if is_name and self._is_registered(together):
            return first, after - 1
        exact = [place for place in range(first, after) if self._is_exact(place)]
        if is_name and not exact and len(self.words[first].folded) > 1 and self._is_like(together):
            return first, after - 1
        hits = exact + [place for place in range(first, after) if self._is_near(place)]
        return (min(hits), max(hits)) if hits else None

    def _is_registered(self, word: str) -> bool:
        return word in self.near.words or word in self.everyone.words

    def _is_exact(self, place: int) -> bool:
        word = self.words[place]
        if not self._is_registered(word.folded):
            return False
        if word.has_capital:
            return not self._asks(place)
        if word.folded in SMALL:
            return False
        if word.folded not in self.everyday or self._stands_as_a_name(place):
            return True
        return word.folded in self.near.words and not (place and self.words[place - 1].folded in _BEFORE_A_VERB)

    def _asks(self, place: int) -> bool:
        """'Will you come?', 'May we …': the capital is the question's, unless the text is about a Will's or a May's own family."""
        word, after = self.words[place], self.words[place + 1] if place + 1 < len(self.words) else None
        if word.folded not in _ASKING or word.folded in self.near.words or after is None or after.folded not in _ASKED:
            return False
        before = self.words[place - 1] if place else None
        return before is None or bool(_ENDS_A_SENTENCE.search(self.text, before.end, word.start))

    def _is_near(self, place: int) -> bool:
        """A spelling that is no word of its own; or, with a lost apostrophe ('Hopes coat'), a name and an s."""
        word = self.words[place]
        single = word.folded.removesuffix("s")
        if single != word.folded and single not in SMALL and (single in self.near.words or (word.has_capital and single in self.everyone.words)):
            return True
        if self._is_after_title(place) and word.folded not in self.everyday:
            return self.near.is_like_after_a_title(word.folded) or self.everyone.is_like_after_a_title(word.folded)
        return self._is_like(word.folded)

    def _is_like(self, word: str) -> bool:
        if word in self.everyday or word in SMALL or word[0].isdecimal() or self._is_registered(word):
            return False
        return self.near.is_like(word) or self.everyone.is_like(word)

    def _is_after_title(self, place: int) -> bool:
        before = self.words[place - 1] if place else None
        return before is not None and before.folded in TITLES and bool(_AFTER_TITLE.fullmatch(self.text, before.end, self.words[place].start))

    def _with_title(self, place: int) -> int:
        return self.words[place - 1].start if self._is_after_title(place) else self.words[place].start

    def _stands_as_a_name(self, place: int) -> bool:
        """Whether a small letter must be haste: English grammar has no word but a name here."""
        word = self.words[place]
        if self._is_after_title(place) or _POSSESSIVE.match(self.text, word.end):
            return True
        before = self.words[place - 1] if place else None
        starts = before is None or bool(_ENDS_A_SENTENCE.search(self.text, before.end, word.start))
        if before is not None and not starts and before.folded in _BEFORE_A_NAME:
            return True
        return starts and place + 1 < len(self.words) and self.words[place + 1].folded in _AFTER_A_NAME
