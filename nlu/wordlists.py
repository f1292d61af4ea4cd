"""The small dictionaries in `nlu/words/`: one file a language, read once."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "words"

WHOLE_MESSAGES = {
    "affirm": "affirm",
    "deny": "deny",
    "maybe": "maybe",
    "stop": "stop",
    "start": "start",
    "help": "help",
    "menu": "menu",
    "back": "back",
    "thanks": "thanks",
    "greet": "greet",
    "goodbye": "goodbye",
    "speak_to_person": "speak_to_person",
    "ring_me": "ring_me",
}
"""The lists that stand for a whole message, and the intent each means."""


@dataclass(frozen=True)
class WordList:
    """One language's words. Phrases are as in the file, not folded. `weekdays` counts from 1 = Monday; -1 in `numbers` is 'the last one'."""

    language: str
    is_draft: bool
    phrases: Mapping[str, tuple[str, ...]]
    numbers: Mapping[int, tuple[str, ...]]
    weekdays: Mapping[int, tuple[str, ...]]
    fillers: frozenset[str]


def languages() -> tuple[str, ...]:
    """The language tags that have a file, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yml")))


@cache
def words_of(language: str) -> WordList | None:
    """The words of `language`, or None where there is no file for it."""
    import yaml

    path = FOLDER / f"{language}.yml"
    if language not in languages():
        return None
    # The base loader keeps every scalar a string: in YAML 1.1 a bare 'no' is False.
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 - it makes strings only
    numbers: dict[int, list[str]] = {}
    for key in ("numbers", "ordinals"):
        for number, spellings in content[key].items():
            numbers.setdefault(int(number), []).extend(spellings)
    numbers[-1] = content["last"]
    return WordList(
        language=content["language"],
        is_draft=content["draft"] == "true",
        phrases={key: tuple(value) for key, value in content.items() if isinstance(value, list)},
        numbers={number: tuple(spellings) for number, spellings in numbers.items()},
        weekdays={int(day): tuple(spellings) for day, spellings in content["weekdays"].items()},
        fillers=frozenset(fold(word) for word in content["fillers"]),
    )


_NO_ACCENT = str.maketrans("ıłø", "ilo")
"""Letters that Unicode takes apart into no other, as they are typed on a phone that is set to English. Not đ: in Vietnamese it tells 'yes' from 'stop'."""


def fold(text: str) -> str:
    """`text` without case, accents, punctuation and emoji, words apart by one space: what people who type in a hurry have in common."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = []
    for char in decomposed:
        category = unicodedata.category(char)
        if category[0] in "LN" or category == "Mc":
            kept.append(char)
        elif category[0] == "M" or char in "'’‘`´ʼ":
            continue  # accents, and the apostrophe of "that's", vanish without a gap
        else:
            kept.append(" ")
    return " ".join("".join(kept).translate(_NO_ACCENT).split())
