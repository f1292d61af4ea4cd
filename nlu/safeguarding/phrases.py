"""The phrases that raise the alarm by themselves: a file a language in `nlu/safeguarding/words/`, to be read and corrected by those who speak it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from nlu.wordlists import fold

FOLDER = Path(__file__).parent / "words"
KINDS = (
    *("harm", "self_harm", "neglect", "violence_at_home", "breaking_point", "running_away"),
    *("grooming", "fgm", "forced_marriage", "radicalisation", "staff_allegation"),
)
_BETWEEN = "..."
_WORDS_BETWEEN, _CHARACTERS_BETWEEN = 4, 8
_UNSPACED = frozenset(["zh"])  # languages whose words do not stand apart


class _Patterns(NamedTuple):
    raising: Mapping[str, re.Pattern[str]]  # by kind
    innocent: re.Pattern[str] | None


class Phrases:
    """All languages' phrases. All are looked for in every message: a hint is often in another language than the rest."""

    def __init__(self, patterns: Mapping[str, _Patterns]) -> None:
        self._patterns = patterns

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Phrases:
        """The phrases in `folder`. Reads some twenty small files: once a process."""
        return cls({path.stem: _read(path) for path in sorted(folder.glob("*.yml"))})

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that have a file."""
        return tuple(self._patterns)

    def kind(self, text: str, language: str) -> str | None:
        """The kind of harm that a phrase in `text` names, or None. `language` is looked for first."""
        folded = fold(text)
        own = language.split("-", maxsplit=1)[0]
        for tag in dict.fromkeys((own, *self._patterns)):
            patterns = self._patterns.get(tag)
            if patterns is None:
                continue
            left = patterns.innocent.sub(" ", folded) if patterns.innocent else folded
            found = next((kind for kind, pattern in patterns.raising.items() if pattern.search(left)), None)
            if found is not None:
                return found
        return None


@lru_cache(maxsize=64)
def _read(path: Path) -> _Patterns:
    import yaml

    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    is_spaced = content["language"] not in _UNSPACED
    raising = {kind: _pattern(phrases, is_spaced=is_spaced) for kind, phrases in content["phrases"].items() if phrases}
    innocent = content.get("innocent") or []
    return _Patterns(raising, _pattern(innocent, is_spaced=is_spaced) if innocent else None)


def _pattern(phrases: Iterable[str], *, is_spaced: bool) -> re.Pattern[str]:
    made = sorted((_as_words(phrase) if is_spaced else _as_characters(phrase) for phrase in phrases), key=len, reverse=True)
    either = "|".join(made)
    return re.compile(rf"(?<!\S)(?:{either})(?!\S)" if is_spaced else either)


def _as_words(phrase: str) -> str:
    """'kill* him ... knife' as a pattern over folded words: `*` any ending, `...` up to four words."""
    parts: list[str] = []
    for word in phrase.split():
        if word == _BETWEEN:
            parts.append(rf"(?:\S+ ){{0,{_WORDS_BETWEEN}}}")
        else:
            ending = r"\S*" if word.endswith("*") else ""
            parts.append(re.escape(fold(word.removesuffix("*"))).replace(r"\ ", " ") + ending + " ")
    return "".join(parts).removesuffix(" ")


def _as_characters(phrase: str) -> str:
    pieces: Sequence[str] = [fold(piece) for piece in phrase.replace("*", "").split(_BETWEEN)]
    return rf".{{0,{_CHARACTERS_BETWEEN}}}".join(re.escape(piece) for piece in pieces if piece)
