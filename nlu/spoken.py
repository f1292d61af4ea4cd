"""Names of languages and channels in a message: 'can you write in Somali', 'on whatsapp please'."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from nlu.face import Entity
from nlu.language import OURS
from nlu.wordlists import fold, languages

_CHANNELS = {
    "sms": ("sms", "text message", "text messages", "by text", "texts"),
    "whatsapp": ("whatsapp", "whats app", "whatsap", "watsapp", "wattsapp", "watsap", "whatapp", "wa"),
    "telegram": ("telegram", "telegramm", "telegran"),
    "email": ("email", "e-mail", "mail"),
}
_ALSO_SPOKEN = {
    "fa": ("farsi", "persian", "dari"),
    "zh": ("mandarin", "chinese", "cantonese", "中文"),
    "bn": ("bengali", "bangla", "sylheti"),
    "ku": ("kurmanji", "kurdish"),
    "ckb": ("sorani",),
    "so": ("somali", "somalian"),
    "sq": ("albanian", "shqip"),
    "ti": ("tigrinya", "tigrigna", "tigrinia", "ትግርኛ"),
    "pa": ("punjabi", "panjabi"),
    "tl": ("tagalog", "filipino"),
    "ur": ("urdu",),
    "es": ("castellano",),
}
_AROUND = frozenset(
    "in please pls plz por favor en no em per favore s il te vous plait prosze po va rog te lutem ju lutemi ne lutfen fadlan af language text only".split()
)
"""Words that ask no more than the name of a language does, folded."""
_WORD = re.compile(r"[^\W\d_]+")
_LONG_ENOUGH = 4  # letters
_LONGEST = 3  # words in the name of a language


def find(text: str, language: str) -> list[Entity]:
    """The languages (value: a BCP 47 tag) and channels (value: sms, whatsapp, telegram, email) named in cleaned `text`.

    Languages are known by their own name, and by their names in `language`, in English and in every language that has a word list.
    """
    known = _names(language.split("-", maxsplit=1)[0])
    words = list(_WORD.finditer(text))
    found: list[Entity] = []
    for place, word in enumerate(words):
        if found and word.start() < found[-1].end:
            continue
        for length in range(_LONGEST, 0, -1):
            last = words[min(place + length, len(words)) - 1]
            spelling = text[word.start() : last.end()]
            if (hit := known.get(fold(spelling))) is not None:
                found.append(Entity(hit[0], word.start(), last.end(), spelling, hit[1]))
                break
    return found


def is_only_a_language(text: str, entities: Sequence[Entity]) -> bool:
    """Whether cleaned `text` is the name of one language and nothing else but a word or two of politeness: 'Polski', 'in polish please'."""
    named = [entity for entity in entities if entity.kind == "language"]
    if len(named) != 1:
        return False
    around = fold(text[: named[0].start] + " " + text[named[0].end :]).split()
    return all(word in _AROUND for word in around)


@lru_cache(maxsize=64)
def _names(language: str) -> dict[str, tuple[str, str]]:
    """Folded spelling to (kind, value)."""
    from babel import Locale, UnknownLocaleError

    names = {fold(spelling): ("channel", channel) for channel, spellings in _CHANNELS.items() for spelling in spellings}
    tags = (*OURS, "ckb", "ti")
    written = {language, *languages()}
    for reader in dict.fromkeys((language, "en", *languages(), *tags)):
        try:
            told = Locale.parse(reader).languages
        except (UnknownLocaleError, ValueError):
            continue
        # Every language in its own words; in those that families write, all of them, but for names so short that they are words of another.
        for tag in tags if reader in written else (reader,):
            if tag in told and (reader in {language, "en", tag} or len(told[tag]) >= _LONG_ENOUGH):
                names.setdefault(fold(told[tag]), ("language", tag))
    names.update({fold(spelling): ("language", tag) for tag, spellings in _ALSO_SPOKEN.items() for spelling in spellings})
    names.pop("", None)
    return names
