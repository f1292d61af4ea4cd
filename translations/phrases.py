"""Sentences that are worded when they are read: what `_` marks in a handler becomes words in the reader's language, and only then."""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from data.texts import Text
from translations.direction import isolated
from translations.writing import written

LOCALE = Path(__file__).parent / "locale"
WRITTEN = {"zh": "zh_Hans"}
"""The script that a language's one catalog is in, where its name says so: whoever reads Chinese is better served by simplified characters than by English."""
SOURCE = "en"
"""The language that sentences are written in, in the code."""


_put_right: dict[str, Mapping[tuple[str, int], str]] = {}


@dataclass(frozen=True)
class Phrase:
    """One sentence of a catalog, with its values. Values are given by name and written by the reader's locale; a sentence is never glued from halves."""

    msgid: str
    plural: str | None = None
    count: int = 0
    values: Mapping[str, object] = field(default_factory=dict)

    def format(self, **values: object) -> Phrase:
        """The same sentence with these values in its places."""
        return replace(self, values={**self.values, **values})

    def render(self, language: str) -> str:
        """The sentence in `language`, a BCP 47 tag; in English, with its values in English too, where there is no catalog of that language.

        Values are put in as text after the sentence was translated: what they contain is never read as a place.
        """
        speaking = spoken(language)
        # What a person wrote was translated for its reader, also where Bookbag itself has no words of their language.
        words = {name: written(value, language if isinstance(value, Text) else speaking) for name, value in self.values.items()}
        return self._template(language).format_map({name: isolated(word, speaking) for name, word in words.items()})

    def _template(self, language: str) -> str:
        catalog, better = _catalog(language), _put_right.get(short(language), {})
        if self.plural is None:
            return better.get((self.msgid, 0)) or catalog.gettext(self.msgid)
        form = catalog.plural(self.count) if isinstance(catalog, gettext.GNUTranslations) else int(self.count != 1)  # type: ignore[attr-defined]
        return better.get((self.msgid, form)) or catalog.ngettext(self.msgid, self.plural, self.count)


def _(msgid: str) -> Phrase:
    """A sentence of the catalog, to be worded later."""
    return Phrase(msgid)


def ngettext(one: str, many: str, count: int) -> Phrase:
    """A sentence whose form depends on a number, which is also its value `{count}`."""
    return Phrase(one, many, count, {"count": count})


def short(language: str) -> str:
    """The first part of a language tag: `zh` of `zh-Hans` and of the folder `zh_Hans`."""
    return language.replace("_", "-").split("-")[0]


def put_right(better: Mapping[str, Mapping[tuple[str, int], str]]) -> None:
    """Say these sentences so from now on, in the whole process: by the short tag of the language, then by the English and the number of the plural form."""
    _put_right.clear()
    _put_right.update(better)


def has_catalog(language: str) -> bool:
    """Whether Bookbag's own sentences can be said in `language`, a BCP 47 tag; English needs no catalog."""
    return language.split("-", maxsplit=1)[0] == SOURCE or isinstance(_catalog(language), gettext.GNUTranslations)


def spoken(language: str) -> str:
    """The language in which Bookbag really speaks to a reader of `language`: English where there is no catalog, so that no sentence is half in each."""
    return language if has_catalog(language) else SOURCE


@written.register
def _write_phrase(value: Phrase, language: str) -> str:
    return value.render(language)


@lru_cache(maxsize=64)
def _catalog(language: str) -> gettext.NullTranslations:
    tag, short = language.replace("-", "_"), language.split("-", maxsplit=1)[0]
    return gettext.translation("bookbag", LOCALE, languages=[tag, short, WRITTEN.get(short, short)], fallback=True)
