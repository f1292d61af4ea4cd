"""Whole messages that need no model: yes, no, stop, help, a number. In well under a tenth of a millisecond."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nlu.wordlists import WHOLE_MESSAGES, WordList, fold, languages, words_of

# Understood from anyone, whatever language we believe they write: the law asks it of STOP, decency of the others.
_IN_EVERY_LANGUAGE = ("stop", "start", "help")
_EMOJI = {"👍": "affirm", "👌": "affirm", "✅": "affirm", "👎": "deny", "❌": "deny", "🙏": "thanks", "❤": "thanks", "😊": "thanks", "👋": "greet"}
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f\u200d\\s]")
_LONGEST = 60  # characters; no list holds a longer phrase, so longer texts are not even folded
_POLITE = re.compile(r"^(?:please|pls|plz) | (?:please|pls|plz|thanks|thx)$")
_BIGGEST = 999  # a number with four digits is a year, a code or part of a telephone number, not a choice
_DIGITS = re.compile(r"[-+]?\d{1,3}")


class Words:
    """The exact lists of every language, folded and ready to be looked up."""

    def __init__(self, lists: Mapping[str, WordList]) -> None:
        self._lists = lists
        self._intents = {tag: _intents(words) for tag, words in lists.items()}
        self._numbers = {tag: _numbers(words) for tag, words in lists.items()}
        self._everywhere = {fold(phrase): WHOLE_MESSAGES[key] for key in _IN_EVERY_LANGUAGE for words in lists.values() for phrase in words.phrases[key]}
        self._carrier = {key: frozenset(map(fold, lists["en"].phrases[key])) for key in ("carrier_stop", "carrier_start")}

    @classmethod
    def load(cls) -> Words:
        """The lists in `nlu/words/`. Reads some twenty small files: once a process."""
        return cls({tag: words for tag in languages() if (words := words_of(tag)) is not None})

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that have lists."""
        return tuple(self._lists)

    def exact(self, text: str, language: str) -> str | None:
        """The intent that the whole of `text` stands for in `language` or in English, or None. STOP, START and HELP count in every language.

        The writer's own language goes first: 'no' is a refusal, but 'no' in Turkish is 'number' and 'na' in Bengali a refusal.
        """
        if len(text) > _LONGEST:
            return None
        folded = fold(text)
        if not folded:
            return _emoji(text)
        folded = _POLITE.sub("", folded) or folded
        for phrases in (self._intents.get(_short(language), {}), self._intents["en"], self._everywhere):
            if folded in phrases:
                return phrases[folded]
        return None

    def number(self, text: str, language: str) -> int | None:
        """The number that the whole of `text` is ('2', 'two', 'option 2', 'the second one', '٢'), or None; -1 stands for 'the last one'."""
        if len(text) > _LONGEST:
            return None
        bare = text.strip()
        if bare == "-1":
            return -1
        if "-" in bare or ":" in bare or "/" in bare or re.search(r"\d[.,]\d", bare):
            return None  # a range, a clock time or a date
        folded = fold(bare)
        for tag in dict.fromkeys((_short(language), "en")):
            if tag in self._lists and (found := self._number_in(folded, tag)) is not None:
                return found
        return None

    def is_carrier_stop(self, text: str) -> bool:
        """Whether a carrier takes this whole text for STOP on an ordinary number, and so blocks us, whatever was meant by it."""
        return fold(text) in self._carrier["carrier_stop"]

    def is_carrier_start(self, text: str) -> bool:
        """Whether a carrier takes this whole text for START and lifts its block: YES does."""
        return fold(text) in self._carrier["carrier_start"]

    def _number_in(self, folded: str, tag: str) -> int | None:
        numbers = self._numbers[tag]
        if folded in numbers:
            return numbers[folded]
        if _DIGITS.fullmatch(folded):
            return int(folded)
        fillers = self._lists[tag].fillers
        words = folded.split()
        # 'one' is a filler in 'the second one' and the answer in 'option one': the last word that is not the only number wins.
        telling = [word for word in words if word not in fillers] or [word for word in words if word in numbers]
        if telling and any(word in numbers and word not in telling for word in words[: words.index(telling[0])]):
            return None  # 'one two' chooses nothing
        rest = " ".join(telling)
        if rest in numbers:
            return numbers[rest]
        return int(rest) if _DIGITS.fullmatch(rest) and int(rest) <= _BIGGEST else None


def _intents(words: WordList) -> dict[str, str]:
    return {fold(phrase): intent for key, intent in WHOLE_MESSAGES.items() for phrase in words.phrases[key]}


def _numbers(words: WordList) -> dict[str, int]:
    return {fold(spelling): number for number, spellings in words.numbers.items() for spelling in spellings}


def _emoji(text: str) -> str | None:
    """The intent of a message that is one kind of emoji only, however often it stands there."""
    signs = set(_SKIN.sub("", text))
    return _EMOJI.get(signs.pop()) if len(signs) == 1 else None


def _short(language: str) -> str:
    """The list of zh-Hans is that of zh."""
    return language.split("-", maxsplit=1)[0]
